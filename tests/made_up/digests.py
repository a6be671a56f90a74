"""Take the digests out of a finished run, or write them anew, so that a test may change its files as it likes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from wattbench.measure.rebuilt_tables import rebuild
from wattbench.records import read_run
from wattbench.records.finish_record import finish_record, run_files
from wattbench.records.journal import Journal
from wattbench.records.layout import RunLayout
from wattbench.records.tables.run_tables import calls_parquet, items_parquet, windows_parquet


def without_digests(run: Path) -> Path:
    """Leave a finished run as an older wattbench did, which wrote no digests and no journal; return its directory."""
    layout = RunLayout(run)
    record = json.loads(layout.finished.read_bytes())
    layout.finished.write_text(json.dumps({name: record[name] for name in ("finished_utc", "items", "windows")}))
    if layout.journal.exists():
        layout.journal.unlink()
        layout.header.write_text(json.dumps(json.loads(layout.header.read_bytes()) | {"journal": False}))
    return run


def journaled_anew(run: Path) -> None:
    """Write the journal of a run whose files were edited anew."""
    layout = RunLayout(run)
    layout.journal.unlink(missing_ok=True)
    journal = Journal.begin(layout)
    for name in run_files(layout):
        if (path := layout.root / name) not in (
            layout.items_table,
            layout.windows_table,
            layout.calls_table,
            layout.journal,
        ):
            journal.note(path)
    journal.close()


def made_consistent(run: Path) -> Path:
    """Write tables, digests and journal of a run whose lines were edited anew; return its directory."""
    records = replace(read_run(run), check_digests=False)
    layout, rebuilt = records.layout, rebuild(records, records.windows())
    layout.items_table.write_bytes(items_parquet(rebuilt.items))
    layout.windows_table.write_bytes(windows_parquet(rebuilt.windows))
    if rebuilt.calls:
        layout.calls_table.write_bytes(calls_parquet(rebuilt.calls))
    if records.header.journal:
        journaled_anew(run)
    ended = json.loads(layout.finished.read_bytes())["finished_utc"]
    layout.finished.write_bytes(
        finish_record(layout, ended, len(rebuilt.items), len(rebuilt.windows), len(rebuilt.calls))
    )
    return run
