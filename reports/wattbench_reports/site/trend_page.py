"""Prepare the page of one metric: each system's charts, their events, and all figures."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.units import plural
from wattbench_reports.gate.metrics import figure_text
from wattbench_reports.history import is_worse
from wattbench_reports.history.change_words import label
from wattbench_reports.metrics.registry import ENERGY
from wattbench_reports.site import words
from wattbench_reports.site.links import Links
from wattbench_reports.site.series import TrendSeries
from wattbench_reports.site.sparkline import Chart, chart
from wattbench_reports.tables.provenance import is_modelled, joined


@dataclass(frozen=True)
class Event:
    """A change point or a break of a series."""

    date: datetime.date
    text: str
    style: str
    """Of its badge."""
    badge: str
    run: str
    href: str | None


@dataclass(frozen=True)
class Panel:
    """One chart."""

    id: str
    domain: str
    last: str
    """Its newest figure, with its interval and date."""
    modelled: str
    """A badge if its joules are modelled; else empty."""
    drawing: Chart | None
    title: str
    description: str
    """What the chart shows, for a screen reader."""
    events: tuple[Event, ...]
    """Newest first."""


@dataclass(frozen=True)
class SystemTrends:
    """One system."""

    id: str
    system: str
    position: int
    """Among all systems, which gives its colour and mark."""
    panels: tuple[Panel, ...]
    table: tuple[tuple[datetime.date, tuple[str, ...]], ...]
    """Date and figures, newest first; a column per panel."""


def groups(every: Sequence[TrendSeries], metric: str, links: Links) -> tuple[SystemTrends, ...]:
    """Return the systems that have a figure of this metric, with their charts.

    Args:
        every: series of all metrics.
        metric: one of `wattbench_reports.metrics.registry.METRICS`.
        links: of the page.
    """
    of_metric = [each for each in every if each.trend.metric == metric]
    return tuple(
        _group(system, drawn, links)
        for system in links.anchors.positions
        if (drawn := [each for each in of_metric if each.trend.system == system and each.nights])
    )


def _group(system: str, drawn: list[TrendSeries], links: Links) -> SystemTrends:
    anchors = links.anchors
    panels = tuple(_panel(each, anchors.charts[system, each.trend.domain], links) for each in drawn)
    return SystemTrends(anchors.sections[system], system, anchors.positions[system], panels, tuple(_table(drawn)))


def _panel(series: TrendSeries, panel_id: str, links: Links) -> Panel:
    trend = series.trend
    last = series.last
    assert last is not None  # a series without any figure has no panel
    point = trend.points[last]
    modelled = trend.metric in ENERGY and is_modelled(joined(each.provenance for each in trend.points))
    return Panel(
        id=panel_id,
        domain=words.domain_name(trend.domain),
        last=f"{words.figure_interval(point.value, point.standard_error, trend.metric)} on {point.date}",
        modelled="modelled joules" if modelled else "",
        drawing=chart(series),
        title=f"{trend.system}, {words.domain_name(trend.domain)}: {label(trend.metric)}",
        description=_description(series),
        events=tuple(_events(series, links)),
    )


def _description(series: TrendSeries) -> str:
    metric, first = series.trend.metric, series.trend.points[0].date
    dates = [point.date for point in series.trend.points]
    missing = len(dates) - series.nights
    parts = [f"{plural(series.nights, 'night')} from {first} to {dates[-1]}"]
    if missing:
        parts.append(f"{plural(missing, 'day')} without a figure")
    if series.reference is not None:
        parts.append(f"the reference is {figure_text(metric, series.reference.value)}")
    for _, change in series.changes:
        before, after = (figure_text(metric, level) for level in (change.before, change.after))
        parts.append(f"change point on {change.date} from {before} to {after}")
    parts += [f"a new series starts on {each.date} (new {each.word})" for each in series.breaks]
    return "; ".join(parts) + "."


def _events(series: TrendSeries, links: Links) -> list[Event]:
    metric = series.trend.metric
    events = [
        Event(
            change.date,
            words.change(change, metric),
            "badge-bad" if is_worse(metric, change.shift) else "badge",
            "worse" if is_worse(metric, change.shift) else "better",
            change.run,
            links.run(change.run),
        )
        for _, change in series.changes
    ]
    events += [
        Event(
            each.date,
            f"new {each.word}: a new series starts",
            "badge-warn",
            "break",
            each.run,
            links.run(each.run),
        )
        for each in series.breaks
    ]
    return sorted(events, key=lambda event: event.date, reverse=True)


def _table(drawn: list[TrendSeries]) -> Iterator[tuple[datetime.date, tuple[str, ...]]]:
    columns = [each.trend for each in drawn]
    for of_date in reversed(list(zip(*(column.points for column in columns), strict=True))):
        figures = (words.figure_interval(each.value, each.standard_error, columns[0].metric) for each in of_date)
        yield of_date[0].date, tuple(figures)
