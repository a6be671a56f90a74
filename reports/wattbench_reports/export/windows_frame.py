"""Build the window table: a row per window, as in the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench_reports.comparison.analysis import Analysis

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "run", "system", "task", "window", "purpose", "started_s", "finished_s", "energy_j", "provenance",
    "check_energy_j", "idle_w", "total_j", "above_idle_j", "provenance_label", "samples", "largest_gap_s",
    "temperature_c", "passes", "valid", "reasons",
)  # fmt: skip
"""As in `windows.parquet`. Figures per component are JSON objects, as components differ between machines."""


def windows_frame(analysis: Analysis) -> pd.DataFrame:
    """Return a row per window, columns `COLUMNS`; the reasons of each as one text.

    Raises:
        UserError: the record is damaged.
    """
    table = analysis.frames.window_columns(*COLUMNS)
    reasons = ["; ".join(map(str, () if each is None else each)) for each in table["reasons"]]
    return table.assign(reasons=reasons).astype({"reasons": "string"})
