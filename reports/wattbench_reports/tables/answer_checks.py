"""Check the answers of a run against each other: scores, figures, and that each is there once and of the same work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench_reports.tables.item_rows import Rows, asked_document

_LARGEST = 1e18
"""In joules or seconds, as `wattbench.records` allows."""

_ROUNDING_S = 1e-6


@dataclass(frozen=True)
class DocDifference:
    """A system that did not answer the same documents of a task as the others."""

    system: str
    task: str
    missing: int
    """Documents of the task that some other system answered and this one did not."""


def check_answers(
    path: Path, items: pd.DataFrame, answers: Sequence[Rows], *, scored: bool, judged: Collection[str] = ()
) -> None:
    """Check each system's answers.

    Args:
        path: of the table.
        items: from `wattbench_reports.tables.items_table.read_items`.
        answers: the rows of each system.
        scored: whether all answers must have scores.
        judged: the tasks that a judge scores: their answers have none.

    Raises:
        UserError: a score or a figure is none that an answer can have, or an answer is there twice.
    """
    document, others = asked_document(items), ~items["task"].isin(judged).to_numpy()
    for rows in answers:
        correct, energy_j = _column(items, "correct", rows)[others[rows]], _column(items, "energy_j", rows)
        seconds = _column(items, "finished_s", rows) - _column(items, "started_s", rows)
        check_system(path, correct, energy_j, seconds, scored=scored)
        _check_each_once(path, items, rows, document[rows])


def check_system(
    path: Path,
    correct: NDArray[np.float64],
    energy_j: NDArray[np.float64],
    seconds: NDArray[np.float64],
    *,
    scored: bool,
) -> None:
    """Check the figures of a system's answers.

    Args:
        path: of the table.
        correct: the scores of those to tasks that are scored.
        energy_j: shape (answers,). So `seconds`.
        seconds: that they took.
        scored: as in `check_answers`.

    Raises:
        UserError: a score or a figure is none that an answer can have.
    """
    _check_scores(path, correct, scored=scored)
    _check_figures(path, energy_j, seconds)


def refuse_repeated(path: Path, repeated: pd.DataFrame) -> None:
    """Refuse answers that are there twice.

    Args:
        path: of the table.
        repeated: answers of a system to documents that have several of them; with ``system``, ``task``, ``doc_id``,
            ``repeat``, ``window`` and ``started_s``.

    Raises:
        UserError: one is there twice.
    """
    again = repeated.duplicated(["task", "doc_id", "repeat", "window", "started_s"])
    if again.any():
        system, task, doc_id = repeated.loc[again, ["system", "task", "doc_id"]].iloc[0]
        raise UserError(
            f"{path}: the answer of {system} to document {doc_id} of {task} is there twice; the record is damaged"
        )


def doc_differences(
    items: pd.DataFrame, row: NDArray[np.int32], systems: Sequence[str], answers: Sequence[Rows]
) -> Iterable[DocDifference]:
    """Find systems that did not answer the same set of documents per task as the others.

    Args:
        items: as in `check_answers`.
        row: shape (answers,), from `wattbench_reports.tables.item_rows.row_of_answer`.
        systems: their names.
        answers: the rows of each.
    """
    rows = int(row.max()) + 1
    task, document = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
    task[row] = items["task"].cat.codes.to_numpy()
    document[row] = items["document"].to_numpy()
    keys, number = np.unique(task * (int(document.max()) + 2) + document + 1, return_inverse=True)
    task_of_document = np.empty(len(keys), dtype=np.int64)
    task_of_document[number] = task
    answered = np.zeros((len(systems), len(keys)), dtype=np.bool_)
    for of_system, rows_of in zip(answered, answers, strict=True):
        of_system[number[row[rows_of]]] = True
    for code, name in enumerate(items["task"].cat.categories):
        of_task = answered[:, task_of_document == code]
        for system, got in zip(systems, of_task.sum(axis=1).tolist(), strict=True):
            if got < of_task.shape[1]:
                yield DocDifference(system, str(name), of_task.shape[1] - got)


def _column(items: pd.DataFrame, name: str, rows: Rows) -> NDArray[np.float64]:
    return items[name].to_numpy(dtype=np.float64)[rows]


def _check_scores(path: Path, scores: NDArray[np.float64], *, scored: bool) -> None:
    """Check scores: 0 to 1. Where answers may lack them, a system has all or none.

    Else its accuracy and its joules per correct answer would be of different requests.
    """
    there = ~np.isnan(scores)
    incomplete = not there.all() and (there.any() or scored)
    if incomplete or not ((scores >= 0) & (scores <= 1) | ~there).all():
        raise UserError(f"{path}: some scores in `correct` are not between 0 and 1; the record is damaged")


def _check_figures(path: Path, energy_j: NDArray[np.float64], seconds: NDArray[np.float64]) -> None:
    """Check that joules and seconds are possible for an answer."""
    for what, figures, least in (
        ("joules in `energy_j` are below 0 or infinite", energy_j, 0.0),
        ("answers end before they start", seconds, -_ROUNDING_S),
    ):
        if not ((figures >= least) & (figures <= _LARGEST) | np.isnan(figures)).all():
            raise UserError(f"{path}: some {what}; the record is damaged")


def _check_each_once(path: Path, items: pd.DataFrame, rows: Rows, document: NDArray[np.int32]) -> None:
    """Check that no row is there twice: its joules and its score would count twice."""
    several = np.bincount(document)[document] > 1
    if not several.any():
        return
    columns = ["system", "task", "doc_id", "repeat", "window", "started_s"]
    refuse_repeated(path, items.iloc[rows].loc[several, columns])
