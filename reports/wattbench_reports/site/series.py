"""Lay out one trend as it is drawn: its figures by day, where a new series starts, and its levels."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records import RunHeader, read_run
from wattbench_reports.formatting.units import listed
from wattbench_reports.history import Change, History, Reference, Trend, TrendPoint
from wattbench_reports.history.model import comparable
from wattbench_reports.history.series_key import Conditions
from wattbench_reports.metrics.registry import METRICS
from wattbench_reports.site import words
from wattbench_reports.tables.header_record import HeaderRecord

Numbers = NDArray[np.float64]
UNKNOWN = "conditions"
"""The word for what changed, where a record no longer exists."""
_PACKAGES = "packages"
_MACHINE = "machine"


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


@dataclass(frozen=True)
class Break:
    """The first night of a new series."""

    day: int
    date: datetime.date
    run: str
    word: str
    """What changed: ``machine``, ``tasks and meter``."""


@dataclass(frozen=True)
class _RunPair:
    """The conditions of two runs, and those of the first with one part replaced by the second's."""

    first: Conditions
    changed: Mapping[str, Conditions]
    """The first run with one part replaced, by the word for the part."""

    @classmethod
    def of(cls, first: RunHeader, second: RunHeader) -> _RunPair:
        old, new = first.environment, second.environment
        packages = {_PACKAGES: new.get(_PACKAGES)}
        changed = {
            "tasks": replace(first, cells=second.cells),
            _MACHINE: replace(first, environment={**new, _PACKAGES: old.get(_PACKAGES)}),
            "settings": replace(first, suite=second.suite),
            # What a model makes of seconds and load changes with its package.
            "meter": replace(first, meters=second.meters, environment={**old, **packages}),
        }
        return cls(
            Conditions(HeaderRecord.of(first)),
            {word: Conditions(HeaderRecord.of(header)) for word, header in changed.items()},
        )

    def apart(self, trend: Trend, before: TrendPoint, after: TrendPoint) -> list[str]:
        """Return the words for the conditions that differ between two points of a trend."""
        figure = METRICS[trend.metric].figure
        conditions_before = self.first.of(figure, trend.system, trend.domain, before.items, before.provenance)
        words = []
        for word, conditions in self.changed.items():
            items = after.items if word == "tasks" else before.items
            provenance = after.provenance if word == "meter" else before.provenance
            if conditions.of(figure, trend.system, trend.domain, items, provenance) != conditions_before:
                words.append(word)
        return words


@dataclass(frozen=True)
class Breaks:
    """Finds the breaks, reading each record once."""

    history: History
    _read: dict[tuple[str | None, str | None], _RunPair | None] = field(default_factory=dict)

    def of(self, trend: Trend) -> tuple[Break, ...]:
        """Return the breaks of a series, oldest first."""
        return tuple(self._of(trend))

    def _of(self, trend: Trend) -> Iterator[Break]:
        measured = [(day, point) for day, point in enumerate(trend.points) if point.value is not None]
        for (_, before), (day, after) in pairwise(measured):
            if not comparable(before, after):
                assert after.run is not None  # it has a figure
                yield Break(day, after.date, after.run, self._word(trend, before, after))

    def _word(self, trend: Trend, before: TrendPoint, after: TrendPoint) -> str:
        sides = self._sides(before.run, after.run)
        words = [] if sides is None else sides.apart(trend, before, after)
        if before.node and after.node and before.node != after.node and _MACHINE not in words:
            words.append(_MACHINE)
        return listed(words) or UNKNOWN

    def _sides(self, first: str | None, second: str | None) -> _RunPair | None:
        if (first, second) not in self._read:
            headers = [self._header(run) for run in (first, second)]
            readable = [header for header in headers if header is not None]
            self._read[first, second] = _RunPair.of(*readable) if len(readable) == 2 else None
        return self._read[first, second]

    def _header(self, run: str | None) -> RunHeader | None:
        try:
            return None if run is None else read_run(self.history.night(run).root).header
        except UserError:
            return None
