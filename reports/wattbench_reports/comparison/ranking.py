"""Who is ahead, on which figure, and how surely. Decides; the wording is the verdict panel's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.comparability.joules import SystemJoules
from wattbench_reports.comparison.paired_tests import AccuracyGap, Pairs
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.validity import Validity
from wattbench_reports.stats import Interval, holm
from wattbench_reports.tables.provenance import joined

ALPHA = 0.05
"""Holm's level over the comparisons with the leader of a figure. The leader is found by the same items, so among many
systems that are truly equal somebody is called behind more often than this (docs/methodology.md says how often)."""

SURE = 1 - ALPHA


@dataclass(frozen=True)
class EnergyRival:
    """A system that does not have the lowest joules per correct answer."""

    system: str
    probability: float
    """That the lowest really is below it, over other items of this kind, the same for both."""
    p_value: float | None
    """Two-sided, adjusted by Holm over all rivals of the lowest."""
    detectable: float | None
    """The smallest ratio of the two detectable with 80% power, before the adjustment."""
    items: int
    """With joules of both."""

    @property
    def beaten(self) -> bool:
        """Whether it is shown to need more."""
        return self.probability > 0.5 and self.p_value is not None and self.p_value <= ALPHA


@dataclass(frozen=True)
class AccuracyRival:
    """A system that does not have the highest accuracy."""

    system: str
    difference: Interval | None
    """The highest - this one, over the items both answered, -1 to 1; None where there are none."""
    p_value: float | None
    """Two-sided, adjusted by Holm over all rivals of the highest."""
    detectable: float | None
    """The smallest difference detectable with 80% power, before the adjustment."""
    items: int
    """That both answered."""

    @property
    def beaten(self) -> bool:
        """Whether it is shown to be less accurate."""
        ahead = self.difference is not None and self.difference.estimate > 0
        return ahead and self.p_value is not None and self.p_value <= ALPHA


@dataclass(frozen=True)
class EnergyOrder:
    """Joules per correct answer among systems whose joules may be set beside each other."""

    provenance: str
    """Of all of them together."""
    best: str
    rivals: tuple[EnergyRival, ...]
    """The others, the next lowest first."""

    @property
    def contenders(self) -> tuple[str, ...]:
        """The lowest, and all that are not shown to need more."""
        return (self.best, *(rival.system for rival in self.rivals if not rival.beaten))


@dataclass(frozen=True)
class AccuracyOrder:
    """Accuracy among all systems."""

    best: str
    rivals: tuple[AccuracyRival, ...]
    """The others, the next highest first."""

    @property
    def contenders(self) -> tuple[str, ...]:
        """The highest, and all that are not shown to be less accurate."""
        return (self.best, *(rival.system for rival in self.rivals if not rival.beaten))


@dataclass(frozen=True)
class Trade:
    """What accuracy costs, where no system is good at both."""

    thrifty: str
    accurate: str
    difference: Interval | None
    """Accuracy of `accurate` - `thrifty` over the items both answered."""
    times_the_joules: float | None
    """Joules per correct answer, `accurate` over `thrifty`; None where the two may not be compared."""


@dataclass(frozen=True)
class LeftOut:
    """A system that is not ranked by energy."""

    system: str
    reason: str
    """In a few words: ``measured windows not all valid``."""


@dataclass(frozen=True)
class Ranking:
    """Findings over all items, or over one domain."""

    domain: str | None
    energy: tuple[EnergyOrder, ...]
    """One per group of systems whose joules may be compared; empty where none can be ranked."""
    accuracy: AccuracyOrder | None
    """None where no system answered an item of the domain."""
    trade: Trade | None
    """None unless all contenders are known and none is a contender on both figures."""
    left_out: tuple[LeftOut, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """The systems that nothing is shown to beat, on joules per correct answer or on accuracy, lowest joules first.

        One: run it. Several: these items do not tell them apart. None: it depends on what counts.
        """
        if len(self.energy) != 1 or self.accuracy is None:
            return ()
        accurate = self.accuracy.contenders
        return tuple(name for name in self.energy[0].contenders if name in accurate)


def rank(
    pairs: Pairs,
    measured: Mapping[str, Measures],
    judged: Mapping[str, Validity],
    domain: str | None = None,
    *,
    groups: Sequence[Sequence[str]],
) -> Ranking:
    """Rank the systems by joules per correct answer and by accuracy.

    Args:
        pairs: comparisons over the items of the domain.
        measured: each candidate's figures in this domain: a system that is not in it takes no part.
        judged: whose joules may be believed.
        domain: None is all items.
        groups: the systems divided into those whose joules may be compared
        (`wattbench_reports.comparability.rules.groups`).
    """
    left_out = tuple(
        LeftOut(name, reason)
        for name, figures in measured.items()
        if (reason := _why_left_out(figures, judged[name])) is not None
    )
    comparable = [{name: measured[name] for name in measured if name in group} for group in groups]
    energy = tuple(order for group in comparable if (order := energy_order(pairs, group, judged)) is not None)
    ranking = Ranking(domain, energy, accuracy_order(pairs, measured), None, left_out)
    if len(energy) != 1 or ranking.accuracy is None or ranking.choices:
        return ranking
    trade = _trade(pairs, measured, energy[0].best, ranking.accuracy.best, judged)
    return Ranking(domain, energy, ranking.accuracy, trade, left_out)


def _why_left_out(figures: Measures, judged: Validity) -> str | None:
    if not figures.requests:
        return "no item answered"
    joules = SystemJoules(figures.system, figures.j_per_request is not None, judged.valid, figures.provenance)
    if joules.why_not_usable:
        return joules.why_not_usable
    if figures.accuracy is None:
        return "not scored"
    if figures.j_per_correct is None:
        return "nothing answered correctly"
    return None


def energy_order(pairs: Pairs, measured: Mapping[str, Measures], judged: Mapping[str, Validity]) -> EnergyOrder | None:
    """Order systems whose joules may be compared by joules per correct answer; None where none can be ranked."""
    joules = _joules(measured, judged)
    if not joules:
        return None
    label = joined(measured[name].provenance for name in joules)
    best, *others = sorted(joules, key=lambda name: joules[name])
    gaps = pairs.joules(best, others)
    adjusted = holm([gap.p_value for gap in gaps])
    rivals = zip(others, gaps, adjusted, strict=True)
    return EnergyOrder(
        label, best, tuple(EnergyRival(name, gap.probability, p, gap.detectable, gap.items) for name, gap, p in rivals)
    )


def _joules(measured: Mapping[str, Measures], judged: Mapping[str, Validity]) -> dict[str, float]:
    """Joules per correct answer of those that can be ranked by it."""
    return {
        name: figures.j_per_correct.estimate
        for name, figures in measured.items()
        if figures.j_per_correct is not None and _why_left_out(figures, judged[name]) is None
    }


def accuracy_order(pairs: Pairs, measured: Mapping[str, Measures]) -> AccuracyOrder | None:
    """Order systems that did the same work by accuracy; None where nobody answered anything."""
    scored = {name: figures.accuracy.estimate for name, figures in measured.items() if figures.accuracy is not None}
    if not scored:
        return None
    best, *others = sorted(scored, key=lambda name: -scored[name])
    gaps = [pairs.accuracy(best, name) for name in others]
    adjusted = holm([None if gap is None else gap.p_value for gap in gaps])
    return AccuracyOrder(best, tuple(map(_accuracy_rival, others, gaps, adjusted)))


def _accuracy_rival(name: str, gap: AccuracyGap | None, p_value: float | None) -> AccuracyRival:
    if gap is None:
        return AccuracyRival(name, None, None, None, 0)
    return AccuracyRival(name, gap.difference, p_value, gap.detectable, gap.items)


def _trade(
    pairs: Pairs, measured: Mapping[str, Measures], thrifty: str, accurate: str, judged: Mapping[str, Validity]
) -> Trade:
    joules = _joules(measured, judged)
    ours, theirs = joules.get(accurate), joules[thrifty]
    times = None if ours is None or theirs <= 0 else ours / theirs
    gap = pairs.accuracy(accurate, thrifty)
    return Trade(thrifty, accurate, None if gap is None else gap.difference, times)
