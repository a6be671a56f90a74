"""Read prompts and outputs of a few answers: they are most of a run's bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.tables.run_tables import Frames

_BATCH = 16_384
"""Rows decoded at a time: this much of the columns is in memory, never more."""


def texts_at(frames: Frames, rows: NDArray[np.int64], columns: Sequence[str]) -> pd.DataFrame:
    """Read some columns of some answers.

    Args:
        frames: the run.
        rows: places in `frames.items`, each once, in any order.
        columns: of `items.parquet`. One that an old record lacks is left out of what is returned.

    Returns:
        One row per place, indexed by it.

    Raises:
        UserError: the table is damaged.
    """
    # Places in the file, where the frames hold some of its rows only.
    places = rows if frames.rows is None else np.flatnonzero(frames.rows.to_numpy(dtype=bool))[rows]
    texts = texts_in(frames.run.layout.items_table, places, columns)
    return texts.set_axis(rows[np.argsort(places, kind="stable")][: len(texts)])


def text_of(row: Mapping[str, Any], name: str) -> str | None:
    """Return a recorded text; None where an old record has none."""
    value = row.get(name)
    return value if isinstance(value, str) else None


def texts_in(path: Path, places: NDArray[np.int64], columns: Sequence[str]) -> pd.DataFrame:
    """Read some columns of some rows of a table of items, as `texts_at`.

    Args:
        path: of the table.
        places: of the rows in the file, each once, in any order.
        columns: as of `texts_at`.

    Returns:
        One row per place, indexed by it, in the order of the file.
    """
    order = np.argsort(places, kind="stable")
    with opened_table(path) as file:
        known = [name for name in columns if name in file.schema_arrow.names]
        if not len(places) or not known:
            return pd.DataFrame({name: [] for name in known}, index=pd.Index([], dtype=np.int64))
        texts: pd.DataFrame = pd.concat([batch.to_pandas() for batch in _taken(file, places[order], known)])
    texts.index = pd.Index(places[order])
    return texts


def _taken(file: Any, places: NDArray[np.int64], columns: Sequence[str]) -> Iterator[Any]:
    """Yield the wanted rows in the order of the file, skipping row groups without one."""
    start = 0
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        wanted = places[(places >= start) & (places < end)] - start
        if len(wanted):
            yield from _of_group(file, group, wanted, columns)
        start = end


def _of_group(file: Any, group: int, wanted: NDArray[np.int64], columns: Sequence[str]) -> Iterator[Any]:
    start = 0
    for batch in file.iter_batches(_BATCH, row_groups=[group], columns=list(columns)):
        inside = wanted[(wanted >= start) & (wanted < start + len(batch))] - start
        if len(inside):
            yield batch.take(inside)
        start += len(batch)
        if start > wanted[-1]:
            return
