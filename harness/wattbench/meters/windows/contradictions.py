"""Find sensors that contradict one another: each figure may be plausible alone, but not all of them can be true.

What is compared with what:

- a component's counter with the integral of its power, piece by piece, so that a fault in a part of a window shows too;
- a GPU's power with its use and its driver's limit, a processor's with the CPU seconds of the own processes;
- a GPU's power under load with its own at idle. Processors, memory and meters at the wall are not compared: at idle
  they hold what other processes and fans draw;
- the use of a GPU with that of the others, measured or not.

Find a meter at the wall whose time stamps are of another clock: its power follows that of its parts at another time.

What a power supply delivers is drawn at once, so the power at the wall and that of the parts behind it change together.
A log that is written late is still stamped in time; one of another clock is not, and no waiting shows it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from wattbench.meters.base import COUNTER, INTEGRATED, MODELLED, RAPL
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.evidence import WindowEvidence
from wattbench.meters.windows.faults import is_gpu
from wattbench.meters.windows.series import Point, Series, on_line
from wattbench.quantities import column, quantity
from wattbench.records import Purpose
from wattbench.records.rows import components


@dataclass(frozen=True)
class _Draw:
    """A component's mean power in a window, and how much the component was used."""

    component: str
    mean_w: float
    use: float | None
    """Of a GPU the share of the time in which it computed, of a processor the cores that the own processes kept busy;
    None where that is not known."""
    idle_w: float | None
    """What it draws with the system loaded and nothing asked; None where that is not known."""
    limit_w: float | None

    @property
    def used(self) -> bool:
        """Return whether the component was in use most of the time."""
        return self.use is not None and self.use >= thresholds.IN_USE

    @property
    def unused(self) -> bool:
        """Return whether the component was hardly used."""
        return self.use is not None and self.use <= thresholds.UNUSED

    @property
    def at_rest(self) -> bool:
        """Return whether the component drew no more than at idle. False if its idle power is unknown."""
        return self.idle_w is not None and self.mean_w <= self.idle_w * (1.0 + thresholds.DISAGREEMENT)

    def __str__(self) -> str:
        """Format for a reason: ``gpu0 was in use for 90% of the time and drew 60.0 W``."""
        return (
            f"{self.component} was in use for {self.use or 0.0:.0%} of the time and drew {quantity(self.mean_w, 'W')}"
        )


def contradictions(evidence: WindowEvidence, energy_j: Mapping[str, float]) -> Iterator[str]:
    """Yield a sentence for each fault where power does not fit how much a component was used.

    Args:
        evidence: of the window.
        energy_j: joules of the components that could be computed.
    """
    if evidence.duration_s <= 0.0:
        return
    measured = [c for c in energy_j if evidence.provenance[c] in (COUNTER, RAPL, INTEGRATED)]
    draws = [_draw(evidence, c, energy_j[c]) for c in measured if c not in evidence.parts]
    gpus = [draw for draw in draws if is_gpu(draw.component)]
    faults = [*map(_too_little_in_use, draws), *map(_less_than_idle, gpus), *_swapped(gpus)]
    yield from (fault for fault in faults if fault is not None)
    if not evidence.co_runners and (elsewhere := _used_elsewhere(gpus, evidence)) is not None:
        yield elsewhere


def _draw(evidence: WindowEvidence, component: str, energy_j: float) -> _Draw:
    use = _use(evidence, component)
    if components.kind_of(component) == "cpu" and components.host_of(component) is None:
        own_cpu_s = evidence.contention.own_cpu_s
        use = None if own_cpu_s is None else own_cpu_s / evidence.duration_s
    return _Draw(
        component,
        energy_j / evidence.duration_s,
        use,
        evidence.idle_w.get(component),
        evidence.limits_w.get(component),
    )


def _use(evidence: WindowEvidence, component: str) -> float | None:
    """Return the mean of a GPU's use over a window's readings; None without a reading of it."""
    shares = [
        reading.use[component]
        for reading in evidence.readings
        if component in reading.use and evidence.started_s <= reading.at_s <= evidence.finished_s
    ]
    return fmean(shares) if shares else None


