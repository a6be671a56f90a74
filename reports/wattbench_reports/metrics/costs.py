"""What a request costs, in joules, grams, money or seconds: sums of kinds with a coefficient each.

A cost is linear in its kinds, so that the page restates it for other prices from the sums that it carries:

    mean cost of a request = sum over kinds of coefficient x sum over domains of share x sum of the kind / its count

Without a mix the sums of all domains are divided by their counts. Each kind has the count of the answers of which it
is known, since an answer of an invalid window has a price and no joules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.joules import NO_JOULES
from wattbench_reports.metrics.carbon import Carbon
from wattbench_reports.metrics.carbon.sci import SECONDS, WEIGHED, Sci, embodied_parts, energy_parts
from wattbench_reports.metrics.domain_sums import Shares
from wattbench_reports.stats import Interval

MONEY, PRICED, PRICED_CORRECT = "money", "priced", "priced_correct"
"""Kinds of sums, in a basis where some system has money: that of answers, without the electricity that is computed from
joules; how many answers a system's cost is taken over (those with joules, where it pays for them); and their scores."""

LATENCY_S, TIMED, TIMED_CORRECT = "latency_s", "timed", "timed_correct"
"""Kinds of sums: seconds of requests, how many are known, and the scores of those; only where a decision counts
seconds."""

COUNTED: Mapping[str, str] = {
    "energy_j": "metered",
    WEIGHED: "metered",
    SECONDS: "metered",
    MONEY: PRICED,
    LATENCY_S: TIMED,
}
"""Kind of sums to the count of answers over which its mean is taken."""


NO_HOURS = "the hourly file lacks some of its hours"
NO_SECONDS = "how long it occupied the hardware is not known"


class CostUnit(StrEnum):
    """What is to be minimised."""

    JOULES = "joules"
    GRAMS = "grams"
    MONEY = "money"
    SECONDS = "seconds"


@dataclass(frozen=True)
class Costs:
    """What the systems cost in one unit."""

    unit: CostUnit
    label: str
    """``J``, ``g``, ``s`` or a currency: ``EUR``."""
    parts: Mapping[str, NDArray[np.float64]]
    """Kind of sums to what one of the kind costs, shape (systems,), in the unit: NaN for a system in `missing`, and 0
    for what a system does not pay for."""
    missing: Mapping[str, str]
    """System to why it has no such cost, as a clause."""


@dataclass(frozen=True)
class CostFigures:
    """One system's cost in one unit, at the settings of an analysis."""

    per_request: Interval | None
    """None where it is not known."""
    per_correct: Interval | None
    """None as well where no answer is correct. The upper bound may be infinite."""


def joule_costs(systems: Sequence[str], metered: NDArray[np.float64]) -> Costs:
    """Return joules as a cost.

    Args:
        systems: of the run.
        metered: shape (..., systems): how many answers have joules.
    """
    counts = metered.reshape(-1, len(systems)).sum(axis=0)
    missing = {name: NO_JOULES for name, count in zip(systems, counts, strict=True) if not count}
    return Costs(CostUnit.JOULES, "J", {"energy_j": known_of(systems, missing)}, missing)


def gram_costs(systems: Sequence[str], carbon: Carbon, sci: Mapping[str, Sci]) -> Costs:
    """Return grams of CO2 equivalent, of the energy and of declared manufacture, as a cost.

    Args:
        systems: of the run.
        carbon: grams of a joule, and of an hour.
        sci: each system's terms.
    """
    missing = {name: why for name in systems if (why := _why_no_grams(carbon, sci.get(name)))}
    parts = energy_parts(carbon) | embodied_parts(carbon)
    return Costs(
        CostUnit.GRAMS, "g", {kind: grams * known_of(systems, missing) for kind, grams in parts.items()}, missing
    )


def _why_no_grams(carbon: Carbon, sci: Sci | None) -> str:
    if sci is None:
        return NO_JOULES
    if sci.operational_g is None:
        return NO_HOURS
    return NO_SECONDS if carbon.embodied and sci.embodied_g is None else ""


def known_of(systems: Sequence[str], missing: Mapping[str, str]) -> NDArray[np.float64]:
    """Return an array with 1 for each system that has a cost and NaN for one in `missing`, shape (systems,)."""
    return np.array([np.nan if name in missing else 1.0 for name in systems])


def cost_per_request(
    costs: Costs, sums: Mapping[str, NDArray[np.float64]], shares: Shares | None
) -> NDArray[np.float64]:
    """Return the mean cost of a request of each system, shape (..., systems); NaN where it is not known.

    Args:
        costs: in one unit.
        sums: kind to its sums, shape (..., domains, systems), with the counts that `COUNTED` names.
        shares: the mix of domains; None: every answer counts the same.
    """
    total: NDArray[np.float64] = np.zeros(())
    for kind, coefficient in costs.parts.items():
        # What a system does not pay for need not be known of it.
        mean = mean_of_kind(sums[kind], sums[COUNTED[kind]], shares)
        total = total + np.where(coefficient == 0, 0.0, coefficient * mean)
    return total


def mean_of_kind(sums: NDArray[np.float64], counts: NDArray[np.float64], shares: Shares | None) -> NDArray[np.float64]:
    """Return the mean of one kind of sums per answer, shape (..., systems).

    NaN without an answer, or without one in a domain with a share.

    Args:
        sums: shape (..., domains, systems).
        counts: of answers, the same shape.
        shares: as in `cost_per_request`.
    """
    if shares is None:
        return _divided(sums.sum(axis=-2), counts.sum(axis=-2))
    return np.asarray(np.where(shares[:, None] > 0, shares[:, None] * _divided(sums, counts), 0.0).sum(axis=-2))


def _divided(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    unknown = np.full(np.broadcast(sums, counts).shape, np.nan)
    return np.asarray(np.divide(sums, counts, out=unknown, where=counts > 0))
