"""A run whose blocks are asked by several device slots: begun, brought to its end, and resumed.

Until it ends, its directory has `run.json`, in which it is a shard of all blocks, and the shards that are whole or on
their way below `shards/`. At the end these are merged below `merged/`, whose files then take their places, the merged
`run.json` included. `finished.json` comes last: a kill at any moment leaves a run that can be resumed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.config import Measure, Resolved
from wattbench.distributed.agent import encode
from wattbench.distributed.coordinator import Coordinator, Deal, blocks_left, drop_incomplete
from wattbench.distributed.merging import merge_shards
from wattbench.distributed.same_work import files_of, versions
from wattbench.distributed.slots import SlotProvider
from wattbench.errors import UserError
from wattbench.measure.effort import LEAST
from wattbench.measure.plan import Cell, requests
from wattbench.progress import PlannedTurn, progress
from wattbench.records import RunHeader, RunLayout, read_run
from wattbench.records.files.atomic_write import failing_as, sync_folder

SHARDS = "shards"
MERGED = "merged"
BLOCKS_PER_SLOT = 4
"""So that no slot waits for another for longer than a quarter of its work."""
FAILURE = "cannot be written"


@dataclass(frozen=True)
class ClusterJob:
    """A run whose blocks several slots ask, with its cells and options."""

    resolved: Resolved
    cells: Sequence[Cell]
    command: Sequence[str]
    allow_unsafe_code: bool = False
    wait_s: float = 0.0


def check_can_be_shared(resolved: Resolved) -> None:
    """Check that a suite can be asked by several slots.

    Raises:
        UserError: it cannot.
    """
    measure, where = resolved.suite.measure, f"{resolved.path}: several slots (--cluster, --slots) cannot ask it"
    if measure.load is not None:
        raise UserError(f"{where}: under scenario: load there are no blocks to hand out. Run it on one machine")
    if not measure.in_blocks:
        raise UserError(f"{where}: measure.blocks is 1, so that there is nothing to hand out. Set auto, or a number")
    if resolved.suite.max_cost is not None:
        raise UserError(
            f"{where}: a budget (max_cost) counts the spending of one process, and here several ask at once. Leave it "
            "out, or run it on one machine"
        )


def blocks_of(measure: Measure, items: int, slots: int) -> int:
    """Return the number of blocks of a run: the suite's number, or some per slot if the suite says `auto`.

    Args:
        measure: the suite's settings.
        items: of all tasks, each counted once.
        slots: how many there are as the run begins.
    """
    most = max(1, items // measure.batch)
    wanted = max(LEAST, BLOCKS_PER_SLOT * slots) if measure.blocks == "auto" else measure.blocks
    return min(wanted, most if measure.blocks == "auto" else items)


def is_handed_out(header: RunHeader, root: Path) -> bool:
    """Return whether an unfinished run is one whose blocks are handed out to several slots."""
    return (header.shard or {}).get("handed_out") is True or any((root / name).is_dir() for name in (SHARDS, MERGED))


def run_on(root: Path, job: ClusterJob, slots: SlotProvider, notice: Callable[[str], None]) -> None:
    """Ask the remaining blocks of a run, merge all blocks, and finish the run. Its lock is held.

    Raises:
        UserError: a block cannot be asked, or the shards do not fit together. What is complete stays.
    """
    if not RunLayout(root / MERGED).finished.exists():
        _ask(root, job, slots)
        _merge(root, job, notice)
    _take_places(root)


def _ask(root: Path, job: ClusterJob, slots: SlotProvider) -> None:
    header = read_run(root).header
    deal = Deal.of_shard(header)
    assert deal is not None
    there = blocks_left(drop_incomplete(root / SHARDS), deal)
    whole, left = there.shards, there.left
    items = sum(requests(cell.items, job.resolved.suite.measure, cell.config) for cell in job.cells)
    before = sum(_answers(shard) for shard in whole)
    name = f"{len(left)} of {deal.of} blocks"
    with progress([PlannedTurn("all slots", items)]) as shown:
        shown.start_cell(name, PlannedTurn("all slots", items), before)
        Coordinator(root / SHARDS, slots, _setup(header, job), shown, deal).ask(left)
        shown.end_cell()


def _answers(shard: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (shard / "items").glob("*/*.jsonl"))


def _setup(header: RunHeader, job: ClusterJob) -> bytes:
    shard: Mapping[str, Any] = header.shard or {}
    return encode(
        "begin",
        versions=versions(),
        suite=header.suite,  # without secrets: each node reads its own
        files=files_of(header.suite),
        cells=[cell.as_record() for cell in job.cells],
        deal={"of": shard["of"], "seed": shard["seed"]},
        command=list(header.command),
        night=header.night,
        allow_unsafe_code=job.allow_unsafe_code,
        wait_s=job.wait_s,
    )


def _merge(root: Path, job: ClusterJob, notice: Callable[[str], None]) -> None:
    shutil.rmtree(root / MERGED, ignore_errors=True)
    notice(f"wattbench: all blocks are complete; merging them in {root}")
    merge_shards([root / SHARDS], root / MERGED, job.command, notice, run=root.name)


def _take_places(root: Path) -> None:
    """Move the merged files up, and remove the shards; the last step makes the run a finished one. Each can be
    repeated."""
    merged, finished = root / MERGED, RunLayout(root / MERGED).finished
    with failing_as(root, FAILURE):
        for path in sorted(merged.iterdir()):
            if path.name in (finished.name, RunLayout(merged).lock.name):
                continue
            target = root / path.name
            if target.is_dir():
                shutil.rmtree(target)
            path.replace(target)
        sync_folder(root)
        shutil.rmtree(root / SHARDS, ignore_errors=True)
        RunLayout(merged).lock.unlink(missing_ok=True)
        finished.replace(RunLayout(root).finished)
        sync_folder(root)
        merged.rmdir()
