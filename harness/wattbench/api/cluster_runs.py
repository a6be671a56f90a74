"""Run a suite on the slots of a cluster or of this machine, or finish such a run."""

from __future__ import annotations

import contextlib
import secrets
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.stopped_run import how_to_go_on
from wattbench.distributed.cluster_run import ClusterJob, blocks_of, check_can_be_shared, run_on
from wattbench.distributed.same_work import check_same_cells
from wattbench.distributed.slots import ThisMachine
from wattbench.errors import UserError
from wattbench.interrupts import noticed
from wattbench.measure.plan import plan
from wattbench.measure.resume import new_run
from wattbench.progress.notices import notice
from wattbench.records import RunWriter

if TYPE_CHECKING:
    from wattbench.api.slot_source import SlotSource
    from wattbench.config import Resolved
    from wattbench.distributed.slots import SlotProvider
    from wattbench.records import RunRecords
    from wattbench.records.schema.header import NightRecord


def run_new_on(
    cluster: SlotSource,
    resolved: Resolved,
    out: Path,
    command: Sequence[str],
    *,
    allow_unsafe_code: bool = False,
    night: NightRecord | None = None,
    resume: str,
    wait_s: float = 0.0,
) -> Path:
    """Run a suite on a cluster, and return the run's directory.

    Args:
        cluster: which.
        resolved: the suite.
        out: the folder of the new run.
        command: how the run was started, for its record.
        allow_unsafe_code: whether tasks may run code that a model wrote.
        night: which night it stands for, where it is kept in a history.
        resume: the command that, followed by the directory, finishes the run if it is interrupted.
        wait_s: how long each node waits for another measurement there to end.

    Raises:
        UserError: something is wrong with the suite, there is no slot, or none could ask what is left.
    """
    from wattbench.scenarios.blocks.survey import SEED_BITS

    check_can_be_shared(resolved)
    with noticed(), cluster.slots(resolved) as slots:
        number = slots.number()
        if not number:
            raise UserError(f"{shlex.join(cluster.words())}: {slots.why_none()}")
        cells = plan(resolved, allow_unsafe_code=allow_unsafe_code)
        items = sum({cell.choice.task: len(cell.doc_ids) for cell in cells}.values())
        of = blocks_of(resolved.suite.measure, items, number)
        notice(f"wattbench: {of} blocks for {number} device {'slot' if number == 1 else 'slots'} of {cluster.name}")
        shard = {"blocks": list(range(of)), "of": of, "seed": secrets.randbits(SEED_BITS), "handed_out": True}
        with new_run(out, resolved, cells, {}, command, night=night, shard=shard) as writer:
            job = ClusterJob(resolved, cells, command, allow_unsafe_code, wait_s)
            return _brought_to_its_end(writer.layout.root, job, slots, resume, cluster)


def run_resumed_on(
    cluster: SlotSource | None,
    records: RunRecords,
    resolved: Resolved,
    *,
    allow_unsafe_code: bool,
    resume: str,
    wait_s: float = 0.0,
) -> Path:
    """Finish an interrupted run of a cluster, and return its directory.

    Args:
        cluster: which; None: this machine alone.
        records: of the run.
        resolved: its suite.
        allow_unsafe_code: as of `run_new_on`; so are `resume` and `wait_s`.

    Raises:
        UserError: it cannot be finished there.
    """
    check_can_be_shared(resolved)
    root = records.layout.root
    with contextlib.ExitStack() as stack:
        stack.enter_context(noticed())
        slots: SlotProvider = ThisMachine() if cluster is None else stack.enter_context(cluster.slots(resolved))
        cells = plan(resolved, allow_unsafe_code=allow_unsafe_code)
        check_same_cells(records.header.cells, [cell.as_record() for cell in cells])
        stack.enter_context(RunWriter(root))
        job = ClusterJob(resolved, cells, records.header.command, allow_unsafe_code, wait_s)
        return _brought_to_its_end(root, job, slots, resume, cluster)


def _brought_to_its_end(
    root: Path, job: ClusterJob, slots: SlotProvider, resume: str, cluster: SlotSource | None
) -> Path:
    try:
        run_on(root, job, slots, notice)
    except BaseException:
        again = shlex.join([str(root), *([] if cluster is None else cluster.words())])
        if (said := how_to_go_on(root, f"{resume} {again}", "Complete blocks are kept")) is not None:
            notice(said)
        raise
    return root
