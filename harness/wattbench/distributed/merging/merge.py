"""Merge the shards of a suite into one run, as if one machine had asked all of its blocks in one run.

The merged run is written aside and renamed when all of it is on disk: what a killed merge leaves is no run, and is
removed by the next one. Memory holds a part of each table and the windows of one shard, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wattbench.distributed.merging.fit_together import check_fit_together, check_same_plan, complete_set
from wattbench.distributed.merging.found_shards import Shard, Shards, find_shards
from wattbench.distributed.merging.merged_calls import merged_calls
from wattbench.distributed.merging.merged_items import merged_items
from wattbench.distributed.merging.merged_lines import write_lines
from wattbench.errors import UserError
from wattbench.records import RunHeader, WindowRow
from wattbench.records.copies import written_aside
from wattbench.records.finish_record import file_sha256
from wattbench.records.rows.header import new_run_name, utc_now


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
    with written_aside(target, header, "merging", "the merged run cannot be written") as writer:
        shift = write_lines(writer.layout, whole, header.run)
        items, windows = merged_items(whole, header.run, shift), _windows(whole, header.run)
        writer.finish_batches(items, windows, utc_now(), merged_calls(whole, header.run))
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


def _windows(shards: Shards, run: str) -> Iterator[WindowRow]:
    """Yield the windows of all shards as windows of the merged run, with their purposes in a finished run."""
    for shard in shards.every:
        for row in shard.records.windows():
            yield replace(row, run=run)


def merged_header(shards: Shards, command: Sequence[str], run: str | None = None) -> RunHeader:
    """Return the header of the merged run; with a new name unless one is given."""
    first = shards.first.header
    suite = first.suite.get("suite")
    name = str(suite.get("name", "run")) if isinstance(suite, dict) else "run"
    machines = _machines(shards.every)
    return replace(
        first,
        run=run or new_run_name(name),
        created_utc=min(shard.header.created_utc for shard in shards.every),
        command=list(command),
        meters=machines[first.node]["meters"],
        meter_details=machines[first.node]["meter_details"],
        node=first.node if len(machines) == 1 else "",
        machines=machines if len(machines) > 1 else {},
        shard=None,
        retried_from=None,
        journal=False,
        merged=[_provenance(shard) for shard in shards.every],
    )


def _machines(shards: Sequence[Shard]) -> dict[str, dict[str, Any]]:
    """Map each node to its environment and the meters of all its slots, in the order of the blocks."""
    machines: dict[str, dict[str, Any]] = {}
    for shard in shards:
        header = shard.header
        known = machines.setdefault(header.node, {"environment": header.environment, "meters": {}, "meter_details": {}})
        known["meters"] |= header.meters
        known["meter_details"] |= header.meter_details
    return machines


def _provenance(shard: Shard) -> dict[str, Any]:
    header = shard.header
    return {
        "run": header.run,
        "node": header.node,
        "blocks": list(shard.numbers),
        "created_utc": header.created_utc,
        "sha256": file_sha256(shard.records.layout.finished),
    }
