"""Place each system by its accuracy and a cost, with the probability that it is on the Pareto front of both.

The cost is joules per request, or the median latency. Both fronts come from one set of draws, in which accuracy,
joules and latency of all systems are those of the same items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.analyses.pareto_bootstrap import CostDraws, cost_draws
from wattbench_reports.comparability.rules import LATENCY, groups
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.stats import Interval, interval_of, pareto_probabilities

LIKELY = 0.5
"""With at least this probability of being on the front, a system is shown as a probable member of it."""


@dataclass(frozen=True)
class FrontMembership:
    """The cost of one system, and the probability that it is on the Pareto front."""

    system: str
    cost: Interval | None
    """Joules or seconds; None without any, or with too few requests for a median."""
    group: int | None
    """The number of the front it may be on, from 0; None where it is excluded."""
    on_front: float | None
    """The probability, 0 to 1, over other items of this kind; None where it is excluded."""
    reason: str
    """Why it is excluded; empty where it is not."""


@dataclass(frozen=True)
class Tradeoff:
    """All systems by one cost."""

    places: tuple[FrontMembership, ...]
    """In the order of the systems."""

    @property
    def fronts(self) -> tuple[tuple[FrontMembership, ...], ...]:
        """Return the systems of each group, in their order: only those within a group may be compared."""
        numbers = sorted({member.group for member in self.places if member.group is not None})
        return tuple(tuple(member for member in self.places if member.group == number) for number in numbers)


def tradeoffs(analysis: Analysis) -> tuple[Tradeoff, Tradeoff]:
    """Compute the trade-off by joules per request, and by median latency."""
    draws = _drawn(analysis)
    joules = {name: each.j_per_request for name, each in analysis.measured.items()}
    seconds = dict(_medians(analysis, draws))
    return (
        _tradeoff(analysis, joules, draws.joules, draws.accuracy, analysis.energy_groups, _why_no_joules(analysis)),
        _tradeoff(
            analysis, seconds, draws.median_s, draws.accuracy, groups(analysis.prints, LATENCY),
            {name: "too few requests for a p50" for name, interval in seconds.items() if interval is None},
        ),
    )  # fmt: skip


def _drawn(analysis: Analysis) -> CostDraws:
    items, shares = analysis.frames.items, None
    if analysis.shares is not None:
        mix = dict(zip(analysis.basis.domains, analysis.shares.tolist(), strict=True))
        shares = [mix[str(name)] for name in items["domain"].cat.categories]
    return cost_draws(items, len(analysis.frames.systems), shares)


def _why_no_joules(analysis: Analysis) -> dict[str, str]:
    reasons = {name: analysis.joules_of(name).why_not_usable for name in analysis.measured}
    return {name: reason for name, reason in reasons.items() if reason}


def _medians(analysis: Analysis, draws: CostDraws) -> Iterator[tuple[str, Interval | None]]:
    for column, (name, each) in enumerate(analysis.measured.items()):
        estimate = each.latency_percentile_s(0.5)
        if estimate is None or name in analysis.not_held:
            yield name, None  # of a rate that is not held it would be the length of a queue
        elif each.items < 2:  # nothing bounds it
            yield name, Interval(estimate, 0.0, float("inf"))
        else:
            yield name, interval_of(estimate, draws.median_s[:, column])


def _tradeoff(
    analysis: Analysis,
    costs: Mapping[str, Interval | None],
    drawn: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    divided: Sequence[Sequence[str]],
    missing: Mapping[str, str],
) -> Tradeoff:
    queueing = dict.fromkeys(analysis.not_held, "does not sustain the rate")
    partly = {name: "not asked in every domain" for name, each in analysis.measured.items() if each.accuracy is None}
    reasons = dict(missing) | partly | queueing | dict.fromkeys(analysis.yardsticks, "a yardstick")
    sides = [side for members in divided if (side := [name for name in members if name not in reasons])]
    where: dict[str, int] = {}
    probability: dict[str, float | None] = {}
    for number, members in enumerate(sides):
        columns = [analysis.frames.systems.index(name) for name in members]
        shares = pareto_probabilities(drawn[:, columns], accuracy[:, columns])
        probability |= dict(zip(members, shares, strict=True))
        where |= dict.fromkeys(members, number)
    return Tradeoff(
        tuple(
            FrontMembership(name, costs[name], where.get(name), probability.get(name), reasons.get(name, ""))
            for name in analysis.frames.systems
        )
    )
