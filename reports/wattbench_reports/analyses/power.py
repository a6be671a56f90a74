"""Read the power traces of a run: watts over time, cell by cell, with their windows.

Holds the readings of one cell at a time, thinned before the next to what a figure can show.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records import Purpose, RunLayout, WindowRow, added
from wattbench.records.shards import shard_of
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.tables.power_trace import trace_table

POINTS = 300
"""Points per system and component; fewer where a system has more than two components."""
BUDGET_BYTES = 160_000_000
"""The most that is read of the traces of a run: two days of one GPU read ten times a second. It takes seconds."""
_CLOSE_S = 5.0
"""Windows at most this far apart are shown in one span of time."""
_AROUND_S = 60.0
"""Readings this far outside the windows are read too: power at an edge needs those on both sides of it."""
STEPS = 5
"""Counts are differenced over at least this many steps of the counter: an error of one step is then a fifth."""
_MOST_W = 1e7
"""More than any machine draws: such a figure is damage."""
_MOST_COMPONENTS = 12


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


def has_traces(measured: Measured) -> bool:
    """Return whether the run recorded any power trace."""
    layout = measured.frames.run.layout
    cells = dict.fromkeys(
        (row.system, row.task, row.block, shard_of(row.window)) for row in measured.frames.window_rows
    )
    return any(layout.trace(system, task, block, shard=shard).is_file() for system, task, block, shard in cells)


def system_powers(measured: Measured) -> Iterator[SystemPower]:
    """Yield the power of one system after another, so that only one is in memory."""
    by_cell: dict[str, dict[tuple[str | None, int | None, str], list[WindowRow]]] = {}
    for row in _windows(measured):
        by_cell.setdefault(row.system, {}).setdefault((row.task, row.block, shard_of(row.window)), []).append(row)
    left = BUDGET_BYTES
    for system in measured.frames.systems:
        cells = []
        for (task, block, shard), rows in by_cell.get(system, {}).items():
            bare = CellPower(task, tuple(WindowPower(row, {}) for row in rows), (), block=block)
            layout = measured.frames.run.layout
            cell, taken = _cell(layout, layout.trace(system, task, block, shard=shard), bare, left)
            left -= taken
            cells.append(cell)
        cells.sort(key=lambda cell: cell.spans[0])
        yield SystemPower(system, _for_figure(cells))


def _windows(measured: Measured) -> list[WindowRow]:
    """Return the windows with a valid time span, by start, with the purposes of the finished run."""
    table = measured.frames.windows
    purposes = dict(zip(table["window"], table["purpose"], strict=True))
    rows = measured.frames.window_rows
    known = [
        row if (purpose := purposes.get(row.window, row.purpose)) == row.purpose else replace(row, purpose=purpose)
        for row in rows
    ]
    of_systems = (
        row for row in known if row.purpose != Purpose.JUDGING
    )  # what a judge takes is in no system's figures
    fine = [row for row in of_systems if math.isfinite(row.started_s) and 0 < row.duration_s < math.inf]
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


@dataclass(frozen=True)
class PowerLine:
    """Watts of one component over time."""

    component: str
    provenance: str
    counted: bool
    """Whether the watts are differences of its energy counter; else they are its power readings."""
    at_s: NDArray[np.float64]
    """Shape (points,), ascending."""
    power_w: NDArray[np.float64]
    """Shape (points,); NaN where the line breaks: the component could not be read, or its counter fell."""
    complete: bool = True
    """Whether every reading is in it; else, of each span of time, the lowest and the highest."""

    def highest_w(self, started_s: float, finished_s: float) -> float | None:
        """Return the highest watts between two times; None without a reading."""
        at_s, power_w = self._read
        inside = power_w[np.searchsorted(at_s, started_s) : np.searchsorted(at_s, finished_s, side="right")]
        return float(inside.max()) if len(inside) else None

    @cached_property
    def _read(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return times, ascending, and the watts at each."""
        at_s, power_w = self.at_s, self.power_w
        if self.counted:  # a mean between two counts belongs where its middle is
            level = power_w[:-1] == power_w[1:]
            at_s, power_w = ((at_s[:-1] + at_s[1:]) / 2.0)[level], power_w[:-1][level]
        known = np.isfinite(power_w)
        return at_s[known], power_w[known]

    def within(self, spans: Sequence[tuple[float, float]]) -> PowerLine:
        """Return the line within some spans of time, with a break after each."""
        at_s, power_w = [], []
        for start_s, end_s in spans:
            inside = (self.at_s > start_s) & (self.at_s < end_s)
            edges_w = np.interp([start_s, end_s], self.at_s, self.power_w, left=np.nan, right=np.nan)
            at_s += [[start_s], self.at_s[inside], [end_s, end_s]]
            power_w += [edges_w[:1], self.power_w[inside], edges_w[1:], [np.nan]]
        return replace(self, at_s=np.concatenate([[], *at_s]), power_w=np.concatenate([[], *power_w]))


