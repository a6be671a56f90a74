"""Fleet size: the replicas that a request rate needs, their utilisation, and the joules of a request."""

from __future__ import annotations

from wattbench_reports.analyses.capacity import HOURS_PER_MONTH, MAX_LOAD, TARGET_TIMES, Fleet, Fleets, Sized, fleets
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.formatting import units
from wattbench_reports.metrics.tail_latency import MEDIAN, SHARES
from wattbench_reports.presenter.model import Cell, Column, Passage, Table, energy_badge, numbers
from wattbench_reports.stats.budgets import ARRIVALS
from wattbench_reports.stats.percentiles import label, needed

_MOSTLY_IDLE = 0.9


def fleet_passage(measured: Measured, paid: Paid, requests_per_year: float) -> Passage | None:
    """Make the passage on fleet size: the rate of a year's requests first, other rates folded; None without fleets."""
    sizing = fleets(measured, paid, requests_per_year)
    heading = "Fleet size"
    if sizing.why_not:
        return Passage(heading, (f"The number of replicas for a request rate is not available: {sizing.why_not}.",))
    if not sizing.fleets:
        return None
    sentences = [
        "A replica is a machine like the measured one that answers one request at a time. For each row "
        f"{units.count(ARRIVALS)} Poisson arrivals were simulated, each request with one of the measured durations. "
        f"The table gives the fewest replicas with which {100 * sizing.share:g}% of the requests finish within "
        f"{TARGET_TIMES:g} times the system's own {label(sizing.share)}, queueing included: slower systems have a "
        "longer target.",
    ]
    if sizing.share < SHARES[0]:
        sentences.append(f"A {label(SHARES[0])} needs {needed(SHARES[0])} measured requests of each system.")
    if sizing.too_few:
        sentences.append(
            f"Not sized, because a latency percentile needs at least {needed(MEDIAN)} measured requests: "
            f"{units.named(sizing.too_few)}."
        )
    if no_idle := [each.system for each in sizing.fleets if each.idle_w is None]:
        sentences.append(
            f"Idle watts of {units.named(no_idle)} are not measured or not valid, so joules with idle time are not "
            "available."
        )
    idle = [share for each in sizing.fleets if (share := each.sized[0].idle_share) is not None]
    if idle and min(idle) > _MOSTLY_IDLE:
        sentences.append(
            f"At {_rate(sizing.year_per_s)} a machine dedicated to this work is idle for over "
            f"{units.percent(_MOSTLY_IDLE)} of the time: share it or switch it off."
        )
    first, *others = range(len(sizing.rates_per_s))
    rate = sizing.rates_per_s[first]
    front = f"{requests_per_year:,.0f} requests per year, evenly spread: {_rate(rate)}"
    folded = tuple(_table(measured, paid, sizing, index, f"At {_rate(sizing.rates_per_s[index])}") for index in others)
    return Passage(heading, tuple(sentences), (_table(measured, paid, sizing, first, front),), folded=folded)


def _rate(rate_per_s: float) -> str:
    return f"{units.trimmed(units.digits(rate_per_s))} per second"


def _table(measured: Measured, paid: Paid, sizing: Fleets, index: int, caption: str) -> Table:
    return Table(
        caption=caption,
        columns=(
            Column("System"),
            *numbers(
                "Replicas",
                "Utilisation",
                "Idle",
                f"{label(sizing.share)} with queueing",
                "Target",
                "Joules per request",
                "Idle joules per request",
            ),
            Column("Provenance"),
            *_money_columns(paid),
        ),
        rows=tuple(_row(measured, paid, each, each.sized[index]) for each in sizing.fleets),
        note=(
            "Utilisation: the share of the time in which a replica answers. Joules per request: energy above idle, "
            "plus the idle watts of all replicas over all the time. A dash under replicas: not simulated, because "
            f"more than {units.count(MAX_LOAD)} requests would be in service at once.{_money_note(paid)}"
        ),
    )


def _row(measured: Measured, paid: Paid, fleet: Fleet, sized: Sized) -> tuple[Cell, ...]:
    return (
        Cell(fleet.system, series=measured.frames.systems.index(fleet.system), detail=fleet.kind),
        Cell(units.count(sized.replicas)),
        Cell(_share(sized.utilisation)),
        Cell(_share(sized.idle_share)),
        Cell(units.quantity(sized.tail_s, "s")),
        Cell(units.quantity(fleet.target_s, "s")),
        Cell(units.quantity(sized.j_per_request, "J")),
        Cell(units.quantity(sized.idle_j_per_request, "J")),
        energy_badge(fleet.provenance),
        *_money_cells(paid, sized),
    )


def _money_columns(paid: Paid) -> tuple[Column, ...]:
    if paid.money is None:
        return ()
    return (*numbers("Money per hour", "Money per month", "Of it electricity, per month"),)


def _money_cells(paid: Paid, sized: Sized) -> tuple[Cell, ...]:
    if paid.money is None:
        return ()
    hour, electricity = sized.money_per_hour, sized.electricity_per_hour
    sums = (
        hour,
        None if hour is None else hour * HOURS_PER_MONTH,
        None if electricity is None else electricity * HOURS_PER_MONTH,
    )
    return tuple(Cell(units.money(each, paid.money.currency)) for each in sums)


def _money_note(paid: Paid) -> str:
    if paid.money is None:
        return ""
    return (
        " Money: the hours of all replicas, whether they answer or wait, the tokens and requests of the rate, and "
        "electricity where it is paid for, idle time included."
    )


def _share(share: float | None) -> str:
    """Format a share; one near 0 or 1 is not rounded to 0% or 100%."""
    if share is None:
        return units.NONE
    if 0 < share < 0.001:
        return "under 0.1%"
    return "over 99.9%" if 0.999 < share < 1 else units.percent(share)
