"""List the items that one of a gate's two systems alone answers correctly, a few of them with prompts and answers.

What flipped is found from scores alone; texts are read of the items that are shown, and of no others. Which are shown
does not depend on what was answered: items are in one fixed random order, by their content.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records import SIDES, AnswerRow, RoundRow, RunRecords, ScoreRow
from wattbench.records.prompts import prompt_as_text
from wattbench.records.reader import read_rows
from wattbench.records.tables.table_columns import TableColumns
from wattbench_reports.formatting.safe_text import first_of, last_of
from wattbench_reports.gate.evidence.recorded_rounds import Item, reading
from wattbench_reports.gate.result import FlippedAnswer, FlippedItem, FlippedItems
from wattbench_reports.tables.answer_texts import texts_in
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.item_matrix import KEY_CHARACTERS, RIGHT, spread
from wattbench_reports.tables.judged_tasks import judged_tasks
from wattbench_reports.tables.streamed.text_numbers import joined, text_numbers

MOST_LOST, MOST_WON = 20, 10
"""Items that are shown: a reader looks for what broke first."""

_TEXTS = ("prompt", "target", "filtered", "output", "failure")


def flips_in_turns(run: RunRecords) -> FlippedItems:
    """Find the items that flipped in the rounds of a gate, finished or not.

    Raises:
        UserError: the record is damaged.
    """
    gate = header_record(run).gate
    assert gate is not None  # the caller has judged the gate
    with reading(run.layout.rounds, "a round"):
        scores = [[_Score.of(row, side, item) for side in SIDES] for row in run.rounds() for item in row.items]
    tasks, names = pd.factorize(np.array([first.item[0] for first, _ in scores], dtype=object))
    means = np.array([[each.mean for each in both] for both in scores], dtype=np.float64).reshape(-1, 2)
    flipped = _Flipped.of(means, tasks, len(names))
    shown = [scores[number] for number in flipped.shown]
    texts = [
        _texts_of_side(run, gate.sides[side].name, [both[column] for both in shown])
        for column, side in enumerate(SIDES)
    ]
    return flipped.flips(map(_item, [first.item for first, _ in shown], *texts))


@dataclass(frozen=True)
class _Score:
    """The score of an item on one side of a round."""

    item: Item
    mean: float
    """NaN of a task that a judge scores."""
    row: ScoreRow
    """Of several, the first that agrees with the mean."""
    window: str

    @classmethod
    def of(cls, row: RoundRow, side: str, item: Item) -> _Score:
        task, doc_id = item
        rows = [each for each in row.scores[side][task] if each.doc_id == doc_id]
        scores = [math.nan if each.correct is None else each.correct for each in rows]
        mean = math.fsum(scores) / len(rows)
        agreeing = next(each for each, score in zip(rows, scores, strict=True) if (score >= RIGHT) == (mean >= RIGHT))
        return cls(item, mean, agreeing, row.windows[side])


def _texts_of_side(run: RunRecords, system: str, scores: Sequence[_Score]) -> list[_Texts]:
    """Read the texts of a system's answers, without the answers of a killed round, which are in another window."""
    wanted = {(each.item, each.row.repeat): each.window for each in scores}
    answers: dict[tuple[Item, int], AnswerRow] = {}
    for task in dict.fromkeys(each.item[0] for each in scores):
        path = run.layout.answers(system, task)
        with reading(path, "an answer"):
            for row in read_rows(path, AnswerRow):
                key = ((task, row.doc_id), row.repeat)
                if key not in answers and wanted.get(key) == row.window:
                    answers[key] = row
    return [_Texts.of(answers.get((each.item, each.row.repeat)), each.row) for each in scores]


def flips_of_two(runs: tuple[RunRecords, RunRecords], systems: tuple[str, str]) -> FlippedItems:
    """Find the items that flipped between two finished runs. An item is a document of a task, by its content.

    Args:
        runs: the baseline's and the candidate's. They may be the same.
        systems: what they are called there.

    Raises:
        UserError: a table is damaged.
    """
    one, two = (_Scored.of(run, name) for run, name in zip(runs, systems, strict=True))
    _, in_one, in_two = np.intersect1d(one.keys, two.keys, assume_unique=True, return_indices=True)
    scores = np.column_stack([one.means[in_one], two.means[in_two]])
    flipped = _Flipped.of(scores, one.tasks[in_one], len(one.names))
    shown = np.array(flipped.shown, dtype=np.int64)
    return flipped.flips(map(_item, one.named(in_one[shown]), one.texts(in_one[shown]), two.texts(in_two[shown])))


