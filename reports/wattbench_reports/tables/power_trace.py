"""Read a power trace as a table: fast where the file is intact, row by row where it is not."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from wattbench.errors import UserError
from wattbench.records import TRACE_COLUMNS, TraceRow, trace_rows
from wattbench.records.files.regular_file import MOST_TRACE_BYTES, open_record

_FLOATS = ("at_s", "energy_j", "power_w", "temperature_c", "step_s")
_WORDS = ("meter", "component", "notes", "provenance")
_USED = ("at_s", "component", "energy_j", "power_w", "gap", "provenance", "step_s")
_GAP = r"(?:^| \| )gap: "
_MOST_ROWS = 500_000
"""The most rows of a damaged file that are read one by one."""


def trace_table(path: Path) -> tuple[pd.DataFrame, str | None]:
    """Read every row of a trace before any damage, and describe the damage (None: none).

    Returns:
        Columns `at_s`, `component`, `energy_j` and `power_w` (NaN where not read), `gap` (whether it could not be
        read), `provenance`, `step_s`.
    """
    try:
        with open_record(path, MOST_TRACE_BYTES) as file:
            table = _whole(file)
    except UserError as error:
        return _of_rows([]), str(error)
    if table is not None:
        return table, None
    kept: list[TraceRow] = []
    problem = None
    try:
        for row in islice(trace_rows(path), _MOST_ROWS):
            kept.append(row)  # noqa: PERF402  # what came before an error is kept
    except UserError as error:
        problem = str(error)
    else:
        if len(kept) == _MOST_ROWS:
            problem = f"it is damaged; its first {_MOST_ROWS:,} rows are used"
    return _of_rows(kept), problem


def _at_once(file: IO[bytes]) -> pd.DataFrame | None:
    """Read with pandas, which fills torn lines; None where it fails."""
    types = {**dict.fromkeys(_FLOATS, "float64"), **dict.fromkeys(_WORDS, "category")}
    try:
        table = pd.read_csv(
            file, dtype=types, keep_default_na=False, na_values={column: [""] for column in _FLOATS}, index_col=False,
            encoding="utf-8", encoding_errors="replace", skip_blank_lines=True, float_precision="round_trip",
        )  # fmt: skip
    except (OSError, ValueError):  # its own errors are ValueErrors
        return None
    return table if tuple(table.columns) == TRACE_COLUMNS else None


def _whole(file: IO[bytes]) -> pd.DataFrame | None:
    """Read the whole file at once; None where that fails, or where a value is one that no meter gives."""
    table = _at_once(file)
    if table is None:
        return None
    whole = table["step_s"].notna().to_numpy()  # a torn line lacks its last columns
    figures = {name: table[name].to_numpy()[whole] for name in _FLOATS}
    if any(np.isinf(values).any() for values in figures.values()) or np.isnan(figures["at_s"]).any():
        return None
    if (figures["power_w"] < 0).any() or (figures["step_s"] < 0).any():
        return None
    words = {name: table[name].array[whole] for name in _WORDS}
    notes = words["notes"]
    gaps = [re.search(_GAP, note) is not None for note in notes.categories]
    used = figures | words | {"gap": np.array(gaps, dtype=bool)[notes.codes]}
    return pd.DataFrame({name: used[name] for name in _USED}, index=np.flatnonzero(whole))


def _of_rows(rows: list[TraceRow]) -> pd.DataFrame:
    table = pd.DataFrame(
        [
            (row.at_s, row.component, row.energy_j, row.power_w, row.gap is not None, row.provenance, row.step_s)
            for row in rows
        ],
        columns=list(_USED),
    )
    return table.astype({"at_s": float, "energy_j": float, "power_w": float, "gap": bool, "step_s": float})
