"""Import files and tables, and read the run or the figures that come of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from wattbench.importers import read_sources, write_run
from wattbench.importers.imported import Imported
from wattbench.records import RunRecords, read_run


def imported_run(*sources: Path, to: Path, name: str = "imported", **settings: Any) -> RunRecords:
    """Import sources into a folder of runs, with settings of `write_run`, and read the run."""
    return read_run(write_run(read_sources(sources), to / "runs", name, ["wattbench", "runs", "import"], **settings))


def imported_table(table: str | pd.DataFrame, to: Path, name: str = "table", **settings: Any) -> RunRecords:
    """Write a table in CSV into a folder, import it, and read the run."""
    path = to / f"{name}.csv"
    path.write_text(table if isinstance(table, str) else table.to_csv(index=False))
    return imported_run(path, to=to, name=name, **settings)


def figures_of(imported: Imported, system: str | None = None) -> dict[tuple[str, str], tuple[float, str]]:
    """Return the figures that a source states, of one system if it is named: (figure, statistic) to (value, unit)."""
    rows = (row for row in imported.summaries if system in (None, row.system))
    return {(row.figure, row.statistic): (row.value, row.unit) for row in rows}
