"""Read what answers state and how long they are, part by part of the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.tables.answer_extraction import stated_answer
from wattbench_reports.tables.run_tables import Frames

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 20_000
"""Texts that are held at once: of answers that reason, tens of megabytes."""


def characters(frames: Frames, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Count the characters (Unicode code points) of the whole output of some answers, reasoning included.

    Args:
        frames: the run.
        wanted: shape (answers,): which of `frames.items` to look at.

    Returns:
        Shape (answers,); NaN for the others.

    Raises:
        UserError: the table is damaged.
    """
    import pyarrow.compute as pc

    lengths = np.full(len(wanted), np.nan)
    for places, texts in _texts(frames, "output", wanted):
        lengths[places] = np.asarray(pc.fill_null(pc.utf8_length(texts), 0), dtype=np.float64)
    return lengths


def stated(frames: Frames, wanted: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Extract what some answers state, by `wattbench_reports.tables.answer_extraction.stated_answer`. A text that
    comes again is not read again.

    Args:
        frames: the run.
        wanted: shape (answers,): which of `frames.items` to look at.

    Returns:
        Shape (answers,), of texts; empty for the others.

    Raises:
        UserError: the table is damaged.
    """
    answers = np.full(len(wanted), "", dtype=object)
    known: dict[str, str] = {}
    for places, texts in _texts(frames, "filtered", wanted):
        for position, text in zip(places.tolist(), texts.to_pylist(), strict=True):
            said = str(text)
            if said not in known:
                known[said] = stated_answer(said)
            answers[position] = known[said]
    return answers


def _texts(frames: Frames, column: str, wanted: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
    """Yield positions in `frames.items` and the column's texts there, batch by batch; only the wanted ones."""
    import pyarrow as pa

    path = frames.run.layout.items_table
    in_file = np.flatnonzero(wanted)
    if frames.rows is not None:  # the items are some rows of the file
        in_file = np.flatnonzero(frames.rows.to_numpy())[in_file]
    places = np.flatnonzero(wanted)
    with opened_table(path) as table:
        start = 0
        for batch in table.iter_batches(batch_size=_BATCH, columns=[column]):
            first, last = np.searchsorted(in_file, (start, start + len(batch)))
            if first < last:
                yield places[first:last], batch.column(0).take(pa.array(in_file[first:last] - start))
            start += len(batch)
