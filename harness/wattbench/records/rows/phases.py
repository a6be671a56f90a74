"""Define the record of a cell's prefill and decode: the joules of each, and how well they are known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wattbench.records.rows.schema import Amount, Count, RecordRow, Signed

TOTAL = "total"
"""The component of the row for all components together."""


class Split(StrEnum):
    """How a cell's joules were divided between prefill and decode."""

    FITTED = "fitted"
    """Watts per phase, fitted to the readings of the power trace."""
    PARTLY = "partly fitted"
    """Of several components: some fitted, the rest by time. Its bounds leave the rest fully open."""
    ONE_PHASE = "one phase"
    """There was only one phase, so all joules are of it."""
    BY_TIME = "by time"
    """Divided as if power had been even, as the phases could not be distinguished. Never with bounds."""
    NONE = ""
    """No split, for the reason given."""


@dataclass(frozen=True, kw_only=True)
class PhaseRow(RecordRow):
    """A line of `phases.jsonl`: one cell, one component. The last line per system, task, block and component counts.

    In a run with blocks a window holds items of several tasks, so that a row is of all tasks of a system together.

    Prefill goes from an item's start to its first token, decode from there to its end. Where several items are in
    flight, each moment is split evenly among them. Joules and seconds are of one pass over the items that have joules;
    `prefill_j`, `decode_j` and `other_j` sum to `energy_j`.
    """

    system: str
    task: str | None
    """None: all tasks of the system together."""
    component: str
    """``gpu0``, ``cpu``, ..., or ``total``."""
    provenance: str = ""
    """How the joules came about; several joined by ``+``."""
    items: Count = 0
    """How many answers these joules are of: those of the cell's valid windows."""
    prefill_s: Amount | None = None
    decode_s: Amount | None = None
    other_s: Amount | None = None
    """Nothing was in flight, or a hybrid's router was choosing."""
    energy_j: Signed | None = None
    """Joules attributed to those items, in sum; None if there are no joules."""
    prefill_j: Amount | None = None
    prefill_low_j: Amount | None = None
    """Bounds of 95% confidence; None if the split is by time. The three below likewise."""
    prefill_high_j: Amount | None = None
    decode_j: Amount | None = None
    decode_low_j: Amount | None = None
    decode_high_j: Amount | None = None
    other_j: Amount | None = None
    method: str = Split.NONE
    """A `Split`."""
    reason: str = ""
    """Why the phases could not be distinguished, or not split at all."""
    readings: Count = 0
    """Intervals between two readings that the fit uses."""
    block: Count | None = None
    """None: the row is of all blocks together, as one block has too few readings for bounds, or the run has none."""
