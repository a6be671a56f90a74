"""The command `init`: write a first suite for a file of one's own."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from wattbench.cli._group import main
from wattbench.cli._json import json_option, print_json
from wattbench.cli._options import Finite
from wattbench.errors import UserError
from wattbench.progress.notices import notice, stdout_to_stderr
from wattbench.terminal import printable, wrapped

if TYPE_CHECKING:
    from wattbench.first_suite.draft import Draft
    from wattbench.first_suite.wishes import UndecidedError, Wishes

SHOWN_PROMPTS = 2
_SCORES = "label, exact, number, contains, regex, choice or f1"
_BY_JUDGE, _BY_FUNCTION = "--judge", "--score"
_QUESTIONS = {
    "file": "File with questions and right answers (CSV, TSV, JSONL or Parquet)",
    "input": "Column that is asked",
    "target": "Column with the right answers, or how free answers are scored",
}


@main.command(
    "init",
    short_help="Write a suite for a file of questions and some systems.",
    most_used="input target system score judge rubric scale split output force",
    examples=(
        "wattbench init tickets.csv --system rules.py:answer",
        "wattbench init tickets.csv --system http://localhost:8000/v1 --judge openai#gpt-4o --output suite.yaml",
    ),
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--input", metavar="COLUMN", help="The column that is asked. Default: guessed, with the reason.")
@click.option("--target", metavar="COLUMN", help="The column with the right answers. Default: guessed.")
@click.option(
    "--system",
    "systems",
    metavar="SYSTEM",
    multiple=True,
    help="A server's address (http://localhost:8000/v1, with #MODEL if it has several), a service (openai#MODEL), a "
    "function (rules.py:answer), a scikit-learn pipeline (.skops), a GGUF file, a folder of a Hugging Face model or "
    "its name on the hub. NAME=SYSTEM names it. Can be repeated.",
)
@click.option(
    "--score",
    metavar="SCORE",
    help=f"How an answer is compared ({_SCORES}), or a function of yours that grades it: grade.py:grade. Default: "
    "guessed.",
)
@click.option("--judge", metavar="SYSTEM", help="A system that scores free answers, in the forms of --system.")
@click.option(
    "--rubric",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --judge: what a good answer is. Default: NAME-rubric.md; a first text is written if it is missing.",
)
@click.option("--scale", metavar="SCALE", help="With --judge: pass, pair, or a range such as 1..5. Default: pass.")
@click.option("--pattern", metavar="REGEX", help="With --score regex: what finds the answer in a reply.")
@click.option("--choices", metavar="COLUMN", help="With --score choice: the column with the choices of each row.")
@click.option("--domain", metavar="NAME", help="Groups tasks in the report. Default: the name.")
@click.option("--fewshot", metavar="N|FILE", help="Worked examples: this number of rows, or all of another file.")
@click.option("--split", type=Finite(0, 1, min_open=True, max_open=True), help="Ask this share of the rows.")
@click.option("--encoding", help="Of a CSV or TSV. Default: guessed.")
@click.option("--api-key-env", metavar="VARIABLE", help="The variable with the key of servers on other machines.")
@click.option("--keep-duplicates", is_flag=True, help="Keep questions that are asked with different right answers.")
@click.option("--name", help="The suite's. Default: that of the file.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The suite to write. Default: NAME.yaml.")
@click.option("--force", is_flag=True, help="Replace the suite if it is there already.")
@json_option
def init(as_json: bool, **said: Any) -> None:
    """Write a commented suite that runs, for FILE and some systems, and print its path.

    What is not said is guessed from the file; where no column has right answers, --judge or --score say how answers are
    scored. It shows two prompts, which answers are right, and what difference the items can show. No system is loaded,
    and no code of one is run; servers are asked for their models. In a terminal it asks what it cannot guess; without
    FILE it asks everything.
    """
    from wattbench.first_suite.wishes import Wishes
    from wattbench.records.files.atomic_write import write_atomically

    wishes = Wishes(**said)
    with stdout_to_stderr():
        drafted = _drafted(wishes)
        with _rubric_of(drafted):
            for line in _shown(drafted):
                notice(line)
            if wishes.file is None:
                _confirm(drafted)
            if drafted.path.exists() and not wishes.force:
                raise UserError(f"{drafted.shown_path} was written meanwhile; add --force to replace it")
            write_atomically(drafted.path, drafted.text.encode())
        notice("\n".join(["\nwritten. Next:", *(f"  {line}" for line in _next(drafted))]))
    if as_json:
        written = [drafted.shown_path, *([] if drafted.rubric is None else [_shown_path(drafted.rubric[0])])]
        print_json({"written": [str(path) for path in written]})
    else:
        click.echo(drafted.shown_path)


@contextlib.contextmanager
def _rubric_of(drafted: Draft) -> Iterator[None]:
    """Write the rubric, which the suite is read with, and remove it again if the suite is not written."""
    from wattbench.records.files.atomic_write import write_atomically

    if drafted.rubric is None:
        yield
        return
    path, text = drafted.rubric
    write_atomically(path, text.encode())
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _next(drafted: Draft) -> list[str]:
    """Return what to do with the suite, line by line."""
    path = shlex.quote(_as_argument(drafted.shown_path))
    [choice] = drafted.resolved.tasks
    edit, label = [], []
    if choice.judged is not None:
        rubric = printable(str(_shown_path(choice.judged.rubric)))
        edit = [] if drafted.rubric is None else [f"edit {rubric}: it says what a good answer is"]
        label = ["wattbench label RUN    # score some answers yourself: until then, figures are the judge's opinion"]
    return [*edit, f"wattbench suites plan {path}", f"wattbench run {path} --report report.html", *label]


def _shown_path(path: Path) -> Path:
    """Return a path relative to the current folder, if it is in it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _as_argument(path: Path) -> str:
    """Return a path as text that no command takes for an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def _shown(drafted: Draft) -> list[str]:
    """Return lines for people to check: guesses, prompts, right answers, and the difference that can be shown."""
    from wattbench.api.gates.gate_power import items_by_domain
    from wattbench.api.plans.detectable_accuracy import detectable_accuracy, detectable_passage
    from wattbench.api.plans.prompts_passage import prompts_passage
    from wattbench.measure.preview import preview
    from wattbench.measure.shown_prompts import shown_prompts
    from wattbench_reports.presenter.text import passage_lines

    seen = preview(drafted.resolved)
    prompts = shown_prompts(drafted.resolved, seen.tasks, SHOWN_PROMPTS)
    whole = max(prompts, key=lambda each: sum(len(turn.text) for turn in each.turns)).systems
    first = [each for each in prompts if each.doc_id == prompts[0].doc_id or each.systems == whole]
    judged = any(choice.judged is not None for choice in drafted.resolved.tasks)
    sizes = [] if judged else detectable_accuracy(items_by_domain(seen.cells) or {})
    return [
        *drafted.lines,
        "",
        *passage_lines(prompts_passage(first)),
        "",
        *drafted.right_answers,
        *(["", *passage_lines(detectable_passage(sizes))] if sizes else []),
        *(line for note in (*drafted.notes, *seen.notes) for line in wrapped(note, "note: ", "  ")),
    ]


def _drafted(wishes: Wishes) -> Draft:
    """Draft the suite; in a terminal ask for what cannot be guessed."""
    from wattbench.first_suite.draft import draft
    from wattbench.first_suite.wishes import UndecidedError
    from wattbench.tasks.loading import quiet_lm_eval

    quiet_lm_eval()  # before anything else imports it
    while True:
        try:
            return draft(wishes)
        except UndecidedError as error:
            terminal = _terminal()
            if terminal is None:
                raise
            wishes = _answered(wishes, error, terminal)


def _terminal() -> TextIO | None:
    """Return the terminal that a person types into; None where there is none."""
    given = sys.__stdin__
    return given if given is not None and not given.closed and given.isatty() and sys.stderr.isatty() else None


def _answered(wishes: Wishes, undecided: UndecidedError, terminal: TextIO) -> Wishes:
    """Ask for what is undecided, and return the wishes with the answer."""
    if undecided.setting == "systems":
        return replace(wishes, systems=tuple(_systems(wishes, terminal)))
    given = getattr(wishes, undecided.setting)
    if given is not None:  # and is no column
        notice(str(undecided))
    free = (_BY_JUDGE, _BY_FUNCTION) if undecided.setting == "target" and given is None else ()
    if free:
        notice(f"If no column has them: {_BY_JUDGE}, a system scores free answers; {_BY_FUNCTION}, a function does.")
    choices = click.Choice([*undecided.choices, *free]) if undecided.choices else None
    answer = str(_ask(terminal, _QUESTIONS[undecided.setting], type=choices))
    if answer in free:
        return _scored_freely(wishes, answer, terminal)
    if undecided.setting == "file":
        return replace(wishes, file=Path(answer))
    return replace(wishes, input=answer) if undecided.setting == "input" else replace(wishes, target=answer)


def _scored_freely(wishes: Wishes, how: str, terminal: TextIO) -> Wishes:
    """Ask for a judge or a grading function until it is one, and return the wishes with it."""
    from wattbench.first_suite.free_score import check_free_score
    from wattbench.first_suite.systems import FORMS

    if how == _BY_JUDGE:
        notice(f"Judge: {FORMS}.")
    while True:
        if how == _BY_JUDGE:
            said = replace(wishes, judge=str(_ask(terminal, "System that judges")))
            said = replace(said, scale=str(_ask(terminal, "Scale (pass, or grades such as 1..5)", default="pass")))
        else:
            said = replace(wishes, score=str(_ask(terminal, "Function that grades (grade.py:grade)")))
        try:
            check_free_score(said)
        except UserError as error:
            notice(str(error))
        else:
            return said


def _systems(wishes: Wishes, terminal: TextIO) -> list[str]:
    """Ask for systems until the answer is empty, and check each."""
    from wattbench.first_suite.systems import FORMS, draft_system

    notice(f"Systems: each is {FORMS}.")
    systems: list[str] = []
    while True:
        given = _ask(terminal, "System (empty: no more)", default="", show_default=False)
        if not given and systems:
            return systems
        try:
            if given:
                draft_system(given, Path.cwd(), "any", wishes.api_key_env)
                systems.append(given)
        except UserError as error:
            notice(str(error))


def _confirm(drafted: Draft) -> None:
    terminal = _terminal()
    if terminal is None:
        return
    with _reading(terminal):
        wanted = click.confirm(f"\nWrite {printable(str(drafted.shown_path))}?", default=True, err=True)
    if not wanted:
        raise UserError("nothing was written; wattbench init --help lists what can be said")


def _ask(terminal: TextIO, question: str, **settings: Any) -> Any:
    with _reading(terminal):
        return click.prompt(question, err=True, **settings)


@contextlib.contextmanager
def _reading(terminal: TextIO) -> Iterator[None]:
    """Make the terminal standard input for a question; no library may read from it at other times."""
    given, sys.stdin = sys.stdin, terminal
    try:
        yield
    finally:
        sys.stdin = given
