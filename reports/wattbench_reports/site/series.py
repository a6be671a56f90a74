"""One trend as it is drawn: where it has figures, where it begins anew, and at what levels it ran."""

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
    """About where a series ran for a while."""

    first: int
    last: int
    value: float


@dataclass(frozen=True)
class Series:
    """A trend, place by place: place 0 is the first night's date, and each day has one."""

    trend: Trend
    values: Numbers
    """NaN where there is none. So for the next two."""
    low: Numbers
    high: Numbers
    breaks: tuple[Break, ...]
    stretches: tuple[range, ...]
    """Places from one break to the next."""
    changes: tuple[tuple[int, Change], ...]
    """Each with its place."""
    levels: tuple[tuple[Level, ...], ...]
    """Of each stretch with a change: before the first, between, and after the last."""
    reference: Level | None
    """The pinned run's figure, over the stretch in which it can be set beside the nights."""

    @property
    def last(self) -> int | None:
        """The place of the last figure."""
        found = np.flatnonzero(np.isfinite(self.values))
        return int(found[-1]) if len(found) else None

    @property
    def nights(self) -> int:
        """How many figures there are."""
        return int(np.isfinite(self.values).sum())


def series_of(trend: Trend, breaks: Breaks) -> Series:
    """Lay a trend of a history out by days, with the level of the run that is pinned there."""
    values = np.array([np.nan if point.value is None else point.value for point in trend.points])
    around = [
        (np.nan, np.nan)
        if point.value is None
        else words.bounds(point.value, point.standard_error, trend.metric) or (point.value, point.value)
        for point in trend.points
    ]
    low, high = np.array(around).reshape(-1, 2).T
    found = breaks.of(trend)
    ends = [0, *(each.place for each in found), len(trend.points)]
    stretches = tuple(range(first, last) for first, last in pairwise(ends))
    places = {point.date: place for place, point in enumerate(trend.points)}
    changes = tuple((places[each.date], each) for each in sorted(trend.changes, key=lambda each: each.date))
    levels = (_levels(stretch, [each for each in changes if each[0] in stretch]) for stretch in stretches)
    return Series(
        trend=trend,
        values=values,
        low=low,
        high=high,
        breaks=found,
        stretches=stretches,
        changes=changes,
        levels=tuple(own for own in levels if own),
        reference=_reference(trend, stretches, breaks.history.reference),
    )


def _levels(stretch: range, changes: list[tuple[int, Change]]) -> tuple[Level, ...]:
    """Where the levels of neighbouring changes differ, the later one's word counts: it has seen more nights."""
    if not changes:
        return ()
    ends = [stretch.start, *(place for place, _ in changes), stretch.stop - 1]
    values = [*(change.before for _, change in changes), changes[-1][1].after]
    return tuple(Level(first, last, value) for (first, last), value in zip(pairwise(ends), values, strict=True))


def _reference(trend: Trend, stretches: tuple[range, ...], pinned: Reference | None) -> Level | None:
    for stretch in stretches:
        for place in stretch:
            point = trend.points[place]
            if pinned is not None and point.run == pinned.run and point.value is not None:
                return Level(stretch.start, stretch.stop - 1, point.value)
    return None
