"""The power trace of each cell with its windows: sentences, plots and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from wattbench.records import Purpose
from wattbench_reports import figures
from wattbench_reports.analyses.power import (
    STEPS,
    CellPower,
    PowerLine,
    SystemPower,
    WindowPower,
    has_traces,
    system_powers,
)
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Section, Table, energy_badge, numbers
from wattbench_reports.sections.validity import MOST_WINDOWS, shown_windows

_DRAWN = 24
"""How many systems are plotted, to limit the size of the page. All have a table."""

_FEWEST_WINDOWS = 20
"""The least room for windows in the table of a system, however many systems there are."""

_LEAD = (
    "The power readings of each component behind the joules of this page. Bands are windows: joules are counted "
    "between the edges of a band. A line that has not settled when a measured window begins, or that is not flat in "
    "an idle window, is a reason to doubt the joules."
)

_LOADING = "loading and idle"
_ROUNDS = "loading, idle and rounds"


def power_section(measured: Measured) -> Section | None:
    """Make a figure of all systems and a passage per system; None where the run has no power trace, or no joules."""
    if not has_traces(measured) or not measured.frames.record.suite.measure.energy:
        return None
    drawn, passages = [], []
    for index, system in enumerate(system_powers(measured)):
        if system.cells:
            passages.append(Passage(system.system, _sentences(index, system), (), None, (_table(measured, system),)))
        if index < _DRAWN:
            drawn.append(system)
    if not passages:
        return None
    figure = power_figure(drawn)
    first = () if figure is None else (Passage("", (), figure=figure),)
    return Section(
        "power", "Power", "Power over time", _LEAD, (*first, *passages), line="the readings behind the joules"
    )


def power_figure(systems: Sequence[SystemPower]) -> Figure | None:
    """Make the figure of systems, a panel each; None where none of them has readings."""
    drawn = [system for system in systems if system.components]
    if not drawn:
        return None
    components = list(dict.fromkeys(component for system in drawn for component in system.components))
    lines = [line for system in drawn for cell in system.cells for line in cell.lines]
    return Figure(
        figures.power([_trace(system, components) for system in drawn]),
        "Figure: power over time, cell by cell",
        f"Watts per component, {_how(lines)}Bands: windows, hatched if not valid. Dashed lines: idle level.",
    )


def _sentences(index: int, system: SystemPower) -> tuple[str, ...]:
    said = []
    if index >= _DRAWN and system.components:
        said.append(f"Not plotted: only the first {_DRAWN} systems are.")
    troubles: dict[str, list[str]] = {}
    for number, cell in enumerate(system.cells, start=1):
        if cell.problem is not None:
            what = "incomplete" if cell.lines else "not shown"
            troubles.setdefault(f"{what} ({cell.problem})", []).append(f"{number}, {_name(cell)}")
    for trouble, cells in troubles.items():
        said.append(f"The trace of {'cell' if len(cells) == 1 else 'cells'} {'; '.join(cells)} is {trouble}.")
    rows = [window.row for cell in system.cells for window in cell.windows]
    wrong = sum(not row.valid for row in rows if row.purpose == "measured")
    if wrong:
        said.append(
            f"{units.plural(wrong, 'measured window')} not valid: hatched here; the reasons are under Validity."
        )
    return tuple(said)


def _trace(system: SystemPower, components: Sequence[str]) -> figures.PowerTrace:
    stretches = [
        figures.TraceSpan(number, start_s, end_s)
        for number, cell in enumerate(system.cells, start=1)
        for start_s, end_s in cell.spans
    ]
    bands = [
        figures.Band(window.row.started_s, window.row.finished_s, window.row.purpose, window.row.valid)
        for cell in system.cells
        for window in cell.windows
    ]
    idle_w = system.idle_w
    watts = [
        figures.Watts(name, components.index(name), *_joined(system, name), idle_w.get(name))
        for name in system.components
    ]
    return figures.PowerTrace(system.system, sorted(stretches, key=lambda each: each.started_s), bands, watts)


def _joined(system: SystemPower, component: str) -> tuple[np.ndarray, np.ndarray]:
    lines = [line for cell in system.cells for line in cell.lines if line.component == component]
    return np.concatenate([line.at_s for line in lines]), np.concatenate([line.power_w for line in lines])


def _how(lines: list[PowerLine]) -> str:
    counted = units.listed(list(dict.fromkeys(line.component for line in lines if line.counted)))
    read = units.listed(list(dict.fromkeys(line.component for line in lines if not line.counted)))
    said = []
    if counted:
        said.append(f"from differences of the energy counter over at least {STEPS} of its steps ({counted})")
    if read:
        said.append(f"from power readings ({read})")
    thin = "" if all(line.complete for line in lines) else "Each span of time shows its lowest and highest reading. "
    return f"{'; '.join(said)}. {thin}"


def _table(measured: Measured, system: SystemPower) -> Table:
    windows = [(number, cell, window) for number, cell in enumerate(system.cells, start=1) for window in cell.windows]
    most = max(_FEWEST_WINDOWS, MOST_WINDOWS // len(measured.frames.systems))
    shown = shown_windows(np.array([window.row.valid for *_, window in windows], dtype=bool), most)
    caption, where = f"Windows of {system.system}", ""
    if len(shown) < len(windows):
        caption += f": {len(shown):,} of {len(windows):,}, those not valid first"
        where = f" All windows are in {measured.frames.run.layout.windows_table.resolve()}."
    return Table(
        caption=caption,
        columns=(
            Column("Cell"),
            Column("Task"),
            Column("Window"),
            *numbers("Duration", "Mean power"),
            Column("Peak power"),
            *numbers("Idle", "Samples", "Largest gap"),
            Column("Provenance"),
            Column("Validity"),
        ),
        rows=tuple(_row(*windows[index]) for index in shown),
        note=(
            "Mean: joules divided by seconds, all components together, none counted twice. Peak: the highest reading "
            "of the trace in the window, by component. Idle: of the same components as the mean, measured with the "
            f"system loaded.{where}"
        ),
    )


def _row(number: int, cell: CellPower, window: WindowPower) -> tuple[Cell, ...]:
    row = window.row
    highest = ", ".join(f"{component} {units.quantity(w, 'W')}" for component, w in window.highest_w.items())
    return (
        Cell(str(number)),
        Cell(_name(cell)),
        Cell(row.purpose),
        Cell(units.duration(row.duration_s)),
        Cell(_watts(window.mean_w)),
        Cell(highest or units.NONE),
        Cell(_watts(window.idle_w)),
        Cell(units.count(row.samples)),
        Cell(units.quantity(row.largest_gap_s, "s")),
        energy_badge(row.provenance_label),
        Cell("valid" if row.valid else "NOT VALID", "badge" if row.valid else "badge-bad"),
    )


def _name(cell: CellPower) -> str:
    if cell.task is not None or cell.block is not None:
        return cell.task or f"block {(cell.block or 0) + 1}"
    return _ROUNDS if any(window.row.purpose == Purpose.MEASURED for window in cell.windows) else _LOADING


def _watts(value: float | None) -> str:
    return units.NONE if value is None or not math.isfinite(value) else units.quantity(value, "W")
