"""Merge the shards of a suite into one run, as if one machine had asked all of its blocks in one run.

The merged run is written aside and renamed when all of it is on disk: what a killed merge leaves is no run, and is
removed by the next one. Memory holds a part of each table and the windows of one shard, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from wattbench.distributed.merging.complete_set import complete_set
from wattbench.distributed.merging.fit_together import check_fit_together, check_same_plan
from wattbench.distributed.merging.found_shards import Shards, find_shards
from wattbench.distributed.merging.merged_header import merged_header
from wattbench.distributed.merging.merged_items import merged_items
from wattbench.distributed.merging.merged_lines import write_lines
from wattbench.errors import UserError
from wattbench.folder_aside import folder_aside
from wattbench.records import RunHeader, RunWriter, WindowRow
from wattbench.records.files.atomic_write import failing_as, move_into_place

_FAILURE = "the merged run cannot be written"


def merge_shards(
    shards: Iterable[Path],
    out: Path,
    command: Sequence[str],
    notice: Callable[[str], None] = lambda _: None,
    run: str | None = None,
    check: Callable[[Iterable[Path]], None] = lambda _: None,
) -> Path:
    """Merge shards into one run, complete or not at all, and return its directory.

    Args:
        shards: their directories, or folders of them.
        out: the directory of the merged run; a folder that is there already gets it under its name.
        command: how this was started, for the record.
        notice: prints what is passed over.
        run: the name of the merged run; None: a new one.
        check: raises a UserError if one of some shards, by their directories, is not to be merged.

    Raises:
        UserError: they do not make a whole run together, one is damaged, or a file cannot be written.
    """
    every = find_shards(shards)
    check_same_plan(every)
    whole = complete_set(every, notice)
    check([shard.root for shard in whole.every])
    check_fit_together(whole)
    header = merged_header(whole, command, run)
    target = _target(out, header)
    left = target.parent.glob(".*.merging")
    with failing_as(target, _FAILURE), folder_aside(target.with_name(f".{target.name}.merging"), left=left) as aside:
        with RunWriter.create(aside / target.name, header) as writer:
            _write(writer, whole, header)
        writer.layout.lock.unlink(missing_ok=True)
        move_into_place(aside / target.name, target, failure=_FAILURE)
    return target


def _target(out: Path, header: RunHeader) -> Path:
    """Return the directory of the merged run.

    Raises:
        UserError: a run or a file is there.
    """
    if not out.exists():
        return out
    if not out.is_dir() or (out / "run.json").exists():
        raise UserError(f"{out}: it is there already; name a directory that is not, or a folder of runs")
    return out / header.run


def _write(writer: RunWriter, shards: Shards, header: RunHeader) -> None:
    shift = write_lines(writer.layout, shards, header.run)
    ended_utc = datetime.now(UTC).isoformat(timespec="seconds")
    writer.finish_batches(merged_items(shards, header.run, shift), _windows(shards, header.run), ended_utc)


def _windows(shards: Shards, run: str) -> Iterator[WindowRow]:
    """Yield the windows of all shards, with the purposes that they have in a finished run."""
    for shard in shards.every:
        for row in shard.records.windows():
            yield replace(row, run=run)
