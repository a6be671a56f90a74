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
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.history.series_panels import SeriesPanel
from wattbench_reports.stats import ExceedanceDetector, Levels, levels_of

LEAST_NIGHTS = 4
"""Earlier nights that a level is of, at least: the fifth night can be judged."""
MOST_NIGHTS = 28
"""Four weeks: a level is of no older nights."""
_STANDARD_ERRORS = 3.0
_SHARED = 0.5
"""Of a move, from which another system moved with it."""
_EITHER_WAY = (1.0, -1.0)


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
