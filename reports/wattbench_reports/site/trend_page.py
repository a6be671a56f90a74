"""What the page of one metric shows: each system's charts side by side, what happened in each, and all figures."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.units import plural
from wattbench_reports.gate.metrics import ENERGY
from wattbench_reports.history import is_worse
from wattbench_reports.site import words
from wattbench_reports.site.anchors import Names
from wattbench_reports.site.links import Links
from wattbench_reports.site.series import Series
from wattbench_reports.site.sparkline import Chart, chart
from wattbench_reports.tables.provenance import is_modelled, joined


@dataclass(frozen=True)
class Event:
    """Something that happened in a series."""

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
    """What to say of its joules where a formula stands behind them; else empty."""
    drawing: Chart | None
    title: str
    description: str
    """What is to be seen in it, for who does not see it."""
    events: tuple[Event, ...]
    """Newest first."""


@dataclass(frozen=True)
class Night:
    """A row of the table."""

    date: datetime.date
    href: str | None
    """None: there was no night."""
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """One system."""

    id: str
    system: str
    place: int
    """Among all systems, for its colour and mark."""
    panels: tuple[Panel, ...]
    table: tuple[Night, ...]
    """Newest first; a column per panel."""


def groups(every: Sequence[Series], metric: str, names: Names, links: Links) -> tuple[Group, ...]:
    """The systems that have a figure of this metric.

    Args:
        every: series of all metrics.
        metric: one of `wattbench_reports.gate.metrics.METRICS`.
        names: of all systems and domains.
        links: of the page.
    """
    own = [each for each in every if each.trend.metric == metric]
    return tuple(
        _group(system, found, names, links)
        for system in names.places
        if (found := [each for each in own if each.trend.system == system and each.nights])
    )


def _group(system: str, own: list[Series], names: Names, links: Links) -> Group:
    panels = tuple(_panel(each, names.charts[system, each.trend.domain], links) for each in own)
    return Group(names.sections[system], system, names.places[system], panels, tuple(_table(own, links)))


def _panel(series: Series, own_id: str, links: Links) -> Panel:
    trend = series.trend
    last = series.last
    assert last is not None  # a series without any figure has no panel
    point = trend.points[last]
    modelled = trend.metric in ENERGY and is_modelled(joined(each.provenance for each in trend.points))
    return Panel(
        id=own_id,
        domain=words.domain_name(trend.domain),
        last=f"{words.figure_interval(point.value, point.standard_error, trend.metric)} on {point.date}",
        modelled="modelled joules" if modelled else "",
        drawing=chart(series),
        title=f"{trend.system}, {words.domain_name(trend.domain)}: {words.label(trend.metric)}",
        description=_description(series),
        events=tuple(_events(series, links)),
    )


def _description(series: Series) -> str:
    metric, first = series.trend.metric, series.trend.points[0].date
    dates = [point.date for point in series.trend.points]
    missing = len(dates) - series.nights
    told = [f"{plural(series.nights, 'night')} from {first} to {dates[-1]}"]
    if missing:
        told.append(f"{plural(missing, 'day')} without a figure")
    if series.reference is not None:
        told.append(f"the reference has {words.figure(series.reference.value, metric)}")
    told += [
        f"a change on {change.date} from {words.figure(change.before, metric)} to {words.figure(change.after, metric)}"
        for _, change in series.changes
    ]
    told += [f"begins anew on {each.date} (other {each.word})" for each in series.breaks]
    return "; ".join(told) + "."


def _events(series: Series, links: Links) -> list[Event]:
    metric = series.trend.metric
    found = [
        Event(
            change.date,
            words.change(change.before, change.after, change.p_value, metric),
            "badge-bad" if is_worse(metric, change.shift) else "badge",
            "worse" if is_worse(metric, change.shift) else "better",
            change.run,
            links.run(change.run),
        )
        for _, change in series.changes
    ]
    found += [
        Event(
            each.date,
            f"other {each.word}: the series begins anew",
            "badge-warn",
            "break",
            each.run,
            links.run(each.run),
        )
        for each in series.breaks
    ]
    return sorted(found, key=lambda event: event.date, reverse=True)


def _table(own: list[Series], links: Links) -> Iterator[Night]:
    columns = [each.trend for each in own]
    for place, point in reversed(list(enumerate(columns[0].points))):
        night = [column.points[place] for column in columns]
        yield Night(
            point.date,
            links.night(point.date),
            tuple(words.figure_interval(each.value, each.standard_error, columns[0].metric) for each in night),
        )
