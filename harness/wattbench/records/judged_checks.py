"""Check the verdicts of judges and the labels of people against the answers of a finished run.

Both name an answer by its text's digest, too: what was said of another text says nothing of this one.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping

from wattbench.records.invariants import ITEM
from wattbench.records.reader import RunRecords, read_rows
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, LabelRow, OfJudgedAnswer, answer_digest
from wattbench.records.rows.windows import Purpose, WindowRow
from wattbench.records.tables.run_tables import read_columns

_PAIR = "pair"
_ORDERS = {"first", "second"}
_ROUNDING_S = 1e-6
"""Stamps are of one clock, and a record has all of their digits."""

Answer = tuple[object, ...]
"""What tells an answer from all others: the columns `ITEM`."""


def judgement_problems(run: RunRecords) -> Iterator[str]:
    """Yield a sentence for each judge and each verdict that does not fit the run.

    Raises:
        UserError: a line or a table cannot be read.
    """
    layout, judges = run.layout, run.judges()
    tasks = {task for _, task in run.header.pairs}
    for task, judge in judges.items():
        if task not in tasks:
            yield f"{layout.judges.name} has a judge of the task {task!r:.60}, which is not of this run"
        if judge.against is not None and (judge.against, task) not in run.header.pairs:
            yield f"{layout.judges.name} compares answers with those of {judge.against!r:.60}, which has none to {task}"
    judgements = read_rows(layout.judgements, JudgementRow)
    if not judgements:
        return
    digests, windows = _digests(run), {row.window: row for row in run.windows()}
    orders: dict[Answer, set[str | None]] = defaultdict(set)
    for number, row in enumerate(judgements, start=1):
        where = f"{layout.judgements.name}: line {number}"
        orders[_answer(row)].add(row.shown)
        for what in (_of_answer(row, digests), _of_judge(row, judges.get(row.task)), _of_window(row, windows)):
            if what is not None:
                yield f"{where}: {what}"
    for answer, shown in orders.items():
        system, task, doc_id, *_ = answer
        judge = judges.get(str(task))
        if judge is not None and shown != (_ORDERS if judge.scale == _PAIR else {None}):
            which = "one order alone" if judge.scale == _PAIR else "an order of a pair"
            yield f"{layout.judgements.name} has the answer of {system} to document {doc_id} of {task} in {which}"


def label_problems(run: RunRecords) -> Iterator[str]:
    """Yield a sentence for each label that is of no judged answer of the run, or of another text.

    Raises:
        UserError: a line or a table cannot be read.
    """
    if not os.path.lexists(run.layout.labels):
        return
    judges, digests = run.judges(), _digests(run)
    for number, row in enumerate(read_rows(run.layout.labels, LabelRow), start=1):
        what = _of_answer(row, digests)
        if what is None and row.task not in judges:
            what = f"no judge scores {row.task}"
        if what is not None:
            yield f"{run.layout.labels.name}: line {number}: {what}; the label counts for nothing"


def _digests(run: RunRecords) -> dict[Answer, str]:
    """Return the digest of the text of each answer to a task that a judge scores."""
    columns = read_columns(run.layout.items_table, (*ITEM, "output"), optional=("offered_per_s", "arrivals"))
    judged, tasks = run.judges(), columns["task"]
    answers = zip(*(columns[name] for name in ITEM), strict=True)
    return {
        answer: answer_digest(text)
        for answer, task, text in zip(answers, tasks, columns["output"], strict=True)
        if task in judged
    }


def _answer(row: OfJudgedAnswer) -> Answer:
    return row.system, row.task, *row.key


def _of_answer(row: OfJudgedAnswer, digests: Mapping[Answer, str]) -> str | None:
    digest = digests.get(_answer(row))
    named = f"{row.system!r:.60} to document {row.doc_id} of {row.task!r:.60}"
    if digest is None:
        return f"there is no answer of {named}, repeat {row.repeat}"
    return None if digest == row.answer_sha256 else f"it is of another text than the answer of {named}"


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
    inside = window.started_s - _ROUNDING_S <= row.started_s and row.finished_s <= window.finished_s + _ROUNDING_S
    return None if inside else f"its request was not within its window {row.window!r:.60}"
