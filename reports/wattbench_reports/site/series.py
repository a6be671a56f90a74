"""Lay out one trend as it is drawn: its figures by day, where a new series starts, and its levels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.history import Change, Reference, Trend
from wattbench_reports.site import words
from wattbench_reports.site.series_breaks import Break, Breaks

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """The level of a series over a stretch of days."""

    first: int
    last: int
    value: float


@dataclass(frozen=True)
class TrendSeries:
    """A trend by day: day 0 is the date of the first night."""

    trend: Trend
    values: Numbers
    """NaN for a day without a figure, as in `low` and `high`."""
    low: Numbers
    high: Numbers
    breaks: tuple[Break, ...]
    stretches: tuple[range, ...]
    """The days from one break to the next."""
    changes: tuple[tuple[int, Change], ...]
    """Change points with their days."""
    levels: tuple[tuple[Level, ...], ...]
    """The levels of each stretch with a change: before the first change, between changes, and after the last."""
    reference: Level | None
    """The figure of the reference run, over the stretch in which the nights are comparable with it."""

    @property
    def last(self) -> int | None:
        """The day of the last figure."""
        measured = np.flatnonzero(np.isfinite(self.values))
        return int(measured[-1]) if len(measured) else None

    @property
    def nights(self) -> int:
        """The number of figures."""
        return int(np.isfinite(self.values).sum())


def series_of(trend: Trend, breaks: Breaks) -> TrendSeries:
    """Lay out a trend of a history by day, with the level of its reference run."""
    values = np.array([np.nan if point.value is None else point.value for point in trend.points])
    around = [
        (np.nan, np.nan)
        if point.value is None
        else words.bounds(point.value, point.standard_error, trend.metric) or (point.value, point.value)
        for point in trend.points
    ]
    low, high = np.array(around).reshape(-1, 2).T
    starts = breaks.of(trend)
    ends = [0, *(each.day for each in starts), len(trend.points)]
    stretches = tuple(range(first, last) for first, last in pairwise(ends))
    days = {point.date: day for day, point in enumerate(trend.points)}
    changes = tuple((days[each.date], each) for each in sorted(trend.changes, key=lambda each: each.date))
    levels = (_levels(stretch, [each for each in changes if each[0] in stretch]) for stretch in stretches)
    return TrendSeries(
        trend=trend,
        values=values,
        low=low,
        high=high,
        breaks=starts,
        stretches=stretches,
        changes=changes,
        levels=tuple(each for each in levels if each),
        reference=_reference(trend, stretches, breaks.history.reference),
    )


def _levels(stretch: range, changes: list[tuple[int, Change]]) -> tuple[Level, ...]:
    """Return the levels of a stretch of days.

    Between two changes it is the level that the later change found, from more nights.
    """
    if not changes:
        return ()
    ends = [stretch.start, *(day for day, _ in changes), stretch.stop - 1]
    values = [*(change.before for _, change in changes), changes[-1][1].after]
    return tuple(Level(first, last, value) for (first, last), value in zip(pairwise(ends), values, strict=True))


def _reference(trend: Trend, stretches: tuple[range, ...], pinned: Reference | None) -> Level | None:
    for stretch in stretches:
        for day in stretch:
            point = trend.points[day]
            if pinned is not None and point.run == pinned.run and point.value is not None:
                return Level(stretch.start, stretch.stop - 1, point.value)
    return None
