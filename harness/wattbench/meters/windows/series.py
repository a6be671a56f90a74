"""Collect one component's readings over a window, edges included, and compute figures from them."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from wattbench.meters.base import INTEGRATED, MODELLED, REPLAYED, Reading

Point = tuple[float, float]
"""Seconds since the epoch, and joules or watts."""

MOVED = 0.05
"""Power guides a counter's course if the counter corrects it by at most this share of the joules in all. In simulated
windows with a step of 0.1 s, instantaneous power took at most 0.02, and power averaged over a second 0.04 to 0.2."""


def integrate(power: Sequence[Point], started_s: float, finished_s: float) -> float:
    """Integrate watts by the trapezoid rule, in joules: exact where power is linear between readings.

    At an edge that falls between two readings power is interpolated; beyond the first or last reading it is taken
    to be constant.

    Args:
        power: at least one reading, ordered in time.
        started_s: from when.
        finished_s: until when; if that is earlier, the joules are negative.
    """
    if finished_s < started_s:
        return -integrate(power, finished_s, started_s)
    inside = [point for point in power if started_s < point[0] < finished_s]
    knots = [(started_s, on_line(power, started_s)), *inside, (finished_s, on_line(power, finished_s))]
    return math.fsum((b[0] - a[0]) * (a[1] + b[1]) / 2.0 for a, b in itertools.pairwise(knots))


def on_line(points: Sequence[Point], at_s: float) -> float:
    """Interpolate between the points around a moment; outside all points, return the nearest point's value."""
    after = bisect.bisect_left(points, (at_s,))
    if after == 0:
        return points[0][1]
    if after == len(points):
        return points[-1][1]
    (a_s, a), (b_s, b) = points[after - 1], points[after]
    return a + (b - a) * (at_s - a_s) / (b_s - a_s)


def sampling_error(power: Sequence[Point]) -> float:
    """Estimate the standard error of the trapezoid rule over these readings, in joules: 0 where power lies on a line.

    Each reading is compared with the line between its neighbours. Where power is resolved they agree; where it changes
    faster than it is read the readings are a sample of it, and what they differ by is the spread of that sample
    (von Neumann's mean square successive difference, taken of second differences and with the rule's own weights).
    A step of power between two readings comes out twice as uncertain as it is. Power that repeats exactly in step with
    the readings would look steady, which is why they are not taken at even intervals.
    """
    variance = 0.0
    for (a_s, a_w), (b_s, b_w), (c_s, c_w) in zip(power, power[1:], power[2:], strict=False):
        if c_s == a_s:
            continue
        after = (b_s - a_s) / (c_s - a_s)
        off_w = b_w - (a_w * (1.0 - after) + c_w * after)
        variance += ((c_s - a_s) / 2.0 * off_w) ** 2 / (1.0 + after**2 + (1.0 - after) ** 2)
    return math.sqrt(variance)


