"""What systems are weighed by: requirements, the worth of answers, and what a request costs in each unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import ItemMoney, Paid
from wattbench_reports.comparison.read_run import ReadRun
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import JOULES_PER_KWH
from wattbench_reports.metrics.costs import MONEY, PRICED, Costs, CostUnit, gram_costs, joule_costs
from wattbench_reports.metrics.decision_settings import DecisionSettings
from wattbench_reports.metrics.second_costs import (
    SecondFigures,
    SecondSums,
    nothing_else_compares,
    second_figures,
    second_sums,
)
from wattbench_reports.tables.routes import OfflineRouter, read_routes
from wattbench_reports.tables.streamed import StreamedFrames


@dataclass(frozen=True)
class Weighed:
    """What the suite and the reader require, and what each system costs by it."""

    settings: DecisionSettings
    """Requirements, and what answers are worth."""
    costs: Mapping[CostUnit, Costs]
    """What a request costs, in each unit that at least one system has."""
    timed: SecondFigures | None
    """Seconds as a cost; None where a decision does not need them, or requests were not sent one at a time."""
    item_sums: Mapping[str, NDArray[np.float64]]
    """What costs are made of, by kind (`wattbench_reports.metrics.costs`): shape (items, systems)."""
    joule_prices: Mapping[CostUnit, float]
    """What a joule of a machine costs, PUE included, in each unit in which that is known: for idle systems and
    routers."""
    assumptions: Assumptions
    """The reader's settings."""
    offline_routers: tuple[OfflineRouter, ...]
    """Those of the file that the assumptions name, to be replayed."""


def item_seconds(read: ReadRun, settings: DecisionSettings, money: ItemMoney) -> SecondSums | None:
    """Return the sums of seconds if seconds are priced, to be minimised, or all that compares; else None."""
    wanted = settings.minimise == CostUnit.SECONDS or (settings.worth is not None and settings.worth.per_second > 0)
    priced = None if money.bills is None else money.bills.priced
    alone = wanted or nothing_else_compares(read.frames, read.judged, read.table, priced)
    return second_sums(read.frames) if alone else None


def weigh(
    measured: Measured,
    paid: Paid,
    emitted: Emitted,
    seconds: SecondSums | None,
    settings: DecisionSettings,
    assumptions: Assumptions,
) -> Weighed:
    """State what a run's systems cost in each unit.

    Raises:
        UserError: the reader's file of routers is wrong.
    """
    base = measured.basis
    timed = None if seconds is None else second_figures(measured.frames, measured.table, seconds)
    costs = [
        joule_costs(base.systems, base.metered),
        *([] if emitted.carbon is None else [gram_costs(base.systems, emitted.carbon, emitted.sci)]),
        *([] if paid.costs is None else [paid.costs]),
        *([] if timed is None else [timed.costs]),
    ]
    # Routes are of single items: those of a streamed run are read where its items are sampled.
    replayed = None if isinstance(measured.frames, StreamedFrames) else assumptions.routers
    return Weighed(
        settings,
        {each.unit: each for each in costs if len(each.missing) < len(base.systems)},
        timed,
        _item_sums(measured, paid, emitted),
        _joule_prices(measured, paid, emitted),
        assumptions,
        () if replayed is None else read_routes(replayed, measured.frames),
    )


def _item_sums(measured: Measured, paid: Paid, emitted: Emitted) -> Mapping[str, NDArray[np.float64]]:
    table, bills = measured.table, paid.bills
    money = {} if bills is None else {MONEY: bills.money, PRICED: bills.priced}
    return {"metered": table.metered, "energy_j": table.energy_j, **emitted.sums, **money}


def _joule_prices(measured: Measured, paid: Paid, emitted: Emitted) -> Mapping[CostUnit, float]:
    prices = {CostUnit.JOULES: 1.0}
    if emitted.grams_per_joule is not None:
        prices[CostUnit.GRAMS] = emitted.grams_per_joule
    rates, workload = paid.tariff, measured.workload
    if rates is not None and workload.price_per_kwh is not None and workload.currency == rates.currency:
        prices[CostUnit.MONEY] = workload.price_per_kwh * paid.pue / JOULES_PER_KWH
    return prices
