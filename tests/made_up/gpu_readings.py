"""AIPerf's readings of a GPU of known power: `TelemetryRecord` of AIPerf 0.13, as its collector of NVML writes them."""

from __future__ import annotations

import json
import math
from pathlib import Path

LOW_W, HIGH_W, PERIOD_S = 100.0, 500.0, 1.0
STEP_S = 0.1
"""How often the counter advances."""
EVERY_S = 0.333
"""How often AIPerf reads."""


def true_j(from_s: float, to_s: float) -> float:
    """Return the joules of a square wave: `HIGH_W` in the first half of each period, `LOW_W` in the second."""
    return _until(to_s) - _until(from_s)


def _until(at_s: float) -> float:
    whole, rest_s = divmod(at_s, PERIOD_S)
    half_s = PERIOD_S / 2
    mean_w = (LOW_W + HIGH_W) / 2
    return whole * PERIOD_S * mean_w + min(rest_s, half_s) * HIGH_W + max(rest_s - half_s, 0.0) * LOW_W


def write_readings(
    path: Path,
    started_s: float,
    finished_s: float,
    *,
    source: str = "pynvml://localhost",
    zero: tuple[float, float] = (0, 0),
) -> None:
    """Write readings from a second before a start until after an end, one at each edge, as AIPerf does.

    Args:
        path: of the file.
        started_s: when the profile starts.
        finished_s: when it ends.
        source: the collector.
        zero: from when until when the collector gives zeros.
    """
    count = math.ceil((finished_s - started_s) / EVERY_S)
    moments = [started_s - 1.0, started_s - 0.005, *(started_s + EVERY_S * place for place in range(1, count))]
    with path.open("w") as file:
        for at_s in [*moments, finished_s + 0.003]:
            blank = zero[0] <= at_s < zero[1]
            counted_j = 4e5 + _until(math.floor(at_s / STEP_S) * STEP_S - math.floor(started_s - 10.0))
            figures = {
                "nvidia_power_usage": 0.0 if blank else HIGH_W if at_s % PERIOD_S < PERIOD_S / 2 else LOW_W,
                "nvidia_energy_consumption": 0.0 if blank else counted_j / 1e6,
                "nvidia_temperature": 55.0,
            }
            reading = {
                "gpu_index": 0,
                "gpu_uuid": "GPU-fake-0",
                "gpu_model_name": "Fake H100 80GB",
                "hostname": "localhost",
                "platform": "nvidia",
                "timestamp_ns": int(at_s * 1e9),
                "telemetry_source_url": source,
                "telemetry_data": figures,
            }
            file.write(json.dumps(reading) + "\n")
