"""Answers to read, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattbench.errors import UserError, nearest
from wattbench.records import in_clauses
from wattbench.terminal import printable, without_commands
from wattbench_reports.analyses.wrong_answers import AnswersToRead, AnswerToRead, answers_to_read
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.formatting import units
from wattbench_reports.formatting.safe_text import Excerpt
from wattbench_reports.tables.item_matrix import RIGHT

_INDENT = "    "


def answers_text(analysis: Analysis, *, system: str | None, task: str | None, limit: int, only_wrong: bool) -> str:
    """Return some answers of each system with their prompts and keys, as `wattbench items` prints them.

    Args:
        analysis: of the run.
        system: only of this one.
        task: only to this one.
        limit: answers of each system, at most.
        only_wrong: leave out what is right.

    Raises:
        UserError: there is no such system or task, or a table is damaged.
    """
    systems = analysis.frames.systems
    tasks = [str(name) for name in analysis.frames.items["task"].cat.categories]
    for option, name, known in (("--system", system, systems), ("--task", task, tasks)):
        if name is not None and name not in known:
            raise UserError(f"{option} {name!r:.80}: not in this run{nearest(name, known)}")
    chosen = answers_to_read(analysis, systems if system is None else [system], limit, task=task, only_wrong=only_wrong)
    return "\n".join(line for each in chosen for line in _of_system(each)) + "\n"


def _of_system(each: AnswersToRead) -> Iterator[str]:
    counted = f"{each.wrong:,} of {units.plural(each.answers, 'scored answer')} wrong"
    shown = f"; {len(each.shown):,} shown" if each.shown else ""
    yield without_commands(f"{printable(each.system)}: {counted}{shown}")
    yield ""
    for answer in each.shown:
        yield from _answer(answer)
        yield ""


def _answer(answer: AnswerToRead) -> Iterator[str]:
    verdict = "right" if answer.score >= RIGHT else "wrong"
    if answer.right_if:
        verdict += f"; right if {in_clauses(answer.right_if)}"
    repeat = f", repeat {answer.repeat}" if answer.repeat else ""
    yield without_commands(f"  {printable(answer.task)}, document {answer.doc_id}{repeat}: {verdict}")
    said = "answer, compared as it is" if answer.filtered is None else "answer"
    texts: Sequence[tuple[str, Excerpt | None, str]] = (
        ("prompt", answer.prompt, "last"),
        (said, answer.output, "first"),
        ("extracted answer", answer.filtered, "first"),
        ("key", answer.target, "first"),
    )
    if all(excerpt is None for _, excerpt, _ in texts):
        yield "  its prompt, answer and key are not on record"
    for label, excerpt, which in texts:
        if excerpt is not None:
            yield f"  {label}{_how_much(excerpt, which)}:"
            yield from (_INDENT + without_commands(line) for line in excerpt.text.split("\n"))


def _how_much(excerpt: Excerpt, which: str) -> str:
    if excerpt.cut:
        return f" (the {which} {excerpt.shown:,} of {excerpt.length:,} characters)"
    return "" if excerpt.length else " (empty)"
