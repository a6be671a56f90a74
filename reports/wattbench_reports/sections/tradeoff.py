"""Accuracy against joules and money per request, and against latency: Pareto fronts, with plots and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from wattbench_reports import figures
from wattbench_reports.analyses.pareto_front import FrontMembership, Tradeoff, money_tradeoff, tradeoffs
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.figures.tradeoff import JOULES, SECONDS, Cost
from wattbench_reports.formatting import units
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.tail_latency import MEDIAN, above_median, common_tail, tail_share
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Section, Table, energy_badge, numbers
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import label, rule
from wattbench_reports.wording import arrival_rates
from wattbench_reports.wording import comparison as wording

_LEAD = (
    "Accuracy against the cost of a request, with 95% confidence intervals. Better is up and to the left. A system "
    "is on the Pareto front if no other beats it on one metric without being worse on the other. A system is excluded "
    "from the front if another one is shown to be better on both metrics; with 95% confidence no system of the front "
    "is excluded. The dashed line joins the systems that cannot be excluded; hollow marks take no part."
)


def tradeoff_section(measured: Measured, paid: Paid, comparison: Comparison) -> Section | None:
    """Make a passage each for joules, money and latency, where known; None with fewer than two systems or without any.

    A system without the metric is in the table only.
    """
    passages = tuple(_passages(measured, paid, comparison)) if len(measured.frames.systems) > 1 else ()
    if not passages:
        return None
    return Section(
        "trade-off",
        "Trade-off",
        "What accuracy costs",
        _LEAD,
        passages,
        line="accuracy against joules and seconds, with the Pareto fronts",
    )


def _passages(measured: Measured, paid: Paid, comparison: Comparison) -> Iterable[Passage]:
    by_joules, by_latency = tradeoffs(measured)
    if _has_costs(by_joules):
        yield Passage(
            "Against joules per request",
            (*_circumstances(measured), *_sentences(by_joules, "joules")),
            (_joules_table(measured, by_joules),),
            _drawing(measured, by_joules, JOULES),
        )
    yield from _money_passage(measured, paid, comparison)
    if _has_costs(by_latency):
        yield Passage(
            "Against latency",
            tuple(_sentences(by_latency, "latencies")),
            (_latency_table(measured, by_latency),),
            _drawing(measured, by_latency, SECONDS),
        )


def _has_costs(tradeoff: Tradeoff) -> bool:
    return any(each.cost is not None for each in tradeoff.places)


def _money_passage(measured: Measured, paid: Paid, comparison: Comparison) -> Iterable[Passage]:
    by_money = money_tradeoff(measured, paid)
    if by_money is None or paid.money is None or not _has_costs(by_money):
        return
    currency = paid.money.currency
    factor, scale = units.money_scale(None if each.cost is None else each.cost.estimate for each in by_money.places)
    scaled = Tradeoff(tuple(replace(each, cost=each.cost and each.cost.times(factor)) for each in by_money.places))
    cost = Cost("tradeoff-money-figure", currency, f"{currency} per {scale}", is_money=True)
    yield Passage(
        "Against money per request",
        (*_sentences(scaled, "costs"), wording.cost_line(comparison)),
        (_money_table(measured, paid, scaled, scale),),
        _drawing(measured, scaled, cost),
    )


def _money_table(measured: Measured, paid: Paid, tradeoff: Tradeoff, scale: str) -> Table:
    assert paid.money is not None
    currency = paid.money.currency
    per_correct = {name: each.per_correct for name, each in paid.money.systems.items()}
    factor, of_correct = units.money_scale(
        (None if each is None else each.estimate for each in per_correct.values()), noun="correct answer"
    )

    def last_cells(each: Measures) -> tuple[Cell, ...]:
        cost = per_correct[each.system]
        return (Cell(units.money_interval(cost and cost.times(factor), currency)),)

    return Table(
        caption=f"Accuracy and money per {scale}, as plotted",
        columns=(
            Column("System"),
            *numbers("Accuracy", f"{currency} per {scale}"),
            Column("On the Pareto front"),
            Column(f"{currency} per {of_correct}", numeric=True),
        ),
        rows=tuple(_rows(measured, tradeoff, currency, last_cells, units.money_interval)),
        note=(
            "Money: at the systems' prices, of the same requests as accuracy. Systems may be compared by it wherever "
            "they ran."
        ),
    )


def _circumstances(measured: Measured) -> Iterable[str]:
    report = measured.load
    if report is not None:
        yield f"All values are {arrival_rates.title(report.compared)}."
    if measured.shares is not None:
        yield f"All values are for this mix of domains: {measured.workload.describe_mix()}."


def _sentences(tradeoff: Tradeoff, what: str) -> Iterable[str]:
    fronts = tradeoff.fronts
    if len(fronts) > 1:
        yield (
            f"Not all {what} are comparable, so there are {len(fronts)} Pareto fronts, which are not compared with "
            "each other."
        )
    for front in fronts:
        yield _members(front, several=len(fronts) > 1)
    by_reason: dict[str, list[str]] = {}
    for point in tradeoff.places:
        if point.reason:
            by_reason.setdefault(point.reason, []).append(point.system)
    if by_reason:
        reasons = units.listed([f"{units.named(names)} ({reason})" for reason, names in by_reason.items()])
        yield f"Not compared for the Pareto front: {reasons}."


def _members(front: tuple[FrontMembership, ...], *, several: bool) -> str:
    if len(front) == 1:
        return f"{front[0].system} has no other system to compare with."
    start = f"Pareto front of {units.named([point.system for point in front])}" if several else "Pareto front"
    names = units.named([point.system for point in _not_excluded(front)])
    rest = [f"{point.system} ({units.p_value(point.p_value or 0.0)})" for point in front if not point.not_excluded]
    excluded = f" Excluded: {units.named(rest)}." if rest else ""
    return f"{start}: {names} cannot be excluded.{excluded}"


def _not_excluded(front: Iterable[FrontMembership]) -> list[FrontMembership]:
    return [point for point in front if point.not_excluded]


def _drawing(measured: Measured, tradeoff: Tradeoff, cost: Cost) -> Figure | None:
    points = []
    for number, (point, each) in enumerate(zip(tradeoff.places, measured.systems.values(), strict=True)):
        if point.cost is not None and each.accuracy is not None:
            hollow = point.group is None
            points.append(
                figures.TradeoffPoint(_label(point.system, measured), number, point.cost, each.accuracy, hollow)
            )
    if len(points) < 2:
        return None
    fronts = [
        [_label(point.system, measured) for point in _not_excluded(front)]
        for front in tradeoff.fronts
        if len(front) > 1
    ]
    return Figure(figures.tradeoff(points, cost, fronts), f"Figure: accuracy against {cost.label}", "")


def _joules_table(measured: Measured, tradeoff: Tradeoff) -> Table:
    def last_cells(each: Measures) -> tuple[Cell, ...]:
        above_idle_j = measured.frames.figures("energy_above_idle_j", measured.frames.answers_of(each.system))
        known = above_idle_j[np.isfinite(above_idle_j)]
        mean_j = float(known.mean()) if len(known) else float("nan")
        return Cell(units.quantity(mean_j, "J")), energy_badge(each.provenance)

    return Table(
        caption="Accuracy and joules per request, as plotted",
        columns=(
            Column("System"),
            *numbers("Accuracy", "Joules per request"),
            Column("On the Pareto front"),
            Column("Above idle", numeric=True),
            Column("Provenance"),
        ),
        rows=tuple(_rows(measured, tradeoff, "J", last_cells)),
        note=(
            "Above idle: joules per request beyond the idle draw of the loaded system. On the Pareto front: whether "
            "another system is shown to be better on both metrics, at one error rate for all systems."
        ),
    )


def _latency_table(measured: Measured, tradeoff: Tradeoff) -> Table:
    requests = {name: len(each.latency_s) for name, each in measured.systems.items() if name not in measured.unranked}
    tail = above_median(common_tail(map(tail_share, requests.values())))
    shares = () if tail is None else (tail,)

    def last_cells(each: Measures) -> tuple[Cell, ...]:
        tails = (each.latency_interval(share) if each.system in requests else None for share in shares)
        return *(Cell(units.quantity_interval(seconds, "s")) for seconds in tails), Cell(
            units.count(len(each.latency_s))
        )

    return Table(
        caption="Accuracy and latency, as plotted",
        columns=(
            Column("System"),
            *numbers("Accuracy", "Latency p50"),
            Column("On the Pareto front"),
            *(Column(f"Latency {label(share)}", numeric=True) for share in shares),
            Column("Requests", numeric=True),
        ),
        rows=tuple(_rows(measured, tradeoff, "s", last_cells)),
        note=rule((MEDIAN, *shares)),
    )


def _rows(
    measured: Measured,
    tradeoff: Tradeoff,
    unit: str,
    last_cells: Callable[[Measures], tuple[Cell, ...]],
    written: Callable[[Interval | None, str], str] = units.quantity_interval,
) -> Iterable[tuple[Cell, ...]]:
    alone = {front[0].system for front in tradeoff.fronts if len(front) == 1}
    for number, (point, each) in enumerate(zip(tradeoff.places, measured.systems.values(), strict=True)):
        yield (
            Cell(point.system, series=number, detail="yardstick" if point.system in measured.yardsticks else ""),
            Cell(units.percent_interval(each.accuracy)),
            Cell(written(point.cost, unit)),
            _on_front(point, alone=point.system in alone),
            *last_cells(each),
        )


def _on_front(point: FrontMembership, *, alone: bool) -> Cell:
    if point.p_value is None or alone:
        return Cell("only one" if alone else units.NONE)
    if point.not_excluded:
        return Cell("cannot be excluded", "best")
    return Cell(f"excluded, {units.p_value(point.p_value)}")


def _label(system: str, measured: Measured) -> str:
    return f"{system} (yardstick)" if system in measured.yardsticks else system
