"""Build the series of every system × domain × metric over the nights, with their changes.

Throughput has series and is not watched: with one request in flight it is the mean latency once more, which would raise
an alarm twice.

A series is judged every night, and there are many: a change counts where it holds for all of them over a whole year,
`HORIZON` nights, together: Bonferroni over the nights and the series.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from wattbench.records.suite_defaults import GATE_FALSE_ALARM_RATE
from wattbench_reports.gate.metrics import ACCURACY, METRICS
from wattbench_reports.history.model import OUTPUT_TOKENS, History, Night
from wattbench_reports.history.night_machines import depends_on_machine, machine_of_night, over_machines
from wattbench_reports.history.series_panels import panels, shift_of, unscaled
from wattbench_reports.history.series_watch import FoundChange, Watched, watch
from wattbench_reports.history.trend import Change, Trend, TrendPoint
from wattbench_reports.metrics.throughput import OUTPUT_TOKENS_PER_S, RATES, REQUESTS_PER_S
from wattbench_reports.stats.series.changepoints import HORIZON

if TYPE_CHECKING:
    import pandas as pd

PART_OF_SERIES = 0.4
"""Of the error rate of a year of nights, for changes of series. A twentieth each is for the comparisons with two other
nights, and half is kept for what the model of noise does not know."""

ALPHA = PART_OF_SERIES * GATE_FALSE_ALARM_RATE
"""How often in `HORIZON` nights any series at all may show a change for the worse without one. As often one may show a
change for the better."""


def watched(history: History, alpha: float = ALPHA) -> tuple[Watched, ...]:
    """Go through the nights of the last night's suite, metric by metric.

    Args:
        history: from `load_history`.
        alpha: how often in a year of nights any series may show a change for the worse where there is none.
    """
    return _watched(history, alpha)


@lru_cache(maxsize=2)  # a page, its table and its alarms ask the same history
def _watched(history: History, alpha: float) -> tuple[Watched, ...]:
    nights = history.series_nights()
    values = history.values
    series = tuple(_series(values[~values["metric"].isin(RATES)], nights)) if nights else ()
    level = alpha / HORIZON / max(len(series), 1)
    return tuple(watch(panel, level) for panel in panels(series))


def trends(history: History, alpha: float = ALPHA) -> tuple[Trend, ...]:
    """Return every series of the last night's suite, systems in the order of their names.

    Args:
        history: from `load_history`.
        alpha: how often in a year of nights any series may show a change for the worse where there is none.
    """
    return _trends(history, alpha)


@lru_cache(maxsize=2)
def _trends(history: History, alpha: float) -> tuple[Trend, ...]:
    metrics = watched(history, alpha)
    series = sum(len(each.panel.trends) for each in metrics)
    rows = [
        replace(trend, changes=_changes(each, row, series))
        for each in metrics
        for row, trend in enumerate(each.panel.trends)
    ]
    nights, values = history.series_nights(), history.values
    rows += _series(values[values["metric"].isin(RATES)], nights) if nights else ()
    together: dict[tuple[str, str, str], list[Trend]] = {}
    for trend in rows:
        together.setdefault((trend.system, trend.domain, trend.metric), []).append(trend)
    return tuple(over_machines(of_machines) for _, of_machines in sorted(together.items(), key=lambda pair: pair[0]))


def _changes(metric: Watched, row: int, series: int) -> tuple[Change, ...]:
    return tuple(_change(metric, each, series) for each in metric.changes if each.row == row)


def _change(metric: Watched, change: FoundChange, series: int) -> Change:
    panel = metric.panel
    date = panel.nights[change.column]
    point = next(point for point in panel.trends[change.row].points if point.date == date)
    assert point.run is not None  # it has a value
    fit = change.fit
    return Change(
        date=date,
        run=point.run,
        before=unscaled(fit.before, panel.metric),
        after=unscaled(fit.after, panel.metric),
        shift=shift_of(fit.after - fit.before, panel.metric),
        p_value=min(1.0, change.p_value * HORIZON * series),
        shape=fit.shape,
        shown=panel.nights[change.shown],
    )


def _series(values: pd.DataFrame, nights: Sequence[Night]) -> Iterator[Trend]:
    """Return every series, without its changes."""
    by_date = {night.date: night for night in nights}
    first, days = nights[0].date, (nights[-1].date - nights[0].date).days + 1
    dates = [first + datetime.timedelta(days=day) for day in range(days)]
    of_suite = values[values["run"].isin([night.run for night in nights])]
    series: dict[tuple[str, str, str, str], list[TrendPoint]] = {}
    machines, node_of = machine_of_night(nights), {night.run: night.node for night in nights}
    empty = {machine: _no_figures(dates, by_date, machines, machine) for machine in {"", *machines.values()}}
    for system, domain, metric, point in zip(
        of_suite["system"], of_suite["domain"], of_suite["metric"], _points(of_suite), strict=True
    ):
        depends = depends_on_machine(metric)
        machine = machines[str(point.run)] if depends else ""
        points = series.setdefault((system, domain, metric, machine), list(empty[machine]))
        points[(point.date - first).days] = replace(point, node=node_of[str(point.run)]) if depends else point
    for (system, domain, metric, machine), points in sorted(series.items(), key=lambda pair: pair[0]):
        unit = METRICS[metric].unit if metric in METRICS else _UNITS[metric]
        yield Trend(system, domain, metric, unit, tuple(points), (), machine)


def _no_figures(
    dates: Sequence[datetime.date], nights: Mapping[datetime.date, Night], machines: Mapping[str, str], machine: str
) -> list[TrendPoint]:
    """Return a series without figures: the nights of a machine; empty: those of all."""
    runs = [nights[date].run if date in nights else None for date in dates]
    return [
        TrendPoint(date, run if run is not None and machine in ("", machines[run]) else None, None)
        for date, run in zip(dates, runs, strict=True)
    ]


def _points(rows: pd.DataFrame) -> Iterator[TrendPoint]:
    columns = ("date", "run", "value", "standard_error", "items", "provenance", "conditions")
    for date, run, value, error, *rest in zip(*(rows[name].tolist() for name in columns), strict=True):
        yield TrendPoint(date, run, value, error if math.isfinite(error) else None, *rest)


_UNITS = {OUTPUT_TOKENS: "tokens", REQUESTS_PER_S: "requests/s", OUTPUT_TOKENS_PER_S: "tokens/s"}
"""Of the figures that no gate judges."""

HIGHER_IS_WORSE = {name: name != ACCURACY for name in METRICS}
"""Metric to its bad direction. The number of output tokens has none."""


def is_worse(metric: str, shift: float) -> bool:
    """Return whether a change is for the worse. Of output tokens none is: longer answers are neither good nor bad.

    Args:
        metric: of the series.
        shift: as in `Change`.
    """
    return metric != OUTPUT_TOKENS and (shift > 0) == HIGHER_IS_WORSE[metric]
