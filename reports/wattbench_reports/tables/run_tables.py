"""Read the items and the windows of a finished run as data frames, checked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records import RunRecords, WindowRow
from wattbench.records.table_columns import Coded, TableColumns
from wattbench.records.tables import check_columns
from wattbench.records.verified_files import check_unchanged
from wattbench_reports.tables.answer_checks import DocDifference, check_answers, doc_differences
from wattbench_reports.tables.header_record import HeaderRecord, header_record
from wattbench_reports.tables.item_rows import Rows, row_of_answer, rows_by_code
from wattbench_reports.tables.items_table import read_items

if TYPE_CHECKING:
    import pyarrow as pa

WINDOW_COLUMNS = (
    "window", "system", "task", "purpose", "started_s", "finished_s", "total_j", "above_idle_j", "provenance_label",
    "samples", "largest_gap_s", "passes", "valid", "reasons",
)  # fmt: skip

NEWER_WINDOW_COLUMNS = ("block", "attempt", "own_cpu_s", "contended")
"""What older runs lack: NaN there, as in what has no block."""

NODE = "node"
"""The column of windows and items that says which machine measured: empty in older records."""

USAGE_COLUMNS = ("system", "prompt_tokens", "cached_tokens", "output_tokens", "seconds")
"""Of an entry of a hybrid's `usage`."""

NEWER_USAGE_COLUMNS = ("cache_write_tokens",)
"""What entries of older runs lack: NaN there."""


