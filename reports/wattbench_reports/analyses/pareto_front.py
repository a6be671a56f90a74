"""Place each system by its accuracy and a cost, and say which cannot be excluded from the Pareto front of both.

The cost is joules per request, the median latency, or money per request. A system is excluded where some other one is
shown to be better on both, at one error rate for all systems (`wattbench_reports.stats.front_not_excluded`). Costs are
compared block by block; in a run without blocks, by items drawn again, and latencies by item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.rules import LATENCY, groups
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.ties import ALPHA, one_sided_accuracies, one_sided_latencies
from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.mix_weighting import per_request
from wattbench_reports.metrics.tail_latency import MEDIAN
from wattbench_reports.stats import (
    Interval,
    front_not_excluded,
    log_ratio_losses,
    pairwise_p_values,
    pairwise_p_values_of_draws,
)


@dataclass(frozen=True)
class FrontMembership:
    """The cost of one system, and the probability that it is on the Pareto front."""

    system: str
    cost: Interval | None
    """Joules or seconds; None without any, or with too few requests for a median."""
    group: int | None
    """The number of the front it may be on, from 0; None where it takes no part."""
    p_value: float | None
    """That of its being on the front: it is excluded from it at any level above. None where it takes no part."""
    reason: str
    """Why it takes no part; empty where it does."""

    @property
    def not_excluded(self) -> bool:
        """Return whether the system cannot be excluded from the front."""
        return self.p_value is not None and self.p_value > ALPHA


@dataclass(frozen=True)
class Tradeoff:
    """The trade-off between accuracy and one cost, over all systems."""

    places: tuple[FrontMembership, ...]
    """In the order of the systems."""

    @property
    def fronts(self) -> tuple[tuple[FrontMembership, ...], ...]:
        """Return the systems of each group. Only systems of the same group may be compared."""
        numbers = sorted({member.group for member in self.places if member.group is not None})
        return tuple(tuple(member for member in self.places if member.group == number) for number in numbers)


def tradeoffs(measured: Measured) -> tuple[Tradeoff, Tradeoff]:
    """Compute the trade-off by joules per request, and by median latency."""
    names, right = measured.frames.systems, _accuracies(measured)
    joules = {name: each.j_per_request for name, each in measured.systems.items()}
    # Of a rate that is not held it would be the length of a queue.
    medians = {
        name: None if name in measured.not_held else each.latency_interval(MEDIAN)
        for name, each in measured.systems.items()
    }
    thriftier = _cheaper(measured.basis, measured.shares, list(joules.values()))
    seconds = one_sided_latencies(measured.latency_pairs.gaps(names))
    return (
        _tradeoff(measured, joules, (thriftier, right), measured.energy_groups, _why_no_joules(measured)),
        _tradeoff(
            measured, medians, (seconds, right), groups(measured.prints, LATENCY),
            {name: "too few requests for a p50" for name, interval in medians.items() if interval is None},
        ),
    )  # fmt: skip


def money_tradeoff(measured: Measured, paid: Paid) -> Tradeoff | None:
    """Compute the trade-off by money per request, in the run's currency; None where no system has a cost.

    Money of any two systems may be compared, wherever they ran: it is what they are paid for.
    """
    if paid.figures is None:
        return None
    systems = paid.figures.money.systems
    costs = {name: systems[name].per_request for name in measured.frames.systems}
    p_values = _cheaper(paid.figures.basis, measured.shares, list(costs.values()))
    missing = {name: each.why_none for name, each in systems.items() if each.per_request is None}
    return _tradeoff(measured, costs, (p_values, _accuracies(measured)), (measured.frames.systems,), missing)


def _cheaper(basis: Basis, shares: Shares | None, costs: Sequence[Interval | None]) -> NDArray[np.float64]:
    """Return the one-sided p-value of "i costs no more per request than j", shape (systems, systems)."""
    if basis.blocks is not None:
        return pairwise_p_values(_joule_losses(basis, shares))
    return _of_draws(costs, per_request(basis, basis.drawn.of("energy_j"), shares))


def _joule_losses(basis: Basis, shares: Shares | None) -> NDArray[np.float64]:
    """Return the log of joules per request by block, shape (blocks, systems); NaN for a system without joules.

    Args:
        basis: of a run with blocks; or one with money in place of joules.
        shares: the mix of domains; None: every answer counts the same.
    """
    assert basis.blocks is not None
    kinds = basis.blocks.kinds
    return log_ratio_losses(
        *(np.nan_to_num(per_request(basis, kinds[kind], shares)) for kind in ("energy_j", "metered"))
    )


def _of_draws(estimates: Sequence[Interval | None], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one-sided p-values from the logs of estimates and draws. A system that lacks any is compared with none."""
    known = np.array([np.nan if each is None or each.estimate <= 0 else each.estimate for each in estimates])
    usable = np.isfinite(known) & (np.isfinite(drawn) & (drawn > 0)).all(axis=0)
    return pairwise_p_values_of_draws(np.log(np.where(usable, known, np.nan)), np.log(np.where(usable, drawn, np.nan)))


def _accuracies(measured: Measured) -> NDArray[np.float64]:
    """Return the one-sided p-value of "i is no less accurate than j" for all systems."""
    names, pairs = measured.frames.systems, measured.pairs()
    gaps = [
        [pairs.accuracy(name, other, detectable=False) for other in names[number + 1 :]]
        for number, name in enumerate(names)
    ]
    return one_sided_accuracies(gaps)


def _why_no_joules(measured: Measured) -> dict[str, str]:
    reasons = {name: measured.joules_of(name).why_not_usable for name in measured.systems}
    return {name: reason for name, reason in reasons.items() if reason}


def _tradeoff(
    measured: Measured,
    costs: Mapping[str, Interval | None],
    p_values: tuple[NDArray[np.float64], NDArray[np.float64]],
    divided: Sequence[Sequence[str]],
    missing: Mapping[str, str],
) -> Tradeoff:
    queueing = dict.fromkeys(measured.unranked, "not shown to sustain the rate in the long run")
    partly = {name: "not asked in every domain" for name, each in measured.systems.items() if each.accuracy is None}
    reasons = dict(missing) | partly | queueing | dict.fromkeys(measured.yardsticks, "a yardstick")
    sides = [side for members in divided if (side := [name for name in members if name not in reasons])]
    where: dict[str, int] = {}
    on_front: dict[str, float | None] = {}
    for number, members in enumerate(sides):
        columns = [measured.frames.systems.index(name) for name in members]
        inside = np.ix_(columns, columns)
        shown = front_not_excluded(p_values[0][inside], p_values[1][inside])
        # A system that can be compared with no other one cannot be excluded.
        on_front |= {name: 1.0 if p is None else p for name, p in zip(members, shown.p_values, strict=True)}
        where |= dict.fromkeys(members, number)
    return Tradeoff(
        tuple(
            FrontMembership(name, costs[name], where.get(name), on_front.get(name), reasons.get(name, ""))
            for name in measured.frames.systems
        )
    )
