"""Bring a run to its end in the way that its suite asks for: in blocks, or cell by cell."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from wattbench.config import Measure, Resolved
from wattbench.errors import UserError
from wattbench.machine.busy import BusyNow, busy_now
from wattbench.machine.shared_machine import SharedMachine
from wattbench.measure.measuring_context import measuring
from wattbench.measure.plan import Cell
from wattbench.meters import Chosen, watch_here
from wattbench.meters.contention.limits import LIMITS, Signal
from wattbench.meters.contention.watch import SWITCH
from wattbench.progress import Progress, progress
from wattbench.records import RunRecords, RunWriter, read_run
from wattbench.scenarios.blocks import run_blocks
from wattbench.scenarios.blocks.looks import Looker
from wattbench.scenarios.closed_loop import run_cells, turn_of


def check_other_work(now: BusyNow, busy: Literal["retry", "mark", "refuse"], shown: Progress) -> None:
    """Show the other work on the machine, and refuse to start on a busy machine where the suite says so.

    Args:
        now: what else runs.
        busy: the suite's setting.
        shown: where it is said.

    Raises:
        UserError: the machine is busy, and the suite refuses that.
    """
    limit = LIMITS[Signal.FOREIGN_CPU].contended
    busier = now.share is not None and now.share > limit
    if busy == "refuse" and busier:
        raise UserError(
            f"{now.text}, and measure.busy is refuse (limit {limit:.0%}). Wait until the machine is free, or set busy: "
            "retry or mark"
        )
    shown.note(now.text, keep=busier)


def run_to_end(
    writer: RunWriter,
    resolved: Resolved,
    cells: Sequence[Cell],
    chosen: Chosen,
    machine: SharedMachine,
    *,
    allow_unsafe_code: bool = False,
    retry_failed: bool = False,
    looker: Looker | None = None,
) -> None:
    """Bring a new or interrupted run to its end: open meters, show progress, ask items that have no answer yet.

    Args:
        writer: of the run.
        resolved: its suite.
        cells: its plan.
        chosen: the meters.
        machine: taken while windows are open.
        allow_unsafe_code: whether tasks may run code that a model wrote.
        retry_failed: ask again what failed before the run was resumed.
        looker: of a run in blocks, decides after each which systems are not asked any more; None: all are asked.
    """
    in_blocks = _in_blocks(resolved.suite.measure, read_run(writer.layout.root))
    shown = progress([turn_of(cell, resolved.suite.measure) for cell in cells], state=writer.layout.lock)
    with (
        old_objects_kept(),
        measuring(
            writer,
            resolved,
            chosen,
            shown,
            allow_unsafe_code=allow_unsafe_code,
            retry_failed=retry_failed,
            machine=machine,
        ) as context,
    ):
        if watch_here() is not None:
            # A run that is waited for is no reason to refuse.
            busy = "mark" if machine.is_waited_for else resolved.suite.measure.busy
            check_other_work(busy_now(), busy, shown)
        else:
            shown.note(f"nothing watches for other work on this machine: {SWITCH} is off", keep=True)
        shown.note(context.effort.in_words(context.metering.provenance))
        if in_blocks:
            run_blocks(context, cells, looker)
        else:
            run_cells(context, cells)


def _in_blocks(measure: Measure, records: RunRecords) -> bool:
    """Return whether a run is asked in blocks; False for runs that began before blocks existed."""
    recorded = (records.header.suite.get("suite") or {}).get("measure") or {}
    return measure.in_blocks and "blocks" in recorded


MOST_BY_PYTHON = 1_000
"""Python 3.12 keeps 375 objects out itself from the start; a caller's `gc.freeze` keeps out all, 5,000 at least."""


@contextmanager
def old_objects_kept() -> Iterator[None]:
    """Keep all present objects, such as modules, out of garbage collections.

    With lm-eval and its libraries in memory a full one takes some 0.1 s of the processor, in the middle of a request,
    and a run of some hundred items has several. Models are loaded later and are collected as ever: their memory must be
    free when the next one comes. Where the caller keeps objects out already, nothing is changed.
    """
    if gc.get_freeze_count() > MOST_BY_PYTHON:
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