def read_lines(path: Path, started_s: float, finished_s: float) -> tuple[list[PowerLine], str | None]:
    """Read the lines of a trace between two times, and describe any damage of the file (None: none).

    Everything before the damage is returned.
    """
    table, problem = trace_table(path)
    inside = table[table["at_s"].between(started_s, finished_s)]
    by_component = inside.groupby("component", sort=False, observed=True)
    lines = [_line(str(name), rows) for name, rows in islice(by_component, _MOST_COMPONENTS)]
    return [line for line in lines if np.isfinite(line.power_w).any()], problem


def thinned(line: PowerLine, points: int) -> PowerLine:
    """Thin a line to about `points` points: the lowest and the highest of each span of time.

    Args:
        line: any.
        points: at least 4.
    """
    if len(line.at_s) <= points:
        return line
    spans = max(1, points // 2)
    start_s, end_s = float(line.at_s[0]), float(line.at_s[-1])
    span_of_reading = np.minimum(
        ((line.at_s - start_s) / max(end_s - start_s, 1e-9) * spans).astype(np.int64), spans - 1
    )
    first = np.flatnonzero(np.diff(span_of_reading, prepend=-1))
    unread = np.isnan(line.power_w)
    lowest = np.lexsort((np.where(unread, np.inf, line.power_w), span_of_reading))[first]
    highest = np.lexsort((np.where(unread, np.inf, -line.power_w), span_of_reading))[first]
    # Where nothing was read in a span the line breaks at its first reading, which is both.
    kept = np.unique(np.concatenate([lowest, highest]))
    return PowerLine(line.component, line.provenance, line.counted, line.at_s[kept], line.power_w[kept], complete=False)


def _line(component: str, rows: pd.DataFrame) -> PowerLine:
    """Build a component's line from its energy counter if that was read at least twice, else from power readings."""
    read_s = rows["at_s"].to_numpy()
    at_s, power_w = _by_counter(*_points(read_s, rows["energy_j"].to_numpy()), STEPS * float(rows["step_s"].max()))
    counted = len(at_s) > 0
    if not counted:
        at_s, power_w = _points(read_s, rows["power_w"].to_numpy())
        power_w = np.where(power_w <= _MOST_W, power_w, np.nan)
    gaps_s = read_s[rows["gap"].to_numpy()]
    at_s, power_w = np.concatenate([at_s, gaps_s]), np.concatenate([power_w, np.full(len(gaps_s), np.nan)])
    order = np.argsort(at_s, kind="stable")  # the treads of a stair stay in their order
    return PowerLine(component, str(rows["provenance"].iloc[-1]), counted, at_s[order], power_w[order])


def _points(at_s: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the known values with their times, in the order of time. Of two at one time, the later in the file."""
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(at_s[known], kind="stable")]
    last = np.diff(at_s[order], append=np.inf) > 0
    return at_s[order[last]], values[order[last]]


def _by_counter(
    at_s: NDArray[np.float64], count_j: NDArray[np.float64], least_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean watts between counter readings as steps of two points. A falling counter breaks the line."""
    kept = _apart(at_s, least_s)
    if len(kept) < 2:
        return np.empty(0), np.empty(0)
    at_s, count_j = at_s[kept], count_j[kept]
    power_w = np.diff(count_j) / np.diff(at_s)
    power_w[(power_w < 0.0) | (power_w > _MOST_W)] = np.nan
    return np.repeat(at_s, 2)[1:-1], np.repeat(power_w, 2)


def _apart(at_s: NDArray[np.float64], least_s: float) -> list[int]:
    """Return the indices of readings at least `least_s` apart, with the first and the last reading."""
    if not len(at_s):
        return []
    last = len(at_s) - 1
    following = np.maximum(np.searchsorted(at_s, at_s + least_s), np.arange(len(at_s)) + 1).tolist()
    kept = [0]
    while following[kept[-1]] <= last:
        kept.append(following[kept[-1]])
    if kept[-1] != last:  # what is left is too short for a tread of its own
        kept[max(1, len(kept) - 1) :] = [last]
    return kept
