"""What `wattbench doctor` says: which sensors there are, and what a run will measure and what only model.

Pure: from a survey to text or data. May import `wattbench.meters`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from wattbench.meters import Sensor
from wattbench.meters.base import MODELLED

_MEANING = {
    "counter": "measured by a hardware energy counter",
    "integrated": "measured: sampled power, integrated",
    "rapl": "measured by the CPU's own counters (RAPL)",
    "replayed": "replayed from a recorded trace",
    MODELLED: "only modelled: an estimate from load, not a measurement",
}


def as_data(sensors: Sequence[Sensor]) -> dict[str, Any]:
    """The survey as plain data.

    Returns:
        ``sensors``: one object per sensor. ``measured`` and ``modelled``: the components a run will state, and
        ``unmeasured``: those that exist, and of which it will state nothing.
    """
    used = [sensor for sensor in sensors if sensor.used]
    stated = {sensor.component for sensor in used}
    return {
        "sensors": [asdict(sensor) for sensor in sensors],
        "measured": [sensor.component for sensor in used if sensor.provenance != MODELLED],
        "modelled": [sensor.component for sensor in used if sensor.provenance == MODELLED],
        "unmeasured": [
            sensor.component
            for sensor in sensors
            if sensor.exists and not sensor.readable and sensor.component not in stated
        ],
    }


def as_text(sensors: Sequence[Sensor]) -> str:
    """The survey for a person, in plain lines that end in a newline."""
    data = as_data(sensors)
    lines = ["Sensors"]
    for sensor in sensors:
        if sensor.provenance == MODELLED:
            continue
        lines.append(f"  {sensor.component:<5} {sensor.what}: {_state(sensor)}")
    lines += ["", "What a run will state"]
    for sensor in sensors:
        if sensor.used:
            assert sensor.provenance is not None  # what is used can be read
            lines.append(f"  {sensor.component:<5} {_MEANING[sensor.provenance]}")
    lines.extend(f"  {component:<5} nothing: it cannot be measured as it is" for component in data["unmeasured"])
    fixes = list(dict.fromkeys((sensor.component, sensor.fix) for sensor in sensors if sensor.fix))
    if fixes:
        lines += ["", "To measure more"]
        lines.extend(f"  {component:<5} {fix}" for component, fix in fixes)
    lines += ["", _summary(data)]
    return "\n".join(lines) + "\n"


def _state(sensor: Sensor) -> str:
    if sensor.readable:
        return "readable"
    return f"{'cannot be read' if sensor.exists else 'not there'}: {sensor.why_not}"


def _summary(data: dict[str, Any]) -> str:
    if data["unmeasured"]:
        return f"Joules will lack: {', '.join(data['unmeasured'])}. Totals will be too low."
    if not data["measured"]:
        return "No joule will be measured here; all are modelled, and marked so in every record and report."
    if data["modelled"]:
        return f"Modelled joules ({', '.join(data['modelled'])}) are marked so in every record and report."
    return "Every joule will be measured."
