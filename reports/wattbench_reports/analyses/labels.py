"""Count which label systems answer for which key, where the answers of a task are labels: its confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.stats import Interval, accuracy_interval
from wattbench_reports.tables.answer_texts import stated_answer, text_of, texts_at
from wattbench_reports.tables.item_matrix import KEY_CHARACTERS, RIGHT
from wattbench_reports.tables.run_tables import Frames

MOST_LABELS = 12
"""The most keys of a task whose answers count as labels."""
MOST_ANSWERS = 100_000
"""Answers whose texts are read at most; of a run with more there are no labels."""
_ITEMS_PER_LABEL = 2
"""With fewer items the keys are names or numbers that each occur once, not labels."""
_NAMED = 0.5
"""The least share of a task's answers that are one of its labels."""


@dataclass(frozen=True)
class LabelledAnswers:
    """The answers of one system on one task."""

    system: str
    counts: NDArray[np.int64]
    """Shape (labels, labels + 1): answers by key and by label. On the diagonal are the right ones; the last column
    holds those that are none of the labels, or are their key in a form that was scored as wrong."""
    recall: tuple[Interval | None, ...]
    """By label, the share of right answers among those whose key it is, with a 95% interval clustered by item. None
    where there are no such answers; so in `precision`."""
    precision: tuple[Interval | None, ...]
    """By label, the share of right answers among those that are this label."""


@dataclass(frozen=True)
class LabelledTask:
    """A task whose answers are labels."""

    task: str
    labels: tuple[str, ...]
    """The keys, as recorded; sorted."""
    key: NDArray[np.int8]
    """Shape (answers of the frames,): which label is the key; -1 for answers to other tasks and those without a
    score."""
    answer: NDArray[np.int8]
    """The same shape: which label was answered, or the number of labels for none of them. -1 as in `key`."""
    systems: tuple[LabelledAnswers, ...]


def labelled_tasks(measured: Measured) -> tuple[LabelledTask, ...]:
    """Find the tasks whose answers are labels, and count the labels that each system answers.

    They are tasks of at most `MOST_LABELS` different keys and at least twice as many items, in which at least half of
    the answers are one of the keys, blanks, case and punctuation aside.

    Args:
        measured: of the run; of a streamed one, of its sample of items.
    """
    frames = measured.by_item.frames
    if frames.number > MOST_ANSWERS:
        return ()
    tasks = frames.categories("task")
    scored = np.isfinite(frames.figures("score"))
    codes = np.where(scored, frames.codes("task"), -1)
    labelled = []
    for number, task in enumerate(tasks):
        rows = np.flatnonzero(codes == number)
        read = _labels(frames, rows)
        if read is not None:
            labels, key, answer = read
            labelled.append(_counted(frames, task, rows, labels, key, answer))
    return tuple(labelled)


def _labels(
    frames: Frames, rows: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.int8], NDArray[np.int8]] | None:
    """Return the labels of a task, and the key and the answer of some answers as numbers; None where it has none."""
    if not len(rows):
        return None
    texts = texts_at(frames, rows, ("target",))
    if "target" not in texts:
        return None
    keys = texts["target"].reindex(rows)
    labels = tuple(sorted(str(each) for each in keys.dropna().unique()[: MOST_LABELS + 1]))
    plain = [stated_answer(each) for each in labels]
    items = len(np.unique(frames.row_of_answer[rows]))
    if not 2 <= len(labels) <= MOST_LABELS or keys.isna().any() or items < _ITEMS_PER_LABEL * len(labels):
        return None
    if len(set(plain)) < len(labels) or "" in plain or any(len(each) > KEY_CHARACTERS for each in labels):
        return None
    key = np.array([labels.index(str(each)) for each in keys], dtype=np.int8)
    answer = _answered(frames, rows, {text: number for number, text in enumerate(plain)}, key)
    return None if answer is None else (labels, key, answer)


def _answered(
    frames: Frames, rows: NDArray[np.int64], number_of: Mapping[str, int], key: NDArray[np.int8]
) -> NDArray[np.int8] | None:
    texts = texts_at(frames, rows, ("filtered",))
    if "filtered" not in texts:
        return None
    other = len(number_of)
    filtered: pd.Series = texts["filtered"].reindex(rows)
    answers = [text_of({"filtered": each}, "filtered") or "" for each in filtered.tolist()]
    known = {each: number_of.get(stated_answer(each), other) for each in set(answers)}
    answer = np.array([known[each] for each in answers], dtype=np.int8)
    if np.mean(answer < other) < _NAMED:
        return None
    right = frames.figures("score")[rows] >= RIGHT
    return np.where(right, key, np.where(answer == key, other, answer)).astype(np.int8)


def _counted(
    frames: Frames,
    task: str,
    rows: NDArray[np.int64],
    labels: tuple[str, ...],
    key: NDArray[np.int8],
    answer: NDArray[np.int8],
) -> LabelledTask:
    systems, items = frames.codes("system")[rows], frames.row_of_answer[rows]
    counted = []
    for number, system in enumerate(frames.systems):
        of = systems == number
        if of.any():
            counted.append(_of_system(system, len(labels), key[of], answer[of], items[of]))
    whole = [np.full(frames.number, -1, dtype=np.int8) for _ in range(2)]
    for all_answers, values in zip(whole, (key, answer), strict=True):
        all_answers[rows] = values
    return LabelledTask(task, labels, whole[0], whole[1], tuple(counted))


def _of_system(
    system: str, labels: int, key: NDArray[np.int8], answer: NDArray[np.int8], items: NDArray[np.int32]
) -> LabelledAnswers:
    counts = np.zeros((labels, labels + 1), dtype=np.int64)
    np.add.at(counts, (key, answer), 1)
    right = key == answer
    return LabelledAnswers(
        system,
        counts,
        tuple(_share(right[key == each], items[key == each]) for each in range(labels)),
        tuple(_share(right[answer == each], items[answer == each]) for each in range(labels)),
    )


def _share(right: NDArray[np.bool_], items: NDArray[np.int32]) -> Interval | None:
    return accuracy_interval(
        np.bincount(items, weights=right).astype(np.float64), np.bincount(items).astype(np.float64)
    )
