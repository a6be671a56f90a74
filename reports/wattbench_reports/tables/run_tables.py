"""Read the items and the windows of a finished run as data frames, checked."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records import RunRecords, WindowRow
from wattbench.records.tables import check_columns
from wattbench.records.verified_files import check_unchanged
from wattbench_reports.tables.header_record import HeaderRecord, header_record

ITEM_COLUMNS = (
    "system", "kind", "task", "domain", "doc_id", "doc_hash", "repeat", "correct", "output_tokens",
    "started_s", "finished_s", "window", "energy_j", "energy_above_idle_j", "energy_provenance",
)  # fmt: skip
"""What every panel needs. Prompts and outputs are most of the bytes, and are read only where they are shown."""

IMPORTED_COLUMNS = (*ITEM_COLUMNS, "cost")
"""Of a run that another tool made."""

NEWER_ITEM_COLUMNS = ("block", "own_cpu_s")
"""What older runs lack: NaN there, as in what has no block."""

WINDOW_COLUMNS = (
    "window", "system", "task", "purpose", "started_s", "finished_s", "total_j", "above_idle_j", "provenance_label",
    "samples", "largest_gap_s", "passes", "valid", "reasons",
)  # fmt: skip

NEWER_WINDOW_COLUMNS = ("block", "attempt", "own_cpu_s", "contended")
"""As `NEWER_ITEM_COLUMNS`."""

USAGE_COLUMNS = ("system", "prompt_tokens", "cached_tokens", "output_tokens", "seconds")
"""Of an entry of a hybrid's `usage`."""


_LARGEST = 1e18
"""In joules or seconds, as `wattbench.records` allows."""

_ROUNDING_S = 1e-6

_LABELS = ("system", "task", "domain")
"""Few values and many rows: read as categories, so that a million rows are a million small integers."""


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
    """One row per answer, columns `ITEM_COLUMNS` (`IMPORTED_COLUMNS`), `NEWER_ITEM_COLUMNS` and `failed`; `system`,
    `task` and `domain` are categories. What failed has no `finished_s`: it has no latency, as it is no answer."""
    windows: pd.DataFrame
    """One row per window, columns `WINDOW_COLUMNS` and `NEWER_WINDOW_COLUMNS`."""
    differences: tuple[DocDifference, ...]
    """Empty where every system answered the same documents, as it should be."""
    absent: tuple[str, ...]
    """Systems that were planned or started and answered nothing."""
    rows: pd.Series | None = None
    """Which rows of the file these are, where they are not all of them: True or False for each."""
    measured_in: frozenset[str] | None = None
    """The ids of the windows in which these were measured, where they are not all that there are."""

    def more_columns(self, *names: str, newer: Sequence[str] = ()) -> pd.DataFrame:
        """Read further columns of the items, aligned with `items`, for what only one panel needs.

        Args:
            names: of the columns.
            newer: columns that older tables lack; they are then left out.

        Raises:
            UserError: the table has no such column.
        """
        table: pd.DataFrame = _read(self.run.layout.items_table, names, newer=newer).to_pandas()
        return table if self.rows is None else table[self.rows].reset_index(drop=True)

    def list_lengths(self, name: str) -> NDArray[np.int64]:
        """Return the lengths of a column of lists, aligned with `items`; 0 where there is no list.

        Raises:
            UserError: the table has no such column, or it holds no lists.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        path = self.run.layout.items_table
        try:
            lengths = pc.fill_null(pc.list_value_length(_read(path, (name,)).column(name)), 0).to_numpy()
        except pa.ArrowException as error:
            raise UserError(f"{path}: {name} does not hold lists ({error}); the record is damaged") from error
        return np.asarray(lengths if self.rows is None else lengths[self.rows.to_numpy()])

    def list_rows(self, name: str) -> pd.DataFrame:
        """Return a row per entry of a column of lists of objects; none where the table has no such column.

        Returns:
            Column ``answer``, which row of `items` it is of, and those of `USAGE_COLUMNS`.

        Raises:
            UserError: it holds no such lists.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        path = self.run.layout.items_table
        try:
            table = _read(path, (), newer=(name,))
            lists = (
                table.column(name).combine_chunks() if name in table.column_names else pa.nulls(0, pa.list_(pa.null()))
            )
            lists = lists if self.rows is None or not len(lists) else lists.filter(pa.array(self.rows.to_numpy()))
            entries = pc.list_flatten(lists)
            if not len(entries):
                return pd.DataFrame({"answer": np.empty(0, np.int64), **dict.fromkeys(USAGE_COLUMNS, np.empty(0))})
            fields = {each: pc.struct_field(entries, each).to_pandas() for each in USAGE_COLUMNS}
            return pd.DataFrame({"answer": pc.list_parent_indices(lists).to_numpy(), **fields})
        except pa.ArrowException as error:
            raise UserError(f"{path}: {name} does not hold lists of usage ({error}); the record is damaged") from error

    @cached_property
    def record(self) -> HeaderRecord:
        """Return the header of the run."""
        return header_record(self.run)

    @cached_property
    def window_rows(self) -> tuple[WindowRow, ...]:
        """Return the windows as recorded, with their joules by component; in the order they closed."""
        return tuple(self.run.windows())

    @cached_property
    def row_of_answer(self) -> NDArray[np.int64]:
        """Return the function `row_of_answer` of `items`, computed once."""
        return row_of_answer(self.items)

    def only(self, rows: pd.Series, windows: frozenset[str]) -> Frames:
        """Return the frames with some of the answers. The table of windows stays complete.

        Args:
            rows: True or False for each answer of the file.
            windows: the ids of those in which these were measured.
        """
        return replace(self, items=self.items[rows].reset_index(drop=True), rows=rows, measured_in=windows)

    def window_columns(self, *names: str) -> pd.DataFrame:
        """Read further columns of the windows, aligned with `windows`.

        Raises:
            UserError: the table has no such column.
        """
        table: pd.DataFrame = _read(self.run.layout.windows_table, names).to_pandas()
        return table

    def measured_windows(self, system: str) -> pd.DataFrame:
        """Return the windows in which the system's items were asked."""
        windows = self.windows
        measured = windows[(windows["system"] == system) & (windows["purpose"] == "measured")]
        return measured if self.measured_in is None else measured[measured["window"].isin(self.measured_in)]


