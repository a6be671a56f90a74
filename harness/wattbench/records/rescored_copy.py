"""Write a run that holds the answers of another one with other scores. The other is only read."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from wattbench.folder_aside import folder_aside
from wattbench.records.files.atomic_write import failing_as, move_into_place
from wattbench.records.files.jsonl import read_lines
from wattbench.records.files.regular_file import copy_record
from wattbench.records.layout import RunLayout
from wattbench.records.reader import RunRecords
from wattbench.records.rows.answers import ScoreRow
from wattbench.records.rows.header import RunHeader
from wattbench.records.tables.run_tables import of_another_run, rescored_items
from wattbench.records.writer import RunWriter

KEPT = (
    "systems", "open_windows", "block_plan", "blocks", "passes", "phases", "loads", "spending", "estimates",
    "summaries",
)  # fmt: skip
"""Files that are the same in both runs, as `RunLayout` names them."""

KEPT_FOLDERS = ("items", "scores", "experts", "power", "loads")

_FAILURE = "the run cannot be written"

Scores = Mapping[tuple[str, str], Collection[ScoreRow]]
"""System and task to the new scores."""


def write_rescored(records: RunRecords, out: Path, header: RunHeader, scores: Scores, finished_utc: str) -> Path:
    """Write the run, complete or not at all, and return its directory.

    Args:
        records: of the run whose answers it holds.
        out: the folder in which it gets its directory.
        header: its header, with its name.
        scores: of the cells that were scored anew. All others keep theirs.
        finished_utc: when, as ISO 8601.

    Raises:
        UserError: a table of the other run is damaged, or a file cannot be written.
    """
    target, left = out / header.run, out.glob(".*Z-*.rescoring")
    with failing_as(target, _FAILURE), folder_aside(out / f".{header.run}.rescoring", left=left) as aside:
        with RunWriter.create(aside / header.run, header) as writer:
            _keep(records.layout, writer.layout, header.run, scores)
            measured = header.imported is None  # an imported run has its tables alone
            if measured:
                for (system, task), rows in scores.items():
                    writer.write_scores(system, task, rows)
            items, number = rescored_items(records.layout.items_table, header.run, scores, complete=measured)
            windows, number_of_windows = of_another_run(records.layout.windows_table, header.run)
            writer.finish_tables(items, windows, number, number_of_windows, finished_utc)
        move_into_place(aside / header.run, target, failure=_FAILURE)
    return target


def _keep(old: RunLayout, new: RunLayout, run: str, scores: Scores) -> None:
    """Give the files that never change a second name; write the windows as those of the new run."""
    replaced = {old.scores(system, task) for system, task in scores}
    files = [path for name in KEPT if (path := getattr(old, name)).is_file()]
    for folder in KEPT_FOLDERS:
        files += [path for path in (old.root / folder).rglob("*") if path.is_file() and not path.is_symlink()]
    for path in files:
        if path not in replaced:
            _link(path, new.root / path.relative_to(old.root))
    write_windows_of(run, old, new)


def write_windows_of(run: str, old: RunLayout, new: RunLayout) -> None:
    """Write the windows of a run as those of another one, which has another name."""
    if os.path.lexists(old.windows):
        lines = [_line(row | {"run": run}) for row in read_lines(old.windows)]
        new.windows.write_text("".join(lines), encoding="utf-8")


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        os.link(source, target)
        return
    copy_record(source, target)
