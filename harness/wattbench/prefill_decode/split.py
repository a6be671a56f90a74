"""Build the rows of a cell: its joules, divided between prefill and decode, per component and in total.

Turn a power trace into equations: the joules of each interval between two readings, and the phases in it.

A sensor lags. A counter that advances every 100 ms shows, when it is read, what had been counted up to 100 ms before;
a power reading is an average over some time that has passed. Set against the phases of the interval itself, joules
seem to be spent in the wrong phase, and the two phases look more alike than they are (errors in variables). So the
phases are taken over the moments that the reading may speak of, several guesses of which are offered here; where the
guess is right, what remains is scatter without a bias (Berkson's case: W. A. Fuller, "Measurement Error Models",
1987). `wattbench.prefill_decode.fit` takes the guess that explains the readings best, and draws it anew in every
resample.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.meters.base import MODELLED, Reading
from wattbench.meters.sampling.trace import read_trace
from wattbench.meters.windows.series import Series
from wattbench.meters.windows.thresholds import max_gap_s
from wattbench.prefill_decode.fit import IndistinguishableError, fit, fitted_phases, joined, summed, with_joules
from wattbench.prefill_decode.timeline import DECODE, PREFILL, Timeline, timeline, why_phases_unknown
from wattbench.records import AnswerRow, PhaseRow, Purpose, RunRecords, Split, WindowRow
from wattbench.records.rows.components import added
from wattbench.records.rows.phases import TOTAL


@dataclass(frozen=True)
class _Part:
    """One valid window of the cell with its answers."""

    window: WindowRow
    answers: Sequence[AnswerRow]
    phases: Timeline


def split_cell(records: RunRecords, system: str, task: str) -> list[PhaseRow]:
    """Divide a cell's joules between prefill and decode, from its records on disk.

    Returns:
        A row per component that was metered, and one for their total. Where nothing can be split the rows say why;
        without joules there is only the total, and no figures.
    """
    windows = [
        w for w in records.windows() if (w.system, w.task, w.purpose) == (system, task, Purpose.MEASURED) and w.valid
    ]
    return _split_windows(
        PhaseRow(system=system, task=task, component=TOTAL),
        records.answers(system, task),
        windows,
        [records.layout.trace(system, task)],
    )


def split_system(records: RunRecords, system: str, tasks: Iterable[str]) -> list[PhaseRow]:
    """Divide the joules of a system, whose windows hold items of all tasks, between prefill and decode.

    So in a run with blocks, of which one alone has too few readings for bounds, and in the rounds of a gate.
    """
    windows = [
        w
        for w in records.windows()
        if (w.system, w.purpose) == (system, Purpose.MEASURED) and w.task is None and w.valid
    ]
    blocks = sorted({window.block for window in windows if window.block is not None})
    return _split_windows(
        PhaseRow(system=system, task=None, component=TOTAL),
        [answer for task in tasks for answer in records.answers(system, task)],
        windows,
        [records.layout.trace(system, None, block) for block in (blocks or (None,))],
    )


def _split_windows(
    blank: PhaseRow, answers: Sequence[AnswerRow], windows: Sequence[WindowRow], traces: Sequence[Path]
) -> list[PhaseRow]:
    """Divide the joules of valid windows.

    Args:
        blank: a row without figures.
        answers: those that may be in the windows.
        windows: those to divide.
        traces: the files of readings behind them.
    """
    by_window = {window.window: [a for a in answers if a.window == window.window] for window in windows}
    windows = [window for window in windows if by_window[window.window] and window.energy_j]
    if not windows:
        of_what = "this cell" if blank.task is not None else "this system"
        return [replace(blank, reason=f"no valid window of {of_what} has joules")]
    components = [c for c in windows[0].energy_j if all(c in window.energy_j for window in windows)]
    if not components:
        return [replace(blank, reason="no component was metered in every window")]
    counted = [answer for window in windows for answer in by_window[window.window]]
    rows = [
        replace(
            blank,
            component=component,
            provenance=joined(window.provenance.get(component, "") for window in windows),
            items=len(counted),
            energy_j=_billed_j(windows, component),
        )
        for component in components
    ]
    why = why_phases_unknown(counted)
    if why is not None:
        return _with_total([replace(row, reason=why) for row in rows])
    parts = [_Part(w, by_window[w.window], timeline(w, by_window[w.window])) for w in windows]
    total_s = np.sum([part.phases.total_s for part in parts], axis=0)
    timed = [_in_seconds(row, total_s) for row in rows]
    try:
        read = [read_trace(path) for path in traces]
    except (UserError, ValueError, csv.Error):  # not there, or not a trace; a figure in it that is none; damage
        return _with_total([replace(row, reason="the power trace cannot be read") for row in timed])
    readings = sorted((reading for trace in read for _, reading in trace.readings), key=lambda reading: reading.at_s)
    step_s = {component: each for trace in read for component, each in trace.step_s.items()}
    return _with_total([_split(row, parts, readings, step_s, total_s) for row in timed])


def _billed_j(windows: Sequence[WindowRow], component: str) -> float:
    """Return the joules of a component for one pass of every window, summed."""
    return sum(window.energy_j[component] / window.passes for window in windows)


def _in_seconds(row: PhaseRow, total_s: NDArray[np.float64]) -> PhaseRow:
    prefill_s, decode_s, choosing_s, other_s = total_s.tolist()
    return replace(row, prefill_s=prefill_s, decode_s=decode_s, other_s=choosing_s + other_s)


def _split(
    row: PhaseRow,
    parts: Sequence[_Part],
    readings: Sequence[Reading],
    step_s: Mapping[str, float],
    total_s: NDArray[np.float64],
) -> PhaseRow:
    """Divide one component's joules by phase."""
    cell_j = row.energy_j
    assert cell_j is not None  # the rows are of components that have joules
    if total_s.sum() <= 0:
        return replace(row, reason="no answer took any time")
    even_j = cell_j * total_s / total_s.sum()
    if set(fitted_phases(total_s)) <= {PREFILL} or set(fitted_phases(total_s)) <= {DECODE}:
        return with_joules(row, Split.ONE_PHASE, even_j, even_j, even_j)
    series = [(_series(part.window, row.component, readings), part.phases) for part in parts]
    step_of = step_s.get(row.component, 0.0)
    seen = [each for of_window, phases in series if (each := observe(of_window, phases, step_of)) is not None]
    if not seen:
        return replace(row, reason=f"the power trace holds no readings of {row.component}")
    try:
        result = fit(
            np.concatenate([each.energy_j for each in seen]),
            np.concatenate([each.seconds for each in _alike(seen)], axis=1),
            total_s,
            cell_j,
            steps_per_interval=max(each.steps_per_interval for each in seen),
        )
    except IndistinguishableError as error:
        return replace(with_joules(row, Split.BY_TIME, even_j), reason=str(error))
    kept = replace(row, readings=sum(len(each) for each in seen))
    return with_joules(kept, Split.FITTED, result.energy_j, result.low_j, result.high_j)


