"""Read a run whose tables are made anew in another folder: from its lines, or from those that it has so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wattbench.records.layout import RunLayout
from wattbench.records.reader import RunRecords
from wattbench.records.rows.answers import ItemRow
from wattbench.records.rows.calls import MeteredCallRow
from wattbench.records.rows.windows import WindowRow
from wattbench.records.tables.run_tables import calls_parquet, items_parquet, windows_parquet


@dataclass(frozen=True)
class _TablesElsewhere(RunLayout):
    folder: Path

    @property
    def items_table(self) -> Path:  # type: ignore[override]
        return self.folder / super().items_table.name

    @property
    def windows_table(self) -> Path:  # type: ignore[override]
        return self.folder / super().windows_table.name

    @property
    def calls_table(self) -> Path:  # type: ignore[override]
        return self.folder / super().calls_table.name


def with_tables(
    records: RunRecords,
    items: Sequence[ItemRow],
    windows: Sequence[WindowRow],
    folder: Path,
    calls: Sequence[MeteredCallRow] = (),
) -> RunRecords:
    """Write tables of a run into another folder, and return the run with these. Its digests are not checked.

    Args:
        records: of the run.
        items: the rows of its items.
        windows: those of its windows.
        folder: where the tables are written.
        calls: the rows of its model calls; without any there is no table of them.
    """
    made = replace(records, layout=_TablesElsewhere(records.layout.root, folder), check_digests=False)
    made.layout.items_table.write_bytes(items_parquet(items))
    made.layout.windows_table.write_bytes(windows_parquet(windows))
    if calls:
        made.layout.calls_table.write_bytes(calls_parquet(calls))
    return made
