"""Find a meter at the wall whose time stamps are of another clock: its power follows that of its parts at another time.

What a power supply delivers is drawn at once, so the power at the wall and that of the parts behind it change together.
A log that is written late is still stamped in time; one of another clock is not, and no waiting shows it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from wattbench.meters.base import COUNTER, INTEGRATED, RAPL
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.integral import Point, on_line
from wattbench.meters.windows.series import Series
from wattbench.records.rows import components

_MEASURED = (COUNTER, RAPL, INTEGRATED)


def other_clocks(series: Mapping[str, Series], step_s: Mapping[str, float]) -> Iterator[str]:
    """Yield a sentence for each outer meter whose clock seems to be off against its parts' meters.

    A window in which power is steady shows nothing of clocks, and loses little by them.

    Args:
        series: of the components whose joules can be computed.
        step_s: component to how coarsely in time its figures advance.
    """
    measured = {c: points for c, points in series.items() if points.provenance in _MEASURED}
    parts = {c: points for c, points in measured.items() if not components.is_container(c)}
    for component, points in measured.items():
        if not parts or not components.is_container(component):
            continue
        grid_s = max(step_s[component], *(step_s[c] for c in parts), points.duration_s / thresholds.CLOCK_POINTS)
        late_s = _late_s(points, list(parts.values()), grid_s)
        if late_s is not None:
            how, when = ("late", "after") if late_s > 0.0 else ("early", "before")
            yield (
                f"{component}: its time stamps are {abs(late_s):.1f} s {how}, as its power changes by that {when} the "
                f"power of {', '.join(parts)}: correct its clock, or add {-late_s:+.1f} to offset_s"
            )


def _late_s(outer: Series, parts: Sequence[Series], grid_s: float) -> float | None:
    """Return by how many seconds the outer power follows its parts' power; None if no shift fits."""
    count = int(outer.duration_s / grid_s)
    furthest = min(count // 3, int(thresholds.CLOCK_WITHIN_S / grid_s))
    if count - furthest < thresholds.CLOCK_LEAST_POINTS:
        return None
    edges_s = [outer.started_s + i * grid_s for i in range(count + 1)]
    outer_w = _mean_w(outer, edges_s)
    inner_w = [sum(each) for each in zip(*(_mean_w(part, edges_s) for part in parts), strict=True)]
    fits = {shift: _fit(outer_w, inner_w, shift) for shift in range(-furthest, furthest + 1)}
    best = max(fits, key=lambda shift: fits[shift][0])
    correlation, slope = fits[best]
    least, most = thresholds.CLOCK_SLOPE
    if (
        abs(best) < thresholds.CLOCK_STEPS
        or correlation < thresholds.CLOCK_CORRELATION
        or 1.0 - max(fits[0][0], 0.0) ** 2 < thresholds.CLOCK_BETTER * (1.0 - correlation**2)
        or not least <= slope <= most
    ):
        return None
    return best * grid_s


def _fit(outer_w: Sequence[float], inner_w: Sequence[float], shift: int) -> tuple[float, float]:
    """Return the correlation and slope of the outer power on the inner power, shifted by intervals; 0 if steady."""
    outer = outer_w[max(0, shift) : len(outer_w) + min(0, shift)]
    inner = inner_w[max(0, -shift) : len(inner_w) - max(0, shift)]
    outer_mean, inner_mean = math.fsum(outer) / len(outer), math.fsum(inner) / len(inner)
    across = math.fsum((a - outer_mean) * (b - inner_mean) for a, b in zip(outer, inner, strict=True))
    outer_ss = math.fsum((a - outer_mean) ** 2 for a in outer)
    inner_ss = math.fsum((b - inner_mean) ** 2 for b in inner)
    if outer_ss <= 0.0 or math.sqrt(inner_ss / len(inner)) < thresholds.CLOCK_LEAST_CHANGE * inner_mean:
        return 0.0, 0.0
    return across / math.sqrt(outer_ss * inner_ss), across / inner_ss


def _mean_w(points: Series, edges_s: Sequence[float]) -> list[float]:
    """Return the mean power between each two successive moments."""
    counts = points.energy if points.counted else _summed(points.power)
    at_edges = [(at_s, on_line(counts, at_s)) for at_s in edges_s]
    return [(b - a) / (to_s - from_s) for (from_s, a), (to_s, b) in itertools.pairwise(at_edges)]


def _summed(power: Sequence[Point]) -> list[Point]:
    """Return the joules since the first reading at each reading, by the trapezoid rule."""
    pieces_j = [(to_s - from_s) * (a + b) / 2.0 for (from_s, a), (to_s, b) in itertools.pairwise(power)]
    return [(at_s, sum_j) for (at_s, _), sum_j in zip(power, itertools.accumulate(pieces_j, initial=0.0), strict=True)]
