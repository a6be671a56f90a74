"""Find faults that only several readings together show. Each is a sentence; None where there is no such fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wattbench.meters.base import INTEGRATED, MODELLED, REPLAYED
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.series import Series
from wattbench.quantities import column
from wattbench.records.rows import components


def standstill(points: Series, step_s: float) -> str | None:
    """Return a fault if a counter did not advance for several of its steps, though it was read."""
    if points.provenance == MODELLED:
        return None  # the own processes may wait, and use no CPU seconds
    longest_s, since_s, count_j = 0.0, -float("inf"), float("nan")
    for at_s, now_j in points.energy:
        if now_j != count_j:
            since_s, count_j = at_s, now_j
        longest_s = max(longest_s, at_s - since_s)
    limit_s = max(thresholds.MAX_STANDSTILL_STEPS * step_s, thresholds.MIN_STANDSTILL_S)
    if longest_s <= limit_s:
        return None
    return (
        f"{points.component}: counter stood still for {longest_s:.2f} s, though it advances every {step_s:g} s "
        "(a stuck sensor, or one too coarse)"
    )


def unvaried(points: Series) -> str | None:
    """Return a remark if power was the same at every reading. It does not prove that the sensor is stuck."""
    watts = {power_w for _, power_w in points.power}
    if points.provenance != INTEGRATED or len(watts) != 1 or points.count < thresholds.MIN_SAMPLES_INTEGRATED:
        return None
    return (
        f"{points.component}: each of {points.count} power readings was {watts.pop():g} W; a stuck sensor would "
        "look the same"
    )


def drift(points: Series) -> str | None:
    """Return a sentence if a device's temperature changed by more than the limit from the window's start to its end."""
    if not points.temperatures_c:
        return None
    change_c = points.temperatures_c[-1] - points.temperatures_c[0]
    if abs(change_c) <= thresholds.MAX_DRIFT_C:
        return None
    return (
        f"{points.component}: temperature drifted by {change_c:+.0f} °C (limit "
        f"{thresholds.MAX_DRIFT_C:g} °C): it was not in a steady state; use more warm-up"
    )


def is_gpu(component: str) -> bool:
    """Return whether a component is a GPU; its joules include nothing of the processor's work."""
    return components.kind_of(component) in ("gpu", "gpus")


def less_than_contained(energy_j: Mapping[str, float], provenance: Mapping[str, str]) -> Iterator[str]:
    """Yield a fault for each wall or power-supply meter that counted less than the components behind it."""
    known = components.by_host(c for c in energy_j if provenance[c] not in (MODELLED, REPLAYED))
    for named in known.values():
        fault = _less_than_contained({c: energy_j[c] for c in named})
        if fault is not None:
            yield fault


def _less_than_contained(measured: Mapping[str, float]) -> str | None:
    inner = {c: j for c, j in measured.items() if not components.is_container(c)}
    outermost = components.added(measured)
    if not inner or not components.is_container(outermost[0]):
        return None
    outer_j, inner_j = sum(measured[c] for c in outermost), sum(inner.values())
    if outer_j >= inner_j * (1.0 - thresholds.LESS_THAN_CONTAINED):
        return None
    outer, within = column((outer_j, inner_j), "J")
    return (
        f"{', '.join(outermost)}: {outer}, less than the {within} of "
        f"{', '.join(inner)}, which it contains (another clock, another unit, or another outlet)"
    )


def nothing_delivered(mean_w: Mapping[str, float]) -> Iterator[str]:
    """Yield a fault for each machine whose power supplies together drew nothing."""
    for named in components.by_host(c for c in mean_w if components.kind_of(c) == "psu").values():
        whole = len(named) > 1 or named[0].partition("@")[0] == "psu"
        if whole and sum(mean_w[c] for c in named) < thresholds.LEAST_W["wall"]:
            yield f"{', '.join(named)}: 0 W, but a machine that is switched on draws more: is the sensor disabled?"


def fewer_gpus(series: Mapping[str, Series]) -> Iterator[str]:
    """Yield a fault if some of several GPUs could not be read from the window's start to its end."""
    gpus = [points for component, points in series.items() if is_gpu(component)]
    read = [points for points in gpus if points.edge_fault() is None]
    if len(read) < len(gpus) and len(gpus) > 1:
        yield f"fewer GPUs than expected: {len(read)} of {len(gpus)} could be read throughout"
