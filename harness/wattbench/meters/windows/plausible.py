"""Judge whether a component can have drawn what its sensor says."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from wattbench.meters.base import MODELLED
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.series import Series
from wattbench.records.rows import components


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
