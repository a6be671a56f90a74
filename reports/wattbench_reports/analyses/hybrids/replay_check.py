"""ReplayCheck the replay: compare a hybrid's replayed routes with its recorded results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wattbench_reports.analyses.hybrids.hybrid_and_members import Bench
from wattbench_reports.analyses.hybrids.replay import Outcome, mean_interval
from wattbench_reports.stats import Interval, mean_difference


@dataclass(frozen=True)
class ReplayCheck:
    """The live hybrid against the replay of its routes, over the same items."""

    live: Outcome
    replayed: Outcome
    of: int
    """Items of the hybrid's: those that are not in the check asked a member that is not in the run."""
    accuracy: Interval
    """Live - replayed, -1 to 1."""
    energy_j: Interval | None
    """Live - replayed, per request; None where joules are not compared."""
    same_score: float
    """The share of items with the same score, live and replayed."""

    @property
    def accuracy_agrees(self) -> bool:
        """Return whether the interval contains 0."""
        return self.accuracy.low <= 0 <= self.accuracy.high

    @property
    def energy_agrees(self) -> bool | None:
        """Return whether the interval of the joules contains 0; None without joules."""
        return None if self.energy_j is None else self.energy_j.low <= 0 <= self.energy_j.high


def check_of(bench: Bench) -> ReplayCheck | None:
    """Compare live and replayed results; None where no item can be replayed."""
    replayed = bench.replayed
    live = bench.live.among(replayed.rows)
    accuracy = mean_difference(live.score, replayed.score)
    if accuracy is None:
        return None
    return ReplayCheck(
        live=live,
        replayed=replayed,
        of=len(np.unique(bench.hybrid.frame["row"])),
        accuracy=accuracy,
        energy_j=mean_interval(live.energy_j - replayed.energy_j),
        same_score=float((np.abs(live.score - replayed.score) < 1e-9).mean()),
    )
