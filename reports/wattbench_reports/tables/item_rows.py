"""Number the items of a run, and find the answers of each system, in few bytes per answer."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rows = slice | NDArray[np.integer[Any]]
"""Positions of some answers; a slice, of which columns are views, where they follow one another."""


def row_of_answer(items: pd.DataFrame) -> NDArray[np.int32]:
    """Return for each answer the row of its item. An item is a document of a task: `(task, doc_id, document)`.

    Rows are in the order of the tasks' categories, of `doc_id`, and of `document`.
    """
    numbers, document = asked_document(items), items["document"].to_numpy()
    only = np.empty(int(numbers.max(initial=-1)) + 1, dtype=document.dtype)
    only[numbers] = document
    if np.array_equal(only[numbers], document):
        return numbers
    # One number with two contents is two items.
    most = int(document.max()) + 2
    return _dense(numbers.astype(np.int64) * most + document + 1)


def asked_document(items: pd.DataFrame) -> NDArray[np.int32]:
    """Return for each answer a number of its task and `doc_id`, from 0 and without gaps, in their order."""
    task, document = items["task"].cat.codes.to_numpy(), _dense(items["doc_id"].to_numpy())
    if len(items["task"].cat.categories) <= 1:
        return document
    documents = int(document.max(initial=-1)) + 1
    if len(items["task"].cat.categories) * documents > np.iinfo(np.int32).max:
        return _dense(task.astype(np.int64) * documents + document)
    return _dense(task.astype(np.int32) * np.int32(documents) + document)


def rows_by_code(codes: NDArray[np.integer[Any]], number: int) -> tuple[Rows, ...]:
    """Return the positions of each code from 0 to `number` - 1, ascending. Those of other codes are left out."""
    if np.count_nonzero(codes[1:] != codes[:-1]) < number:
        bounds = [0, *(np.flatnonzero(codes[1:] != codes[:-1]) + 1).tolist(), len(codes)]
        spans = [(int(codes[start]), slice(start, end)) for start, end in pairwise(bounds) if start < end]
        if len(dict(spans)) == len(spans):
            return tuple(dict(spans).get(code, slice(0, 0)) for code in range(number))
    order = np.argsort(codes, kind="stable").astype(np.int32)
    counts = [np.count_nonzero(codes == code) for code in range(number)]
    first = np.count_nonzero(codes < 0)
    return tuple(np.split(order[first:], np.cumsum(counts))[:number])


def as_slice(rows: NDArray[np.integer[Any]]) -> Rows:
    """Return ascending positions as a slice where they follow one another."""
    if not len(rows):
        return slice(0, 0)
    start, end = int(rows[0]), int(rows[-1]) + 1
    return slice(start, end) if end - start == len(rows) else rows


def _dense(numbers: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Return for each number its place among the distinct ones, sorted."""
    return np.asarray(pd.factorize(numbers, sort=True)[0].astype(np.int32))
