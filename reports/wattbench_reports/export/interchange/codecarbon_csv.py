"""Write ``emissions.csv`` as codecarbon does, a row per system; an unknown value is an empty field.

Source of the columns: codecarbon 3.3, `codecarbon.output_methods.emissions_data.EmissionsData`. Energies are in kWh and
with the building's share (PUE), powers in watts, emissions in kg of CO2 equivalent, as there. After its columns come
two of throughput and the share of its time that was wattbench's own, which it does not have.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.export.interchange.run_times import finished_utc, metered_time
from wattbench_reports.metrics.carbon.grid_mix import JOULES_PER_KWH
from wattbench_reports.metrics.throughput import CLIENT_SHARE, RATES

if TYPE_CHECKING:
    import pandas as pd

CODECARBON = (
    "timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate", "cpu_power",
    "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "water_consumed",
    "country_name", "country_iso_code", "region", "cloud_provider", "cloud_region", "os", "python_version",
    "codecarbon_version", "cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude",
    "ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent",
    "ram_utilization_percent", "ram_used_gb", "on_cloud", "pue", "wue",
)  # fmt: skip
"""In codecarbon 3.3's order."""

COLUMNS = (*CODECARBON, *RATES, CLIENT_SHARE)

GRAMS_PER_KG = 1000
BYTES_PER_GB = 1024**3
"""As codecarbon counts."""

_PARTS = {"cpu": "cpu", "gpu": "gpu", "dram": "ram"}
"""Component without its number to codecarbon's name for it."""


def emissions_frame(measured: Measured, comparison: Comparison) -> pd.DataFrame:
    """Return a row per system, columns `COLUMNS`: the joules of its requests, each counted once, and their grams.

    `project_name` is the suite, `experiment_id` the system. The row of a system without joules has no energy.
    """
    import pandas as pd

    machine = _machine(measured)
    rows = [machine | _row(measured, comparison, name) for name in measured.frames.systems]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(object)


def _row(measured: Measured, comparison: Comparison, name: str) -> dict[str, Any]:
    split, sci, carbon = comparison.splits[name], comparison.sci.get(name), comparison.carbon
    pue = 1.0 if carbon is None else carbon.pue
    time = metered_time(measured, name)
    figures = next(each for each in comparison.systems if each.system == name)
    row: dict[str, Any] = {
        "project_name": comparison.suite,
        "run_id": comparison.run,
        "experiment_id": name,
        "pue": pue,
        "duration": None if time is None else time.seconds,
        **{name: getattr(figures, name) for name in (*RATES, CLIENT_SHARE)},
    }
    if split.j_per_request is not None:
        row["energy_consumed"] = split.j_per_request * split.requests / JOULES_PER_KWH * pue
        row |= _by_part(measured, name, pue, row["duration"])
    site = None if comparison.impacts is None else comparison.impacts.site
    if site is not None:
        row["wue"] = site.per_kwh
        if split.j_per_request is not None:  # ISO/IEC 30134-9: of the machines' energy, without the building's
            row["water_consumed"] = split.j_per_request * split.requests / JOULES_PER_KWH * site.per_kwh
    if sci is not None and sci.operational_g is not None:
        row["emissions"] = sci.operational_g / GRAMS_PER_KG
        row["emissions_rate"] = row["emissions"] / row["duration"] if row["duration"] else None
    if carbon is not None and carbon.grid is not None:
        row |= {"country_name": carbon.grid.country, "country_iso_code": carbon.grid.region}
    return row


def _by_part(measured: Measured, name: str, pue: float, duration_s: float | None) -> dict[str, float]:
    split = measured.splits[name]
    joules: dict[str, float] = {}
    for component in split.components:
        part = _PARTS.get(re.sub(r"\d+$", "", component.name))
        if part is not None:
            joules[part] = joules.get(part, 0.0) + component.j_per_request * split.requests
    fields = {f"{part}_energy": each / JOULES_PER_KWH * pue for part, each in joules.items()}
    if duration_s:
        fields |= {f"{part}_power": each / duration_s * pue for part, each in joules.items()}
    return fields


def _machine(measured: Measured) -> dict[str, Any]:
    if measured.frames.record.imported is not None:
        return {"timestamp": finished_utc(measured.frames.run)[:19]}
    machine = measured.frames.record.machine
    names = Counter(gpu.name for gpu in machine.gpus)
    return {
        "timestamp": finished_utc(measured.frames.run)[:19],
        "os": machine.os,
        "python_version": machine.python,
        "codecarbon_version": machine.codecarbon,
        "cpu_count": machine.logical_cpus,
        "cpu_model": machine.cpu,
        "gpu_count": sum(names.values()) or None,
        "gpu_model": ", ".join(f"{count} x {name}" for name, count in sorted(names.items())) or None,
        "ram_total_size": None if machine.memory_bytes is None else machine.memory_bytes / BYTES_PER_GB,
        "tracking_mode": "machine",  # joules are counted for the whole device
    }
