"""Build the series of every system × domain × metric over the nights, with their changes.

Throughput has series and is not watched: with one request in flight it is the mean latency once more, which would raise
an alarm twice.

A series is judged every night, and there are many: the evidence of `evidence_needed` holds the rate of false alarms for
all of them and a year of nights together.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.policy import NIGHT_POLICY, Policy
from wattbench_reports.history.model import Change, History, Night, Trend, TrendPoint
from wattbench_reports.history.night_machines import depends_on_machine, machine_of_night, over_machines
from wattbench_reports.history.series_watch import (
    LevelChange,
    SeriesPanel,
    Watched,
    panels,
    scaled_margin,
    shift_of,
    unscaled,
    watch,
)
from wattbench_reports.metrics.registry import FIGURES
from wattbench_reports.metrics.throughput import RATES

if TYPE_CHECKING:
    import pandas as pd

YEAR = 365
"""Nights over which the rate of false alarms holds."""

DOMAINS_SHARE = 0.5
"""Of the error rate of a year, for the series of single domains; those over all domains have the rest."""

OTHER_MARGIN = 0.1
"""Of a metric that the policy does not judge."""


@lru_cache(maxsize=2)  # a page, its table and its alarms ask the same history
def watched(history: History, policy: Policy = NIGHT_POLICY) -> tuple[Watched, ...]:
    """Watch the nights of the last night's suite, metric by metric.

    Args:
        history: from `load_history`.
        policy: for margins, and for the rate of false alarms in a year of nights.
    """
    nights = history.series_nights()
    values = history.values
    series = tuple(_series(values[~values["metric"].isin(RATES)], nights)) if nights else ()
    laid_out = panels(series, nights[-1].canaries if nights else ())
    blocking = {rule.metric for rule in policy.rules if rule.blocks}
    counted = [panel.overall for panel in laid_out if panel.metric in blocking]
    overall, in_all = sum(int(each.sum()) for each in counted), sum(map(len, counted))
    thresholds = evidence_needed(policy.alpha, overall, in_all - overall)
    margins = {rule.metric: rule.margin for rule in policy.rules}
    return tuple(watch(panel, _margin(panel, margins), np.where(panel.overall, *thresholds)) for panel in laid_out)


def evidence_needed(alpha: float, overall: int, in_domains: int) -> tuple[float, float]:
    """Return two thresholds of evidence for a change: of a series over all domains, and of one of a single domain.

    Of all series without a change together one reaches it in at most `alpha` of years (Bonferroni).

    Args:
        alpha: the rate.
        overall: series over all domains that may raise an alarm.
        in_domains: such series of single domains.
    """
    share = DOMAINS_SHARE if in_domains else 0.0
    return YEAR * max(overall, 1) / (alpha * (1 - share)), YEAR * max(in_domains, 1) / (alpha * DOMAINS_SHARE)


def _margin(panel: SeriesPanel, margins: Mapping[str, float]) -> NDArray[np.float64]:
    margin = scaled_margin(margins.get(panel.metric, OTHER_MARGIN), panel.metric)
    return np.full(len(panel.values), margin)


@lru_cache(maxsize=2)
def trends(history: History, policy: Policy = NIGHT_POLICY) -> tuple[Trend, ...]:
    """Return every series of the last night's suite, systems in the order of their names. Arguments as of `watched`."""
    rows = [
        replace(trend, changes=tuple(_change(each, change) for change in each.changes if change.row == row))
        for each in watched(history, policy)
        for row, trend in enumerate(each.panel.trends)
    ]
    nights, values = history.series_nights(), history.values
    rows += _series(values[values["metric"].isin(RATES)], nights) if nights else ()
    together: dict[tuple[str, str, str], list[Trend]] = {}
    for trend in rows:
        together.setdefault((trend.system, trend.domain, trend.metric), []).append(trend)
    return tuple(over_machines(of_machines) for _, of_machines in sorted(together.items(), key=lambda pair: pair[0]))


def _change(metric: Watched, change: LevelChange) -> Change:
    panel = metric.panel
    date = panel.nights[change.column]
    point = next(point for point in panel.trends[change.row].points if point.date == date)
    assert point.run is not None  # it has a value
    known = np.isfinite(panel.values[change.row, change.column : change.shown + 1])
    return Change(
        date=date,
        run=point.run,
        before=unscaled(change.before, panel.metric),
        after=unscaled(change.after, panel.metric),
        shift=shift_of(change.after - change.before, panel.metric),
        limit=shift_of(change.limit, panel.metric),
        nights=int(known.sum()),
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
        yield Trend(system, domain, metric, FIGURES[metric].unit, tuple(points), (), machine)


def _no_figures(
    dates: Sequence[datetime.date], nights: Mapping[datetime.date, Night], machines: Mapping[str, str], machine: str
) -> list[TrendPoint]:
    """Return the points of a series without figures, at the nights of a machine; with an empty name, at all nights."""
    runs = [nights[date].run if date in nights else None for date in dates]
    return [
        TrendPoint(date, run if run is not None and machine in ("", machines[run]) else None, None)
        for date, run in zip(dates, runs, strict=True)
    ]


def _points(rows: pd.DataFrame) -> Iterator[TrendPoint]:
    columns = ("date", "run", "value", "standard_error", "items", "provenance", "conditions")
    for date, run, value, error, *rest in zip(*(rows[name].tolist() for name in columns), strict=True):
        yield TrendPoint(date, run, value, error if math.isfinite(error) else None, *rest)


def is_worse(metric: str, shift: float) -> bool:
    """Return whether a change is for the worse. Of a figure such as output tokens no change is: neither way is bad.

    Args:
        metric: of the series.
        shift: as in `Change`.
    """
    better = FIGURES[metric].better
    return better is not None and (shift > 0) == (better == "lower")
