"""Read codecarbon's ``emissions.csv`` (3.x: `EmissionsData`, or `TaskEmissionsData` of its tasks) as stated figures.

A row is a run of the tracker, or a task of one. It has joules and seconds of a session, and no requests.

Traps: energies are in kWh, and have the building's share in them (`pue`), which is taken out here; `*_power` are
running means over all tasks of a process, and not kept; a tracker that writes while it runs adds a row each time, with
totals since its start: the last one counts; 0 is written for what is not there; no column says what was read by a
sensor and what was modelled; rows of tasks do not state `pue`, and have it in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number
from wattbench.importers.fields import kept
from wattbench.importers.imported import Format, ImportDraft
from wattbench.importers.stated import Total
from wattbench.importers.table.tablefile import absent, blocks_of, columns_of

J_PER_KWH = 3.6e6
FIGURES = {
    "duration": (Total("duration"), "s"),
    "energy_consumed": (Total("energy", scale=J_PER_KWH), "J"),
    "cpu_energy": (Total("cpu_energy", scale=J_PER_KWH), "J"),
    "gpu_energy": (Total("gpu_energy", scale=J_PER_KWH), "J"),
    "ram_energy": (Total("ram_energy", scale=J_PER_KWH), "J"),
    "emissions": (Total("emissions"), "kg"),
    "emissions_rate": (Total("emissions_rate", "mean"), "kg/s"),
    "water_consumed": (Total("water_consumed"), "L"),
    "cpu_utilization_percent": (Total("cpu_utilization_percent", "mean"), "%"),
    "gpu_utilization_percent": (Total("gpu_utilization_percent", "mean"), "%"),
    "ram_utilization_percent": (Total("ram_utilization_percent", "mean"), "%"),
}
"""A column to what it is, and its unit here."""
WITH_PUE = ("energy_consumed", "cpu_energy", "gpu_energy", "ram_energy")
SETTINGS = ("tracking_mode", "country_iso_code", "region", "cloud_provider", "cloud_region", "cpu_model", "pue", "wue")
"""What is kept of a row. Where the machine was (longitude, latitude) is not."""
NAMES = ("task_name", "project_name", "run_id", "experiment_id", "codecarbon_version", "gpu_model")
MARKS = {"run_id", "project_name", "emissions_rate", "energy_consumed"}
USUAL = ("codecarbon", "5b0fa12a-3dd7-45bb-9766-cc326314d9f1")
"""The names of a project and an experiment that were not named."""
REMARK = (
    "codecarbon's file does not say which joules were read: without a sensor it models the processor by its load, and "
    "memory by its size. Joules of tasks have the building's share in them where one was set, which their file does "
    "not say"
)


def _looks_like(source: Path) -> bool:
    return source.suffix.lower() == ".csv" and source.is_file() and set(columns_of(source)) >= MARKS


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some files. Each run of the tracker, and each task, is a system."""
    draft.remarks["codecarbon-models"] = REMARK
    for path in sources:
        draft.files.append(path)
        present = columns_of(path)
        if not set(present) >= MARKS:
            raise UserError(f"{path}:1: no columns {', '.join(sorted(MARKS))}; this is no emissions.csv of codecarbon")
        rows: dict[tuple[Any, Any], tuple[str, dict[str, Any]]] = {}
        for block in blocks_of(path, [name for name in (*FIGURES, *SETTINGS, *NAMES) if name in present]):
            for where, row in block.rows():
                known = {name: value for name, value in row.items() if not absent(value)}
                key = known.get("run_id", where), known.get("task_name")
                draft.left_out["rows that a later one of the same run continues"] += key in rows
                rows[key] = where, known
        for where, row in rows.values():
            _add(draft, row, where)
    yield from ()


def _add(draft: ImportDraft, row: dict[str, Any], where: str) -> None:
    names = [row.get(name) for name in ("project_name", "experiment_id", "task_name")]
    name = " ".join(each for each in names if each and each not in USUAL) or USUAL[0]
    system = draft.add_system(draft.unique(name), None, engine="codecarbon", **kept(row, SETTINGS))
    draft.add_version(row.get("codecarbon_version"))
    if gpus := re.fullmatch(r"(\d{1,4}) x (.{1,200})", row.get("gpu_model", "")):
        draft.add_gpus(system, gpus[2], int(gpus[1]))
    pue = number(row.get("pue"), "pue", where) or 1.0
    for column, (total, unit) in FIGURES.items():
        value, source = number(row.get(column), column, where), column
        if value and column in WITH_PUE and pue != 1.0:
            value, source = value / pue, f"{column} / pue"
        draft.stated.add(system, total, value or None, source=source, where=where, unit=unit)


CODECARBON = Format("codecarbon", _looks_like, _read, needs="a .csv with the columns of emissions.csv")
