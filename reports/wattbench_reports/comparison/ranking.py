"""Rank systems by joules per correct answer and by accuracy. The words are the verdict's; ties are those of `ties`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.comparability.joules import SystemJoules
from wattbench_reports.comparison.paired_tests import Pairs
from wattbench_reports.comparison.ties import AccuracyRival, EnergyRival, accuracy_leaders, energy_leaders, tied_with
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.validity import Validity
from wattbench_reports.stats import Interval
from wattbench_reports.tables.provenance import joined


@dataclass(frozen=True)
class EnergyOrder:
    """Joules per correct answer among systems whose joules may be compared."""

    provenance: str
    """Of all of them together."""
    best: str
    rivals: tuple[EnergyRival, ...]
    """The others, the next lowest first."""

    @property
    def contenders(self) -> tuple[str, ...]:
        """Return the systems that are statistically tied for the fewest joules per correct answer."""
        return tied_with(self.best, self.rivals)


@dataclass(frozen=True)
class AccuracyOrder:
    """Accuracy among all systems."""

    best: str
    rivals: tuple[AccuracyRival, ...]
    """The others, the next highest first."""

    @property
    def contenders(self) -> tuple[str, ...]:
        """Return the systems that are statistically tied for the highest accuracy."""
        return tied_with(self.best, self.rivals)


@dataclass(frozen=True)
class AccuracyTradeOff:
    """The trade-off between the thriftiest and the most accurate system, where no system is good at both."""

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
    trade: AccuracyTradeOff | None
    """None unless all contenders are known and none is a contender on both figures."""
    left_out: tuple[LeftOut, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the systems that are tied for the best on both metrics, lowest joules first.

        One: run it. Several: a statistical tie. None: it depends on which metric counts.
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
    ordered = sorted(joules, key=lambda name: joules[name])
    return EnergyOrder(label, ordered[0], energy_leaders(pairs, ordered))


def _joules(measured: Mapping[str, Measures], judged: Mapping[str, Validity]) -> dict[str, float]:
    """Return the joules per correct answer of the systems that can be ranked by joules."""
    return {
        name: figures.j_per_correct.estimate
        for name, figures in measured.items()
        if figures.j_per_correct is not None and _why_left_out(figures, judged[name]) is None
    }


def accuracy_order(pairs: Pairs, measured: Mapping[str, Measures]) -> AccuracyOrder | None:
    """Order systems that did the same work by accuracy; None where no system answered."""
    scored = {name: figures.accuracy.estimate for name, figures in measured.items() if figures.accuracy is not None}
    if not scored:
        return None
    ordered = sorted(scored, key=lambda name: -scored[name])
    return AccuracyOrder(ordered[0], accuracy_leaders(pairs, ordered))


def _trade(
    pairs: Pairs, measured: Mapping[str, Measures], thrifty: str, accurate: str, judged: Mapping[str, Validity]
) -> AccuracyTradeOff:
    joules = _joules(measured, judged)
    ours, theirs = joules.get(accurate), joules[thrifty]
    times = None if ours is None or theirs <= 0 else ours / theirs
    gap = pairs.accuracy(accurate, thrifty)
    return AccuracyTradeOff(thrifty, accurate, None if gap is None else gap.difference, times)
