"""Add up joules by phase: those of components, and those of shards of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench.prefill_decode.fit import MAX_WIDTH
from wattbench.prefill_decode.timeline import CHOOSING, DECODE, OTHER, PREFILL
from wattbench.records import PhaseRow, Split

REASONS = 4
"""Reasons that a row names."""


def add_phases(rows: Sequence[PhaseRow]) -> PhaseRow:
    """Add the joules by phase of one component over several parts of a run.

    Args:
        rows: of one system and component, each of answers of its own.
    """
    first = rows[0]
    total = replace(
        first,
        provenance=joined(part for row in rows for part in row.provenance.split("+")),
        items=sum(row.items for row in rows),
        energy_j=sum(row.energy_j or 0.0 for row in rows),
        prefill_s=_sum_of(row.prefill_s for row in rows),
        decode_s=_sum_of(row.decode_s for row in rows),
        other_s=_sum_of(row.other_s for row in rows),
        readings=sum(row.readings for row in rows),
    )
    return first if len(rows) == 1 else summed(total, rows)


def with_joules(
    row: PhaseRow,
    method: Split,
    energy_j: NDArray[np.float64] | None,
    low_j: NDArray[np.float64] | None = None,
    high_j: NDArray[np.float64] | None = None,
) -> PhaseRow:
    """Return the row with these joules by phase, arrays of shape (4,), and with the method of division."""

    def figure(of: NDArray[np.float64] | None, *phases: int) -> float | None:
        return None if of is None else float(of[list(phases)].sum())

    return replace(
        row,
        method=str(method),
        prefill_j=figure(energy_j, PREFILL),
        prefill_low_j=figure(low_j, PREFILL),
        prefill_high_j=figure(high_j, PREFILL),
        decode_j=figure(energy_j, DECODE),
        decode_low_j=figure(low_j, DECODE),
        decode_high_j=figure(high_j, DECODE),
        other_j=figure(energy_j, CHOOSING, OTHER),
    )


def summed(total: PhaseRow, counted: Sequence[PhaseRow]) -> PhaseRow:
    """Return the row of the total with the summed joules by phase of its parts.

    Bounds are added, as if all parts erred alike: the widest they can be. A part that is only divided by time may
    have spent anything from none to all of its joules on either phase.
    """
    if any(row.prefill_j is None for row in counted):
        reasons = dict.fromkeys(row.reason for row in counted if row.prefill_j is None)
        return replace(with_joules(total, Split.NONE, None), reason=_in_short(reasons))
    methods = {row.method for row in counted}
    energy_j = np.sum([_joules_of(row) for row in counted], axis=0)
    by_time = [row for row in counted if row.method == Split.BY_TIME]
    reason = _in_short(
        f"{', '.join(dict.fromkeys(row.component for row in by_time if row.reason == why))}: {why}"
        for why in dict.fromkeys(row.reason for row in by_time)
    )
    if len(by_time) == len(counted):
        return replace(with_joules(total, Split.BY_TIME, energy_j), reason=reason)
    low_j, high_j = (np.sum([_bounds_of(row)[side] for row in counted], axis=0) for side in (0, 1))
    if by_time and (high_j - low_j)[[PREFILL, DECODE]].max() > MAX_WIDTH * energy_j[[PREFILL, DECODE]].sum():
        # Figures that are by time for the greater part are by time.
        even_j = np.sum([_even_j(row) for row in counted], axis=0)
        return replace(with_joules(total, Split.BY_TIME, even_j), reason=reason)
    method = Split.PARTLY if by_time else Split(methods.pop()) if len(methods) == 1 else Split.FITTED
    return replace(with_joules(total, method, energy_j, low_j, high_j), reason=reason)


def _joules_of(row: PhaseRow) -> NDArray[np.float64]:
    """Return a row's joules by phase, shape (4,). The phase of choosing is 0: `other_j` includes its joules."""
    return np.array([row.prefill_j, row.decode_j, 0.0, row.other_j], dtype=np.float64)


def _bounds_of(row: PhaseRow) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper bounds of joules by phase, shape (4,) each; only prefill and decode have any."""
    if row.prefill_low_j is None:
        return np.zeros(4), np.array([row.energy_j, row.energy_j, 0.0, 0.0], dtype=np.float64)
    low_j = np.array([row.prefill_low_j, row.decode_low_j, 0.0, 0.0], dtype=np.float64)
    return low_j, np.array([row.prefill_high_j, row.decode_high_j, 0.0, 0.0], dtype=np.float64)


def _even_j(row: PhaseRow) -> NDArray[np.float64]:
    spent_s = np.array([row.prefill_s, row.decode_s, 0.0, row.other_s], dtype=np.float64)
    return np.asarray((row.energy_j or 0.0) * spent_s / spent_s.sum())


def joined(labels: Iterable[str]) -> str:
    """Join labels by ``+``, each once."""
    return "+".join(sorted({label for label in labels if label}))


def _in_short(reasons: Iterable[str]) -> str:
    """Join the first few reasons, and add how many more there are."""
    every = list(reasons)
    more = [f"and {len(every) - REASONS} more reasons"] if len(every) > REASONS else []
    return "; ".join([*every[:REASONS], *more])


def _sum_of(values: Iterable[float | None]) -> float | None:
    """Return a sum; None if one of its parts is unknown."""
    known = list(values)
    return None if any(value is None for value in known) else sum(value for value in known if value is not None)
