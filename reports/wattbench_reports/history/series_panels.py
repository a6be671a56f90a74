"""Lay out the series of each metric as one table of numbers: a row per system and domain, a column per night."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.history.model import EVERYWHERE, Trend, TrendPoint
from wattbench_reports.metrics.registry import ACCURACY
from wattbench_reports.stats.series.levels import Series

_MOST_LOG = 700.0
"""Of a ratio: no greater one is a number."""
_RESOLUTION_SHARE = 0.005
"""Noise of seconds, joules and tokens is taken to be no smaller. Of accuracy it is half an answer."""


@dataclass(frozen=True, eq=False)
class SeriesPanel:
    """All series of one metric; if the metric depends on the machine, the series of one machine."""

    metric: str
    trends: tuple[Trend, ...]
    nights: tuple[datetime.date, ...]
    """Those with a run, of its machine: the columns."""
    values: Series
    """Shape (series, nights): on a scale on which noise adds, see `scaled`. NaN: no figure."""
    systems: NDArray[np.int64]
    """Shape (series,): the number of each one's system."""
    breaks: tuple[tuple[int, ...], ...]
    """For each series the columns at which its conditions changed."""
    resolution: Series
    """Shape (series,): the scatter of a night is taken to be no smaller."""
    overall: NDArray[np.bool_]
    """Shape (series,): over all domains."""
    canaries: NDArray[np.bool_]
    """Shape (series,): of a system that never changes."""

    @property
    def days(self) -> NDArray[np.float64]:
        """Return the date of each column, in days."""
        return np.array([night.toordinal() for night in self.nights], dtype=np.float64)


def panels(trends: Sequence[Trend], canaries: Collection[str] = ()) -> tuple[SeriesPanel, ...]:
    """Group series by metric, and by machine where the metric depends on the machine.

    Args:
        trends: all series.
        canaries: the systems that never change.
    """
    by_metric: dict[tuple[str, str], list[Trend]] = {}
    for trend in trends:
        by_metric.setdefault((trend.metric, trend.machine), []).append(trend)
    return tuple(_panel(metric, tuple(rows), canaries) for (metric, _), rows in by_metric.items())


def _panel(metric: str, trends: tuple[Trend, ...], canaries: Collection[str]) -> SeriesPanel:
    with_run = [column for column, point in enumerate(trends[0].points) if point.run is not None]
    rows = [[trend.points[column] for column in with_run] for trend in trends]
    names = {name: number for number, name in enumerate(dict.fromkeys(trend.system for trend in trends))}
    return SeriesPanel(
        metric=metric,
        trends=trends,
        nights=tuple(trends[0].points[column].date for column in with_run),
        values=np.array([[scaled(point.value, metric) for point in row] for row in rows]),
        systems=np.array([names[trend.system] for trend in trends], dtype=np.int64),
        breaks=tuple(_breaks(row) for row in rows),
        resolution=np.array([_resolution(metric, row) for row in rows]),
        overall=np.array([trend.domain == EVERYWHERE for trend in trends], dtype=bool),
        canaries=np.array([trend.system in canaries for trend in trends], dtype=bool),
    )


def _resolution(metric: str, row: Sequence[TrendPoint]) -> float:
    items = [point.items for point in row if point.value is not None]
    return 0.5 / max(min(items, default=1), 1) if metric == ACCURACY else _RESOLUTION_SHARE


def _breaks(row: Sequence[TrendPoint]) -> tuple[int, ...]:
    """Return the columns at which the conditions of a series differ from those of the figure before."""
    breaks, conditions = [], None
    for column, point in enumerate(row):
        if point.value is not None:
            if conditions not in (None, point.conditions):
                breaks.append(column)
            conditions = point.conditions
    return tuple(breaks)


def scaled(value: float | None, metric: str) -> float:
    """Return a figure on a scale on which noise adds: the logarithm, except for accuracy. NaN without a figure."""
    if value is None:
        return math.nan
    if metric == ACCURACY:
        return value
    return math.log(value) if value > 0 else math.nan


def unscaled(value: float, metric: str) -> float:
    """Return the figure for a value on the scale of `scaled`."""
    return value if metric == ACCURACY else math.exp(value)


def shift_of(difference: float, metric: str) -> float:
    """Return a difference on the scale of `scaled` as a change: of accuracy in points, of others as a share."""
    return difference if metric == ACCURACY else math.expm1(min(difference, _MOST_LOG))


def scaled_margin(margin: float, metric: str) -> float:
    """Return a margin of a policy on the scale on which noise adds."""
    return margin if metric == ACCURACY else math.log1p(margin)
