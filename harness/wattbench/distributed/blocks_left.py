"""Find which blocks of a suite are complete, being asked, torn and left, from the shards on disk alone.

A shard is a run of some blocks (`RunHeader.shard`). What it holds counts once it is finished: `merge` takes no other. A
block of a shard that no process writes and that is not finished is torn: it is asked again, whole, in a shard of its
own. Nothing is changed on disk, and what is there may be damaged, another suite's or another deal's: it is passed over,
with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records import RunHeader, RunLayout, read_run
from wattbench.records.files.regular_file import is_locked
from wattbench.records.finish_record import read_finish


@dataclass(frozen=True)
class Deal:
    """The suite, the number of blocks and the seed that all shards of one run share."""

    suite_sha256: str
    of: int
    """How many blocks there are."""
    seed: int

    @classmethod
    def of_shard(cls, header: RunHeader) -> Deal | None:
        """Return the deal of a shard. None if the run is no shard."""
        if header.shard is None:
            return None
        return cls(header.suite_sha256, header.shard["of"], header.shard["seed"])


@dataclass(frozen=True)
class BlocksLeft:
    """The blocks of a deal by their state. Numbers are from 0."""

    deal: Deal
    complete: Mapping[int, Path]
    """Block to the finished shard that holds it."""
    running: Mapping[int, Path]
    """Block to the shard in which a process is asking it now."""
    torn: Mapping[int, Sequence[Path]]
    """Block to the shards that were cut off in it, where none is complete or being asked."""
    passed_over: Mapping[Path, str]
    """Folder to why nothing of it counts, as a clause."""

    @property
    def left(self) -> list[int]:
        """Return the blocks that are left to ask, in order: neither complete nor being asked now.

        Torn blocks are among them.
        """
        return [block for block in range(self.deal.of) if block not in self.complete and block not in self.running]

    @property
    def shards(self) -> list[Path]:
        """Return the finished shards that together hold every complete block once, by their first block."""
        return list(dict.fromkeys(self.complete[block] for block in sorted(self.complete)))


def blocks_left(shards: Iterable[Path], deal: Deal) -> BlocksLeft:
    """Find the state of each block.

    Args:
        shards: run directories, in any order.
        deal: which shards count.
    """
    complete: dict[int, Path] = {}
    running: dict[int, Path] = {}
    torn: dict[int, list[Path]] = {}
    passed_over: dict[Path, str] = {}
    for root in sorted(shards):
        try:
            shard, finished, written = _state(root, deal)
        except _OtherRunError as error:
            passed_over[root] = str(error)
            continue
        blocks: list[int] = shard["blocks"]
        if finished:
            if doubled := sorted(complete.keys() & set(blocks)):
                passed_over[root] = f"block {doubled[0] + 1} is complete in {complete[doubled[0]].name} already"
                continue
            complete.update(dict.fromkeys(blocks, root))
        elif written:
            running.update({block: root for block in blocks if block not in running})
        else:
            for block in blocks:
                torn.setdefault(block, []).append(root)
    running = {block: root for block, root in running.items() if block not in complete}
    torn = {block: roots for block, roots in torn.items() if block not in complete and block not in running}
    return BlocksLeft(deal, complete, running, torn, passed_over)


class _OtherRunError(Exception):
    """A folder holds no valid shard of the deal."""


def _state(root: Path, deal: Deal) -> tuple[dict[str, Any], bool, bool]:
    """Return the shard in a folder, whether it is finished, and whether a process is writing it.

    Raises:
        _OtherRunError: it is damaged, no shard, or one of another deal.
    """
    layout = RunLayout(root)
    # Before the rest: a shard that is finished between the two looks is finished, and not torn.
    written = is_locked(layout.lock)
    try:
        header = read_run(root).header
        finished = layout.finished.exists()
        if finished:
            read_finish(layout)
    except UserError as error:
        raise _OtherRunError(str(error)) from error
    theirs = Deal.of_shard(header)
    if theirs is None or header.shard is None:
        raise _OtherRunError("it is no shard: its header names no blocks")
    if theirs.suite_sha256 != deal.suite_sha256:
        raise _OtherRunError("it is of another suite, or of this one before it was changed")
    if theirs != deal:
        raise _OtherRunError(
            f"it is of another deal ({theirs.of} blocks with seed {theirs.seed}, not {deal.of} with {deal.seed})"
        )
    return header.shard, finished, written
