"""State figures for another run on this machine: other items, and another session.

The blocks of one session do not show what is fixed at its start; earlier sessions of the same suite on the same machine
do (`wattbench_reports.tables.session_record`). With one session this is not known, and is said so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from wattbench.records import Part
from wattbench_reports.comparison.paired_tests import AccuracyGap, EnergyGap, Pairs
from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.ratio_intervals import block_ratios, item_ratios
from wattbench_reports.stats import (
    BlockRatio,
    Interval,
    SessionVariance,
    another_run,
    another_run_pair,
    minimum_detectable_ratio,
    session_variance,
)
from wattbench_reports.tables.session_record import SessionRecord


def joule_sessions(record: SessionRecord | None, system: str) -> SessionVariance | None:
    """Return how much a system's joules per request vary between sessions.

    A system that the sessions do not have is taken to vary as much as the one that varies most.
    """
    if record is None:
        return None
    known = {
        name: each for name, values in record.figures["energy_j"].items() if (each := _variance(values)) is not None
    }
    if system in known:
        return known[system]
    return max(known.values(), key=lambda each: each.log_variance, default=None)


def _variance(values: Sequence[float | None]) -> SessionVariance | None:
    figures = np.array([np.nan if value is None or value <= 0 else value for value in values], dtype=np.float64)
    return session_variance(np.log(figures))


def joule_ratios(basis: Basis, shares: Shares | None) -> dict[str, BlockRatio]:
    """Return each system's joules per correct answer with its variance: over blocks or, without blocks, over items."""
    ratios = (item_ratios if basis.blocks is None else block_ratios)(basis, {"energy_j": 1.0}, shares, per_correct=True)
    return {name: each for name, each in zip(basis.systems, ratios, strict=True) if each is not None}


def of_another_run(
    ratio: BlockRatio | None, other_items: Interval | None, session: SessionVariance | None
) -> Interval | None:
    """Return the interval of a figure for another run, at least as wide as for other items; None if not known."""
    if ratio is None or other_items is None or session is None:
        return None
    interval = another_run(ratio, session)
    return Interval(
        other_items.estimate,
        min(interval.low, other_items.low),
        max(interval.high, other_items.high),
        other_items.few,
    )


@dataclass(frozen=True)
class PairsAcrossRuns:
    """Comparisons of systems of several runs, with the variance between sessions in joules of two runs.

    Accuracies are of answers, which another session repeats, and are compared over items. Two systems of one run are
    compared as in that run.
    """

    within: Pairs
    """Of all systems over all items."""
    run_of: Mapping[str, str]
    """System to its run."""
    ratios: Mapping[str, BlockRatio]
    """Joules per correct answer of each system, over its run."""
    sessions: Mapping[str, SessionVariance]
    """Of the systems for which it is known."""
    machine_of: Mapping[str, Part] = field(default_factory=dict)
    """System to the machine of its run; without those of older records, which do not name it."""

    def accuracy(self, first: str, second: str, *, detectable: bool = True) -> AccuracyGap | None:
        """Compare the accuracy of two systems over the items that both answered."""
        return self.within.accuracy(first, second, detectable=detectable)

    def joules(self, first: str, others: Sequence[str], *, detectable: bool = True) -> list[EnergyGap]:
        """Compare the joules of one system with those of others. Between runs, the sessions' variance is added."""
        gaps = self.within.joules(first, others, detectable=detectable)
        return [
            gap if self.run_of[first] == self.run_of[other] else self._across(first, other, gap)
            for other, gap in zip(others, gaps, strict=True)
        ]

    def _across(self, first: str, second: str, gap: EnergyGap) -> EnergyGap:
        ours, theirs = self.ratios.get(first), self.ratios.get(second)
        known = [self.sessions[name] for name in (first, second) if name in self.sessions]
        named = [self.machine_of[name] for name in (first, second) if name in self.machine_of]
        if len(set(named)) > 1:  # how far two machines differ is in no session of one
            return EnergyGap(gap.probability, None, None, gap.items)
        if ours is None or theirs is None or not known:
            return EnergyGap(gap.probability, None, None, gap.items)
        session = max(known, key=lambda each: each.log_variance)
        pair = another_run_pair(ours, theirs, session)
        if pair is None:
            return EnergyGap(gap.probability, None, None, gap.items)
        error = (ours.log_variance + theirs.log_variance + 2 * session.log_variance) ** 0.5
        return EnergyGap(pair.probability_lower, pair.p_value, minimum_detectable_ratio(error), gap.items)