def counter_and_power(points: Series, step_s: float, power_step_s: float) -> str | None:
    """Return a fault if the counter and the integral of power cannot both be true; otherwise None.

    The window is cut into pieces, few and many. In each the two may differ by what sensors may
    (`thresholds.CONTRADICTION`), by half a step of the counter, and by what the integral misses: power that changed
    faster than it was read (two standard errors, or what successive pieces differ by), or that is a mean over a while.
    One piece may differ by a burst that only the counter saw; two in a row, in the same direction, may not.

    Power that repeats exactly in step with the sensor's own looks (every 100 ms) is misread in all of them, and is
    found too: whether the counter or the power is wrong is then as little known.

    Args:
        points: the readings of a component that has both.
        step_s: how coarsely in time its counter advances.
        power_step_s: how coarsely its power does, or over how long it is a mean; infinite where it is no check.
    """
    most = min(thresholds.CONTRADICTION_PIECES, int(points.duration_s / (thresholds.CONTRADICTION_STEPS * step_s)))
    if most < 2 or not math.isfinite(power_step_s):
        return None
    changing_j = 0.0
    if most == thresholds.CONTRADICTION_PIECES:  # fewer show too little of it
        off_j = [integral_j - counted_j for counted_j, integral_j in _pieces(points, most)]
        a_step_j = step_s * points.counted_j() / points.duration_s
        changing_j = max(0.0, median(abs(b - a) for a, b in itertools.pairwise(off_j)) - a_step_j)
    for count in {2, most}:
        length_s = points.duration_s / count
        allowed = thresholds.CONTRADICTION + step_s / 2.0 / length_s
        missed_j = math.hypot(
            points.integral_error_j(power_step_s, within_s=length_s), changing_j * math.sqrt(most / count)
        )
        signs = [
            math.copysign(1.0, integral_j - counted_j)
            * (abs(integral_j - counted_j) > allowed * max(counted_j, integral_j) + missed_j)
            for counted_j, integral_j in _pieces(points, count)
        ]
        if any(a * b > 0.0 for a, b in itertools.pairwise(signs)):
            return (
                f"{_both(points)}: its sensors contradict each other by more than the {thresholds.CONTRADICTION:.0%} "
                "that they may, and one of the two is wrong"
            )
    return None


def _pieces(points: Series, count: int) -> list[tuple[float, float]]:
    """Return the joules of each piece of a window, by the counter and by sampled power."""
    edges_s = [points.started_s + piece * points.duration_s / count for piece in range(count + 1)]
    return [
        (on_line(points.energy, until_s) - on_line(points.energy, from_s), points.integral_j(from_s, until_s))
        for from_s, until_s in itertools.pairwise(edges_s)
    ]


def disagreement(points: Series) -> str | None:
    """Return a remark if a counter and the integral of power differ by more than `DISAGREEMENT`; otherwise None."""
    counted_j, integral_j = points.counted_j(), points.integral_j()
    larger_j = max(counted_j, integral_j)
    if larger_j <= 0.0 or abs(integral_j - counted_j) / larger_j <= thresholds.DISAGREEMENT:
        return None
    return _both(points)


def _both(points: Series) -> str:
    counted_j, integral_j = points.counted_j(), points.integral_j()
    counted, integrated = column((counted_j, integral_j), "J")
    return (
        f"{points.component}: the counter gives {counted} and integrated power {integrated} "
        f"({(integral_j - counted_j) / max(counted_j, integral_j):+.0%})"
    )


def _too_little_in_use(draw: _Draw) -> str | None:
    """Return a fault if a component drew less than any of its kind draws while it computes."""
    least_w = max(thresholds.LEAST_IN_USE_W, thresholds.LEAST_IN_USE * (draw.limit_w or 0.0))
    if not draw.used or draw.mean_w >= least_w:
        return None
    limit = f", with a limit of {draw.limit_w:g} W" if draw.limit_w else ""
    how = f"in use for {draw.use:.0%} of the time" if is_gpu(draw.component) else f"{draw.use:.1f} cores were busy"
    return (
        f"{draw.component}: {quantity(draw.mean_w, 'W')} on average cannot be true while {how} (at least {least_w:g} W"
        f"{limit}): is its sensor in another unit, or of another component?"
    )


def _less_than_idle(gpu: _Draw) -> str | None:
    """Return a fault if a GPU drew less under load than at idle. GPUs that rested are left out."""
    if gpu.idle_w is None or not (gpu.used or gpu.use is None):
        return None
    if gpu.mean_w >= gpu.idle_w * (1.0 - thresholds.DISAGREEMENT):
        return None
    loaded, idle = column((gpu.mean_w, gpu.idle_w), "W")
    return f"{gpu.component}: {loaded} under load is less than the {idle} with nothing asked: one of the two is wrong"


