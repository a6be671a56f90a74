"""Say how scores depend on how exactly an answer has to be written.

A score that compares texts calls ``" 72\\n"`` wrong where ``72`` is the target. From the recorded answers and targets
alone this counts the answers that were called wrong and are the target once blanks are stripped, letters lower-cased,
punctuation at the ends dropped or the first line taken (`wattbench.records.answer_forms`), by system and task. What was
right stays right: a form that both texts are brought into cannot part equal ones.

Tasks that compare likelihoods have none of this, and neither has a task in which an answer was called wrong that is its
target letter by letter: its scorer compares something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records import COMBINATIONS, NO_ANSWER, AnswerForm, Forms, RunRecords, equal_in, target_in, targets_of
from wattbench.records.files.jsonl import read_lines
from wattbench_reports.stats.budgets import STRICTNESS_ANSWERS
from wattbench_reports.tables.answer_texts import texts_at
from wattbench_reports.tables.run_tables import Frames

MATTERS = 0.02
"""A change of a score that is worth a warning: 2 points."""

EXAMPLES = 6
"""Answers of a system on a task that are kept as examples."""

_SINGLE = {AnswerForm.STRIP: 1, AnswerForm.LOWER: 2, AnswerForm.PUNCTUATION: 4, AnswerForm.FIRST_LINE: 8}
_CODES = {forms: sum(_SINGLE[form] for form in forms) for forms in COMBINATIONS}


@dataclass(frozen=True)
class CellStrictness:
    """One system on one task."""

    system: str
    task: str
    domain: str
    answers: int
    right: float
    """The sum of its scores."""
    gains: Mapping[Forms, float]
    """Changes made together to what they would add to `right`; empty where no change adds anything."""
    places: tuple[int, ...]
    """Some of the answers that some change would make right: places in `Frames.items`."""
    unread: float = 0.0
    """Answers in which the task's filters found none; estimated where not all texts were read."""

    def score(self, forms: Forms = ()) -> float:
        """Return the share of right answers, as scored or with some changes."""
        return (self.right + self.gains.get(forms, 0.0)) / self.answers


@dataclass(frozen=True)
class SystemStrictness:
    """One system on all of its tasks."""

    system: str
    cells: tuple[CellStrictness, ...]
    """In the order of the suite."""
    wrong: int
    """Answers that are not wholly right."""
    sampled: int
    """Of these, those whose texts were compared: all, or `STRICTNESS_ANSWERS` of them, evenly over the tasks."""

    @cached_property
    def _by_domain(self) -> Mapping[str, tuple[CellStrictness, ...]]:
        domains = dict.fromkeys(cell.domain for cell in self.cells)
        return {name: tuple(cell for cell in self.cells if cell.domain == name) for name in domains}

    def score(self, forms: Forms = (), shares: Mapping[str, float] | None = None) -> float:
        """Return the share of right answers.

        Args:
            forms: the changes; none: as scored.
            shares: of the domains among the requests; None: every answer counts the same.
        """
        return self._mean(lambda cell: cell.right, shares) + self.gain(forms, shares)

    def gain(self, forms: Forms, shares: Mapping[str, float] | None = None) -> float:
        """Return what some changes add to the score, 0 to 1."""
        return self._mean(lambda cell: cell.gains.get(forms, 0.0), shares)

    def _mean(self, of_cell: Callable[[CellStrictness], float], shares: Mapping[str, float] | None) -> float:
        """Return the mean per answer of a figure of cells, weighted by the mix where one is given."""

        def mean(cells: Sequence[CellStrictness]) -> float:
            return sum(map(of_cell, cells)) / sum(cell.answers for cell in cells)

        if shares is None:
            return mean(self.cells)
        known = {name: shares[name] for name in self._by_domain if shares.get(name, 0.0) > 0}
        weighed = sum(weight * mean(self._by_domain[name]) for name, weight in known.items())
        return weighed / sum(known.values()) if known else 0.0

    def best(self, shares: Mapping[str, float] | None = None) -> Forms:
        """Return the fewest changes of form within 2 points of the highest score; empty where no change matters.

        Of several with as many changes, those with the higher score.
        """
        gains = {forms: self.gain(forms, shares) for forms in COMBINATIONS}
        highest = max(gains.values())
        if highest <= MATTERS:
            return ()
        near = [forms for forms in COMBINATIONS if gains[forms] > MATTERS and gains[forms] >= highest - MATTERS]
        fewest = len(near[0])
        return max((forms for forms in near if len(forms) == fewest), key=lambda forms: gains[forms])


