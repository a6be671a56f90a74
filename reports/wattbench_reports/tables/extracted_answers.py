"""Read what answers state and how long they are, part by part of the file."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.tables.run_tables import Frames

_CUE = re.compile(r"\banswer\b[^.\n]{0,60}?(?:\bis\b|[:=])|\\boxed\s*\{", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\n|[.!?](?=\s|$)")
_EDGES = string.punctuation.replace("-", "").replace("+", "") + string.whitespace

LONGEST = 4000
"""Characters that are looked at, from the end of the text."""

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
    lengths = np.full(len(wanted), np.nan)
    for places, texts in _texts(frames, "output", wanted):
        lengths[places] = np.asarray(pc.fill_null(pc.utf8_length(texts), 0), dtype=np.float64)
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
    for places, texts in _texts(frames, "filtered", wanted):
        for position, text in zip(places.tolist(), texts.to_pylist(), strict=True):
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


def _texts(frames: Frames, column: str, wanted: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
    """Yield positions in `frames.items` and the column's texts there, batch by batch; only the wanted ones."""
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
