"""Watch the series of a metric night by night for changes of level.

Each night is held against the level of the nights before it: at most 28, four at least, none from before a change or
other conditions. It is *beyond* where it is worse (or better) than that by more than the limit, which is the larger of
the metric's margin and three standard errors of one night (W. A. Shewhart, "Economic Control of Quality of Manufactured
Product", 1931). An e-detector counts nights beyond (`wattbench_reports.stats.exceedances`); at the evidence of
`threshold`, on a night whose 95% interval excludes no change, the level has changed, and begins anew with the first
night beyond.

A night that the machine slowed slows other systems, too. So a night beyond does not count where another system of this
machine moved as far or half as far the same way: which of the two changed is then open. Where the suite names a
canary, which never changes, only canaries are looked at, and no night of a canary counts. Without another system no
night is excused. Nothing is taken off a figure.

A series that rose did so in a step or crept up: a straight line over time is held against one step, each by least
squares; the best place of the step is what `ruptures` finds (C. Truong, L. Oudre, N. Vayatis, "Selective review of
offline change point detection methods", Signal Processing 167, 2020). It is a step where the BIC of the step is lower
by 10, very strong evidence by R. E. Kass and A. E. Raftery, "Bayes factors", JASA 90 (1995); else a creep. A creep that
is called a step sends its reader to a commit that did nothing.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import require
from wattbench_reports.history.model import EVERYWHERE, Trend, TrendPoint
from wattbench_reports.metrics.registry import ACCURACY
from wattbench_reports.stats import ExceedanceDetector, Levels, levels_of
from wattbench_reports.stats.levels import Series

LEAST_NIGHTS = 4
"""Earlier nights that a level is of, at least: the fifth night can be judged."""
MOST_NIGHTS = 28
"""Four weeks: a level is of no older nights."""
_STANDARD_ERRORS = 3.0
_SHARED = 0.5
"""Of a move, from which another system moved with it."""
_EITHER_WAY = (1.0, -1.0)
_MOST_LOG = 700.0
"""Of a ratio: no greater one is a number."""
_RESOLUTION_SHARE = 0.005
"""Noise of seconds, joules and tokens is taken to be no smaller. Of accuracy it is half an answer."""
Shape = Literal["step", "creep"]
_STRONG = 10.0
_SHORTEST = 2
"""Nights on either side of a step."""


@dataclass(frozen=True)
class LevelChange:
    """A change of the level of one series."""

    row: int
    shown: int
    """The column of the night that was the first to show it."""
    column: int
    """Of the first night after it."""
    before: float
    """On the scale of `SeriesPanel.values`, as `after`: the level until then, and that of the nights since."""
    after: float
    limit: float
    """Beyond which those nights were, from the level before."""


@dataclass(frozen=True, eq=False)
class Watched:
    """The state of one metric's series after their last night."""

    panel: SeriesPanel
    changes: tuple[LevelChange, ...]
    levels: Levels
    """Before the last night."""
    levels_from: NDArray[np.int64]
    """Shape (series,): the first column that they are of."""
    thresholds: NDArray[np.float64]
    """Shape (series,): the evidence at which the level of each has changed."""
    limits: NDArray[np.float64]
    """Shape (series,): how far beyond a night has to lie."""
    shared: NDArray[np.bool_]
    """Shape (series,): the last night is beyond, and it is the machine's, or others of the machine moved with it."""