@dataclass
class Series:
    """The readings of one component between (and at) a window's start and finish."""

    component: str
    provenance: str
    started_s: float
    finished_s: float
    energy: list[Point] = field(default_factory=list)
    """Counts in joules, in time order: from the last at or before the start to the first at or after the finish."""
    power: list[Point] = field(default_factory=list)
    """Watts, likewise."""
    temperatures_c: list[float] = field(default_factory=list)
    gaps: list[tuple[float, str]] = field(default_factory=list)
    """When it could not be read, and why."""
    placed: bool = True
    """Whether its counter's steps were caught at both edges, so that its counts are those of the edges' moments."""

    @classmethod
    def of(
        cls, component: str, provenance: str, ordered: Sequence[Reading], started_s: float, finished_s: float
    ) -> Self:
        """Select the readings of one component from readings that are ordered in time."""
        series = cls(component, provenance, started_s, finished_s)
        energy = [(r.at_s, r.energy_j[component]) for r in ordered if component in r.energy_j]
        power = [(r.at_s, r.power_w[component]) for r in ordered if component in r.power_w]
        series.energy = _span(energy, started_s, finished_s)
        series.power = _span(power, started_s, finished_s)
        for reading in ordered:
            if not series.first_s <= reading.at_s <= series.last_s:
                continue
            if math.isfinite(reading.temperature_c.get(component, math.nan)):
                series.temperatures_c.append(reading.temperature_c[component])
            if component in reading.gaps:
                series.gaps.append((reading.at_s, reading.gaps[component]))
            if component in reading.unplaced:  # only readings at edges ever are
                series.placed = False
        return series

    @property
    def duration_s(self) -> float:
        """Return the length of the window."""
        return self.finished_s - self.started_s

    @property
    def counted(self) -> bool:
        """Return whether the component's joules are counts; otherwise they are integrated from power.

        A counter that was never read stays a counter: its power is no substitute under the same provenance.
        """
        return bool(self.energy) or self.provenance not in (INTEGRATED, REPLAYED)

    @property
    def count(self) -> int:
        """Return the number of readings of the counter, or of power if there is no counter."""
        return len(self._points)

    @property
    def first_s(self) -> float:
        """Return when the window's first reading was taken; minus infinity if its start was not read."""
        points = self._points
        return points[0][0] if points and points[0][0] <= self.started_s else -math.inf

    @property
    def last_s(self) -> float:
        """Return when the window's last reading was taken; infinity if its end was not read."""
        points = self._points
        return points[-1][0] if points and points[-1][0] >= self.finished_s else math.inf

    @property
    def _points(self) -> list[Point]:
        return self.energy if self.counted else self.power

    def edge_fault(self) -> str | None:
        """Return a clause if an edge of the window was not read, so that it has no joules; otherwise None."""
        points = self._points
        if not points:
            return f"could not be read{self.why_gaps()}"
        if points[0][0] > self.started_s:
            return f"could not be read when the window opened{self.why_gaps()}"
        if points[-1][0] < self.finished_s:
            lost_s = max(0.0, points[-1][0] - self.started_s)
            return f"meter lost {lost_s:.2f} s into the window{self.why_gaps()}"
        return None

    def why_gaps(self) -> str:
        """Return the last reason for a failed reading, in parentheses; empty without one."""
        return f" ({self.gaps[-1][1]})" if self.gaps else ""

    def largest_gap_s(self) -> float | None:
        """Return the longest time between two readings; None with fewer than two."""
        times_s = [at_s for at_s, _ in self._points]
        return max((b - a for a, b in itertools.pairwise(times_s)), default=None)

    def slip_s(self) -> float:
        """Return how many seconds the first and last readings are outside the window's edges, added up."""
        return max(0.0, (self.last_s - self.first_s) - self.duration_s)

    def counted_j(self) -> float:
        """Return the joules by the counter, from the first reading to the last, scaled to the window between them.

        A model's are not scaled: where its last reading is late, the own processes waited meanwhile.
        """
        span_s = self.last_s - self.first_s
        counted_j = self.energy[-1][1] - self.energy[0][1]
        if self.provenance == MODELLED:
            return counted_j
        return counted_j * self.duration_s / span_s if span_s > 0.0 else counted_j

    def joules(self) -> float | None:
        """Return the window's joules, by the counter or by sampled power; None if an edge was not read."""
        if self.edge_fault() is not None:
            return None
        return self.counted_j() if self.counted else self.integral_j()

    def largest_fall_j(self) -> float:
        """Return the largest fall of the counter from one reading to the next; 0 if it never fell."""
        counts_j = [count_j for _, count_j in self.energy]
        return max((a - b for a, b in itertools.pairwise(counts_j) if a > b), default=0.0)

    def integral_j(self, from_s: float | None = None, until_s: float | None = None) -> float:
        """Return the joules by sampled power: the trapezoid rule from the window's start to its finish, or a part."""
        return integrate(
            self.power, self.started_s if from_s is None else from_s, self.finished_s if until_s is None else until_s
        )

    def curve(self, step_s: float) -> list[Point]:
        """Return the joules since the window's start over time, never falling, from its start to its finish.

        A counter that advances in steps says at a reading what had been used at its last step: the truth is from there
        to what it says after its next one. Where steps are not shorter than half the time between readings, and power
        is read next to the counter, the course follows power within these bounds. Where power does not fit them, as it
        is late or averaged, and where it is not read, each step is taken to be in the middle of the moments at which it
        can have been. The first and the last count are those of the edges' moments. Between two readings the course is
        a line.

        Args:
            step_s: how coarsely in time the figures advance.

        Returns:
            Empty if an edge of the window was not read.
        """
        if self.edge_fault() is not None or self.duration_s <= 0.0:
            return []
        if self.counted:
            coarse = self.power and 2.0 * step_s * (len(self.energy) - 1) >= self.duration_s
            points = (_guided(self.energy, _summed(self.power)) if coarse else None) or _placed(self.energy, step_s)
        else:
            points = _summed(self.power)
        start_j = on_line(points, self.started_s)
        inside = [point for point in points if self.started_s < point[0] < self.finished_s]
        course = [(self.started_s, start_j), *inside, (self.finished_s, on_line(points, self.finished_s))]
        rising = itertools.accumulate((joules - start_j for _, joules in course), max)
        return [(at_s, joules) for (at_s, _), joules in zip(course, rising, strict=True)]

    def integral_error_j(self, step_s: float, within_s: float | None = None) -> float:
        """Estimate the error of the integral in joules, from changes of power between readings and from late ones.

        Args:
            step_s: how old a reading may be (the sensor's refresh), or over how long it is a mean: it gives the power
                of half as long ago, so that half a step of the difference across the window may be missing.
            within_s: of a part of the window that is so long; None: of all of it.
        """
        watts = [power_w for _, power_w in self.power]
        late_j = step_s / 2.0 * (max(watts) - min(watts))
        share = 1.0 if within_s is None else within_s / self.duration_s
        return math.hypot(2.0 * sampling_error(self.power) * math.sqrt(share), late_j)