@dataclass(frozen=True)
class Frames:
    """A run as tables."""

    run: RunRecords
    systems: tuple[str, ...]
    """In the order they first ran."""
    items: pd.DataFrame
    """One row per answer: see `wattbench_reports.tables.items_table.read_items`. What failed has no `finished_s`: it
    has no latency, as it is no answer."""
    windows: pd.DataFrame
    """One row per window, columns `WINDOW_COLUMNS`, `NEWER_WINDOW_COLUMNS` and `NODE`."""
    differences: tuple[DocDifference, ...]
    """Empty where every system answered the same documents, as it should be."""
    absent: tuple[str, ...]
    """Systems that were planned or started and answered nothing."""
    documents: pa.LargeStringArray | None = None
    """The distinct ``doc_hash``, sorted: those of the numbers in ``document`` of the items."""
    rows: pd.Series | None = None
    """Which rows of the file these are, where they are not all of them: True or False for each."""
    measured_in: frozenset[str] | None = None
    """The ids of the windows in which these were measured, where they are not all that there are."""
    item_rows: NDArray[np.int32] | None = None
    """`row_of_answer`, where it is known already."""
    recorded: Frames | None = None
    """The same with seconds and joules of all machines, where these have those of machines of one class alone."""

    def more_columns(self, *names: str, newer: Sequence[str] = ()) -> pd.DataFrame:
        """Read further columns of the items, aligned with `items`, for what only one panel needs.

        Args:
            names: of the columns.
            newer: columns that older tables lack; they are then left out.

        Raises:
            UserError: the table has no such column.
        """
        with TableColumns(self.run.layout.items_table) as table:
            table.require(names)
            there = [*names, *(name for name in newer if name in table)]
            columns = {name: table.numbers(name) if table.holds_numbers(name) else None for name in there}
        texts = [name for name, column in columns.items() if column is None]
        if texts:
            read = _read(self.run.layout.items_table, texts).to_pandas()
            columns |= {name: read[name] for name in texts}
        frame = pd.DataFrame(columns, copy=False)
        return frame if self.rows is None else frame[self.rows].reset_index(drop=True)

    def coded(self, name: str) -> Coded:
        """Read a further column of texts of the items, aligned with `items`, as numbers.

        Raises:
            UserError: the table has no such column, or it holds no texts.
        """
        with TableColumns(self.run.layout.items_table) as table:
            return table.coded(name).rows(None if self.rows is None else self.rows.to_numpy())

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
            Column ``answer``, which row of `items` it is of, and those of `USAGE_COLUMNS` and `NEWER_USAGE_COLUMNS`.

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
                none = dict.fromkeys((*USAGE_COLUMNS, *NEWER_USAGE_COLUMNS), np.empty(0))
                return pd.DataFrame({"answer": np.empty(0, np.int64), **none})
            fields = {each: pc.struct_field(entries, each).to_pandas() for each in USAGE_COLUMNS}
            for each in NEWER_USAGE_COLUMNS:
                there = entries.type.get_field_index(each) >= 0
                fields[each] = pc.struct_field(entries, each).to_pandas() if there else np.nan
            return pd.DataFrame({"answer": pc.list_parent_indices(lists).to_numpy(), **fields})
        except pa.ArrowException as error:
            raise UserError(f"{path}: {name} does not hold lists of usage ({error}); the record is damaged") from error

    @cached_property
    def record(self) -> HeaderRecord:
        """Return the header of the run."""
        return header_record(self.run)

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Return the machines that measured the answers, sorted; none where an older record does not name them."""
        measured = self.windows.loc[self.windows["purpose"] == "measured", NODE]
        return tuple(sorted(str(node) for node in measured.unique() if node))

    @property
    def several_nodes(self) -> bool:
        """Return whether more than one machine measured the answers."""
        return len(self.nodes) > 1

    @cached_property
    def window_rows(self) -> tuple[WindowRow, ...]:
        """Return the windows as recorded, with their joules by component; in the order they closed."""
        return tuple(self.run.windows())

    @cached_property
    def row_of_answer(self) -> NDArray[np.int32]:
        """Return the function `row_of_answer` of `items`, computed once."""
        return row_of_answer(self.items) if self.item_rows is None else self.item_rows

    @cached_property
    def an_answer(self) -> NDArray[np.int32]:
        """Return for each item, in the order of the rows of `row_of_answer`, the row of one of its answers."""
        row = self.row_of_answer
        of_item = np.empty(int(row.max(initial=-1)) + 1, dtype=np.int32)
        of_item[row] = np.arange(len(row), dtype=np.int32)
        return of_item

    @cached_property
    def answers_by_system(self) -> tuple[Rows, ...]:
        """Return the rows of `items` of each of `systems`."""
        return rows_by_code(self.items["system"].cat.codes.to_numpy(), len(self.systems))

    def answers_of(self, system: str) -> Rows:
        """Return the rows of `items` of one system."""
        return self.answers_by_system[self.systems.index(system)]

    def kind_of(self, system: str) -> str:
        """Return the kind of a system that has answers."""
        first = self.positions(self.answers_of(system))[:1]
        return str(self.items["kind"].iloc[first].iloc[0])

    def positions(self, rows: Rows) -> NDArray[np.integer[Any]]:
        """Return rows as positions, whether they are a slice or not."""
        return np.arange(rows.start, rows.stop, dtype=np.int32) if isinstance(rows, slice) else rows

    def figures(self, name: str, rows: Rows = slice(None)) -> NDArray[np.float64]:
        """Return a column of numbers of `items`, or some rows of it, not to be written to."""
        return self.items[name].to_numpy(dtype=np.float64)[rows]

    def seconds(self, rows: Rows = slice(None)) -> NDArray[np.float64]:
        """Return how long answers took, or those of some rows; NaN where it is not known."""
        with np.errstate(invalid="ignore"):
            return self.figures("finished_s", rows) - self.figures("started_s", rows)

    def codes(self, name: str, rows: Rows = slice(None)) -> NDArray[np.integer[Any]]:
        """Return the codes of a column of categories of `items`, or of some rows of it, not to be written to."""
        return self.items[name].cat.codes.to_numpy()[rows]

    @property
    def document_of_answer(self) -> Coded:
        """Return the ``doc_hash`` of each answer."""
        assert self.documents is not None
        return Coded(self.items["document"].to_numpy(), self.documents)

    def labels(self, name: str, rows: Rows) -> list[str]:
        """Return which categories of a column of `items` some rows have, in no order of theirs."""
        categories = self.items[name].cat.categories
        seen = np.zeros(len(categories) + 1, dtype=np.bool_)
        seen[self.codes(name, rows)] = True  # the last one: those without any
        return [str(each) for each in categories[seen[:-1]]]

    def only(self, rows: pd.Series, windows: frozenset[str]) -> Frames:
        """Return the frames with some of the answers. The table of windows stays complete.

        Args:
            rows: True or False for each answer of the file.
            windows: the ids of those in which these were measured.
        """
        return replace(
            self, items=self.items[rows].reset_index(drop=True), rows=rows, measured_in=windows, item_rows=None
        )

    def window_columns(self, *names: str, newer: Sequence[str] = ()) -> pd.DataFrame:
        """Read further columns of the windows, aligned with `windows`.

        Args:
            names: of columns that the table must have.
            newer: of columns that older records lack: they are then None.

        Raises:
            UserError: the table has no such column.
        """
        table: pd.DataFrame = _read(self.run.layout.windows_table, names, newer=newer).to_pandas()
        return table.assign(**{name: None for name in newer if name not in table})

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
    record, path = header_record(run), run.layout.items_table
    imported = record.imported is not None
    items, documents = read_items(path, imported=imported)
    newer = (*NEWER_WINDOW_COLUMNS, NODE)
    windows: pd.DataFrame = _read(run.layout.windows_table, WINDOW_COLUMNS, newer=newer).to_pandas()
    for name in NEWER_WINDOW_COLUMNS:
        windows[name] = windows[name].astype(np.float64) if name in windows else np.nan
    windows[NODE] = windows[NODE].fillna("").astype(str) if NODE in windows else ""
    present = set(items["system"].cat.categories)
    known = dict.fromkeys([*run.systems(), *(cell.system for cell in record.cells)])
    systems = (*(name for name in known if name in present), *sorted(present - set(known)))
    items["system"] = items["system"].cat.set_categories(list(systems))
    absent = tuple(name for name in known if name not in present)
    answers = rows_by_code(items["system"].cat.codes.to_numpy(), len(systems))
    check_answers(path, items, answers, imported=imported)
    if items["failed"].any():
        items["finished_s"] = items["finished_s"].mask(items["failed"])
    row = row_of_answer(items)
    differences = tuple(doc_differences(items, row, systems, answers))
    return Frames(run, systems, items, windows, differences, absent, documents, item_rows=row)


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


def _read(path: Path, columns: Sequence[str], newer: Sequence[str] = ()) -> Any:
    """Read some columns of a table, in the order of the file, as an Arrow table.

    Args:
        path: of the table.
        columns: that it must have.
        newer: columns that are read too where the table has them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        missing = [name for name in columns if name not in schema.names]
        if missing:
            raise UserError(f"{path}: no column {', '.join(missing)}; it was not written by this version of wattbench")
        check_columns(path, schema)
        there = [*columns, *(name for name in newer if name in schema.names)]
        return pq.read_table(path, columns=there, page_checksum_verification=True)
    except (OSError, UnicodeError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}); the record is damaged") from error
