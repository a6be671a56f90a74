"""Find items of a task that have the same text: answers to them are repeats of one item, whatever their names are.

Answers to one text are right or wrong together. Taken for answers to independent items, k to a text, they give
intervals that are too narrow by up to the square root of k; as repeats of one item they are summed, and errors are
those between texts. Items are of one text where one system was given the same prompt for both, and the expected answers
are the same, as far as the source has them. A prompt that more than `MOST` items have is no text of an item but a
template.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records.tables.table_columns import TableColumns

MOST = 64
"""Items that may have one text."""

_NO_TEXT = hashlib.sha256(b"").hexdigest()
"""The hash of the prompts of a source that has none."""


def rows_by_text(
    path: Path, items: pd.DataFrame, row: NDArray[np.int32], kept: NDArray[np.bool_] | None = None
) -> NDArray[np.int32]:
    """Return the row of each answer's item, with items of the same text in the same row.

    Args:
        path: of the table of items.
        items: its answers: `system` and `task`.
        row: shape (answers,): the row of each answer, each document apart.
        kept: which rows of the table the answers are; None: all.
    """
    with TableColumns(path, kept) as table:
        if "prompt_hash" not in table:
            return row
        prompts = table.coded("prompt_hash")
        codes = prompts.codes.astype(np.int64)
        nothing = [position for position, text in enumerate(prompts.texts.to_pylist()) if text == _NO_TEXT]
        codes = np.where(np.isin(codes, nothing), -1, codes)
        text = _text_of_row(items, row, codes)
        again = _several(text)
        if not again.any():
            return row
        if "target" in table:
            target = np.full(len(text), -1, dtype=np.int64)
            target[row] = table.coded("target").codes
            text = _set_alike(text, target)
    group = np.arange(len(text))
    again = _several(text)
    _, first, number = np.unique(text[again], return_index=True, return_inverse=True)
    group[again] = np.flatnonzero(again)[first][number]
    return np.unique(group, return_inverse=True)[1].astype(np.int32)[row]


def _text_of_row(items: pd.DataFrame, row: NDArray[np.int32], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the text of each row, as the system with the most answers was given it; -1 without a text."""
    systems, tasks = items["system"].cat, items["task"].cat.codes.to_numpy().astype(np.int64)
    of_system = systems.codes.to_numpy()
    counts = np.bincount(of_system, minlength=len(systems.categories))
    text = np.full(int(row.max(initial=-1)) + 1, -1, dtype=np.int64)
    size = int(codes.max(initial=-1)) + 1
    for system in sorted(range(len(counts)), key=lambda each: (-counts[each], str(systems.categories[each]))):
        chosen = (of_system == system) & (codes >= 0) & (text[row] < 0)
        text[row[chosen]] = (tasks[chosen] * len(counts) + system) * size + codes[chosen]
    return text


def _several(text: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows share their text with other rows, but not with too many."""
    _, number, counts = np.unique(text, return_inverse=True, return_counts=True)
    return (text >= 0) & (counts[number] > 1) & (counts[number] <= MOST)


def _set_alike(text: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.int64]:
    """Drop the texts whose rows have different expected answers."""
    _, number = np.unique(text, return_inverse=True)
    low = np.full(int(number.max()) + 1, np.iinfo(np.int64).max)
    high = np.full(len(low), np.iinfo(np.int64).min)
    np.minimum.at(low, number, target)
    np.maximum.at(high, number, target)
    return np.where(low[number] == high[number], text, -1)
