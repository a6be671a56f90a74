"""Decide when systems are statistically tied: the one rule.

**Leaders.** The leaders of a metric are what Bonferroni-t elimination over the paired comparisons of all systems
leaves: with 95% confidence every system that is truly best, however many there are. The best estimate is always one.

**Behind the best.** A system outside that set. One that cannot be compared (no items in common, or sessions whose
variance is not known) is never shown to be behind.

**Behind a reference** that was chosen before (a hybrid, a trained system): the estimate is worse and the two-sided
p-value of the paired comparison is at most `ALPHA` after Holm's adjustment for all systems compared with it.

**Tied.** The leaders are statistically tied: a set, not a winner. Only the sole member of such a set is called the
best. A tie is no proof of equality: the smallest difference that the items can detect is stated with it.

**Order.** By estimate, best first; equal estimates keep the order of the suite. The first of a tied set is named first
and no more.

Latencies are tied by the same sets, by the percentile that is ranked (`wattbench_reports.comparison.latency_pairs`).

Rankings, leaderboards, the verdict and its wording, the page's script, the best of a domain, break-even's alternative
and a hybrid's single systems all use it. A gate has error rates of its own (`wattbench_reports.gate`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.latency_pairs import LatencyPairs
from wattbench_reports.comparison.paired_tests import AccuracyGap, EnergyGap, Pairs
from wattbench_reports.stats import Interval, eliminate_by_pairs, holm
from wattbench_reports.stats.quantile_intervals import QuantileGap

ALPHA = 0.05
"""The level of the elimination, and Holm's over all comparisons with one reference."""


def is_significant(p_value: float | None) -> bool:
    """Return whether an adjusted p-value shows a difference. A p-value that could not be computed shows none."""
    return p_value is not None and p_value <= ALPHA


@dataclass(frozen=True)
class EnergyRival:
    """A system's joules per correct answer compared with those of a reference."""

    system: str
    probability: float
    """That the reference really needs fewer, over other items of these tasks, the same for both."""
    p_value: float | None
    """Among leaders: that of the elimination. Else two-sided, adjusted by Holm over all systems compared with
    the reference."""
    detectable: float | None
    """The smallest ratio of the two detectable with 80% power, before the adjustment."""
    items: int
    """With joules of both."""

    @property
    def beaten(self) -> bool:
        """Return whether the system is shown to need more joules than the reference."""
        return self.probability > 0.5 and is_significant(self.p_value)

    @property
    def better(self) -> bool:
        """Return whether the system is shown to need fewer joules than the reference."""
        return self.probability < 0.5 and is_significant(self.p_value)


@dataclass(frozen=True)
class AccuracyRival:
    """A system's accuracy compared with that of a reference."""

    system: str
    difference: Interval | None
    """The reference - this one, over the items both answered, -1 to 1; None without such items."""
    p_value: float | None
    """As in `EnergyRival`."""
    detectable: float | None
    """The smallest difference detectable with 80% power, before the adjustment."""
    items: int
    """That both answered."""

    @property
    def beaten(self) -> bool:
        """Return whether the system is shown to be less accurate than the reference."""
        return self.difference is not None and self.difference.estimate > 0 and is_significant(self.p_value)

    @property
    def better(self) -> bool:
        """Return whether the system is shown to be more accurate than the reference."""
        return self.difference is not None and self.difference.estimate < 0 and is_significant(self.p_value)


@dataclass(frozen=True)
class LatencyRival:
    """A percentile of latency of one system compared with the first system's."""

    system: str
    ahead: float | None
    """How much larger a share of the requests of the first ends within the percentile of both, -1 to 1; None where they
    cannot be compared."""
    p_value: float | None
    """As in `EnergyRival`, among leaders."""

    @property
    def beaten(self) -> bool | None:
        """Return whether the system is shown to be slower than the first; None where this is not known."""
        if self.ahead is None:
            return None
        return self.ahead > 0 and is_significant(self.p_value)


def latency_leaders(pairs: LatencyPairs, names: Sequence[str]) -> tuple[LatencyRival, ...]:
    """Compare a percentile of latency of all systems; return each of the others against the first."""
    gaps = pairs.gaps(names)
    adjusted = eliminate_by_pairs(one_sided_latencies(gaps), ALPHA).p_values
    return tuple(
        LatencyRival(name, None if gap is None or gap.p_value is None else gap.ahead, p_value)
        for name, gap, p_value in zip(names[1:], gaps[0] if gaps else (), adjusted[1:], strict=True)
    )


