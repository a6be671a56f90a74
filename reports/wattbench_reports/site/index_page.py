"""Prepare the first page next to its verdict: figures, small trends, open change points."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.units import plural
from wattbench_reports.gate.metrics import figure_text
from wattbench_reports.history import EVERYWHERE, Change, History, Trend, TrendPoint
from wattbench_reports.history.change_words import label
from wattbench_reports.metrics.registry import ENERGY
from wattbench_reports.site import words
from wattbench_reports.site.links import METRICS_SHOWN, Links
from wattbench_reports.site.series import TrendSeries
from wattbench_reports.site.sparkline import SPARK, Chart, chart
from wattbench_reports.tables.provenance import is_modelled


@dataclass(frozen=True)
class Sparkline:
    """One system's trend of one metric, over all domains."""

    href: str | None
    text: str
    """The newest figure."""
    modelled: bool
    description: str
    drawing: Chart | None
    """None with fewer than two nights."""
    colour: int


@dataclass(frozen=True)
class LastFigures:
    """One system on the last night: a figure per metric, and its trend."""

    system: str
    kind: str
    position: int
    figures: tuple[str, ...]
    """With their intervals."""
    energy: str
    """The provenance of its joules; empty without joules."""
    modelled: bool
    sparks: tuple[Sparkline | None, ...]


def last_figures(history: History, every: Sequence[TrendSeries], links: Links) -> tuple[LastFigures, ...]:
    """Return the figures of the last night, per system.

    Args:
        history: with one night at least.
        every: series of all metrics and domains; those over all domains are shown.
        links: of the page.
    """
    overall = {(each.trend.system, each.trend.metric): each for each in every if each.trend.domain == EVERYWHERE}
    kinds = dict(zip(history.values["system"], history.values["kind"], strict=True))
    rows = []
    for system, position in links.anchors.positions.items():
        of_system = [overall.get((system, metric)) for metric in METRICS_SHOWN]
        points = [_last_point(each) for each in of_system]
        if any(point is not None for point in points):
            energy = next((p.provenance for p, m in zip(points, METRICS_SHOWN, strict=True) if p and m in ENERGY), "")
            rows.append(
                LastFigures(
                    system=system,
                    kind=str(kinds.get(system, "")),
                    position=position,
                    figures=tuple(
                        words.figure_interval(point.value, point.standard_error, metric) if point else words.NONE
                        for point, metric in zip(points, METRICS_SHOWN, strict=True)
                    ),
                    energy=energy,
                    modelled=is_modelled(energy),
                    sparks=tuple(_spark(each, links) for each in of_system),
                )
            )
    return tuple(rows)


def _last_point(series: TrendSeries | None) -> TrendPoint | None:
    point = series.trend.points[-1] if series is not None else None
    return point if point is not None and point.value is not None else None


def _spark(series: TrendSeries | None, links: Links) -> Sparkline | None:
    if series is None or series.last is None:
        return None
    trend, last = series.trend, series.last
    newest = trend.points[last]
    text = figure_text(trend.metric, newest.value)
    return Sparkline(
        href=links.chart(trend.system, trend.domain, trend.metric),
        text=text,
        modelled=trend.metric in ENERGY and is_modelled(newest.provenance),
        description=f"{trend.system}, {label(trend.metric)}: {plural(series.nights, 'night')}, "
        f"{plural(len(series.changes), 'change point')}, {text} on {newest.date}",
        drawing=chart(series, SPARK),
        colour=links.anchors.positions[trend.system] % 8,
    )


def open_changes(history: History, trends: Sequence[Trend]) -> list[tuple[Trend, Change]]:
    """Return the change points after the reference, or all if none is pinned, newest first.

    A new reference, which is a reviewed file, closes one; a night that looks better does not.
    """
    since = pinned_date(history) or datetime.date.min
    changes = [
        (trend, change)
        for trend in trends
        if trend.metric in METRICS_SHOWN
        for change in trend.changes
        if change.date > since
    ]
    return sorted(changes, key=lambda each: each[1].date, reverse=True)


def pinned_date(history: History) -> datetime.date | None:
    """Return the date of the reference night; None if no reference is pinned."""
    return history.reference_night().date if history.reference else None
