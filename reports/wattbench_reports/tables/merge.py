"""Join the item tables of several runs, so that systems of different runs can be compared on the same items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.labels import Labels
from wattbench_reports.tables.labels import joined as joined_labels
from wattbench_reports.tables.run_tables import Frames

KEY = ["task", "doc_id", "doc_hash"]
"""An item: a document of a task, by its content. One doc_id with two contents is two items, never paired."""


@dataclass(frozen=True)
class KeyedTable:
    """A run's item table with the keys of its items and the names for its systems."""

    table: ItemTable
    keys: pd.DataFrame | None
    """Columns `KEY`, row by row those of the table; None of a run that is not joined with another."""
    names: tuple[str, ...]
    """In the order of `table.systems`."""


def item_keys(frames: Frames) -> pd.DataFrame:
    """Return the keys of a run's items: columns `KEY`, a row per row of its item table.

    Their ``doc_id`` counts the documents of equal content before each: two imports number the same items differently
    where one of them lacks some.
    """
    keys = answer_keys(frames, frames.an_answer).reset_index(drop=True)
    return keys.assign(doc_id=keys.groupby(["task", "doc_hash"], sort=False, dropna=False).cumcount())


def answer_keys(frames: Frames, rows: NDArray[np.integer[Any]]) -> pd.DataFrame:
    """Return the keys of the items of some answers: columns `KEY`, indexed by the rows of the answers."""
    hashes = frames.document_of_answer.series(rows).set_axis(rows, axis=0)
    keys = frames.items[["task", "doc_id"]].iloc[rows].assign(doc_hash=hashes)
    return keys.astype({"task": str, "doc_id": np.int64})  # each run has its own categories


def joined(parts: Sequence[KeyedTable]) -> ItemTable:
    """Join tables over every item of any run. An item that a run does not have was asked 0 times there.

    The tables hold sums, an entry per item, so nothing of the size of the answers is copied; one alone is only
    given its names.
    """
    if len(parts) == 1:
        return _renamed(parts[0].table, parts[0].names)
    keys = [each.keys for each in parts if each.keys is not None]
    everywhere = pd.concat(keys, ignore_index=True)
    numbers = np.asarray(everywhere.groupby(KEY, sort=False).ngroup(), dtype=np.int64)
    items = int(numbers.max()) + 1
    places = np.split(numbers, np.cumsum([len(each) for each in keys])[:-1])
    arrays: dict[str, Any] = {}
    for name in (each.name for each in fields(ItemTable) if each.name not in ("systems", "blocks", "sizes")):
        values = [getattr(each.table, name) for each in parts]
        as_labels = isinstance(values[0], Labels)
        arrays[name] = joined_labels(values, places, items) if as_labels else _columns(values, places, items)
    if any(each.table.blocks is not None for each in parts):
        arrays["blocks"] = _columns(_apart(parts), places, items, missing=-1)
    return ItemTable(systems=tuple(name for each in parts for name in each.names), **arrays)


def _apart(parts: Sequence[KeyedTable]) -> list[NDArray[np.int64]]:
    """Return the block numbers of each run, raised so that no two runs share a number."""
    numbered, start = [], 0
    for each in parts:
        blocks = each.table.blocks
        if blocks is None:
            blocks = np.full(each.table.trials.shape, -1, dtype=np.int64)
        numbered.append(np.where(blocks >= 0, blocks + start, -1))
        start += int(blocks.max(initial=-1)) + 1
    return numbered


def _renamed(table: ItemTable, names: tuple[str, ...]) -> ItemTable:
    columns = {each.name: getattr(table, each.name) for each in fields(ItemTable)}
    return ItemTable(**columns | {"systems": names})


def _columns(
    parts: Sequence[NDArray[Any]], places: Sequence[NDArray[Any]], items: int, missing: int = 0
) -> NDArray[Any]:
    columns = np.full((items, sum(values.shape[1] for values in parts)), missing, dtype=np.result_type(*parts))
    start = 0
    for values, rows in zip(parts, places, strict=True):
        columns[rows, start : start + values.shape[1]] = values
        start += values.shape[1]
    return columns