def one_sided_latencies(gaps: Sequence[Sequence[QuantileGap | None]]) -> NDArray[np.float64]:
    """Return the one-sided p-value of "i is no slower than j" for all pairs of systems, from their gaps."""
    return _one_sided(
        [[(0.0, None) if gap is None else (gap.ahead, gap.p_value) for gap in of_first] for of_first in gaps]
    )


def energy_leaders(pairs: Pairs, names: Sequence[str]) -> tuple[EnergyRival, ...]:
    """Compare the joules per correct answer of all systems; return each of the others against the first.

    Args:
        pairs: comparisons.
        names: best estimate first.
    """
    # What is detectable is only stated against the best.
    gaps = [pairs.joules(name, names[number + 1 :], detectable=not number) for number, name in enumerate(names)]
    ahead = [[(gap.probability - 0.5, gap.p_value) for gap in of_first] for of_first in gaps]
    adjusted = eliminate_by_pairs(_one_sided(ahead), ALPHA).p_values
    return _energy(names[1:], gaps[0], adjusted[1:])


def accuracy_leaders(pairs: Pairs, names: Sequence[str]) -> tuple[AccuracyRival, ...]:
    """Compare the accuracy of all systems; return each of the others against the first."""
    gaps = [
        [pairs.accuracy(name, other, detectable=not number) for other in names[number + 1 :]]
        for number, name in enumerate(names)
    ]
    adjusted = eliminate_by_pairs(one_sided_accuracies(gaps), ALPHA).p_values
    return tuple(map(_accuracy_rival, names[1:], gaps[0], adjusted[1:]))


def one_sided_accuracies(gaps: Sequence[Sequence[AccuracyGap | None]]) -> NDArray[np.float64]:
    """Return the one-sided p-value of "i is no less accurate than j" for all pairs of systems, from their gaps."""
    return _one_sided(
        [
            [(0.0, None) if gap is None else (gap.difference.estimate, gap.p_value) for gap in of_first]
            for of_first in gaps
        ]
    )


def _one_sided(gaps: Sequence[Sequence[tuple[float, float | None]]]) -> NDArray[np.float64]:
    """Return the p-values of "i is as good as j", shape (systems, systems); NaN where two cannot be compared.

    Args:
        gaps: of each system against each one after it: above 0 where it is the better, and the two-sided p-value.
    """
    one_sided = np.full((len(gaps), len(gaps)), np.nan)
    for first, row in enumerate(gaps):
        for second, (ahead, p_value) in enumerate(row, start=first + 1):
            if p_value is not None:
                one_sided[first, second] = p_value / 2 if ahead < 0 else 1 - p_value / 2
                one_sided[second, first] = p_value / 2 if ahead > 0 else 1 - p_value / 2
    return one_sided


def energy_rivals(pairs: Pairs, reference: str, others: Sequence[str]) -> tuple[EnergyRival, ...]:
    """Compare the joules per correct answer of some systems with those of a reference chosen before."""
    gaps = pairs.joules(reference, others)
    return _energy(others, gaps, holm([gap.p_value for gap in gaps]))


def _energy(
    others: Sequence[str], gaps: Sequence[EnergyGap], adjusted: Sequence[float | None]
) -> tuple[EnergyRival, ...]:
    return tuple(
        EnergyRival(name, gap.probability, p_value, gap.detectable, gap.items)
        for name, gap, p_value in zip(others, gaps, adjusted, strict=True)
    )


def accuracy_rivals(
    pairs: Pairs, reference: str, others: Sequence[str], *, detectable: bool = True
) -> tuple[AccuracyRival, ...]:
    """Compare the accuracy of some systems with that of a reference chosen before."""
    gaps = [pairs.accuracy(reference, name, detectable=detectable) for name in others]
    adjusted = holm([None if gap is None else gap.p_value for gap in gaps])
    return tuple(map(_accuracy_rival, others, gaps, adjusted))


def _accuracy_rival(name: str, gap: AccuracyGap | None, p_value: float | None) -> AccuracyRival:
    if gap is None:
        return AccuracyRival(name, None, None, None, 0)
    return AccuracyRival(name, gap.difference, p_value, gap.detectable, gap.items)


def tied_with(best: str, rivals: Iterable[EnergyRival | AccuracyRival]) -> tuple[str, ...]:
    """Return the systems that are statistically tied with the best, which comes first, in the order of the rivals."""
    return (best, *(rival.system for rival in rivals if not rival.beaten))
