"""Seconds for which an answer occupied its machine: its share of its window, or, of what another tool measured one
request at a time, its latency.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    items = frames.items.loc[frames.items["system"] == system, ["started_s", "finished_s", "window", "energy_j"]]
    own_s = (items["finished_s"] - items["started_s"]).to_numpy(dtype=np.float64)
    own_s = np.where(np.isfinite(own_s), own_s, _until_failed_s(frames, system))
    if not np.isfinite(own_s).all():
        return np.full(len(items), np.nan), UNTIMED
    if frames.record.imported is not None:
        single = _single_stream(frames, system, items)
        return (own_s, "") if single else (np.full(len(items), np.nan), OVERLAPPING)
    window, names = pd.factorize(items["window"], use_na_sentinel=False)
    windows = frames.windows.drop_duplicates("window").set_index("window").reindex(names)
    span_s = (windows["finished_s"] - windows["started_s"]).to_numpy(dtype=np.float64)[window]
    total_j, passes = (windows[name].to_numpy(dtype=np.float64)[window] for name in ("total_j", "passes"))
    energy_j = items["energy_j"].to_numpy(dtype=np.float64)
    in_window_s = np.bincount(window, weights=own_s)[window]
    evenly = 1 / np.bincount(window)[window]
    by_time = np.divide(own_s, in_window_s, out=evenly, where=in_window_s > 0) / np.maximum(passes, 1)
    by_joules = np.isfinite(energy_j) & (total_j > 0)
    share = np.divide(energy_j, total_j, out=by_time, where=by_joules)
    # Of a window that the record has lost the item speaks for itself.
    return np.where(np.isnan(span_s), own_s, span_s * share), ""


def _until_failed_s(frames: Frames, system: str) -> NDArray[np.float64]:
    """Return the seconds that failed requests of a system occupied it; NaN for all other answers."""
    of_system = (frames.items["system"] == system).to_numpy()
    failed = frames.items["failed"].to_numpy()[of_system]
    if not failed.any():
        return np.full(int(of_system.sum()), np.nan)
    ends_s = frames.more_columns("finished_s")["finished_s"].to_numpy(dtype=np.float64)[of_system]
    starts_s = frames.items["started_s"].to_numpy(dtype=np.float64)[of_system]
    return np.where(failed, ends_s - starts_s, np.nan)


def _single_stream(frames: Frames, system: str, items: pd.DataFrame) -> bool:
    """Tell whether another tool asked one request at a time: as it says, or as its times show."""
    load = frames.record.imported.scenarios.get(system, {}) if frames.record.imported is not None else {}
    for key in ("concurrency", "at most at once"):
        if key in load:
            return bool(load[key] == 1)
    started, finished = (np.sort(items[name].to_numpy(dtype=np.float64)) for name in ("started_s", "finished_s"))
    # An import that knows durations alone starts them all at 0.
    return len(started) > 1 and bool((started[1:] >= finished[:-1]).all())
