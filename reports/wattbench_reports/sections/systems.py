"""Composition and load cost of each system."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from wattbench.records import SystemRow
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, energy_badge, numbers
from wattbench_reports.wording import requests


def systems_section(measured: Measured) -> Section:
    """Make the section with its table."""
    return Section(
        "systems",
        "Systems",
        "Systems",
        "",
        (Passage("", (), (systems_table(measured), *_requests(measured))),),
        line="composition, size and load cost of each",
    )


def systems_table(measured: Measured) -> Table:
    """Make a table with a row per system, from the record of its loading; a dash where the engine reports nothing."""
    known = measured.frames.run.systems()
    settings = measured.frames.record.suite.systems
    limits_w = [settings[name].limited_to_w if name in settings else None for name in measured.frames.systems]
    limited = any(limit_w is not None for limit_w in limits_w)
    loads = measured.frames.windows.set_index("window")
    rows = tuple(
        (*_row(name, index, known.get(name), loads), *((_limit(limit_w),) if limited else ()))
        for index, (name, limit_w) in enumerate(zip(measured.frames.systems, limits_w, strict=True))
    )
    shared = [
        f"{row.system} shares its base with {row.shares_base_with}" for row in known.values() if row.shares_base_with
    ]
    note = "" if not shared else f"{'; '.join(shared)}: its load time and energy are those of the adapter only."
    return Table(
        caption="Composition and load cost of each system",
        columns=(
            Column("System"),
            Column("Engine"),
            *numbers("Parameters", "Active per token", "Weights"),
            Column("Data type"),
            Column("Device"),
            *numbers("Peak memory", "Peak on device", "Load time", "Load energy"),
            Column("Provenance"),
            *(numbers("Power limit") if limited else ()),
        ),
        rows=rows,
        note=note,
    )


def _limit(limit_w: float | None) -> Cell:
    return Cell("not set" if limit_w is None else f"{limit_w:g} W")


def _requests(measured: Measured) -> Iterator[Table]:
    """Yield a table of the fields that the suite adds to requests; none without such fields."""
    known = requests.fields(measured.frames.record.suite.requests)
    if known:
        series = {name: index for index, name in enumerate(measured.frames.systems)}
        yield Table(
            caption=requests.TITLE,
            columns=(Column("System"), Column("Field"), Column("Value")),
            rows=tuple(
                (Cell(name, series=series.get(name)), Cell(field), Cell(value))
                for name, fields in known.items()
                for field, value in fields.items()
            ),
            note="As the suite adds them to the body of each request; they win over the settings of a task.",
            prose=True,
        )


def _row(name: str, index: int, row: SystemRow | None, windows: pd.DataFrame) -> tuple[Cell, ...]:
    if row is None:
        return (Cell(name, series=index), *(Cell(units.NONE) for _ in range(11)))
    version = f" {row.engine_version}" if row.engine_version else ""
    return (
        Cell(name, series=index),
        Cell(f"{row.engine}{version}"),
        Cell(units.count(row.parameters_total)),
        Cell(units.count(row.parameters_active)),
        Cell(units.size(row.weight_bytes)),
        Cell(row.dtype or units.NONE),
        Cell(row.device or units.NONE),
        Cell(units.size(row.peak_memory_bytes)),
        Cell(units.size(row.peak_device_memory_bytes)),
        Cell(units.quantity(row.load_s, "s")),
        *_load_energy(row, windows),
    )


def _load_energy(row: SystemRow, windows: pd.DataFrame) -> tuple[Cell, Cell]:
    if row.load_window is None or row.load_window not in windows.index:
        return Cell(units.NONE), Cell(units.NONE)
    window = windows.loc[row.load_window].to_dict()
    return Cell(units.quantity(float(window["total_j"]), "J")), energy_badge(str(window["provenance_label"]))