def load_frames(run: RunRecords) -> Frames:
    """Read the tables of a finished run.

    Raises:
        UserError: the run is not finished (with the command that finishes it), is not as it was written, or its tables
            are damaged.
    """
    check_finished(run)
    check_unchanged(run)
    root = run.layout.root
    record = header_record(run)
    columns = ITEM_COLUMNS if record.imported is None else IMPORTED_COLUMNS
    items: pd.DataFrame = _read(run.layout.items_table, columns, _LABELS, NEWER_ITEM_COLUMNS).to_pandas()
    windows: pd.DataFrame = _read(run.layout.windows_table, WINDOW_COLUMNS, newer=NEWER_WINDOW_COLUMNS).to_pandas()
    if items.empty:
        raise UserError(f"{root}: this run holds no items, so there is nothing to compare")
    for table, names in ((items, NEWER_ITEM_COLUMNS), (windows, NEWER_WINDOW_COLUMNS)):
        for name in names:
            table[name] = table[name].astype(np.float64) if name in table else np.nan
    _check_scores(items, run, imported=record.imported is not None)
    _check_figures(items, run)
    items["failed"] = failed_requests(run.layout.items_table)
    items.loc[items["failed"], "finished_s"] = np.nan
    _check_each_once(items, run)
    present = set(items["system"].unique())
    known = dict.fromkeys([*run.systems(), *(cell.system for cell in record.cells)])
    systems = (*(name for name in known if name in present), *sorted(present - set(known)))
    items["system"] = pd.Categorical(items["system"], categories=list(systems))
    for column in ("task", "domain"):
        # Categories in the order of first appearance: the order of the suite.
        items[column] = pd.Categorical(items[column], categories=items[column].unique().tolist())
    absent = tuple(name for name in known if name not in present)
    return Frames(run, systems, items, windows, tuple(_differences(items, systems)), absent)


def failed_requests(path: Path) -> NDArray[np.bool_]:
    """Return which rows of a table of items are of requests that failed; none in an older one.

    Raises:
        UserError: the table cannot be read.
    """
    import pyarrow.parquet as pq

    table = _read(path, (), newer=("failure",))
    if "failure" not in table.column_names:
        return np.zeros(pq.read_metadata(path).num_rows, dtype=np.bool_)
    return np.asarray(table.column("failure").is_valid().to_numpy())


