"""Compute joules from sampled watts."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence

Point = tuple[float, float]
"""Seconds since the epoch, and joules or watts."""


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
