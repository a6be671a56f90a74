"""Build the power traces of a run: a row per reading of a component."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.errors import UserError, nearest
from wattbench.records import RunRecords
from wattbench_reports.tables.power_trace import trace_table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "system": "string",
    "task": "string",
    "at_s": "float64",
    "component": "string",
    "energy_j": "float64",
    "power_w": "float64",
    "gap": "bool",
    "provenance": "string",
    "step_s": "float64",
}
"""The columns in order, with pandas' type of each. `task` is missing for readings from the loading of a system."""


def power_frame(run: RunRecords, system: str | None = None) -> pd.DataFrame:
    """Return every reading of the meters, columns `COLUMNS`, in the order of the traces.

    Args:
        run: from `wattbench.records.read_run`.
        system: only the traces of this one, which are read alone.

    Raises:
        UserError: the run has no such system, or a trace is damaged.
    """
    import pandas as pd

    tables = [_trace(path, name, task) for name, task, path in _cells(run, system)]
    tables = [table for table in tables if len(table)]
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    return pd.concat(tables, ignore_index=True).astype(COLUMNS)[list(COLUMNS)]


def _cells(run: RunRecords, system: str | None) -> Iterator[tuple[str, str | None, Path]]:
    """Yield system, task and path of each trace; the task is None for the loading of a system."""
    tasks: dict[str, list[str]] = {}
    for cell in run.header.cells:
        tasks.setdefault(str(cell["system"]), []).append(str(cell["task"]))
    if system is not None and system not in tasks:
        raise UserError(f"system {system!r:.80}: not in this run{nearest(system, tasks)}")
    for name in tasks if system is None else [system]:
        yield from ((name, None, path) for path in run.layout.load_traces(name))
        for task in tasks[name]:
            if (path := run.layout.trace(name, task)).exists():
                yield name, task, path


def _trace(path: Path, system: str, task: str | None) -> pd.DataFrame:
    import pandas as pd

    table, problem = trace_table(path)
    if problem is not None:
        raise UserError(problem)
    return table.assign(system=system, task=pd.Series(task, index=table.index, dtype="string"))
