"""When systems are statistically tied: the one rule.

**Behind.** A system is shown to be behind a reference if, over the items that both answered, its estimate is worse and
the two-sided p-value of the paired comparison is at most `ALPHA` after Holm's adjustment for all systems compared with
that reference. A system that cannot be compared (no items in common) is never shown to be behind.

**Tied.** The best estimate and every system that is not shown to be behind it are statistically tied: a set, not a
winner. Only the sole member of such a set is called the best. A tie is no proof of equality: the smallest difference
that the items can detect is stated with it.

**Order.** By estimate, best first; equal estimates keep the order of the suite. The first of a tied set is named first
and no more.

Rankings, leaderboards, the verdict and its wording, the page's script, the best of a domain, break-even's alternative
and a hybrid's single systems all use it. A gate has error rates of its own (`wattbench_reports.gate`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wattbench_reports.comparison.paired_tests import AccuracyGap, Pairs
from wattbench_reports.stats import Interval, holm

ALPHA = 0.05
"""Holm's level over all comparisons with one reference. The best is found by the same items, so among many systems that
are truly equal some system is called behind more often than this (docs/methodology.md says how often)."""


def is_significant(p_value: float | None) -> bool:
    """Tell whether an adjusted p-value shows a difference; one that could not be computed does not."""
    return p_value is not None and p_value <= ALPHA


@dataclass(frozen=True)
class EnergyRival:
    """A system's joules per correct answer compared with those of a reference."""

    system: str
    probability: float
    """That the reference really needs fewer, over other items of this kind, the same for both."""
    p_value: float | None
    """Two-sided, adjusted by Holm over all systems compared with the reference."""
    detectable: float | None
    """The smallest ratio of the two detectable with 80% power, before the adjustment."""
    items: int
    """With joules of both."""

    @property
    def beaten(self) -> bool:
        """Whether it is shown to need more than the reference."""
        return self.probability > 0.5 and is_significant(self.p_value)

    @property
    def better(self) -> bool:
        """Whether it is shown to need fewer than the reference."""
        return self.probability < 0.5 and is_significant(self.p_value)


@dataclass(frozen=True)
class AccuracyRival:
    """A system's accuracy compared with that of a reference."""

    system: str
    difference: Interval | None
    """The reference - this one, over the items both answered, -1 to 1; None without such items."""
    p_value: float | None
    """Two-sided, adjusted by Holm over all systems compared with the reference."""
    detectable: float | None
    """The smallest difference detectable with 80% power, before the adjustment."""
    items: int
    """That both answered."""

    @property
    def beaten(self) -> bool:
        """Whether it is shown to be less accurate than the reference."""
        return self.difference is not None and self.difference.estimate > 0 and is_significant(self.p_value)

    @property
    def better(self) -> bool:
        """Whether it is shown to be more accurate than the reference."""
        return self.difference is not None and self.difference.estimate < 0 and is_significant(self.p_value)


def energy_rivals(pairs: Pairs, reference: str, others: Sequence[str]) -> tuple[EnergyRival, ...]:
    """Compare the joules per correct answer of some systems with those of a reference."""
    gaps = pairs.joules(reference, others)
    adjusted = holm([gap.p_value for gap in gaps])
    return tuple(
        EnergyRival(name, gap.probability, p_value, gap.detectable, gap.items)
        for name, gap, p_value in zip(others, gaps, adjusted, strict=True)
    )


def accuracy_rivals(pairs: Pairs, reference: str, others: Sequence[str]) -> tuple[AccuracyRival, ...]:
    """Compare the accuracy of some systems with that of a reference."""
    gaps = [pairs.accuracy(reference, name) for name in others]
    adjusted = holm([None if gap is None else gap.p_value for gap in gaps])
    return tuple(map(_accuracy_rival, others, gaps, adjusted))


def _accuracy_rival(name: str, gap: AccuracyGap | None, p_value: float | None) -> AccuracyRival:
    if gap is None:
        return AccuracyRival(name, None, None, None, 0)
    return AccuracyRival(name, gap.difference, p_value, gap.detectable, gap.items)


def tied_with(best: str, rivals: Iterable[EnergyRival | AccuracyRival]) -> tuple[str, ...]:
    """Return the systems that are statistically tied with the best, which comes first, in the order of the rivals."""
    return (best, *(rival.system for rival in rivals if not rival.beaten))
