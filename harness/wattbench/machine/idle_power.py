"""Measure the idle power of processor and memory before any slot of this machine begins."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping, Sequence

from wattbench.meters import Metering, usable_as_idle, watch_here
from wattbench.meters.base import MODELLED, Meter
from wattbench.meters.slots.here import is_shared
from wattbench.records import Purpose, WindowLabel

KNOWN_IDLE_W = "WATTBENCH_IDLE_W"
"""The variable in which `wattbench run --slots` hands it to its workers: JSON, component to watts."""


def idle_power_w(meters: Sequence[Meter], seconds: float) -> Mapping[str, float]:
    """Measure the machine's idle power. No model may be loaded, and this process must hold the machine's lock.

    Args:
        meters: of the machine, none of them open. GPUs' are not asked.
        seconds: for how long; longer where a sensor needs it; 0: nothing is measured.

    Returns:
        Component to watts, of what slots share and a sensor measures; without those that other work disturbed. A model
        knows its own.

    Raises:
        UserError: a meter cannot be opened.
    """
    shared = [meter for meter in meters if _measures_shared(meter)]
    if not seconds or not shared:
        return {}
    label = WindowLabel(window="idle", run="", system="", task=None, purpose=Purpose.IDLE)
    with Metering(shared, watch_here()) as metering:
        window = metering.open(label)
        time.sleep(max(seconds, metering.shortest_window_s))
        row = window.close()
    return {
        component: energy_j / row.duration_s
        for component, energy_j in row.energy_j.items()
        if is_shared(component) and usable_as_idle(row, component)
    }


def known_idle_w(environ: Mapping[str, str] | None = None) -> Mapping[str, float]:
    """Return the machine's idle power that the parent process measured; empty without one.

    Args:
        environ: where to look; None looks in this process's environment.
    """
    text = (os.environ if environ is None else environ).get(KNOWN_IDLE_W, "{}")
    try:
        watts = {str(name): float(power_w) for name, power_w in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return {}
    return watts if all(0.0 <= power_w < math.inf for power_w in watts.values()) else {}


def _measures_shared(meter: Meter) -> bool:
    return any(is_shared(component) and how != MODELLED for component, how in meter.provenance.items())
