"""Seconds for which an answer occupied its machine: its share of its window, or, of what another tool measured one
request at a time, its latency.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.tables.item_rows import Rows
from wattbench_reports.tables.run_tables import Frames

OVERLAPPING = "its requests may have overlapped, so that their seconds are not the machine's"
UNTIMED = "not every answer has a time"


def machine_seconds(frames: Frames, system: str) -> tuple[NDArray[np.float64], str]:
    """Return the machine's seconds of each answer of a system, and why they are not known; then they are NaN.

    An item has the part of its window's seconds that it has of the joules; where there are none, the part that its own
    seconds are of those of all items of the window. So what happened between items is not lost, and items in flight
    together share the machine. In an imported run there are no windows.

    Returns:
        Shape (answers of the system,), and a clause; empty where they are known.
    """
    rows = frames.answers_of(system)
    own_s = frames.seconds(rows)
    own_s = np.where(np.isfinite(own_s), own_s, _until_failed_s(frames, rows))
    if not np.isfinite(own_s).all():
        return np.full(len(own_s), np.nan), UNTIMED
    if frames.record.imported is not None:
        single = _single_stream(frames, system, rows)
        return (own_s, "") if single else (np.full(len(own_s), np.nan), OVERLAPPING)
    codes, window = np.unique(frames.codes("window", rows), return_inverse=True)  # -1: of no window
    names = [*frames.categories("window"), None]
    windows = frames.windows.drop_duplicates("window").set_index("window").reindex([names[code] for code in codes])
    span_s = (windows["finished_s"] - windows["started_s"]).to_numpy(dtype=np.float64)[window]
    total_j, passes = (windows[name].to_numpy(dtype=np.float64)[window] for name in ("total_j", "passes"))
    energy_j = frames.figures("energy_j", rows)
    in_window_s = np.bincount(window, weights=own_s)[window]
    evenly = 1 / np.bincount(window)[window]
    by_time = np.divide(own_s, in_window_s, out=evenly, where=in_window_s > 0) / np.maximum(passes, 1)
    by_joules = np.isfinite(energy_j) & (total_j > 0)
    share = np.divide(energy_j, total_j, out=by_time, where=by_joules)
    # Of a window that the record has lost the item speaks for itself.
    return np.where(np.isnan(span_s), own_s, span_s * share), ""


def _until_failed_s(frames: Frames, rows: Rows) -> NDArray[np.float64]:
    """Return the seconds that failed requests occupied a system, of some rows; NaN for all other answers."""
    failed = frames.failed(rows)
    if not failed.any():
        return np.full(len(failed), np.nan)
    ends_s = frames.further("finished_s")(rows)
    return np.where(failed, ends_s - frames.figures("started_s", rows), np.nan)


def _single_stream(frames: Frames, system: str, rows: Rows) -> bool:
    """Tell whether another tool asked one request at a time: as it says, or as its times show."""
    load = frames.record.imported.scenarios.get(system, {}) if frames.record.imported is not None else {}
    for key in ("concurrency", "at most at once"):
        if key in load:
            return bool(load[key] == 1)
    started, finished = (np.sort(frames.figures(name, rows)) for name in ("started_s", "finished_s"))
    # An import that knows durations alone starts them all at 0.
    return len(started) > 1 and bool((started[1:] >= finished[:-1]).all())
