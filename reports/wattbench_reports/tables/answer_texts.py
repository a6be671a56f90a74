"""Read prompts and outputs of a few answers: they are most of a run's bytes."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.tables.run_tables import Frames

_BATCH = 16_384
"""Rows decoded at a time: this much of the columns is in memory, never more."""
PROMPT_CHARACTERS = 4_000
"""Of a prompt the last ones are kept, at most this many: what is asked comes after examples and instructions, which
many items have in common, and time and memory stay bounded."""
_CUE = re.compile(r"\banswer\b[^.\n]{0,60}?(?:\bis\b|[:=])|\\boxed\s*\{", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\n|[.!?](?=\s|$)")
_EDGES = string.punctuation.replace("-", "").replace("+", "") + string.whitespace
LONGEST = 4000
"""Characters that are looked at, from the end of the text."""
_ANSWERS_AT_ONCE = 20_000
"""Texts that are held at once: of answers that reason, tens of megabytes."""


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


def item_prompts(
    frames: Frames, system: str, rows: NDArray[np.int64], characters: int | None = PROMPT_CHARACTERS
) -> list[str] | None:
    """Read the end of the prompt of each item, as one system was asked it; the first time where it was asked again.

    Args:
        frames: the run.
        system: whose prompts are read. Others may have been asked in another form.
        rows: shape (items,): of the item table (`wattbench_reports.tables.item_matrix`), each once.
        characters: the last ones that are kept of each; None: all.

    Returns:
        A text per item; None where prompts are not on record, or some item was not asked of the system.

    Raises:
        UserError: the table of items is damaged.
    """
    answers = np.flatnonzero((frames.items["system"] == system).to_numpy())
    row = frames.row_of_answer
    first = np.full(int(row.max(initial=-1)) + 1, -1, dtype=np.int64)
    first[row[answers[::-1]]] = answers[::-1]
    places = first[rows]
    if not len(places) or (places < 0).any():
        return None
    texts = texts_at(frames, places, ["prompt"])
    if "prompt" not in texts:
        return None
    prompts = [str(text or "")[-(characters or 0) :] for text in texts["prompt"].reindex(places)]
    return prompts if any(text.strip() for text in prompts) else None


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
    lengths = np.full(len(wanted), np.nan)
    for places, batch in texts_in_parts(frames, ("output",), wanted):
        lengths[places] = np.asarray(pc.fill_null(pc.utf8_length(batch.column(0)), 0), dtype=np.float64)
    return lengths


def stated(frames: Frames, wanted: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Extract what some answers state, by `stated_answer`. A text that
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
    for places, batch in texts_in_parts(frames, ("filtered",), wanted):
        for position, text in zip(places.tolist(), batch.column(0).to_pylist(), strict=True):
            said = str(text)
            if said not in known:
                known[said] = stated_answer(said)
            answers[position] = known[said]
    return answers


def stated_answer(text: str) -> str:
    """Return the answer that a text states, normalised for comparison.

    What a filter of the task has already cut to the answer is returned as it is but for case, spacing and the
    punctuation around it. Of a longer text it is what follows the last *answer is*, ``answer:`` or ``\\boxed{`` up to
    the end of the sentence, so that two systems may reason differently and agree; else the first line. What stands
    before ``</think>`` does not count.
    """
    said = text.rpartition("</think>")[2][-LONGEST:].strip()
    for cue in reversed(list(_CUE.finditer(said))):
        if answer := _plain(_SENTENCE_END.split(said[cue.end() :].lstrip(), maxsplit=1)[0]):
            return answer
    # Where nothing but punctuation was said, that was the answer.
    return next((plain for line in said.splitlines() if (plain := _plain(line))), said)


def _plain(text: str) -> str:
    return " ".join(text.casefold().strip(_EDGES).split())


def texts_in_parts(
    frames: Frames, columns: Sequence[str], wanted: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
    """Read some columns of some answers, a part at a time, in the order of the file.

    Args:
        frames: the run.
        columns: of `items.parquet`, which has all of them.
        wanted: shape (answers,): which of `frames.items` to read.

    Yields:
        Rows of `frames.items`, and their columns.
    """
    path = frames.run.layout.items_table
    in_file = np.flatnonzero(wanted)
    if frames.rows is not None:  # the items are some rows of the file
        in_file = np.flatnonzero(frames.rows.to_numpy())[in_file]
    places = np.flatnonzero(wanted)
    start = 0
    with opened_table(path) as table:
        for group in range(table.num_row_groups):
            end = start + table.metadata.row_group(group).num_rows
            if np.searchsorted(in_file, start) < np.searchsorted(in_file, end):
                at = start
                for batch in table.iter_batches(_ANSWERS_AT_ONCE, row_groups=[group], columns=list(columns)):
                    first, last = np.searchsorted(in_file, (at, at + len(batch)))
                    if first < last:
                        yield places[first:last], batch.take(pa.array(in_file[first:last] - at))
                    at += len(batch)
            start = end
