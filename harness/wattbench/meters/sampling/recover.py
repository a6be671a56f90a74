"""Close a window that a killed process left open, from its trace on disk."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from wattbench.errors import UserError
from wattbench.meters.base import Reading
from wattbench.meters.sampling.trace import Trace, read_trace
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.evidence import WindowEvidence
from wattbench.meters.windows.judge import judge
from wattbench.records import WindowLabel, WindowRow
from wattbench.records.files.regular_file import MissingFileError

INTERRUPTED = "interrupted; closed from the trace"
BEYOND_PERIODS = 2.0
"""A meter's last reading may be this many of its periods old when the window ends; older, and it was lost before."""


def recover_window(trace_csv: Path, label: WindowLabel, *, until_s: float | None = None) -> WindowRow:
    """Close a window from its trace.

    A counter's edges cannot be placed inside its steps any more, so the window must be longer to be valid. At the
    end each meter is interpolated between its readings; one whose last reading came a little earlier is extrapolated
    at its latest power.

    What else the machine did is lost with the process: a measured window whose joules hold those of other processes
    (a processor's, not a GPU's) is invalid.

    Args:
        trace_csv: the trace that the window was written to; it need not be there.
        label: as it was when the window opened, with `started_s`.
        until_s: when it ended, seconds since the epoch; None ends it with the trace's last reading.

    Returns:
        The judged window. A component that its trace does not hold is absent from it, and it is then invalid.

    Raises:
        ValueError: the label has no `started_s`: the window was never opened.
    """
    started_s = label.started_s
    if started_s is None:
        raise ValueError(f"window {label.window} was never opened: its label has no started_s")
    trace, spoiled = _trace(trace_csv)
    last_s = max((reading.at_s for _, reading in trace.readings), default=started_s)
    finished_s = max(started_s, last_s if until_s is None else until_s)
    evidence = WindowEvidence(
        label=label,
        started_s=started_s,
        finished_s=finished_s,
        readings=[reading for _, reading in trace.readings] + readings_at_end(trace.readings, started_s, finished_s),
        provenance=trace.provenance,
        step_s=trace.step_s,
        power_step_s=dict.fromkeys(trace.provenance, math.inf),  # a trace does not say
        min_steps=thresholds.MIN_STEPS_UNPLACED,
        watched=False,
        remarks=[INTERRUPTED, *spoiled],
        co_runners=label.co_runners,
        parts=frozenset(label.shared),
    )
    return judge(evidence)


def readings_at_end(readings: Iterable[tuple[str, Reading]], started_s: float, finished_s: float) -> list[Reading]:
    """Estimate each meter's reading at a window's end, if its other readings allow an estimate.

    Args:
        readings: meter name and reading, in any order.
        started_s: of the window; so the next one.
        finished_s: seconds since the epoch.
    """
    by_meter: dict[str, list[Reading]] = {}
    for meter, reading in sorted(readings, key=lambda named: named[1].at_s):
        by_meter.setdefault(meter, []).append(reading)
    return [end for taken in by_meter.values() if (end := _at_end(taken, started_s, finished_s)) is not None]


def _trace(path: Path) -> tuple[Trace, list[str]]:
    """Return the content of a trace. If it cannot be read, return an empty trace and a sentence on why."""
    try:
        return read_trace(path), []
    except MissingFileError:
        return Trace(), []
    except UserError as error:
        return Trace(), [f"its power trace cannot be read ({str(error).replace(f'{path.parent}{os.sep}', '')})"]


def _at_end(taken: Sequence[Reading], started_s: float, finished_s: float) -> Reading | None:
    """Estimate a meter's reading at a window's end; None if its other readings do not allow an estimate."""
    before = [reading for reading in taken if reading.at_s <= finished_s]
    after = [reading for reading in taken if reading.at_s > finished_s]
    if not before or before[-1].at_s == finished_s:
        return None
    if after:
        a, b = before[-1], after[0]
    else:
        inside_s = [reading.at_s for reading in before if reading.at_s > started_s]
        period_s = (inside_s[-1] - started_s) / len(inside_s) if inside_s else 0.0
        if len(before) < 2 or finished_s - before[-1].at_s > BEYOND_PERIODS * period_s:
            return None
        a, b = before[-2:]
    # Counts follow the line through two readings; so does power between readings, and stays constant after the last.
    power_w = _on_line(a.power_w, b.power_w, a.at_s, b.at_s, finished_s) if after else b.power_w
    return Reading(finished_s, _on_line(a.energy_j, b.energy_j, a.at_s, b.at_s, finished_s), power_w)


def _on_line(a: Mapping[str, float], b: Mapping[str, float], a_s: float, b_s: float, at_s: float) -> dict[str, float]:
    """Interpolate the figures of two readings at a moment, for the components that both readings have."""
    if a_s == b_s:
        return {}
    return {c: a[c] + (b[c] - a[c]) * (at_s - a_s) / (b_s - a_s) for c in a.keys() & b.keys()}