def _swapped(gpus: Sequence[_Draw]) -> Iterator[str]:
    """Yield a fault for two GPUs with swapped sensors: the used one drew its idle power, the unused one more."""
    for used, unused in itertools.permutations(gpus, 2):
        here = components.host_of(used.component) == components.host_of(unused.component)
        if here and used.used and unused.unused and used.at_rest and unused.idle_w and not unused.at_rest:
            yield f"{used}, {unused}: the sensors of the two seem to be swapped"


def _used_elsewhere(gpus: Sequence[_Draw], evidence: WindowEvidence) -> str | None:
    """Return a fault if a GPU that is not measured was in use while all measured ones were unused."""
    here = [gpu for gpu in gpus if components.host_of(gpu.component) is None]
    others = sorted({c for reading in evidence.readings for c in reading.use} - evidence.provenance.keys())
    used = [c for c in others if (_use(evidence, c) or 0.0) >= thresholds.IN_USE]
    if evidence.label.purpose != Purpose.MEASURED or not here or not used or not all(gpu.unused for gpu in here):
        return None
    return (
        f"{'; '.join(map(str, here))}, while {', '.join(used)}, which is not measured, was in use by what cannot be "
        "seen: check CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER, or keep it free"
    )


@dataclass(frozen=True)
class PowerRange:
    """The range of power that a component can draw while in use."""

    least_w: float
    most_w: float
    why: str
    """Where the upper end comes from, in words."""


def power_range(component: str, provenance: str, limit_w: float | None = None) -> PowerRange:
    """Return the range of power that a component can draw.

    Args:
        component: ``gpu0``, ``cpu``, ``wall``; of a name that is not known only the widest range is.
        provenance: a model may say 0 W: own processes that wait use no CPU seconds.
        limit_w: the most that it is allowed to draw, where its driver says so; None where it does not.
    """
    kind = components.kind_of(component)
    least_w = 0.0 if provenance == MODELLED else thresholds.LEAST_W.get(kind, 0.0)
    most_w = thresholds.MOST_W.get(kind, thresholds.MOST_W_OF_ANY)
    if limit_w is not None and 0.0 < limit_w * thresholds.OVER_LIMIT < most_w:
        return PowerRange(least_w, limit_w * thresholds.OVER_LIMIT, "twice its driver's limit")
    return PowerRange(least_w, most_w, f"no {kind} draws more" if kind in thresholds.MOST_W else "no rack draws more")


def implausible_count(points: Series, limits: PowerRange, step_s: float) -> str | None:
    """Return a fault if a counter is no number, or rose by more than the component can draw; otherwise None."""
    strange = next((count_j for _, count_j in points.energy if not math.isfinite(count_j)), None)
    if strange is not None:
        return f"{points.component}: counter gave {strange}, which is not a valid meter reading"
    slack_s = 2.0 * (step_s + thresholds.HELD_UP_S)  # a count may be as old as a step, and read as late as that
    for (from_s, from_j), (to_s, to_j) in itertools.pairwise(points.energy):
        if to_j - from_j > limits.most_w * (to_s - from_s + slack_s):
            return (
                f"{points.component}: counter jumped by {to_j - from_j:.4g} J within {to_s - from_s:.2f} s "
                f"(limit {limits.most_w:g} W: {limits.why})"
            )
    return None


def implausible_power(points: Series, limits: PowerRange) -> str | None:
    """Return a fault if the component cannot have drawn a reading's power; otherwise None."""
    strange = [power_w for at_s, power_w in points.power if not limits.least_w <= power_w <= limits.most_w]
    if not strange:
        return None
    return (
        f"{points.component}: {len(strange)} of {len(points.power)} power readings cannot be true, such as "
        f"{strange[0]:.6g} W ({_bounds(strange[0], limits)})"
    )


def implausible_mean(points: Series, limits: PowerRange, step_s: float, energy_j: float) -> str | None:
    """Return a fault if the joules of the whole window are too few or too many to be true; otherwise None."""
    if points.duration_s < max(thresholds.MIN_STEPS * step_s, thresholds.HELD_UP_S):
        return None
    mean_w = energy_j / points.duration_s
    if limits.least_w <= mean_w <= limits.most_w:
        return None
    return f"{points.component}: {mean_w:.4g} W on average cannot be true ({_bounds(mean_w, limits)})"


def _bounds(power_w: float, limits: PowerRange) -> str:
    if power_w > limits.most_w:
        return f"limit {limits.most_w:g} W: {limits.why}"
    if power_w < limits.least_w:
        return f"whatever is in use draws at least {limits.least_w:g} W"
    return "not a number"


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
