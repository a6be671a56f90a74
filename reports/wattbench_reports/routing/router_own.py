"""Compute the router's own joules, seconds, money and grams per request.

A reader's figures come first (named); then the mean of the routers on hashed words that ran in hybrids of this run
(measured); else it is assumed: `ASSUMED_S` of a machine that draws `ASSUMED_W`, and its electricity, or where that has
no price its rent at `ASSUMED_PER_HOUR`. That is what a linear classifier on hashed words takes for a long prompt on one
core, with room; a model that chooses takes far more, which a reader has to name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.cost_basis import GRAMS_PER_TONNE
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import Worth
from wattbench_reports.routing.answers.answer_matrix import HybridAnswers, hybrid_answers
from wattbench_reports.routing.answers.item_answers import GRAMS, JOULES, MONEY, SECONDS, RoutedItems
from wattbench_reports.routing.context import AS_RECORDED, RoutingOptions
from wattbench_reports.routing.model import CostOrigin

ASSUMED_S = 0.001
ASSUMED_W = 100.0
ASSUMED_PER_HOUR = 0.1
"""In the currency of the run."""
SECONDS_PER_HOUR = 3600.0
READ_WORDS = ("classifier", "predicted")
"""Routers of hybrids that read the words of a request, as those of a study do."""


@dataclass(frozen=True)
class _Recorded:
    """Mean amounts per request of one hybrid's router; None where they are not on record."""

    joules: float | None
    seconds: float | None
    price: float | None
    """Of a request, without electricity."""


@dataclass(frozen=True)
class RouterOwn:
    """The router's own cost per request."""

    amounts: Mapping[str, float]
    """``joules``, ``seconds``, ``money`` and ``grams``, those that are known."""
    origin: Mapping[str, CostOrigin]
    """Of each of them."""


def router_own(measured: Measured, paid: Paid, weighed: Weighed, options: RoutingOptions = AS_RECORDED) -> RouterOwn:
    """Return the router's own ``joules``, ``seconds``, ``money`` and ``grams`` per request.

    Money is the reader's, else a price on record and the electricity of the joules; without a tariff it is left out.
    Grams are those of the joules, where they have an intensity.

    Raises:
        UserError: the table of items is damaged.
    """
    recorded = list(_recorded(measured, paid))
    joules, of_joules = _first(options.router_energy_j, [each.joules for each in recorded], ASSUMED_S * ASSUMED_W)
    seconds, of_seconds = _first(options.router_s, [each.seconds for each in recorded], ASSUMED_S)
    amounts, origin = {JOULES: joules, SECONDS: seconds}, {JOULES: of_joules, SECONDS: of_seconds}
    per_joule, price = weighed.joule_prices.get(CostUnit.MONEY), _mean([each.price for each in recorded])
    if options.router_money is not None:
        amounts[MONEY], origin[MONEY] = options.router_money, "named"
    elif price is not None:
        amounts[MONEY], origin[MONEY] = price + (per_joule or 0.0) * joules, "measured"
    elif per_joule is not None:
        amounts[MONEY], origin[MONEY] = per_joule * joules, of_joules
    elif paid.tariff is not None:
        amounts[MONEY], origin[MONEY] = ASSUMED_PER_HOUR * seconds / SECONDS_PER_HOUR, "assumed"
    grams = weighed.joule_prices.get(CostUnit.GRAMS)
    if grams is not None:
        amounts[GRAMS], origin[GRAMS] = grams * joules, of_joules
    return RouterOwn(amounts, origin)


def own_cost(bill: Mapping[str, float], unit: CostUnit | None, worth: Worth | None = None) -> float:
    """Return the router's own cost per request in the unit of a study; 0 where it is not known.

    Args:
        bill: from `router_own`.
        unit: of the study; None: a cost is the share of requests to one system, of which a router takes none.
        worth: with the prices of a tonne and of a second, which costs in money include.
    """
    if unit is None:
        return 0.0
    if unit != CostUnit.MONEY:
        return bill.get({CostUnit.JOULES: JOULES, CostUnit.GRAMS: GRAMS, CostUnit.SECONDS: SECONDS}[unit], 0.0)
    priced = worth or Worth()
    of_carbon = bill.get(GRAMS, 0.0) * priced.carbon_per_tonne / GRAMS_PER_TONNE
    return bill.get(MONEY, 0.0) + of_carbon + bill.get(SECONDS, 0.0) * priced.per_second


def with_own_cost(
    routed: RoutedItems, bill: Mapping[str, float], unit: CostUnit | None, worth: Worth | None = None
) -> RoutedItems:
    """Add the router's own cost to every item.

    Args:
        routed: without it.
        bill: from `router_own`.
        unit: of the study.
        worth: as in `own_cost`.
    """
    return replace(
        routed,
        cost=routed.cost + own_cost(bill, unit, worth),
        amounts={name: values + bill.get(name, 0.0) for name, values in routed.amounts.items()},
    )


def _recorded(measured: Measured, paid: Paid) -> Iterator[_Recorded]:
    suite = measured.frames.record.suite
    for hybrid in hybrid_answers(measured):
        settings = suite.systems.get(hybrid.system)
        router = None if settings is None else settings.router
        if router is not None and router.type in READ_WORDS and hybrid.system not in measured.yardsticks:
            yield _of(measured, paid, hybrid)


def _of(measured: Measured, paid: Paid, hybrid: HybridAnswers) -> _Recorded:
    """Return the router's mean amounts over answers with one requested member.

    With several requested members, the router chose by asking them.
    """
    frame = hybrid.frame[hybrid.frame["asked_count"] <= 1]
    usable = not measured.joules_of(hybrid.system).why_not_usable
    price, tariff = paid.prices.by_system.get(hybrid.system), paid.tariff
    in_currency = price is not None and tariff is not None and price.currency == tariff.currency
    return _Recorded(
        _mean(frame["router_energy_j"].tolist()) if usable else None,
        _mean(frame["router_s"].tolist()),
        price.per_request if price is not None and in_currency else None,
    )


def _first(named: float | None, recorded: list[float | None], assumed: float) -> tuple[float, CostOrigin]:
    if named is not None:
        return named, "named"
    mean = _mean(recorded)
    return (assumed, "assumed") if mean is None else (mean, "measured")


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else None


def cost_per_joule(prices: Mapping[CostUnit, float], unit: CostUnit, worth: Worth | None) -> float | None:
    """Return what a joule costs in the unit of a study; None where that is not known.

    Args:
        prices: of a joule, in each unit: `wattbench_reports.comparison.weighed.Weighed.joule_prices`.
        unit: of the study.
        worth: with a carbon price, which costs in money include.
    """
    price = prices.get(unit)
    if unit != CostUnit.MONEY or price is None or worth is None or not worth.carbon_per_tonne:
        return price
    grams = prices.get(CostUnit.GRAMS)
    return None if grams is None else price + grams * worth.carbon_per_tonne / GRAMS_PER_TONNE
