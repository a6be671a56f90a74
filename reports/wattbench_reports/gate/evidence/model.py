"""The evidence of a gate: figures of two systems over the same items, round by round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Pairs = NDArray[np.float64]
"""Shape (items, 2): the baseline's figure and the candidate's, item by item in the order in which they were asked."""


@dataclass(frozen=True)
class Round:
    """One round: items that both systems were asked under the same conditions."""

    correct: Pairs
    """Scores, 0 to 1. Of an item that was asked several times, the mean."""
    seconds: Pairs
    """From when it was sent to when it was answered; NaN where it was not timed."""
    ttft_s: Pairs | None = None
    """Until the first token; None where one of the systems does not report it."""
    energy_j: tuple[float, float] | None = None
    """Joules of the round's items, of the baseline and of the candidate, each once; None where one of them was not
    read, or its window cannot be believed."""

    @property
    def items(self) -> int:
        """Return the number of items."""
        return len(self.correct)


@dataclass(frozen=True)
class Evidence:
    """All figures of two systems that a gate is decided from."""

    baseline: str
    candidate: str
    rounds: tuple[Round, ...]
    """In the order of time."""
    in_turns: bool
    """Both were asked in turns, in one run on one device, and in every round a coin said who was first. Else they are
    of two runs, and what changed on the machine between them is part of every difference in seconds and joules."""
    provenance: tuple[str, str] = ("", "")
    """Provenance of the joules of each; empty where they have no joules."""
    peak_memory_bytes: tuple[int | None, int | None] = (None, None)
    apart: Mapping[str, str] = field(default_factory=dict)
    """Metric to why the two are not comparable on it, naming what differs."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Metric to why it was not measured."""
    items_left: int = 0
    """Items of the suite that were not asked."""
    energy_j: float | None = None
    """Of both, everything that was counted in measured windows, repeats to fill them included."""
    notes: tuple[str, ...] = ()