def check_finished(run: RunRecords) -> None:
    """Refuse a run that has not come to its end.

    Raises:
        UserError: it has not; with the command that finishes it.
    """
    if not run.finished:
        root = run.layout.root
        raise UserError(
            f"{root}: this run is not finished. Finish it with: wattbench run --resume {shlex.quote(str(root))}"
        )


def _check_scores(items: pd.DataFrame, run: RunRecords, *, imported: bool) -> None:
    """Check scores: 0 to 1. Only what was imported may lack them, and then a system lacks all.

    Else its accuracy and its joules per correct answer would be of different requests.
    """
    scored = items["correct"].notna()
    by_system = scored.groupby(items["system"], observed=True).agg(["any", "all"])
    incomplete = bool((by_system["any"] & ~by_system["all"]).any()) if imported else not scored.all()
    if incomplete or not items.loc[scored, "correct"].between(0, 1).all():
        raise UserError(
            f"{run.layout.items_table}: some scores in `correct` are not between 0 and 1; the record is damaged"
        )


def _check_figures(items: pd.DataFrame, run: RunRecords) -> None:
    """Check that joules and seconds can be those of an answer."""
    joules, seconds = items["energy_j"], items["finished_s"] - items["started_s"]
    for what, wrong in (
        ("joules in `energy_j` are below 0 or infinite", ~joules.dropna().between(0, _LARGEST)),
        ("answers end before they start", ~seconds.dropna().between(-_ROUNDING_S, _LARGEST)),
    ):
        if wrong.any():
            raise UserError(f"{run.layout.items_table}: some {what}; the record is damaged")


def _check_each_once(items: pd.DataFrame, run: RunRecords) -> None:
    """Check that no row is there twice: its joules and its score would count twice."""
    again = items.duplicated(["system", "task", "doc_id", "repeat", "window", "started_s"])
    if again.any():
        system, task, doc_id = items.loc[again, ["system", "task", "doc_id"]].iloc[0]
        raise UserError(
            f"{run.layout.items_table}: the answer of {system} to document {doc_id} of {task} is there twice; the "
            "record is damaged"
        )


def row_of_answer(items: pd.DataFrame) -> NDArray[np.int64]:
    """Return for each answer the row of its item. An item is a document of a task: `(task, doc_id, doc_hash)`."""
    groups = items.groupby(["task", "doc_id", "doc_hash"], observed=True, sort=True)
    return np.asarray(groups.ngroup(), dtype=np.int64)


def _read(path: Path, columns: Sequence[str], labels: Sequence[str] = (), newer: Sequence[str] = ()) -> Any:
    """Read some columns of a table, in the order of the file, as an Arrow table.

    Args:
        path: of the table.
        columns: that it must have.
        labels: of these, read as categories if they are texts.
        newer: columns that are read too where the table has them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        missing = [name for name in columns if name not in schema.names]
        if missing:
            raise UserError(f"{path}: no column {', '.join(missing)}; it was not written by this version of wattbench")
        texts = [name for name in labels if pa.types.is_string(schema.field(name).type)]
        check_columns(path, schema)
        there = [*columns, *(name for name in newer if name in schema.names)]
        return pq.read_table(path, columns=there, read_dictionary=texts, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}); the record is damaged") from error


def _differences(items: pd.DataFrame, systems: Sequence[str]) -> Iterable[DocDifference]:
    """Find systems that did not answer the same set of doc_hash per task as the others."""
    tasks = items["task"].cat.codes.to_numpy().astype(np.int64)
    hashes, unique_hashes = pd.factorize(items["doc_hash"], use_na_sentinel=False)
    document, keys = pd.factorize(tasks * len(unique_hashes) + hashes)
    system = items["system"].cat.codes.to_numpy().astype(np.int64)
    cells = np.bincount(document * len(systems) + system, minlength=len(keys) * len(systems))
    answered = cells.reshape(len(keys), len(systems)) > 0
    for code, task in enumerate(items["task"].cat.categories):
        of_task = answered[keys // len(unique_hashes) == code]
        for name, got in zip(systems, of_task.sum(axis=0).tolist(), strict=True):
            if got < len(of_task):
                yield DocDifference(name, str(task), len(of_task) - got)
