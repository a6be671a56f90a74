"""Check the verdicts of judges and the labels of people against the answers of a finished run.

Both name an answer by its text's digest, too: what was said of another text says nothing of this one. Verdicts on texts
that are no longer there are left of requests that were sent again; a label on another text is of another run.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattbench.records.invariants import ITEM
from wattbench.records.reader import RunRecords, read_rows
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, LabelRow, OfJudgedAnswer, answer_digest
from wattbench.records.rows.windows import Purpose, WindowRow
from wattbench.records.tables.run_tables import read_columns

_PAIR = "pair"
_ORDERS = {"first", "second"}
_ROUNDING_S = 1e-6
"""Stamps are of one clock, and a record has all of their digits."""

_Answer = tuple[object, ...]
"""What tells an answer from all others: the columns `ITEM`."""


def judgement_problems(run: RunRecords) -> Iterator[str]:
    """Yield a sentence for each judge and each verdict that does not fit the run.

    Raises:
        UserError: a line or a table cannot be read.
    """
    layout, judges = run.layout, run.judges()
    judgements = read_rows(layout.judgements, JudgementRow)
    if not judgements and not judges:
        return
    yield from _of_judges(run)
    answers, windows = _judged_answers(run), {row.window: row for row in run.windows()}
    measured = run.header.imported is None
    for number, row in enumerate(judgements, start=1):
        answer = answers.get(_answer(row))
        of_window = _of_window(row, windows) if measured or row.window else None
        for what in (_no_answer(row, answer), _of_judge(row, judges.get(row.task)), of_window):
            if what is not None:
                yield f"{layout.judgements.name}: line {number}: {what}"
    yield from _without_verdicts(run, answers, judgements)


def _of_judges(run: RunRecords) -> Iterator[str]:
    name, tasks = run.layout.judges.name, run.header.tasks
    for task, judge in run.judges().items():
        if task not in tasks:
            yield f"{name} has a judge of the task {task!r:.60}, which is not of this run"
        elif judge.against is not None and (judge.against, task) not in run.header.pairs:
            yield f"{name} compares answers with those of {judge.against!r:.60}, which has none to {task}"


def _without_verdicts(
    run: RunRecords, answers: Mapping[_Answer, _JudgedAnswer], judgements: Sequence[JudgementRow]
) -> Iterator[str]:
    """Yield a sentence for each answer that has an opinion in the table, and not the verdicts that it is made of."""
    judges, orders = run.judges(), defaultdict[_Answer, set[str | None]](set)
    for row in judgements:
        answer = answers.get(_answer(row))
        if answer is not None and answer.sha256 == row.answer_sha256 and row.verdict is not None:
            orders[_answer(row)].add(row.shown)
    measured = run.header.imported is None
    for key, answer in answers.items():
        system, task, doc_id, *_ = key
        judge = judges[str(task)]
        if answer.judged is None or answer.failed or system == judge.against:
            continue
        in_both = judge.scale == _PAIR and measured
        if orders[key] != (_ORDERS if in_both else {None}):
            what = "no verdict in both orders" if in_both else "no verdict"
            yield f"{run.layout.judgements.name} has {what} on the answer of {system} to document {doc_id} of {task}"


def label_problems(run: RunRecords) -> Iterator[str]:
    """Yield a sentence for each label that is of no judged answer of the run, or of another text.

    Raises:
        UserError: a line or a table cannot be read.
    """
    if not os.path.lexists(run.layout.labels):
        return
    judges, answers = run.judges(), _judged_answers(run)
    for number, row in enumerate(read_rows(run.layout.labels, LabelRow), start=1):
        answer = answers.get(_answer(row))
        what = f"no judge scores {row.task!r:.60}" if row.task not in judges else _no_answer(row, answer)
        if answer is not None and answer.sha256 != row.answer_sha256:
            what = f"it is of another text than the answer of {_named(row)}"
        if what is not None:
            yield f"{run.layout.labels.name}: line {number}: {what}; the label counts for nothing"


@dataclass(frozen=True)
class _JudgedAnswer:
    sha256: str
    judged: float | None
    failed: bool


def _judged_answers(run: RunRecords) -> dict[_Answer, _JudgedAnswer]:
    """Return the answers of a run to the tasks that a judge scores."""
    names = ("output", "judged", "failure")
    columns = read_columns(run.layout.items_table, (*ITEM, *names), optional=("offered_per_s", "arrivals", *names[1:]))
    judges = run.judges()
    return {
        key: _JudgedAnswer(answer_digest(text), judged, failure is not None)
        for key, task, text, judged, failure in zip(
            zip(*(columns[name] for name in ITEM), strict=True),
            columns["task"],
            *(columns[name] for name in names),
            strict=True,
        )
        if task in judges
    }


def _answer(row: OfJudgedAnswer) -> _Answer:
    return row.system, row.task, *row.key


def _named(row: OfJudgedAnswer) -> str:
    return f"{row.system!r:.60} to document {row.doc_id} of {row.task!r:.60}, repeat {row.repeat}"


def _no_answer(row: OfJudgedAnswer, answer: _JudgedAnswer | None) -> str | None:
    return f"there is no answer of {_named(row)}" if answer is None else None


def _of_judge(row: JudgementRow, judge: JudgeRow | None) -> str | None:
    if judge is None:
        return f"no judge scores {row.task!r:.60}"
    return (
        None if judge.judge == row.judge else f"{row.judge!r:.60} judged, and the judge of {row.task} is {judge.judge}"
    )


def _of_window(row: JudgementRow, windows: Mapping[str, WindowRow]) -> str | None:
    window = windows.get(row.window)
    if window is None:
        return f"it names the window {row.window!r:.60}, which is not recorded"
    if window.purpose != Purpose.JUDGING or window.system != row.judge:
        return f"it names the window {row.window!r:.60}, in which {window.system} was not asked to judge"
    if row.started_s is None or row.finished_s is None:
        return f"it names the window {row.window!r:.60}, and has no times"
    inside = window.started_s - _ROUNDING_S <= row.started_s and row.finished_s <= window.finished_s + _ROUNDING_S
    return None if inside else f"its request was not within its window {row.window!r:.60}"
