"""Copy the complete blocks of a run that was stopped, so that they can be reported. The run is only read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wattbench.folder_aside import folder_aside
from wattbench.records.files.atomic_write import failing_as, move_into_place
from wattbench.records.files.jsonl import read_lines
from wattbench.records.files.regular_file import copy_record
from wattbench.records.layout import RunLayout
from wattbench.records.reader import RunRecords
from wattbench.records.rows.header import RunHeader
from wattbench.records.shards import shard_of
from wattbench.records.writer import RunWriter

_FAILURE = "the complete blocks cannot be copied"


@contextmanager
def copied_part(records: RunRecords, out: Path, header: RunHeader) -> Iterator[RunWriter]:
    """Yield the writer of a run with the complete blocks of another one, to be finished; then move it into place.

    What is of no block (loading, idle) is in it as well; of blocks that are not complete nothing is.

    Args:
        records: of the run that was stopped.
        out: the folder in which the copy gets its directory.
        header: of the copy, with its name.

    Raises:
        UserError: a file cannot be read or written, or is damaged.
    """
    target, left = out / header.run, out.glob(".*Z-*.stopped")
    with failing_as(target, _FAILURE), folder_aside(out / f".{header.run}.stopped", left=left) as aside:
        with RunWriter.create(aside / header.run, header) as writer:
            _copy(records, writer.layout, header.run)
            yield writer
        writer.layout.lock.unlink(missing_ok=True)
        move_into_place(aside / header.run, target, failure=_FAILURE)


def _copy(records: RunRecords, new: RunLayout, run: str) -> None:
    old = records.layout
    complete = {(row.number, row.attempt) for row in records.blocks()}

    def counts(row: Mapping[str, Any]) -> bool:
        return row.get("block") is None or (row["block"], row.get("attempt", 0)) in complete

    windows = [row for row in records.windows() if row.block is None or (row.block, row.attempt) in complete]
    names = {row.window for row in windows}
    for path in (old.systems, old.block_plan, old.blocks, old.spending):
        if os.path.lexists(path):
            copy_record(path, new.root / path.name)
    _copy_lines(old.windows, new.windows, counts, {"run": run})
    _copy_lines(old.passes, new.passes, lambda row: row["window"] in names)
    for path in sorted((old.root / "items").glob("*/*.jsonl")):
        _copy_lines(path, new.root / path.relative_to(old.root), counts)
    for row in windows:
        trace = old.trace(row.system, row.task, row.block, shard=shard_of(row.window))
        target = new.root / trace.relative_to(old.root)
        if trace.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_record(trace, target)


def _copy_lines(
    source: Path, target: Path, keep: Callable[[Mapping[str, Any]], bool], change: Mapping[str, Any] | None = None
) -> None:
    lines = [
        json.dumps({**row, **(change or {})}, ensure_ascii=False) + "\n" for row in read_lines(source) if keep(row)
    ]
    if lines:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(lines), encoding="utf-8")