def watch(panel: SeriesPanel, margin: NDArray[np.float64], threshold: NDArray[np.float64]) -> Watched:
    """Watch the nights of a metric one after another for changes of level.

    Args:
        panel: its series, of one night at least.
        margin: shape (series,), on the scale of the values: no smaller change is of interest.
        threshold: shape (series,), the evidence at which the level of each has changed.
    """
    series, nights = panel.values.shape
    detectors = [ExceedanceDetector(series) for _ in _EITHER_WAY]
    starts = np.zeros(series, dtype=np.int64)
    changes: list[LevelChange] = []
    excused = np.zeros(panel.values.shape, dtype=bool)
    for night in range(nights):
        for row, breaks in enumerate(panel.breaks):
            if night in breaks:
                starts[row] = night
                _restart(detectors, row)
        first = np.maximum(starts, night - MOST_NIGHTS)
        levels = _levels_before(panel, night, first)
        limits = np.maximum(margin, _STANDARD_ERRORS * levels.error)
        judged = np.where(levels.nights >= LEAST_NIGHTS, panel.values[:, night] - levels.centre, math.nan)
        for detector, way in zip(detectors, _EITHER_WAY, strict=True):
            moved = way * judged
            with_others = _moved_with_others(panel, moved, limits)
            excused[:, night] |= with_others
            evidence = detector.update(moved / limits, ~with_others)
            for row in np.flatnonzero((evidence >= threshold) & (moved > levels.reach)).tolist():
                changes.append(_change(panel, row, night, int(starts[row]), way, levels, limits, excused[row]))
                starts[row] = changes[-1].column
                _restart(detectors, row)
    return Watched(panel, tuple(changes), levels, first, threshold, limits, excused[:, -1])


def _restart(detectors: list[ExceedanceDetector], row: int) -> None:
    for detector in detectors:
        detector.restart(row)


def _levels_before(panel: SeriesPanel, night: int, first: NDArray[np.int64]) -> Levels:
    earliest = max(0, night - MOST_NIGHTS)
    values = panel.values[:, earliest:night].copy()
    values[np.arange(earliest, night) < first[:, None]] = math.nan
    return levels_of(values, panel.resolution)


def _moved_with_others(
    panel: SeriesPanel, moved: NDArray[np.float64], limits: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which series moved beyond their limits together with another system of the machine, or are of a canary."""
    together = np.zeros(len(moved), dtype=bool)
    beyond = np.flatnonzero(moved > limits).tolist()
    witnesses = panel.overall & np.isfinite(moved)
    if (canaries := witnesses & panel.canaries).any():
        witnesses = canaries
    for row in beyond:
        others = witnesses & (panel.systems != panel.systems[row])
        together[row] = bool(panel.canaries[row] or (moved[others] >= _SHARED * moved[row]).any())
    return together


def _change(
    panel: SeriesPanel,
    row: int,
    night: int,
    first: int,
    way: float,
    levels: Levels,
    limits: NDArray[np.float64],
    excused: NDArray[np.bool_],
) -> LevelChange:
    """Return the change that a night shows. It began with the first of the latest nights beyond the limit."""
    values, before, limit = panel.values[row], float(levels.centre[row]), float(limits[row])
    column = night
    for earlier in range(night - 1, first - 1, -1):
        if math.isnan(values[earlier]):
            continue
        if way * (values[earlier] - before) <= limit:
            break
        if not excused[earlier]:
            column = earlier
    return LevelChange(row, night, column, before, float(np.nanmedian(values[column : night + 1])), limit)


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


@dataclass(frozen=True)
class FittedShape:
    """The shape of a change."""

    shape: Shape
    position: int
    """Of the first night after a step; of a creep 0."""


def fitted_shape(values: NDArray[np.float64], days: NDArray[np.float64], resolution: float) -> FittedShape:
    """Return the shape of a series that rose.

    Args:
        values: shape (nights,), four at least, all finite.
        days: shape (nights,): when each night was, in days.
        resolution: the scatter of a night is taken to be no smaller.

    Raises:
        MissingExtraError: ruptures is not installed.
    """
    ruptures = require("ruptures", extra="history", what="The shape of a change")
    nights = len(values)
    floor = nights * resolution**2
    ends = ruptures.Dynp(model="l2", min_size=_SHORTEST, jump=1).fit(values[:, None]).predict(1)
    position = int(ends[0])
    step = sum(float(((part - part.mean()) ** 2).sum()) for part in (values[:position], values[position:]))
    centred = days - days.mean()
    spread = float(centred @ centred)
    slope = float(centred @ values) / spread if spread else 0.0
    line = float(((values - values.mean() - slope * centred) ** 2).sum())
    gain = nights * math.log((line + floor) / (step + floor)) - math.log(nights)  # a step has its place, too
    return FittedShape("step", position) if gain > _STRONG else FittedShape("creep", 0)