def strictness(frames: Frames) -> Mapping[str, SystemStrictness]:
    """Count, for each scored system, the wrong answers that changes of form would make right.

    Raises:
        UserError: the table of items is damaged.
    """
    tasks = frames.categories("task")
    read = _CellTotals.of(frames, tasks)
    domain_of = frames.domain_of_task()
    by_system = {}
    for number, name in enumerate(frames.systems):
        cells = tuple(
            CellStrictness(
                name, task, domain_of[task], int(read.answers[at]), float(read.right[at]),
                {forms: float(read.gains[at, code]) for forms, code in _CODES.items() if read.gains[at].any()},
                read.examples.get(at, ()), float(read.unread[at]),
            )
            for index, task in enumerate(tasks)
            if read.answers[at := number * len(tasks) + index]
        )  # fmt: skip
        if cells:
            by_system[name] = SystemStrictness(name, cells, int(read.wrong[number]), int(read.sampled[number]))
    return by_system


@dataclass(frozen=True)
class _CellTotals:
    """Sums of each cell; the cell of system s on task t is number s x tasks + t."""

    answers: NDArray[np.int64]
    """Shape (cells,). So is `right`."""
    right: NDArray[np.float64]
    gains: NDArray[np.float64]
    """Shape (cells, 16), by the code of the changes."""
    examples: Mapping[int, tuple[int, ...]]
    unread: NDArray[np.float64]
    """Shape (cells,)."""
    wrong: NDArray[np.int64]
    """Shape (systems,). So is `sampled`."""
    sampled: NDArray[np.int64]

    @classmethod
    def of(cls, frames: Frames, tasks: Sequence[str]) -> _CellTotals:
        """Read the texts of wrong answers and compare them."""
        shape = len(frames.systems), len(tasks)
        judged = () if frames.judged_tasks is None else frames.judged_tasks.judges
        compares = {name: _compares_texts(frames.run, frames.systems, name) for name in tasks if name not in judged}
        comparing = np.array([compares.get(name, False) for name in tasks])
        answers, right, wrong = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape, np.int64)
        chosen = []
        for number, of_system in enumerate(frames.answers_by_system):
            scores, task_of = frames.figures("correct", of_system), frames.codes("task", of_system)
            scored = np.isfinite(scores)
            answers[number] = np.bincount(task_of[scored], minlength=len(tasks))
            right[number] = np.bincount(task_of[scored], weights=scores[scored], minlength=len(tasks))
            is_wrong = (scores < 1) & comparing[task_of]
            wrong[number] = np.bincount(task_of[is_wrong], minlength=len(tasks))
            order = frames.random_order(of_system)[is_wrong]
            chosen.append(_drawn(frames.positions(of_system)[is_wrong], task_of[is_wrong], order))
        rows = np.concatenate(chosen).astype(np.int64)
        task = frames.codes("task", rows).astype(np.int64)
        system = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
        cell, size = system * len(tasks) + task, answers.size
        columns = ("filtered", "target", "failure")
        texts = texts_at(frames, rows, columns).reindex(rows)  # they come in the order of the file
        changes = _changes(texts, rows, task)
        # Each answer that was read counts for as many of its cell as were not.
        weight = wrong.ravel() / np.maximum(np.bincount(cell, minlength=size), 1)
        added = weight[cell] * (1 - frames.figures("correct", rows))
        return cls(
            answers=answers.ravel(),
            right=right.ravel(),
            gains=np.column_stack([np.bincount(cell, weights=added * column, minlength=size) for column in changes.T]),
            examples=_examples(cell, rows, np.asarray(changes.any(axis=1))),
            unread=np.bincount(cell, weights=(weight[cell] * _unread(texts)).astype(np.float64), minlength=size).astype(
                np.float64
            ),
            wrong=wrong.sum(axis=1),
            sampled=np.bincount(system, minlength=len(frames.systems)),
        )


