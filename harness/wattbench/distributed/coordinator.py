"""Hand out blocks to device slots, keep a copy of what their workers write, and ask again what was lost.

A block counts once its shard is here whole: finished, and with every file as its digests say. What a lost worker wrote
of the block that it was asking is dropped, and the block is asked again, whole, by another. A slot takes the next block
when it is free, so a faster one takes more.

Find which blocks of a suite are complete, being asked, torn and left, from the shards on disk alone.

A shard is a run of some blocks (`RunHeader.shard`). What it holds counts once it is finished: `merge` takes no other. A
block of a shard that no process writes and that is not finished is torn: it is asked again, whole, in a shard of its
own. Nothing is changed on disk, and what is there may be damaged, another suite's or another deal's: it is passed over,
with the reason.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.clock import now_s
from wattbench.distributed.agent import encode
from wattbench.distributed.slots import SlotLink, SlotLostError, SlotProvider
from wattbench.distributed.streaming import Incoming, OutOfStepError, Piece
from wattbench.errors import END_OF_LOG, UserError
from wattbench.interrupts import raise_if_interrupted
from wattbench.progress import Progress
from wattbench.records import RunHeader, RunLayout, read_run
from wattbench.records.files.regular_file import is_locked
from wattbench.records.finish_record import read_finish
from wattbench.records.verified_files import changed_files


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


POLL_S = 0.1
MOST_LOSSES = 3
"""Workers in a row that may end in one block, or on one slot before it completes any."""
WAITS_S = 60.0
"""For a slot, where none is left and one may come: a node that restarts, or one that is busy with other work."""


@dataclass
class _Worker:
    """A slot in service, with the block that it asks and the shards that it sends."""

    slot: SlotLink
    ready: bool = False
    block: int | None = None
    """The one that it was asked and has not completed."""
    begun_s: float = 0.0
    shards: dict[str, int] = field(default_factory=dict)
    """Folder of a shard that is not complete to how many answers of it have come."""


@dataclass
class Coordinator:
    """Has device slots ask the remaining blocks of a run."""

    folder: Path
    """Of the shards."""
    slots: SlotProvider
    setup: bytes
    """The first message to every worker."""
    progress: Progress
    deal: Deal | None = None
    """Of the shards; None: of whole runs, which are not dealt."""
    of_block: Callable[[int], str] = lambda block: f"block {block + 1}"
    """Names a block in what is said."""
    now: Callable[[], float] = now_s
    sleep: Callable[[float], None] = time.sleep
    _workers: list[_Worker] = field(default_factory=list, init=False)
    _left: deque[int] = field(default_factory=deque, init=False)
    _lost: Counter[int] = field(default_factory=Counter, init=False)
    """Block to how many workers ended in it."""
    _fruitless: Counter[str] = field(default_factory=Counter, init=False)
    """Slot to how many of its workers ended without a complete block."""
    _failures: dict[str, list[str]] = field(default_factory=dict, init=False)
    """What a worker said as it failed to the slots that said so."""
    _done: list[tuple[Path, Mapping[str, Any]]] = field(default_factory=list, init=False)
    _alone_since_s: float | None = field(default=None, init=False)

    def ask(self, blocks: Iterable[int]) -> Sequence[tuple[Path, Mapping[str, Any]]]:
        """Ask blocks; return all their shards, each with the message of its worker.

        Raises:
            UserError: no slot is left that can ask what is missing. What is complete stays.
        """
        self._left.extend(blocks)
        try:
            while self._left or any(worker.block is not None for worker in self._workers):
                raise_if_interrupted()
                self._take_in()
                self._hand_out()
                heard = [self._heard(worker) for worker in list(self._workers)]
                if not any(heard):
                    self.sleep(POLL_S)
        finally:
            for worker in self._workers:
                worker.slot.close()
        return self._done

    def _take_in(self) -> None:
        """Put new slots into service.

        Raises:
            UserError: there is none, and none is to be expected.
        """
        for slot in self.slots.new_slots(self.setup):
            self._workers.append(_Worker(slot))
            self._alone_since_s = None
        if self._workers:
            return
        waits_for = self.slots.why_none()
        if self._alone_since_s is None:
            self._alone_since_s = self.now()
            if waits_for is not None:
                self.progress.note(f"no slot is in service; waiting up to {WAITS_S:.0f} s: {waits_for}")
        if waits_for is None or self.now() - self._alone_since_s > WAITS_S:
            raise UserError(self._why_none(waits_for))

    def _hand_out(self) -> None:
        for worker in self._workers:
            if worker.ready and worker.block is None and self._left:
                worker.block, worker.begun_s = self._left.popleft(), self.now()
                worker.slot.send(encode("ask", block=worker.block))

    def _heard(self, worker: _Worker) -> bool:
        """Process the files and messages of a worker; return whether there were any."""
        try:
            report = worker.slot.poll()
            self._check_own(worker, report.pieces)
            Incoming(self.folder).take(report.pieces)
        except (SlotLostError, OutOfStepError) as error:
            self._drop(worker, str(error))
            return True
        for piece in report.pieces:
            worker.shards[piece.shard] = worker.shards.get(piece.shard, 0) + piece.answers
            self.progress.advance(piece.answers)
        failed = False
        for message in report.messages:
            failed = self._said(worker, message) or failed
        if report.ended is not None and not failed:
            self._drop(worker, f"its worker {report.ended}", by_its_work=True)
        return bool(report.pieces or report.messages or report.ended)

    def _check_own(self, worker: _Worker, pieces: Sequence[Piece]) -> None:
        """Check that a worker sends parts only of its own incomplete shards.

        Raises:
            OutOfStepError: it does.
        """
        for shard in {piece.shard for piece in pieces} - worker.shards.keys():
            if os.path.lexists(self.folder / shard):  # which no text fails
                raise OutOfStepError(f"it sent a part of {shard!r:.80}, which is not its own")

    def _said(self, worker: _Worker, message: Mapping[str, Any]) -> bool:
        """Act on a message; return whether it ends the worker's service."""
        kind = message["is"]
        if kind == "ready":
            worker.ready = True
        elif kind == "note":
            self.progress.note(f"{worker.slot.name}: {message.get('text')}")
        elif kind == "done":
            return self._complete(worker, message)
        elif kind == "failed":
            self._failed(worker, str(message.get("message")))
            return True
        return False

    def _complete(self, worker: _Worker, message: Mapping[str, Any]) -> bool:
        shard = str(message.get("shard"))
        root = self.folder / shard
        problem = self._problem(worker, shard)
        if problem is not None:
            self._drop(worker, f"the copy of its block is not whole: {problem}")
            return True
        took_s, block = self.now() - worker.begun_s, worker.block
        worker.shards.pop(shard, None)
        worker.block = None
        worker.slot.forget(shard)
        self._fruitless[worker.slot.name] = 0
        self._done.append((root, message))
        assert block is not None
        self.progress.note(f"{worker.slot.name}: {self.of_block(block)} is complete, after {took_s:.0f} s")
        return False

    def _problem(self, worker: _Worker, shard: str) -> str | None:
        """Return why a shard is not the whole block that its worker was asked. None if it is that block."""
        if worker.block is None:
            return "it was asked no block"
        if shard not in worker.shards:
            return "nothing of it came"
        root = self.folder / shard
        problem = why_not_whole(root)
        if problem is not None or self.deal is None:
            return problem
        there = blocks_left([root], self.deal)
        if root in there.passed_over:
            return there.passed_over[root]
        return None if [*there.complete] == [worker.block] else "it holds other blocks than it was asked"

    def _failed(self, worker: _Worker, message: str) -> None:
        """Take a slot out of service after its worker reported a failure.

        Raises:
            UserError: another slot has said the same: it is not the node.
        """
        said_by = self._failures.setdefault(message, [])
        said_by.append(worker.slot.name)
        block = worker.block
        self._out_of_service(worker, again=False)
        if len(said_by) > 1:
            raise UserError(f"{' and '.join(said_by)}: {message}")
        what = "" if block is None else f"; {self.of_block(block)} is asked again on another slot"
        self.progress.note(f"{worker.slot.name} is out of service: {message}{what}")

    def _drop(self, worker: _Worker, why: str, *, by_its_work: bool = False) -> None:
        """Take a lost worker out of service, and have another one started in its place.

        Args:
            worker: which.
            why: as a clause.
            by_its_work: it ended on a node that is still there: what it was asked may be why.

        Raises:
            UserError: workers ended in the same block too often.
        """
        name, block = worker.slot.name, worker.block
        self._fruitless[name] += 1
        again = self._fruitless[name] < MOST_LOSSES
        self._out_of_service(worker, again=again)
        if block is not None and by_its_work:
            self._lost[block] += 1
            if (times := self._lost[block]) >= MOST_LOSSES:
                raise UserError(f"{times} workers ended in {self.of_block(block)}, the last one on {name}: {why}")
        what = "" if block is None else f"; {self.of_block(block)} is asked again"
        clause, head, log = why.partition(END_OF_LOG)
        self.progress.note(f"{name}: {clause}{what}{head}{log}")
        if not again:
            self._failures.setdefault(why, []).append(name)

    def _out_of_service(self, worker: _Worker, *, again: bool) -> None:
        self._workers.remove(worker)
        if worker.block is not None:
            self._left.appendleft(worker.block)
        for shard, answers in worker.shards.items():
            shutil.rmtree(self.folder / shard, ignore_errors=True)
            self.progress.advance(-answers)
        worker.slot.close()
        self.slots.gone(worker.slot, again=again)

    def _why_none(self, waits_for: str | None) -> str:
        reasons = [f"{', '.join(names)}: {message}" for message, names in self._failures.items()]
        return "; ".join(reasons) or f"no device slot is there to ask{'' if waits_for is None else f': {waits_for}'}"


def why_not_whole(root: Path) -> str | None:
    """Return why a shard is incomplete or changed. None if it is whole."""
    layout = RunLayout(root)
    if not layout.finished.exists():
        return f"{root.name} is not finished"
    try:
        return next(iter(changed_files(layout, read_finish(layout))), None)
    except UserError as error:
        return str(error)


def drop_incomplete(folder: Path) -> Sequence[Path]:
    """Remove incomplete shards, and return the complete ones."""
    whole = []
    for root in sorted(folder.iterdir()) if folder.is_dir() else []:
        if why_not_whole(root) is None:
            whole.append(root)
        else:
            shutil.rmtree(root, ignore_errors=True)
    return whole
