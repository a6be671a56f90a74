"""Ask blocks of a suite in one process, each in its own shard, with the systems kept loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.config import Resolved
from wattbench.machine.busy import busy_now
from wattbench.measure.measuring_context import MeasuringContext, measuring
from wattbench.measure.plan import Cell
from wattbench.measure.resume import new_run
from wattbench.meters import choose_for, require_measured, watch_here
from wattbench.progress import Progress
from wattbench.records import BlockPlan, SystemRow
from wattbench.records.schema.header import NightRecord
from wattbench.scenarios.blocks.finish import finish
from wattbench.scenarios.blocks.run import ask_blocks, residents_for
from wattbench.scenarios.other_work import check_other_work
from wattbench.scenarios.residents import Residents


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
            require_measured(chosen, self.resolved.systems)
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
