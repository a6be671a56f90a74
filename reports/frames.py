"""Records to pandas: the items and the windows of a finished run, checked."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from harness.errors import UserError
from harness.records import RunRecords

ITEM_COLUMNS = (
    "system", "kind", "task", "domain", "doc_id", "doc_hash", "repeat", "correct", "output_tokens",
    "started_s", "finished_s", "window", "energy_j", "energy_above_idle_j", "energy_provenance",
)  # fmt: skip
"""What every panel needs. Prompts and outputs are most of the bytes, and are read only by whoever shows them."""

IMPORTED_COLUMNS = (*ITEM_COLUMNS, "cost")
"""Of a run that another tool made."""

WINDOW_COLUMNS = (
    "window", "system", "task", "purpose", "started_s", "finished_s", "total_j", "above_idle_j", "provenance_label",
    "samples", "largest_gap_s", "passes", "valid", "reasons",
)  # fmt: skip


@dataclass(frozen=True)
class DocDifference:
    """A system that did not answer the same documents of a task as the others."""

    system: str
    task: str
    missing: int
    """Documents of the task that some other system answered and this one did not."""


@dataclass(frozen=True)
class Frames:
    """A run as tables."""

    run: RunRecords
    systems: tuple[str, ...]
    """In the order they first ran."""
    items: pd.DataFrame
    """One row per answer, columns `ITEM_COLUMNS` (`IMPORTED_COLUMNS`); `system`, `task` and `domain` are categories."""
    windows: pd.DataFrame
    """One row per window, columns `WINDOW_COLUMNS`."""
    differences: tuple[DocDifference, ...]
    """Empty where every system answered the same documents, as it should be."""
    absent: tuple[str, ...]
    """Systems that were planned or started and answered nothing."""
    rows: pd.Series | None = None
    """Which rows of the file these are, where they are not all of them: True or False for each."""
    measured_in: frozenset[str] | None = None
    """The ids of the windows in which these were measured, where they are not all that there are."""

    def more_columns(self, *names: str) -> pd.DataFrame:
        """Further columns of the items, row by row those of `items`. For what only one panel needs.

        Raises:
            UserError: the table has no such column.
        """
        table = _read(self.run.layout.items_table, names)
        return table if self.rows is None else table[self.rows].reset_index(drop=True)

    def only(self, rows: pd.Series, windows: frozenset[str]) -> Frames:
        """Some of the answers. The table of windows stays whole.

        Args:
            rows: True or False for each answer of the file.
            windows: the ids of those in which these were measured.
        """
        return replace(self, items=self.items[rows].reset_index(drop=True), rows=rows, measured_in=windows)

    def window_columns(self, *names: str) -> pd.DataFrame:
        """Further columns of the windows, row by row those of `windows`.

        Raises:
            UserError: the table has no such column.
        """
        return _read(self.run.layout.windows_table, names)

    def measured_windows(self, system: str) -> pd.DataFrame:
        """The windows in which the system's items were asked."""
        windows = self.windows
        own = windows[(windows["system"] == system) & (windows["purpose"] == "measured")]
        return own if self.measured_in is None else own[own["window"].isin(self.measured_in)]


def load_frames(run: RunRecords) -> Frames:
    """Read the tables of a finished run.

    Raises:
        UserError: the run is not finished (with the command that finishes it), or its tables are damaged.
    """
    root = run.layout.root
    if not run.finished:
        raise UserError(
            f"{root}: this run is not finished. Finish it with: wattbench run --resume {shlex.quote(str(root))}"
        )
    items = _read(run.layout.items_table, ITEM_COLUMNS if run.header.imported is None else IMPORTED_COLUMNS)
    windows = _read(run.layout.windows_table, WINDOW_COLUMNS)
    if items.empty:
        raise UserError(f"{root}: this run holds no items, so there is nothing to compare")
    _check_scores(items, run)
    present = set(items["system"].unique())
    known = dict.fromkeys([*run.systems(), *(str(cell.get("system")) for cell in run.header.cells)])
    systems = (*(name for name in known if name in present), *sorted(present - set(known)))
    items["system"] = pd.Categorical(items["system"], categories=list(systems))
    for column in ("task", "domain"):
        # Categories in the order of first appearance: the order of the suite.
        items[column] = pd.Categorical(items[column], categories=items[column].unique().tolist())
    absent = tuple(name for name in known if name not in present)
    return Frames(run, systems, items, windows, tuple(_differences(items, systems)), absent)


def _check_scores(items: pd.DataFrame, run: RunRecords) -> None:
    """Scores are 0 to 1. Only what was imported may lack them, and then a system lacks all: else its accuracy and its
    joules per correct answer would be of different requests.
    """
    scored = items["correct"].notna()
    whole = scored.groupby(items["system"]).agg(["any", "all"])
    lacking = not scored.all() if run.header.imported is None else bool((whole["any"] & ~whole["all"]).any())
    if lacking or not items.loc[scored, "correct"].between(0, 1).all():
        raise UserError(
            f"{run.layout.items_table}: some scores in `correct` are not between 0 and 1; the record is damaged"
        )


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of a table, in the order of the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = set(pq.read_schema(path).names)
        missing = [name for name in columns if name not in found]
        if missing:
            raise UserError(f"{path}: no column {', '.join(missing)}; it was not written by this version of wattbench")
        table: pd.DataFrame = pq.read_table(path, columns=list(columns)).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}); the record is damaged") from error
    return table


def _differences(items: pd.DataFrame, systems: Sequence[str]) -> Iterable[DocDifference]:
    """Every item of every system has the same set of doc_hash per task, or the systems did not do the same work."""
    answered = items[["task", "system", "doc_hash"]].drop_duplicates()
    documents = answered[["task", "doc_hash"]].drop_duplicates()
    wanted = documents.groupby("task", observed=True).size()
    got = answered.groupby(["task", "system"], observed=True).size()
    for task, count in wanted.items():
        for system in systems:
            missing = int(count) - int(got.get((task, system), 0))
            if missing:
                yield DocDifference(system, str(task), missing)
