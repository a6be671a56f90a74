"""State how far the joules of a window may be off, where counts are read rarely, at moments that are not quite known.

Three things are not known. Between two readings the counter may have risen along any line that the power allows: a
count at a window's edge, taken from the straight line, is wrong by at most a quarter of a step of the range of the
power. A count without a time stamp is as old as its sensor's last look, which differs from edge to edge. And the other
machine's clock moves both edges alike, by its offset times the difference of the power at the edges, as age does power
that is read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from wattbench.meters.windows.integral import Point


def stated_error_j(
    counts: Sequence[Point],
    watts: Sequence[Point],
    started_s: float,
    finished_s: float,
    *,
    age_s: float,
    shift_s: float,
) -> float | None:
    """Return by how many joules a window may be off; None if its readings do not show it.

    Args:
        counts: joules counted, in time order; or none, of a part of which only power is read.
        watts: power, in time order; may be empty if there are counts.
        started_s: of the window, seconds since the epoch.
        finished_s: likewise.
        age_s: by how much each time stamp may be off, either way.
        shift_s: by how much all of them may be off, alike.
    """
    means = [((a_s, b_s), (b - a) / (b_s - a_s)) for (a_s, a), (b_s, b) in itertools.pairwise(counts) if b_s > a_s]
    if not means:
        means = [((a_s, b_s), (a + b) / 2.0) for (a_s, a), (b_s, b) in itertools.pairwise(watts) if b_s > a_s]
    at_start, at_finish = _around(means, started_s), _around(means, finished_s)
    if at_start is None or at_finish is None:
        return None
    (start_s, start_w), (finish_s, finish_w) = at_start, at_finish
    if not counts:
        return (shift_s + age_s) * abs(finish_w - start_w)
    near = [power_w for at_s, power_w in watts if started_s - start_s <= at_s <= finished_s + finish_s]
    drawn = [*near, *(mean_w for _, mean_w in means)]
    range_w = max(drawn) - min(drawn)
    aged_j = math.hypot(age_s * start_w, age_s * finish_w)
    return math.hypot(shift_s * (finish_w - start_w), aged_j, range_w * start_s / 4.0, range_w * finish_s / 4.0)


def _around(means: Sequence[tuple[tuple[float, float], float]], at_s: float) -> tuple[float, float] | None:
    """Return the length of the interval that a moment is in, and the mean power of it."""
    for (from_s, to_s), mean_w in means:
        if from_s <= at_s <= to_s:
            return to_s - from_s, mean_w
    return None
