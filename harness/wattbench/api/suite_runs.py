"""Run a suite, or finish an interrupted run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.loaded_suite import recorded_suite
from wattbench.api.session import meters_here, sharing_machine
from wattbench.api.stopped_run import RunInterruptedError, how_to_go_on, how_to_report
from wattbench.clock import clock_of_boot
from wattbench.distributed.cluster_run import ClusterJob, blocks_of, check_can_be_shared, is_handed_out, run_on
from wattbench.distributed.same_work import check_same_cells
from wattbench.distributed.shard_choice import check_shard
from wattbench.distributed.slots import ThisMachine
from wattbench.errors import UserError
from wattbench.interrupts import noticed
from wattbench.measure.clock_changes import clock_changes, clock_changes_since
from wattbench.measure.plan import plan
from wattbench.measure.resume import check_same_work, new_run
from wattbench.progress.notices import notice
from wattbench.records import RunWriter, read_run
from wattbench.records.copies import copy_to_retry
from wattbench.records.line_checks import check_lines
from wattbench.records.verified_files import check_unchanged
from wattbench.scenarios.run_to_end import let_waiting_threads_sleep
from wattbench.systems.spending import BudgetReachedError
from wattbench.tasks.loading import quiet_lm_eval

if TYPE_CHECKING:
    from wattbench.api.slot_source import SlotSource
    from wattbench.config import Resolved
    from wattbench.distributed.shard_choice import ShardChoice
    from wattbench.distributed.slots import SlotProvider
    from wattbench.machine.shared_machine import SharedMachine
    from wattbench.measure.plan import Cell
    from wattbench.measure.resume import Night
    from wattbench.meters import Chosen
    from wattbench.records import RunHeader, RunRecords


def _run_new_on(
    cluster: SlotSource,
    resolved: Resolved,
    out: Path,
    command: Sequence[str],
    *,
    allow_unsafe_code: bool = False,
    night: Night | None = None,
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


def _run_resumed_on(
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
        allow_unsafe_code: as of `_run_new_on`; so are `resume` and `wait_s`.

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


def failed_requests_of(records: RunRecords) -> int:
    """Return the number of failed requests of a finished run.

    Raises:
        UserError: they cannot be asked again in this run; or it is damaged.
    """
    root, header = records.layout.root, records.header
    for part, why in (
        (header.imported, "another tool asked its requests"),
        (header.rescored, "it is rescored: ask those of the run whose answers it holds, and rescore that"),
        (header.part_of, "it holds complete blocks of a run that was stopped: resume that one"),
        (header.night, "it is a night, which is kept as it was; the next night asks everything"),
    ):
        if part is not None:
            raise UserError(f"{root}: failed requests cannot be asked again: {why}")
    check_unchanged(records)  # the copy has digests of its own, and would hide a change
    cells = [(str(cell["system"]), str(cell["task"])) for cell in header.cells]
    return sum(row.failure is not None for cell in cells for row in records.answers(*cell))


def copy_of(records: RunRecords, command: Sequence[str]) -> Path:
    """Copy a finished run to an unfinished one next to it, and return the copy's directory.

    Raises:
        UserError: it cannot be written.
    """
    root = records.layout.root
    out = root.parent if root.name == root.resolve().name else root.resolve().parent
    return copy_to_retry(records.layout, out, _header(records, command))


def _header(records: RunRecords, command: Sequence[str]) -> RunHeader:
    old = records.header
    suite = old.suite.get("suite")
    name = str(suite.get("name", "run")) if isinstance(suite, dict) else "run"
    # Not a further session of the suite: most of its seconds and joules are those of the other run.
    sha256 = hashlib.sha256(json.dumps([old.suite_sha256, old.run, "retried"]).encode()).hexdigest()
    if old.shard is not None:
        sha256 = old.suite_sha256  # it is merged with the others of its suite, in place of the other run
    return replace(
        old,
        run=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}-{secrets.token_hex(3)}",
        suite_sha256=sha256,
        command=list(command),
        retried_from=old.run,
        journal=True,
    )


RESUME = "wattbench run --resume"


def run_new(
    resolved: Resolved,
    out: Path,
    command: Sequence[str],
    *,
    allow_unsafe_code: bool = False,
    night: Night | None = None,
    resume: str | None = RESUME,
    wait_s: float = 0.0,
    shard: ShardChoice | None = None,
    slot: str | None = None,
    cluster: SlotSource | None = None,
) -> Path:
    """Run a suite, or some blocks of it, and return the run's directory.

    Args:
        resolved: the suite.
        out: the folder of the new run.
        command: how the run was started, for its record.
        allow_unsafe_code: whether tasks may run code that a model wrote.
        night: which night it stands for, where it is kept in a history.
        resume: the command that, followed by the directory, finishes the run if it is interrupted; None: none does.
        wait_s: how long to wait for another measurement on this machine to end.
        shard: which blocks are asked; None: all.
        slot: the GPUs to measure on while others measure on the rest (`wattbench.machine.slot.find_slot`); None: all,
            and the machine alone.
        cluster: whose nodes ask; None: this machine does.

    Raises:
        UserError: something is wrong with the suite, a system failed, or another run is measuring.
    """
    check_shard(resolved, shard)
    if cluster is not None:
        if shard is not None or slot is not None:
            raise UserError("--cluster and --slots ask all blocks, on all slots: leave --block and --slot out")
        return _run_new_on(
            cluster,
            resolved,
            out,
            command,
            allow_unsafe_code=allow_unsafe_code,
            night=night,
            resume=resume or RESUME,
            wait_s=wait_s,
        )
    with sharing_machine(wait_s, slot, metered=resolved.suite.measure.energy) as machine:
        if (said := let_waiting_threads_sleep(resolved.systems)) is not None:
            notice(f"wattbench: {said}")
        chosen = meters_here(resolved.suite, resolved.systems)  # before any data set is fetched: it may refuse
        cells = plan(resolved, allow_unsafe_code=allow_unsafe_code)
        check_shard(resolved, shard, cells)
        record = None if shard is None else shard.as_record(resolved.sha256)
        writer = new_run(out, resolved, cells, chosen.provenance, command, chosen.details, night=night, shard=record)
        return _measure(writer, resolved, cells, chosen, machine, allow_unsafe_code, resume)


def run_resumed(
    root: Path,
    allow_unsafe_code: bool,
    require_measured: bool,
    *,
    resume: str = RESUME,
    retry_failed: bool = False,
    command: Sequence[str] = (),
    wait_s: float = 0.0,
    max_cost: str | None = None,
    slot: str | None = None,
    cluster: SlotSource | None = None,
) -> Path:
    """Finish an interrupted run, and return its directory.

    Args:
        root: of the run.
        allow_unsafe_code: as of `run_new`.
        require_measured: refuse joules that come from a formula.
        resume: as of `run_new`.
        max_cost: the budget of the whole run, in place of its suite's.
        retry_failed: ask again what failed. Of a run with blocks, the complete blocks in which requests failed. Of a
            finished run in a copy next to it, whose directory is returned.
        command: how it was started, for the record of such a copy.
        wait_s: as of `run_new`; so are `slot` and `cluster`. A run of a cluster may be finished by this machine alone.

    Raises:
        UserError: it cannot be resumed here, a system failed, or another run is measuring.
    """
    quiet_lm_eval()  # before anything else imports it

    records = read_run(root)
    if records.header.gate is not None:
        raise UserError(f"{root}: this is the run of a gate; resume it with: wattbench gate --resume {root}")
    finished = records.finished
    if not finished and is_handed_out(records.header, root):
        _check_only(root, retry_failed=retry_failed, slot=slot)
        resolved = recorded_suite(records, require_measured=require_measured)
        return _run_resumed_on(
            cluster, records, resolved, allow_unsafe_code=allow_unsafe_code, resume=resume, wait_s=wait_s
        )
    if cluster is not None and not finished:
        raise UserError(f"{root}: it was begun on one slot, and is finished on one: leave --cluster and --slots out")
    if finished and not retry_failed:
        notice(f"{root} is finished already")
        return root
    if finished and not failed_requests_of(records):
        notice(f"{root} is finished already, and none of its requests failed")
        return root
    resolved = recorded_suite(records, require_measured=require_measured, max_cost=max_cost)
    if retry_failed and resolved.suite.measure.load is not None:
        raise UserError(f"{root}: under load failed requests are a result of the rate: they are not asked again")
    with sharing_machine(wait_s, slot, metered=resolved.suite.measure.energy) as machine, ExitStack() as stack:
        if not finished:
            writer = stack.enter_context(writer_to_resume(root))  # no other process may go on with it meanwhile
            if records.finished:
                notice(f"{root} is finished already")
                return root
        let_waiting_threads_sleep(resolved.systems, records.header.environment)
        chosen, cells = planned_again(records, resolved, allow_unsafe_code)
        if finished:
            root = copy_of(records, command)
            notice(f"wattbench: {records.layout.root} stays as it is; its failed requests are asked again in {root}")
            writer = RunWriter(root)
        return _measure(writer, resolved, cells, chosen, machine, allow_unsafe_code, resume, retry_failed=retry_failed)


def _check_only(root: Path, *, retry_failed: bool, slot: str | None) -> None:
    """Refuse `retry_failed` and `slot` for the unfinished run of a cluster, which can only be finished."""
    if retry_failed:
        raise UserError(f"{root}: finish the run first; of a finished one failed requests are asked again")
    if slot is not None:
        raise UserError(f"{root}: a run of a cluster is finished by whole machines: leave --slot out")


def writer_to_resume(root: Path) -> RunWriter:
    """Open a run to resume it, and print what its journal lacked.

    Raises:
        UserError: another process writes it, or it was changed since it was written.
    """
    writer = RunWriter(root)
    for left in writer.left:
        notice(f"wattbench: {left}")
    return writer


def planned_again(records: RunRecords, resolved: Resolved, allow_unsafe_code: bool) -> tuple[Chosen, list[Cell]]:
    """Return the meters and the cells of a run that is resumed, and print each change of this machine's clock.

    Args:
        records: what there is of the run so far.
        resolved: its suite.
        allow_unsafe_code: as of `run_new`.

    Raises:
        UserError: prompts, documents or meters are not those of the record, or its lines do not fit together.
    """
    from wattbench.measure.changed_prompts import check_no_prompt_changed

    chosen = meters_here(resolved.suite, resolved.systems)
    cells = plan(resolved, allow_unsafe_code=allow_unsafe_code)
    check_no_prompt_changed(records, resolved, cells, allow_unsafe_code=allow_unsafe_code)
    check_same_work(records, cells, chosen.provenance)
    check_lines(records)
    for change in clock_changes(records):
        notice(f"wattbench: {change}")
    return chosen, cells


def _measure(
    writer: RunWriter,
    resolved: Resolved,
    cells: list[Cell],
    chosen: Chosen,
    machine: SharedMachine,
    allow_unsafe_code: bool,
    resume: str | None,
    *,
    retry_failed: bool = False,
) -> Path:
    from wattbench.scenarios.run_to_end import run_to_end

    root, clock = writer.layout.root, clock_of_boot()
    again = None if resume is None else f"{resume} {root}{' --retry-failed' if retry_failed else ''}"
    machine.name_run(root)
    try:
        run_to_end(
            writer, resolved, cells, chosen, machine, allow_unsafe_code=allow_unsafe_code, retry_failed=retry_failed
        )
    except BudgetReachedError as error:
        if resume is None:
            raise
        from wattbench.measure.resume import left_to_ask

        command = f"{resume} {shlex.quote(str(root))} --max-cost 'AMOUNT {error.currency}'"
        raise error.with_more(f"{left_to_ask(root, resolved, cells)}. Go on with: {command}") from None
    except BaseException as error:
        if (said := how_to_go_on(root, again)) is not None:
            notice(said)
        if not root.exists():
            raise
        if resume == RESUME:
            with contextlib.suppress(UserError):  # the record is gone or damaged
                if (how := how_to_report(root)) is not None:
                    notice(f"wattbench: {how}")
        if isinstance(error, KeyboardInterrupt):
            raise RunInterruptedError(root) from error
        raise
    for change in clock_changes_since(clock, root):
        notice(f"wattbench: {change}")
    return root
