"""Go through a history night by night, and find the changes that each night was the first to show.

A night is judged by what was on record then. So a change is found once, on one night, and later nights do not move it.
After a step the series is watched anew from the step, after a creep from the night that showed it: what goes on
creeping is found again.

What nights did to all systems is taken off first (`night_effects`). The effects and the noise are estimated anew when
the nights on record have grown by a seventh, and in a night that is unlike all before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.history.night_effects import WEEKDAYS_FROM, NightEffects, night_effects
from wattbench_reports.history.series_panels import SeriesPanel
from wattbench_reports.stats.series.change_shape import FittedShape
from wattbench_reports.stats.series.changepoints import LEAST_NIGHTS, SharedEffect, Shift, newest_shifts
from wattbench_reports.stats.series.series_noise import Noise, Series, noise_of

_AGAIN = 1.15
"""Effects and noise are estimated again when there are this many times as many nights."""
_UNUSUAL = 4.0
"""So are they when a night does more than this many times the usual to all systems: how each takes that is news."""


@dataclass(frozen=True)
class FoundChange:
    """A change of one series of a metric."""

    row: int
    shown: int
    """The column of the night that was the first to show it."""
    column: int
    """Of the first night after it: of a step. Of a creep the night where it begins."""
    fit: FittedShape
    p_value: float
    """Of no change of this series in this direction, corrected for the windows of one night."""


@dataclass(frozen=True, eq=False)
class Watched:
    """One metric after its last night."""

    panel: SeriesPanel
    changes: tuple[FoundChange, ...]
    adjusted: Series
    """Shape (series, nights): figures without what nights did to all systems, and without weekdays."""
    noise: Noise | None
    """None: too few nights."""

    def bounds(self, row: int) -> tuple[int, ...]:
        """Return the columns at which a series begins anew: other conditions, a step, or a creep that was found."""
        return tuple(sorted({*self.panel.breaks[row], *(_restart(each) for each in self.changes if each.row == row)}))


def watch(panel: SeriesPanel, level: float) -> Watched:
    """Go through the nights of a metric.

    Args:
        panel: its series, of one night at least.
        level: the p-value up to which a change of one series in one direction counts in one night.
    """
    *_, last = watch_nights(panel, level)
    return last


def watch_nights(panel: SeriesPanel, level: float) -> Iterator[Watched]:
    """Go through the nights of a metric, and yield what is known after each one. Arguments as of `watch`."""
    return _Watch(panel, level).run()


def _restart(change: FoundChange) -> int:
    return change.column if change.fit.shape == "step" else change.shown


class _Watch:
    """The state of a metric after the nights so far."""

    def __init__(self, panel: SeriesPanel, level: float) -> None:
        self._panel, self._level = panel, level
        self._values, self._weekdays = panel.values, panel.weekdays
        rows = len(panel.values)
        self._gaps = bool(np.isnan(panel.values).any())
        self._start = np.zeros(rows, dtype=np.int64)
        self._bounds: list[list[int]] = [[] for _ in range(rows)]
        self._effect, self._adjusted = np.zeros_like(panel.values), panel.values.copy()
        self._effects: NightEffects | None = None
        self._noise = Noise()
        self._estimated = 0
        self._usual = 0.0
        self._changes: list[FoundChange] = []

    def run(self) -> Iterator[Watched]:
        for nights in range(1, self._values.shape[1] + 1):
            self._begin_anew(nights - 1)
            if nights >= LEAST_NIGHTS:
                self._adjust(nights)
                for change in list(self._newest(nights)):
                    self._changes.append(change)
                    self._restart(change.row, _restart(change))
            noise = self._noise if self._effects is not None else None
            yield Watched(self._panel, tuple(self._changes), self._adjusted[:, :nights], noise)

    def _begin_anew(self, column: int) -> None:
        for row, breaks in enumerate(self._panel.breaks):
            if column in breaks:
                self._restart(row, column)

    def _restart(self, row: int, column: int) -> None:
        self._start[row] = column
        self._bounds[row].append(column)
        if self._effects is not None:
            known = self._values[row, column:]
            self._effects.levels[row] = known[np.isfinite(known)][0]

    def _adjust(self, nights: int) -> None:
        """Take the effect of the newest night off, or of all nights if they are estimated again."""
        due = max(self._estimated + 1, int(self._estimated * _AGAIN))
        if self._effects is not None and nights < due and nights != WEEKDAYS_FROM:
            newest = slice(nights - 1, nights)
            values = self._values[:, newest]
            effect = self._effects.of(values - self._effects.levels[:, None])
            if np.abs(effect).max() <= self._usual:
                self._effect[:, newest] = effect
                self._adjusted[:, newest] = self._effects.adjusted(values, effect, self._weekdays[newest])
                return
        self._estimate(nights)

    def _estimate(self, nights: int) -> None:
        """Estimate effects and noise from all nights so far."""
        values, weekdays = self._values[:, :nights], self._weekdays[:nights]
        before = [[each for each in bounds if each < nights] for bounds in self._bounds]
        self._effects, effect, left = night_effects(values, before, self._panel.systems, weekdays, self._noise.alike)
        self._noise, self._estimated = noise_of(left), nights
        self._usual = _UNUSUAL * math.sqrt(float(np.mean(effect**2)))
        self._effect[:, :nights] = effect
        self._adjusted[:, :nights] = self._effects.adjusted(values, effect, weekdays)

    def _newest(self, nights: int) -> Iterator[FoundChange]:
        assert self._effects is not None
        for rows, columns in self._groups(nights):
            effect, adjusted = (each[rows][:, columns] for each in (self._effect, self._adjusted))
            shared = SharedEffect(effect, self._effects.loading_variance[rows])
            shifts = newest_shifts(
                adjusted, shared, self._noise,
                level=self._level, resolution=self._panel.resolution, least=self._panel.least,
            )  # fmt: skip
            for shift in shifts:
                row = int(rows[shift.series])
                if self._moved_itself(row, columns, shift):
                    column = int(columns[shift.fit.position])
                    yield FoundChange(row, nights - 1, column, shift.fit, shift.p_value)

    def _groups(self, nights: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Group the series by the nights that they have had since they began."""
        if not self._gaps and not self._start.any():
            yield np.arange(len(self._start)), np.arange(nights)
            return
        if not self._gaps:
            for start in np.unique(self._start).tolist():
                yield np.flatnonzero(self._start == start), np.arange(start, nights)
            return
        there = np.isfinite(self._values[:, :nights]) & (np.arange(nights) >= self._start[:, None])
        groups: dict[bytes, list[int]] = {}
        for row in np.flatnonzero(there[:, -1]).tolist():
            groups.setdefault(there[row].tobytes(), []).append(row)
        for alike in groups.values():
            yield np.array(alike), np.flatnonzero(there[alike[0]])

    def _moved_itself(self, row: int, columns: NDArray[np.int64], shift: Shift) -> bool:
        """Return whether the figures themselves moved too.

        Of two systems only their difference is free of the machine's part, and a change of one is in both differences.
        """
        if int(self._panel.systems.max()) != 1:
            return True
        values = self._values[row, columns]
        position = max(shift.fit.position, 1) if shift.fit.shape == "step" else len(values) // 2
        moved = float(np.median(values[position:]) - np.median(values[:position]))
        change = shift.fit.after - shift.fit.before
        return moved * change > 0 and abs(moved) >= abs(change) / (2 if shift.fit.shape == "step" else 4)
