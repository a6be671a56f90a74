"""Read ``timeseries.parquet``, LLenergyMeasure's series of a GPU's power, and judge it.

A row per second and GPU: `timestamp_s`, whole seconds since its first reading, and the means of what NVML said in that
second every 0.1 s, among them `power_w`; null where it said nothing. The last second is a part of one: it is taken to
end with the inference (`total_inference_time_sec`). The sampler starts and stops with the inference.

A mean over a second is in the place of its middle, and holds to the edges of the experiment at its first and last
second: the trapezoid rule over these is the sum of the means, each times its second.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.importers.answer import number, whole_number
from wattbench.importers.table import parquetfile
from wattbench.importers.telemetry import Telemetry, judged
from wattbench.meters.base import INTEGRATED, Reading
from wattbench.records import Purpose, WindowLabel

FILE = "timeseries.parquet"
COLUMNS = ("timestamp_s", "gpu_index", "power_w")
STEP_S = 1.0
"""Over how long a value is a mean."""
MOST_ROWS = 5_000_000
"""Of one series: two months of one GPU."""
MOST_GPUS = 1024
_ZERO = "0 W of a GPU that is on"
_NOTHING = "no reading in this second"


@dataclass(frozen=True)
class GpuPower:
    """The power of one GPU in an experiment."""

    gpu: int
    mean_w: float | None
    """Joules over seconds; None without joules."""
    least_w: float
    most_w: float
    """Of the means of seconds."""
    energy_j: float | None
    """wattbench's own integral; None if its judge finds that the series does not carry one."""
    why: str | None
    """The reasons of that."""


def read_series(path: Path, seconds: float | None, limit_w: float | None) -> list[GpuPower]:
    """Return the power of each GPU of a series, judged as a window of wattbench's own is.

    Args:
        path: the file.
        seconds: of the inference, if the result states them.
        limit_w: the most that a GPU may draw, if the result states it.

    Raises:
        UserError: the file is damaged or no such series.
    """
    return [_judged(gpu, rows, seconds, limit_w) for gpu, rows in sorted(_rows(path).items())]


def _rows(path: Path) -> dict[int, list[tuple[float, float | None]]]:
    """Return, of each GPU, the seconds and their watts, in order."""
    missing = [name for name in COLUMNS if name not in parquetfile.names_of(path)]
    if missing:
        raise UserError(f"{path}: it has no column {missing[0]}; this is no series of LLenergyMeasure")
    by_gpu: dict[int, list[tuple[float, float | None]]] = {}
    count = 0
    for arrays, lines, _ in parquetfile.blocks(path, COLUMNS):
        for line, at, gpu, watts in zip(lines.to_pylist(), *(array.to_pylist() for array in arrays), strict=True):
            where = f"{path}: row {line}"
            count += 1
            if count > MOST_ROWS:
                raise UserError(f"{path}: more than {MOST_ROWS:,} rows")
            second = number(at, "timestamp_s", where)
            index = whole_number(gpu, "gpu_index", where)
            if second is None or index is None:
                raise UserError(f"{where}: timestamp_s and gpu_index must have values")
            if index >= MOST_GPUS:
                raise UserError(f"{where}: gpu_index is {index}: it must be below {MOST_GPUS}")
            by_gpu.setdefault(index, []).append((second, number(watts, "power_w", where)))
    for gpu, rows in by_gpu.items():
        rows.sort(key=lambda row: row[0])
        if any(a[0] == b[0] for a, b in itertools.pairwise(rows)):
            raise UserError(f"{path}: GPU {gpu} has two rows of one second")
    return by_gpu


def _judged(
    gpu: int, rows: Sequence[tuple[float, float | None]], seconds: float | None, limit_w: float | None
) -> GpuPower:
    component = f"gpu{gpu}"
    first_s, last_s = rows[0][0], rows[-1][0]
    ends_s = last_s + STEP_S
    if seconds is not None and last_s < first_s + seconds < ends_s:
        ends_s = first_s + seconds
    readings = [
        _reading(component, first_s, rows[0][1]),
        *(_reading(component, (at_s + min(at_s + STEP_S, ends_s)) / 2.0, watts) for at_s, watts in rows),
        _reading(component, ends_s, rows[-1][1]),
    ]
    known = [watts for _, watts in rows if watts]
    row = judged(
        Telemetry(
            readings=readings,
            provenance={component: INTEGRATED},
            step_s={component: STEP_S},
            read_by="LLenergyMeasure, NVML",
            limits_w={} if limit_w is None else {component: limit_w},
        ),
        WindowLabel(window="w0000", run="", system="", task=None, purpose=Purpose.MEASURED.value),
        first_s,
        ends_s,
    )
    energy_j = row.energy_j[component] if row.valid else None
    return GpuPower(
        gpu=gpu,
        mean_w=None if energy_j is None else energy_j / (ends_s - first_s),
        least_w=min(known, default=math.nan),
        most_w=max(known, default=math.nan),
        energy_j=energy_j,
        why=None if row.valid else "; ".join(row.reasons),
    )


def _reading(component: str, at_s: float, watts: float | None) -> Reading:
    if watts:
        return Reading(at_s=at_s, power_w={component: watts})
    return Reading(at_s=at_s, gaps={component: _NOTHING if watts is None else _ZERO})
