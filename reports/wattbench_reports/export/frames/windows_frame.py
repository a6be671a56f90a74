"""Build the window table: a row per window, as in the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.export.frames.typed_frame import typed
from wattbench_reports.metrics.throughput import CLIENT_SHARE, RATES, window_throughput
from wattbench_reports.tables.run_tables import NEWER_WINDOW_COLUMNS, NODE

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "run": "string",
    "system": "string",
    "task": "string",
    "window": "string",
    "purpose": "string",
    "started_s": "float64",
    "finished_s": "float64",
    "energy_j": "string",
    "provenance": "string",
    "check_energy_j": "string",
    "idle_w": "string",
    "total_j": "float64",
    "above_idle_j": "float64",
    "provenance_label": "string",
    "samples": "int64",
    "largest_gap_s": "float64",
    "temperature_c": "string",
    "passes": "int64",
    "valid": "bool",
    "reasons": "string",
    "block": "Int64",
    "attempt": "Int64",
    "own_cpu_s": "float64",
    "contended": "boolean",
    "node": "string",
    "requests_per_s": "float64",
    "output_tokens_per_s": "float64",
    "client_share": "float64",
}
"""The columns in order, as in `windows.parquet`, with pandas' type of each, and the throughput of those whose answers
count (`wattbench_reports.metrics.throughput`). Figures per component are JSON objects, as components vary."""


FIRST = (
    "system", "task", "window", "purpose", "block", "started_s", "finished_s", "total_j", "above_idle_j",
    "provenance_label", "valid", "reasons",
)  # fmt: skip
"""The columns that a frame has unless others are chosen."""


def windows_frame(measured: Measured) -> pd.DataFrame:
    """Return a row per window, columns `COLUMNS`; the reasons of each as one text.

    Raises:
        UserError: the record is damaged.
    """
    older = [name for name in COLUMNS if name not in (*NEWER_WINDOW_COLUMNS, NODE, *RATES, CLIENT_SHARE)]
    table = measured.frames.window_columns(*older)
    windows = measured.frames.windows
    newer = {name: windows[name] for name in NEWER_WINDOW_COLUMNS} | {NODE: windows[NODE].where(windows[NODE] != "")}
    reasons = ["; ".join(map(str, () if each is None else each)) for each in table["reasons"]]
    rates = {name: table["window"].map(of_window) for name, of_window in _served(measured).items()}
    return typed(table.assign(reasons=reasons, **newer, **rates), COLUMNS, measured.frames.run.layout.windows_table)


def _served(measured: Measured) -> dict[str, dict[str, float]]:
    """Return the throughput of each window by figure, at every rate and of every machine."""
    load = measured.load
    every = [measured.frames] if load is None else [at.frames for at in load.rates]
    served: dict[str, dict[str, float]] = {}
    for frames in every:
        for name, of_window in window_throughput(frames.recorded or frames).items():
            served.setdefault(name, {}).update(of_window)
    return served