def _series(window: WindowRow, component: str, readings: Sequence[Reading]) -> Series:
    made = window.provenance.get(component, MODELLED)
    return Series.of(component, made, readings, window.started_s, window.finished_s)


def _alike(seen: Sequence[Observed]) -> Sequence[Observed]:
    """Repeat the seconds of windows with a single guess, so that all windows have the same number of guesses."""
    most = max(len(each.seconds) for each in seen)
    return [each if len(each.seconds) == most else replace(each, seconds=each.seconds.repeat(most, 0)) for each in seen]


def _with_total(rows: Sequence[PhaseRow]) -> list[PhaseRow]:
    """Append the row of the total: that of the outermost component, or the sum of the components."""
    by_name = {row.component: row for row in rows}
    counted = [by_name[component] for component in added(by_name)]
    total = replace(
        counted[0],
        component=TOTAL,
        provenance=joined(part for row in counted for part in row.provenance.split("+")),
        energy_j=sum(row.energy_j or 0.0 for row in counted),
        readings=max(row.readings for row in counted),
    )
    return [*rows, total if len(counted) == 1 else summed(total, counted)]


_PARTS = 8
"""Into how many parts a sensor's step is divided to average over it."""
_GRID = range(0, _PARTS + 1, 2)
"""A guess begins and ends at quarters of a step."""
_NEGLIGIBLE = 0.02
"""A step that is this small a part of the time between two readings needs no guess."""


@dataclass(frozen=True)
class Observed:
    """Intervals between readings of one component."""

    energy_j: NDArray[np.float64]
    """Shape (intervals,)."""
    seconds: NDArray[np.float64]
    """Shape (guesses, intervals, 4): seconds of each phase that these joules were spent in."""
    steps_per_interval: float
    """The sensor's step over the time between two readings."""

    def __len__(self) -> int:
        return len(self.energy_j)


def observe(series: Series, phases: Timeline, step_s: float) -> Observed | None:
    """Return the intervals between readings of a component in a window; None if there are none.

    The readings at the window's edges are left out: they are placed in time, and those between them lag.
    """
    points = series.energy if series.counted else series.power
    inside = [p for p in points if phases.started_s < p[0] <= phases.finished_s and np.isfinite(p).all()]
    if len(inside) < 2:
        return None
    at_s, figures = (np.array(column, dtype=np.float64) for column in zip(*inside, strict=True))
    lengths_s = np.diff(at_s)
    usual_s = float(np.median(lengths_s))
    known = lengths_s > 0
    if not series.counted:
        known &= lengths_s <= max_gap_s(counted=False, step_s=step_s)  # what was drawn in a gap is a guess
    if not known.any():
        return None
    step_s = step_s if step_s > _NEGLIGIBLE * usual_s else 0.0
    lags_s = step_s * np.arange(_PARTS + 1) / _PARTS
    passed_s = phases.until(at_s - lags_s[:, None])
    if series.counted:
        energy_j = np.diff(figures)
        seconds = _of_counter(passed_s, many=step_s > 0)
    else:
        energy_j = lengths_s * (figures[:-1] + figures[1:]) / 2.0
        shares = _of_power(passed_s, lags_s)
        seconds = lengths_s[:, None] * (shares[:, :-1] + shares[:, 1:]) / 2.0
    return Observed(energy_j[known], seconds[:, known], step_s / usual_s)


def _of_counter(passed_s: NDArray[np.float64], *, many: bool) -> NDArray[np.float64]:
    """Return the seconds of each phase between readings of a counter, for each guess of the counter's age."""
    if not many:
        return np.diff(passed_s[:1], axis=1)
    ages = [(young, old) for young in _GRID for old in _GRID if young <= old]
    return np.stack([np.diff(passed_s[young : old + 1].mean(axis=0), axis=0) for young, old in ages])


def _of_power(passed_s: NDArray[np.float64], lags_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each phase in each power reading, for each guess of the span that the reading averages."""
    spans = [(young, old) for young in _GRID for old in _GRID if young < old]
    return np.stack(
        [(passed_s[young] - passed_s[old]) / max(lags_s[old] - lags_s[young], 1e-9) for young, old in spans]
    )
