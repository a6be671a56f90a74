"""The process that asks blocks on a device slot: `python -m wattbench.distributed.block_worker FOLDER [shares]`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.config import Resolved, resolved_from_record, with_secrets
from wattbench.distributed.same_work import check_same_cells, check_same_files, check_same_versions
from wattbench.distributed.worker import NotedProgress, WorkerLink, serve
from wattbench.machine.busy import busy_now
from wattbench.machine.lock_holder import Waiting
from wattbench.machine.measuring_lock import measuring_lock
from wattbench.machine.power_limits.note import restore_left_limits
from wattbench.machine.shared_machine import SharedMachine
from wattbench.machine.slot import Slot, usable_gpus
from wattbench.measure.measuring_context import MeasuringContext, measuring
from wattbench.measure.plan import Cell, plan
from wattbench.measure.resume import new_run
from wattbench.meters import choose_for, require_measured, watch_here
from wattbench.progress import Progress
from wattbench.records import BlockPlan, SystemRow
from wattbench.records.schema.header import NightRecord
from wattbench.scenarios.blocks.run import ask_blocks, finish, residents_for
from wattbench.scenarios.residents import Residents
from wattbench.scenarios.run_to_end import check_other_work


@dataclass
class ShardSession:
    """Asks blocks. `close` releases the systems."""

    resolved: Resolved
    cells: Sequence[Cell]
    folder: Path
    """Where shards go."""
    deal: Mapping[str, Any]
    """``{"of": number of blocks, "seed": of the deal}``, the same for all shards of a run."""
    command: Sequence[str]
    progress: Progress
    allow_unsafe_code: bool = False
    night: NightRecord | None = None
    _residents: Residents | None = field(default=None, init=False)
    _plan: BlockPlan | None = field(default=None, init=False)
    _systems: Mapping[str, SystemRow] = field(default_factory=dict, init=False)
    """What is on record of each; the shards themselves may be removed."""

    def ask(self, block: int) -> Path:
        """Ask a block of all systems, and return its finished shard.

        Raises:
            UserError: a system failed, or a meter cannot be opened.
        """
        suite = self.resolved.suite
        chosen = choose_for(suite)
        if suite.measure.require_measured:
            require_measured(chosen, self.resolved.with_judges)
        writer = new_run(
            self.folder,
            self.resolved,
            self.cells,
            chosen.provenance,
            self.command,
            chosen.details,
            night=self.night,
            shard={"blocks": [block], **self.deal},
        )
        with measuring(
            writer, self.resolved, chosen, self.progress, allow_unsafe_code=self.allow_unsafe_code
        ) as context:
            self._ask(context)
        return writer.layout.root

    def close(self) -> None:
        """Release every system."""
        if self._residents is not None:
            self._residents.release_all()

    def _ask(self, context: MeasuringContext) -> None:
        if self._residents is None or self._plan is None:
            if watch_here() is not None:
                check_other_work(busy_now(), context.measure.busy, context.progress)
            self._residents = residents_for(context, self.cells)
        else:
            self._residents.move_to(context, self._systems)
            context.writer.write_block_plan(self._plan)
        try:
            self._plan = ask_blocks(context, self.cells, self._residents)
        finally:
            context.metering.trace_to(None)
        self._systems = context.records.systems()
        finish(context, self.cells)


def _work(link: WorkerLink, folder: Path, shares: bool) -> None:
    messages = link.messages()
    begin = next(messages, None)
    if begin is None:
        return
    progress = NotedProgress(link)
    for said in restore_left_limits():
        progress.note(said, keep=True)
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
