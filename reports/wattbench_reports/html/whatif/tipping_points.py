"""Finds the shares of a domain in the requests at which another system takes the lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.html.whatif.restated_figures import eligible
from wattbench_reports.metrics.domain_sums import Basis
from wattbench_reports.metrics.mix_weighting import accuracies, per_request
from wattbench_reports.stats import Interval, ratios

STEPS = 100


@dataclass(frozen=True)
class Lead:
    """A system that leads from a share of the requests on."""

    from_share: float
    """0 to 1, in steps of a percent."""
    system: str


@dataclass(frozen=True)
class Tipping:
    """The leading systems as one domain's share goes from 0 to 1 and the others keep their proportions."""

    domain: str
    share: float
    """Of the mix of the page."""
    joules: tuple[Lead, ...]
    """By estimates of joules per correct answer."""
    accuracy: tuple[Lead, ...]


def tippings(measured: Measured) -> tuple[Tipping, ...]:
    """Find the leaders at each share of each domain; empty with fewer than two domains or two comparable systems."""
    base, names, now = measured.basis, eligible(measured), measured.shares_now
    if len(base.domains) < 2 or len(names) < 2:
        return ()
    columns = [base.systems.index(name) for name in names]
    by_domain = []
    for index, domain in enumerate(base.domains):
        rest = np.delete(now, index)
        if rest.sum() <= 0:
            continue
        thrifty, accurate = [], []
        for step in range(STEPS + 1):
            shares = np.insert(rest / rest.sum() * (1 - step / STEPS), index, step / STEPS)
            joules = per_request(base, base.totals["energy_j"], shares)
            cost = ratios(joules, per_request(base, base.totals["correct"], shares))
            right = accuracies(base, shares)
            thrifty.append(min(columns, key=lambda column: float(cost[column])))
            accurate.append(max(columns, key=lambda column: _estimate(right[column])))
        by_domain.append(Tipping(domain, float(now[index]), _runs(base, thrifty), _runs(base, accurate)))
    return tuple(by_domain)


def _estimate(interval: Interval | None) -> float:
    return -1.0 if interval is None else interval.estimate


def _runs(base: Basis, leaders: Sequence[int]) -> tuple[Lead, ...]:
    return tuple(
        Lead(step / STEPS, base.systems[leader])
        for step, leader in enumerate(leaders)
        if step == 0 or leaders[step - 1] != leader
    )
