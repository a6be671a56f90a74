"""Compute from how many requests a month own hardware costs less than a system that is paid by token or request.

Own hardware is a system whose hours have a price. Kept on, a machine costs the same in any month, F, and each request
adds v: its electricity above idle, and what else it pays for. The other system costs c for each request and nothing
without one. So own hardware costs less from

    V = F / (c - v) requests a month

on, if one machine can answer as many; if it can not, a request costs more on a machine that never waits, and own
hardware never pays. Where more requests come than one machine can answer, the same holds of each further machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wattbench.records.schema.price import Price
from wattbench_reports.analyses.capacity import HOURS_PER_MONTH, idle_watts
from wattbench_reports.analyses.training_cost import in_use
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.metrics.carbon import JOULES_PER_KWH
from wattbench_reports.metrics.money import SystemMoney
from wattbench_reports.metrics.money.model import DECLARED, ELECTRICITY, MACHINE
from wattbench_reports.stats import Interval, interval_difference

DAYS_PER_MONTH = 365 / 12


class Pays(StrEnum):
    """When own hardware costs less than another system."""

    ALWAYS = "always"
    """From the first request on: a machine that is kept on costs nothing."""
    FROM = "from"
    """From some number of requests on."""
    NEVER = "never"
    """A request costs more on a machine that never waits."""


@dataclass(frozen=True)
class KeptOn:
    """The monthly costs and the capacity of a machine that is kept on."""

    system: str
    per_month: float
    """Money of one machine without a request: its hours, and the electricity that it draws when it is idle."""
    per_request: Interval
    """Money that a further request adds."""
    requests_per_month: float
    """That one machine can answer, as it was measured, in the part of its hours that `utilisation` of the price
    names."""
    idle_known: bool
    """Whether the electricity that it draws when it is idle is in `per_month`, where electricity is paid for."""

    def month(self, requests: float) -> tuple[int, float]:
        """Return the number of machines that a number of requests a month needs, and the money of the month."""
        machines = max(1, math.ceil(requests / self.requests_per_month - 1e-9))
        return machines, machines * self.per_month + requests * self.per_request.estimate


@dataclass(frozen=True)
class OwnHardware:
    """A comparison of a system on a machine that is kept on with a system that is paid by token or request."""

    machine: KeptOn
    against: str
    against_per_request: Interval
    """Money of a request of the other system."""
    requests_per_month: Interval
    """From which on own hardware costs less. Infinite: never. So is a bound."""

    @property
    def pays(self) -> Pays:
        """Return whether own hardware costs less always, from some number of requests on, or never, by the estimate."""
        if math.isinf(self.requests_per_month.estimate):
            return Pays.NEVER
        return Pays.FROM if self.requests_per_month.estimate > 0 else Pays.ALWAYS

    @property
    def requests_per_day(self) -> Interval:
        """Return the number of requests a day from which own hardware costs less."""
        month = self.requests_per_month
        return Interval(month.estimate / DAYS_PER_MONTH, month.low / DAYS_PER_MONTH, month.high / DAYS_PER_MONTH)


@dataclass(frozen=True)
class OwnHardwareStudy:
    """All comparisons in a run of own hardware with systems that are paid by token or request."""

    currency: str
    pairs: tuple[OwnHardware, ...]
    left_out: Mapping[str, str]
    """System with a price to why it is in no pair, as a clause."""


def own_hardware(measured: Measured, paid: Paid) -> OwnHardwareStudy | None:
    """Compare every system whose hours have a price with every system paid by request, in the order of the run.

    Returns:
        None in a run without one of either kind.
    """
    prices, money = paid.prices.by_system, paid.money
    if money is None:
        return None
    timed = [name for name in in_use(measured) if name in prices and prices[name].by_time]
    others = [
        name
        for name in in_use(measured)
        if name not in timed and _is_paid_by_request(prices.get(name), money.systems[name])
    ]
    if not timed or not others:
        return None
    left_out = {name: why for name in (*timed, *others) if (why := money.systems[name].why_none)}
    kept: list[KeptOn] = []
    for name in timed:
        if name not in left_out:
            machine = kept_on(measured, paid, name, prices[name])
            if machine is None:
                left_out[name] = "its hours cost nothing, so that how many requests an hour holds is not known"
            else:
                kept.append(machine)
    pairs = tuple(
        OwnHardware(machine, other, c, volume(machine, c))
        for machine in kept
        for other in others
        if (c := money.systems[other].per_request) is not None
    )
    return OwnHardwareStudy(money.currency, pairs, left_out)


def _is_paid_by_request(price: Price | None, money: SystemMoney) -> bool:
    """Return whether a system is paid by token or request: by its price, or by its recorded costs."""
    return (price is not None and not price.by_time) or DECLARED in money.parts


def kept_on(measured: Measured, paid: Paid, name: str, price: Price) -> KeptOn | None:
    """Return the monthly costs of a machine. None where its hours cost nothing: they give its capacity."""
    assert paid.money is not None
    money = paid.money.systems[name]
    hour = price.per_second * price.utilisation * 3600
    of_time = money.parts.get(MACHINE, 0.0)
    if of_time <= 0 or money.per_request is None:
        return None
    busy_s = of_time / price.per_second
    electricity = money.parts.get(ELECTRICITY, 0.0)
    added, idle, known = electricity, 0.0, True
    if electricity:
        per_joule = paid.pue * (measured.workload.price_per_kwh or 0.0) / JOULES_PER_KWH
        watts, above_j = idle_watts(measured, name), measured.splits[name].above_idle_j_per_request
        known = watts is not None and above_j is not None
        if watts is not None and above_j is not None:
            added, idle = above_j * per_joule, watts * 3600 * HOURS_PER_MONTH * per_joule
    rest = money.per_request.estimate - of_time - electricity
    joules = measured.systems[name].j_per_request
    low, high = (1.0, 1.0) if joules is None else (joules.low / joules.estimate, joules.high / joules.estimate)
    return KeptOn(
        system=name,
        per_month=hour * HOURS_PER_MONTH + idle,
        per_request=Interval(rest + added, rest + added * low, rest + added * high),
        requests_per_month=HOURS_PER_MONTH * 3600 * price.utilisation / busy_s,
        idle_known=known,
    )


def volume(machine: KeptOn, other_per_request: Interval) -> Interval:
    """Return the number of requests a month from which own hardware costs less. Infinite: never.

    The bounds are those of the money of a request of both; how many a machine can answer is taken as measured.
    """
    saved = interval_difference(other_per_request, machine.per_request)

    def requests(saved_by_one: float) -> float:
        number = machine.per_month / saved_by_one if saved_by_one > 0 else math.inf
        return number if number <= machine.requests_per_month else math.inf

    return Interval(requests(saved.estimate), requests(saved.high), requests(saved.low), few=saved.few)
