"""Find sensors that contradict one another: each figure may be plausible alone, but not all of them can be true.

What is compared with what:

- a component's counter with the integral of its power, piece by piece, so that a fault in a part of a window shows too;
- a GPU's power with its use and its driver's limit, a processor's with the CPU seconds of the own processes;
- a GPU's power under load with its own at idle. Processors, memory and meters at the wall are not compared: at idle
  they hold what other processes and fans draw;
- the use of a GPU with that of the others, measured or not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from wattbench.meters.base import COUNTER, INTEGRATED, RAPL
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.evidence import WindowEvidence
from wattbench.meters.windows.faults import is_gpu
from wattbench.meters.windows.integral import on_line
from wattbench.meters.windows.series import Series
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