def _placed(counts: Sequence[Point], step_s: float) -> list[Point]:
    """Return counts at the moments of the counter's steps, as far as the readings tell; the first and last as read."""
    placed = [counts[0]]
    for (before_s, before_j), (at_s, count_j) in itertools.pairwise(counts[:-1]):
        if count_j != before_j:
            placed.append(((at_s + max(before_s, at_s - step_s)) / 2.0, count_j))
    return [*placed, counts[-1]] if len(counts) > 1 else placed


def _guided(counts: Sequence[Point], by_power: Sequence[Point]) -> list[Point] | None:
    """Return a course that follows summed power, within what a counter says at each reading; None if they do not fit.

    Args:
        counts: of the counter, with those of the edges.
        by_power: joules by power over time. They are scaled to those of the counter.
    """
    times_s, counted_j = np.array(counts).T
    summed_j = np.interp(times_s, *np.array(by_power).T)
    total_j, summed_total_j = counted_j[-1] - counted_j[0], summed_j[-1] - summed_j[0]
    if total_j <= 0.0 or summed_total_j <= 0.0:
        return None
    parts_j = np.diff(summed_j) * (total_j / summed_total_j)
    next_step = np.searchsorted(np.flatnonzero(np.diff(counted_j)), np.arange(len(counts)))
    after_j = np.append(counted_j[1:][np.diff(counted_j) != 0.0], counted_j[-1])[next_step]
    course, moved_j = [counts[0]], 0.0
    for (at_s, count_j), part_j, most_j in zip(counts[1:-1], parts_j, after_j[1:], strict=False):
        expected_j = course[-1][1] + float(part_j)
        course.append((at_s, max(count_j, min(expected_j, float(most_j)))))
        moved_j += abs(course[-1][1] - expected_j)
    return [*course, counts[-1]] if moved_j <= MOVED * total_j else None


def _summed(power: Sequence[Point]) -> list[Point]:
    """Return the joules since the first reading of power at each reading, by the trapezoid rule."""
    parts = ((b_s - a_s) * (a_w + b_w) / 2.0 for (a_s, a_w), (b_s, b_w) in itertools.pairwise(power))
    return [(at_s, joules) for (at_s, _), joules in zip(power, itertools.accumulate(parts, initial=0.0), strict=True)]


def _span(points: list[Point], started_s: float, finished_s: float) -> list[Point]:
    """Return the points within the window, and the nearest one before and after it."""
    before = [i for i, (at_s, _) in enumerate(points) if at_s <= started_s]
    after = [i for i, (at_s, _) in enumerate(points) if at_s >= finished_s]
    first = before[-1] if before else 0
    last = after[0] if after else len(points) - 1
    return points[first : last + 1]
