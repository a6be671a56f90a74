"""Read a power trace as one line of watts per component, and thin it to what a figure can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.tables.power_trace import trace_table

STEPS = 5
"""Counts are differenced over at least this many steps of the counter: an error of one step is then a fifth."""
_MOST_W = 1e7
"""More than any machine draws: such a figure is damage."""
_MOST_COMPONENTS = 12


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
