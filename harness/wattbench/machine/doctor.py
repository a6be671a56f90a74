"""Print the survey of `wattbench dev doctor`: sensors, what a run measures or models, and signals of a busy machine.

Pure: from a survey to text or data. May import `wattbench.meters`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from wattbench.machine.busy import BusyNow
from wattbench.meters import Sensor
from wattbench.meters.base import MODELLED
from wattbench.meters.contention.watch import SignalState
from wattbench.terminal import TextColumn, log_text, printable, text_table

if TYPE_CHECKING:
    from wattbench.machine.lock_holder import LockHolder
    from wattbench.machine.measuring_lock import LiveSlot
    from wattbench.machine.power_limits.gpu_limits import GpuLimit

_MEANING = {
    "counter": "measured by a hardware energy counter",
    "integrated": "measured: sampled power, integrated",
    "rapl": "measured by the CPU's own counters (RAPL)",
    "replayed": "replayed from a recorded trace",
    MODELLED: "only modelled: an estimate from CPU seconds and memory, not a measurement",
}


def as_data(
    sensors: Sequence[Sensor],
    signals: Sequence[SignalState],
    busy: BusyNow,
    slots: Sequence[LiveSlot] = (),
    runs: Sequence[LockHolder] = (),
    limits: Sequence[GpuLimit] = (),
) -> dict[str, Any]:
    """Return the survey as plain data.

    Returns:
        ``sensors``: one object per sensor. ``measured`` and ``modelled``: the components a run will report, and
        ``unmeasured``: those that exist and that it will not report. ``contention``: one object per signal of a busy
        machine. ``busy``: what else runs now. ``slots``: the device slots that measure now, and whose they are.
        ``runs``: other runs of wattbench. ``power_limits``: those of the GPUs.
    """
    used = [sensor for sensor in sensors if sensor.used]
    reported = {sensor.component for sensor in used}
    return {
        "sensors": [asdict(sensor) for sensor in sensors],
        "measured": [sensor.component for sensor in used if sensor.provenance != MODELLED],
        "modelled": [sensor.component for sensor in used if sensor.provenance == MODELLED],
        "unmeasured": [
            sensor.component
            for sensor in sensors
            if sensor.exists and not sensor.readable and sensor.component not in reported
        ],
        "contention": [asdict(signal) for signal in signals],
        "busy": asdict(busy) | {"text": busy.text},
        "slots": [{"gpus": list(slot.gpus), "text": slot.text} for slot in slots],
        "runs": [{"does": run.does, "text": run.text} for run in runs],
        "power_limits": [asdict(limit) for limit in limits],
    }


def as_text(
    sensors: Sequence[Sensor],
    signals: Sequence[SignalState],
    busy: BusyNow,
    slots: Sequence[LiveSlot] = (),
    runs: Sequence[LockHolder] = (),
    limits: Sequence[GpuLimit] = (),
) -> str:
    """Return the survey as plain lines that end in a newline."""
    data = as_data(sensors, signals, busy, slots, runs, limits)
    present = [(each.component, f"{each.what}: {_state(each)}") for each in sensors if each.provenance != MODELLED]
    reported = [(each.component, _MEANING[each.provenance]) for each in sensors if each.used and each.provenance]
    reported += [
        (component, "nothing: it cannot be measured with the present settings") for component in data["unmeasured"]
    ]
    fixes = list(dict.fromkeys((each.component, each.fix) for each in sensors if each.fix))
    lines = ["Sensors", *_by_component(present), "", "What a run will report", *_by_component(reported)]
    lines += ["", "To measure more", *_by_component(fixes)] if fixes else []
    lines += ["", "Can a busy machine be seen?", *_contention(signals), "", "What else runs now", f"  {_busy(busy)}"]
    lines += [f"  {run.text}" for run in runs]
    lines += ["", "Slots that measure now", *(f"  {slot.text}" for slot in slots)] if slots else []
    if limits:
        lines += ["", "Power limits of GPUs", *_by_component([(limit.component, limit.text) for limit in limits])]
    return log_text("".join(f"{printable(line)}\n" for line in [*lines, "", _summary(data)]))


def _contention(signals: Sequence[SignalState]) -> list[str]:
    rows = [(signal.what, "readable" if signal.readable else f"hidden: {signal.why_not}") for signal in signals]
    return [f"  {line}" for line in text_table((TextColumn(), TextColumn()), rows)]


def _busy(busy: BusyNow) -> str:
    load = "" if busy.load_1min is None else f" (load average {busy.load_1min:.2f})"
    return f"{busy.text}{load}"


def _by_component(rows: Sequence[tuple[str, str]]) -> list[str]:
    return [f"  {line}" for line in text_table((TextColumn(least_width=4), TextColumn()), rows)]


def _state(sensor: Sensor) -> str:
    if sensor.readable:
        return "readable"
    return f"{'cannot be read' if sensor.exists else 'not there'}: {sensor.why_not}"


def _summary(data: dict[str, Any]) -> str:
    if data["unmeasured"]:
        return f"Joules will not include: {', '.join(data['unmeasured'])}. Totals will be too low."
    if not data["measured"]:
        return "No joule will be measured here: all are modelled, and marked as modelled in every record and report."
    if data["modelled"]:
        return f"Modelled joules ({', '.join(data['modelled'])}) are marked as modelled in every record and report."
    return "Every joule will be measured."