def fewest_forms(filtered: str, target: str) -> Forms:
    """Return the fewest changes that make a wrong answer its target; empty if no changes do."""
    codes = _equal_in(filtered, target)
    return next((forms for forms in COMBINATIONS if codes >> _CODES[forms] & 1), ())


def _compares_texts(run: RunRecords, systems: Iterable[str], task: str) -> bool:
    """Return whether a task asks for texts, according to the record.

    True for an imported task, whose record does not say.
    """
    for name in systems:
        for line in read_lines(run.layout.answers(name, task)):
            return bool(line.get("request_type", "generate_until") == "generate_until")
    return True


def _drawn(
    wrong: NDArray[np.integer[Any]], task: NDArray[np.integer[Any]], order: NDArray[np.float64]
) -> NDArray[np.integer[Any]]:
    """Choose the wrong answers of a system to read: all, or a random sample that is even over the tasks."""
    rows = wrong[np.lexsort((order, task))]
    number = min(len(rows), STRICTNESS_ANSWERS)
    return np.asarray(rows[(np.arange(number) * len(rows)) // max(number, 1)])


def _unread(texts: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether no answer was read from each reply, in the order of the texts.

    A request that failed has no reply.
    """
    if "filtered" not in texts.columns:
        return np.zeros(len(texts), dtype=np.bool_)
    unread = np.asarray(texts["filtered"] == NO_ANSWER, dtype=np.bool_)
    return unread & np.asarray(texts["failure"].isna()) if "failure" in texts.columns else unread


def _changes(texts: pd.DataFrame, rows: NDArray[np.int64], task: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether each combination of changes would make each answer right: shape (rows, 16), by its code."""
    if {"filtered", "target"} - {*texts.columns}:
        return np.zeros((len(rows), 16), dtype=np.bool_)
    known: dict[tuple[str, str], int] = {}
    codes = np.zeros(len(rows), dtype=np.int64)
    pairs = zip(_texts(texts["filtered"]), _texts(texts["target"]), strict=True)
    for index, pair in enumerate(pairs):
        if pair not in known:
            known[pair] = _equal_in(*pair)
        codes[index] = known[pair]
    equal = (codes[:, None] >> np.arange(16)) & 1 > 0
    elsewise = np.unique(task[equal[:, 0]])
    equal[np.isin(task, elsewise)] = False
    return equal


def _texts(column: pd.Series) -> list[str]:
    return [text if isinstance(text, str) else "" for text in column.tolist()]


def _equal_in(answer: str, target: str) -> int:
    """Return the forms in which an answer equals its target, as bits: bit n for the changes of code n, bit 0 for
    none."""
    if not target:
        return 0
    targets, cores = _targets(target)
    said = answer.lower()
    # Nearly always: what no form takes from a target is not in the answer, or it is not all of the answer.
    if not any(core in said for core in cores) or not any(equal_in(answer, targets, forms) for forms in _STRONGEST):
        return 0
    same = int(answer in targets)
    for forms, code in _CODES.items():
        same |= equal_in(answer, targets, forms) << code
    return same


@lru_cache(maxsize=65_536)
def _targets(target: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the texts that a target allows, and each of these texts after all changes of form."""
    targets = targets_of(target)
    return targets, tuple(target_in(each, COMBINATIONS[-1]) for each in targets)


_STRONGEST = (COMBINATIONS[-1], tuple(form for form in COMBINATIONS[-1] if form is not AnswerForm.FIRST_LINE))


def _examples(
    cell: NDArray[np.int64], rows: NDArray[np.int64], changed: NDArray[np.bool_]
) -> Mapping[int, tuple[int, ...]]:
    """Return some changed answers of each cell; the rows of a cell are in a random order."""
    kept: dict[int, list[int]] = {}
    for at, row in zip(cell[changed].tolist(), rows[changed].tolist(), strict=True):
        of_cell = kept.setdefault(at, [])
        if len(of_cell) < EXAMPLES:
            of_cell.append(row)
    return {at: tuple(of_cell) for at, of_cell in kept.items()}
