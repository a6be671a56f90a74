"""Read the power of a system cell by cell: the trace of each, and its windows."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wattbench.records import RunLayout, WindowRow, added
from wattbench.records.shards import shard_of
from wattbench_reports.analyses.power.power_lines import PowerLine, read_lines, thinned
from wattbench_reports.comparison.analysis import Analysis

POINTS = 300
"""Points per system and component; fewer where a system has more than two components."""
BUDGET_BYTES = 160_000_000
"""The most that is read of the traces of a run: two days of one GPU read ten times a second. It takes seconds."""
_CLOSE_S = 5.0
"""Windows at most this far apart are shown in one span of time."""
_AROUND_S = 60.0
"""Readings this far outside the windows are read too: power at an edge needs those on both sides of it."""


@dataclass(frozen=True)
class WindowPower:
    """A window, and its peak power in the trace."""

    row: WindowRow
    highest_w: Mapping[str, float]
    """Per component, the highest that was read in it; empty where there is no trace."""

    @property
    def mean_w(self) -> float | None:
        """Return the mean power of all components, no watt counted twice; None where no joules were read."""
        total_j = self.row.total_j
        return None if total_j is None else total_j / self.row.duration_s

    @property
    def idle_w(self) -> float | None:
        """Return the idle power of the counted components, with the system loaded. None where one is not known."""
        counted = added(self.row.energy_j)
        known = self.row.idle_w
        return sum(known[c] for c in counted) if counted and all(c in known for c in counted) else None


@dataclass(frozen=True)
class CellPower:
    """The power of one cell, or of the time between loading and the first cell."""

    task: str | None
    """None: a block, or loading and idle."""
    windows: tuple[WindowPower, ...]
    """In the order of time; at least one."""
    lines: tuple[PowerLine, ...]
    problem: str | None = None
    """Why the trace is incomplete or missing."""
    block: int | None = None
    """In a run with blocks: the block, from 0."""

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """Return the spans of time that the cell's windows cover, merged where close. A resumed cell has several."""
        spans: list[tuple[float, float]] = []
        for start_s, end_s in ((window.row.started_s, window.row.finished_s) for window in self.windows):
            if spans and start_s <= spans[-1][1] + _CLOSE_S:
                spans[-1] = (spans[-1][0], max(spans[-1][1], end_s))
            else:
                spans.append((start_s, end_s))
        return tuple(spans)

    @property
    def length_s(self) -> float:
        """Return the total length of the cell's spans."""
        return sum(end_s - start_s for start_s, end_s in self.spans)


@dataclass(frozen=True)
class SystemPower:
    """The power of one system."""

    system: str
    cells: tuple[CellPower, ...]
    """Those that have windows, in the order in which they ran."""

    @property
    def components(self) -> tuple[str, ...]:
        """Return the components that have a line in some cell."""
        return tuple(dict.fromkeys(line.component for cell in self.cells for line in cell.lines))

    @property
    def idle_w(self) -> dict[str, float]:
        """Return the idle watts per component, with the system loaded; empty where not measured."""
        rows = [window.row for cell in self.cells for window in cell.windows if window.row.idle_w]
        return {name: w for name, w in rows[-1].idle_w.items() if math.isfinite(w)} if rows else {}


def has_traces(analysis: Analysis) -> bool:
    """Return whether the run recorded any power trace."""
    layout = analysis.frames.run.layout
    cells = dict.fromkeys(
        (row.system, row.task, row.block, shard_of(row.window)) for row in analysis.frames.window_rows
    )
    return any(layout.trace(system, task, block, shard=shard).is_file() for system, task, block, shard in cells)


def system_powers(analysis: Analysis) -> Iterator[SystemPower]:
    """Yield the power of one system after another, so that only one is in memory."""
    by_cell: dict[str, dict[tuple[str | None, int | None, str], list[WindowRow]]] = {}
    for row in _windows(analysis):
        by_cell.setdefault(row.system, {}).setdefault((row.task, row.block, shard_of(row.window)), []).append(row)
    left = BUDGET_BYTES
    for system in analysis.frames.systems:
        cells = []
        for (task, block, shard), rows in by_cell.get(system, {}).items():
            bare = CellPower(task, tuple(WindowPower(row, {}) for row in rows), (), block=block)
            layout = analysis.frames.run.layout
            cell, taken = _cell(layout, layout.trace(system, task, block, shard=shard), bare, left)
            left -= taken
            cells.append(cell)
        cells.sort(key=lambda cell: cell.spans[0])
        yield SystemPower(system, _for_figure(cells))


def _windows(analysis: Analysis) -> list[WindowRow]:
    """Return the windows with a valid time span, by start, with the purposes of the finished run."""
    table = analysis.frames.windows
    purposes = dict(zip(table["window"], table["purpose"], strict=True))
    rows = analysis.frames.window_rows
    known = [
        row if (purpose := purposes.get(row.window, row.purpose)) == row.purpose else replace(row, purpose=purpose)
        for row in rows
    ]
    fine = [row for row in known if math.isfinite(row.started_s) and 0 < row.duration_s < math.inf]
    return sorted(fine, key=lambda row: row.started_s)


def _cell(layout: RunLayout, path: Path, bare: CellPower, left: int) -> tuple[CellPower, int]:
    """Read the trace of a cell; return the cell with it, and the number of bytes read."""
    size, problem = _size(path, left)
    if problem is not None:
        return replace(bare, problem=problem), 0
    spans = bare.spans
    lines, problem = read_lines(path, spans[0][0] - _AROUND_S, spans[-1][1] + _AROUND_S)
    if problem is not None:
        problem = problem.replace(f"{layout.root}/", "")
    windows = tuple(WindowPower(window.row, _highest(lines, window.row)) for window in bare.windows)
    if not lines and problem is None:
        problem = "it has no reading from the time of the windows"
    shown = tuple(thinned(line.within(spans), POINTS) for line in lines)
    return replace(bare, windows=windows, lines=shown, problem=problem), size


def _size(path: Path, left: int) -> tuple[int, str | None]:
    """Return the size of a trace in bytes, or why it is not read."""
    if not os.path.lexists(path):
        return 0, "no trace was recorded"
    size = path.lstat().st_size
    if size > left:
        return 0, f"{size / 1e6:,.0f} MB; at most {BUDGET_BYTES / 1e6:,.0f} MB of traces are read per run"
    return size, None


def _highest(lines: Sequence[PowerLine], row: WindowRow) -> dict[str, float]:
    highest = {line.component: line.highest_w(row.started_s, row.finished_s) for line in lines}
    return {component: w for component, w in highest.items() if w is not None}


def _for_figure(cells: Sequence[CellPower]) -> tuple[CellPower, ...]:
    """Return the cells with their lines thinned for a figure, to points in proportion to their lengths."""
    total_s = sum(cell.length_s for cell in cells)
    components = len({line.component for cell in cells for line in cell.lines})
    points = POINTS * 2 // max(2, components)
    return tuple(
        replace(cell, lines=tuple(thinned(line, max(4, int(points * cell.length_s / total_s))) for line in cell.lines))
        for cell in cells
    )