@dataclass(frozen=True)
class _Flipped:
    """The number of flipped items, and the items to show."""

    items: int
    lost: int
    won: int
    shown: tuple[int, ...]
    """Which are shown, lost ones first."""

    @classmethod
    def of(cls, scores: NDArray[np.float64], tasks: NDArray[np.integer[Any]], number: int) -> _Flipped:
        """Count the flipped items by their mean scores, and choose the items to show.

        Args:
            scores: shape (items, 2), the baseline's and the candidate's, NaN without a score; in a random order.
            tasks: shape (items,), the number of each item's task.
            number: of tasks.
        """
        scored = np.isfinite(scores).all(axis=1)
        first, second = (scores >= RIGHT).T
        lost, won = scored & first & ~second, scored & ~first & second
        shown = [
            spread(which, tasks.astype(np.int64), number, np.arange(len(scores)), most)
            for which, most in ((lost, MOST_LOST), (won, MOST_WON))
        ]
        return cls(int(scored.sum()), int(lost.sum()), int(won.sum()), tuple(np.concatenate(shown).tolist()))

    def flips(self, shown: Iterable[FlippedItem]) -> FlippedItems:
        lost = min(self.lost, MOST_LOST)
        marked = (replace(each, lost=number < lost) for number, each in enumerate(shown))
        return FlippedItems(self.items, self.lost, self.won, tuple(marked))


@dataclass(frozen=True)
class _Scored:
    """The items of one system of a finished run, in the order of their keys. Arrays have the shape (items,)."""

    path: Path
    keys: NDArray[np.uint64]
    means: NDArray[np.float64]
    """Mean scores, NaN where an answer has none."""
    tasks: NDArray[np.int64]
    names: Sequence[str]
    """Of the tasks."""
    doc_ids: NDArray[np.int64]
    places: NDArray[np.int64]
    """The row of the file of an answer that agrees with how the item counts: the one with the lowest repeat."""

    @classmethod
    def of(cls, run: RunRecords, system: str) -> _Scored:
        path, judged = run.layout.items_table, judged_tasks(run)
        with TableColumns(path) as table:
            systems = table.coded("system")
            kept = systems.codes == systems.texts.to_pylist().index(system)
        with TableColumns(path, kept) as table:
            tasks = table.coded("task").in_order()
            doc_ids = table.whole_numbers("doc_id").astype(np.int64)
            named = text_numbers(tasks.texts)[tasks.codes]
            documents = np.concatenate([text_numbers(part) for part in table.parts("doc_hash")])
            correct, repeats = table.numbers("correct"), table.whole_numbers("repeat")
        if judged is not None:
            counts = judged.answers["task"].isin(judged.counted) & (judged.answers["system"] == system)
            position = np.cumsum(kept) - 1
            correct = correct.copy()
            correct[position[judged.answers.loc[counts, "row"]]] = judged.answers.loc[counts, "score"]
        answers = joined(joined(named, doc_ids.astype(np.uint64)), documents)
        keys, first, item = np.unique(answers, return_index=True, return_inverse=True)
        means = np.bincount(item, correct, len(keys)) / np.bincount(item, minlength=len(keys))
        agrees = (correct >= RIGHT) == (means[item] >= RIGHT)
        order = np.lexsort((repeats, ~agrees, item))
        starts = np.searchsorted(item[order], np.arange(len(keys)))
        places = np.flatnonzero(kept)[order[starts]]
        names = tuple(map(str, tasks.texts.to_pylist()))
        return cls(path, keys, means, tasks.codes[first].astype(np.int64), names, doc_ids[first], places)

    def named(self, items: NDArray[np.int64]) -> list[Item]:
        return [(self.names[self.tasks[item]], int(self.doc_ids[item])) for item in items]

    def texts(self, items: NDArray[np.int64]) -> list[_Texts]:
        """Read the recorded texts of some items."""
        places = self.places[items]
        read = texts_in(self.path, places, _TEXTS).reindex(index=places, columns=list(_TEXTS))
        rows = [[each if isinstance(each, str) else None for each in row] for row in read.itertuples(index=False)]
        return [_Texts(*texts) for texts in rows]


@dataclass(frozen=True)
class _Texts:
    """The recorded texts of an answer; None: not recorded."""

    prompt: str | None
    target: str | None
    filtered: str | None
    output: str | None
    failure: str | None = None

    @classmethod
    def of(cls, answer: AnswerRow | None, score: ScoreRow) -> _Texts:
        if answer is None:
            return cls(None, score.target, score.filtered, None)
        output = next((each for each in answer.replies if isinstance(each, str)), None)
        return cls(answer.prompt, score.target, score.filtered, output, answer.failure)

    def answer(self) -> FlippedAnswer:
        return FlippedAnswer(
            filtered=None if self.filtered is None or self.filtered == self.output else first_of(self.filtered),
            output=None if self.output is None else first_of(self.output),
            failure=self.failure or "",
        )


def _item(item: Item, baseline: _Texts, candidate: _Texts) -> FlippedItem:
    prompts = dict.fromkeys(each.prompt for each in (baseline, candidate) if each.prompt)
    key = next((each.target for each in (baseline, candidate) if each.target is not None), None)
    return FlippedItem(
        *item,
        lost=False,  # until all are in order
        prompts=tuple(last_of(prompt_as_text(prompt)) for prompt in prompts),
        key=None if key is None else first_of(key, KEY_CHARACTERS),
        baseline=baseline.answer(),
        candidate=candidate.answer(),
    )
