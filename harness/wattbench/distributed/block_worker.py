"""The process that asks blocks on a device slot: `python -m wattbench.distributed.block_worker FOLDER [shares]`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.config import resolved_from_record, with_secrets
from wattbench.distributed.same_work import check_same_cells, check_same_files, check_same_versions
from wattbench.distributed.shard_session import ShardSession
from wattbench.distributed.worker import NotedProgress, WorkerLink, serve
from wattbench.machine.lock_waiting import Waiting
from wattbench.machine.measuring_lock import measuring_lock
from wattbench.machine.shared_machine import SharedMachine
from wattbench.machine.slot import Slot, usable_gpus
from wattbench.measure.plan import plan
from wattbench.records.schema.header import NightRecord

if TYPE_CHECKING:
    from wattbench.config import Resolved


def _work(link: WorkerLink, folder: Path, shares: bool) -> None:
    messages = link.messages()
    begin = next(messages, None)
    if begin is None:
        return
    progress = NotedProgress(link)
    slot = _slot() if shares else None
    resolved, waiting = _suite(begin), Waiting(float(begin["wait_s"]), progress.note)
    metered = resolved.suite.measure.energy
    with measuring_lock(waiting, slot) if metered else SharedMachine().shared(waiting, metered=False):
        session = _session(begin, resolved, folder / "shards", progress)
        link.say("ready")
        try:
            for message in messages:
                block = int(message["block"])
                link.say("done", block=block, shard=session.ask(block).name)
        finally:
            session.close()


def _suite(begin: Mapping[str, Any]) -> Resolved:
    """Read the driver's suite, and check that versions and files here are the driver's.

    Raises:
        UserError: it is not.
    """
    check_same_versions(begin["versions"])
    check_same_files(begin["files"])
    return resolved_from_record(with_secrets(begin["suite"]))


def _session(begin: Mapping[str, Any], resolved: Resolved, folder: Path, progress: NotedProgress) -> ShardSession:
    """Plan the suite, check that its cells are the driver's, and return a session that asks its blocks.

    Raises:
        UserError: they are not, or it cannot be run here.
    """
    cells = plan(resolved, allow_unsafe_code=begin["allow_unsafe_code"])
    check_same_cells(begin["cells"], [cell.as_record() for cell in cells])
    return ShardSession(
        resolved,
        cells,
        folder,
        begin["deal"],
        begin["command"],
        progress,
        allow_unsafe_code=begin["allow_unsafe_code"],
        night=NightRecord.of(begin["night"]),
    )


def _slot() -> Slot:
    """Return this process's slot: the GPUs that the process sees, on a machine with other slots."""
    slot = Slot(tuple(sorted(gpu.uuid for gpu in usable_gpus())))
    slot.take()
    return slot


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:], _work))
