"""Run a suite, or finish an interrupted run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.loaded_suite import asking_all, asking_all_of_part, recorded_suite
from wattbench.api.looks import RunLooker
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
from wattbench.measure.judging.summary import judged_in_words
from wattbench.measure.plan import plan
from wattbench.measure.resume import check_same_work, new_run
from wattbench.progress.notices import notice
from wattbench.records import RunWriter, read_run
from wattbench.records.copies import copy_to_retry
from wattbench.records.line_checks import check_lines
from wattbench.records.verified_files import check_unchanged
from wattbench.scenarios.waiting_threads import let_waiting_threads_sleep
from wattbench.systems.spending import BudgetReachedError
from wattbench.tasks.loading import quiet_lm_eval

if TYPE_CHECKING:
    from wattbench.api.slot_source import SlotSource
    from wattbench.config import Resolved
    from wattbench.distributed.shard_choice import ShardChoice
    from wattbench.distributed.slots import SlotProvider
    from wattbench.machine.shared_machine import SharedMachine
    from wattbench.measure.plan import Cell
    from wattbench.meters import Chosen
    from wattbench.records import RunHeader, RunRecords
    from wattbench.records.schema.header import NightRecord
    from wattbench.scenarios.blocks.looks import Looker


RESUME = "wattbench run --resume"


@dataclass(frozen=True, kw_only=True)
class HowToRun:
    """How a run is started or finished."""

    command: Sequence[str] = ()
    """For the record of a new run, or of a copy in which failed requests are asked again."""
    allow_unsafe_code: bool = False
    """Whether tasks may run code that a model wrote."""
    night: NightRecord | None = None
    """Which night a new run is of, where it is kept in a history."""
    resume: str | None = RESUME
    """The command that, followed by the directory, finishes the run if it is interrupted; None: none does."""
    wait_s: float = 0.0
    """How long to wait for another measurement to end, on this machine or on each node."""
    slot: str | None = None
    """The GPUs to measure on while others measure on the rest (`wattbench.machine.slot.find_slot`); None: all, and the
    machine alone."""
    cluster: SlotSource | None = None
    """Whose slots ask; None: this process does."""


def _run_new_on(cluster: SlotSource, resolved: Resolved, out: Path, how: HowToRun) -> Path:
    """Run a suite on a cluster, and return the run's directory.

    Raises:
        UserError: something is wrong with the suite, there is no slot, or none could ask what is left.
    """
    from wattbench.scenarios.blocks.survey import SEED_BITS

    check_can_be_shared(resolved)
    with noticed(), cluster.slots(resolved) as slots:
        number = slots.number()
        if not number:
            raise UserError(f"{shlex.join(cluster.words())}: {slots.why_none()}")
        cells = plan(resolved, allow_unsafe_code=how.allow_unsafe_code)
        items = sum({cell.choice.task: len(cell.doc_ids) for cell in cells}.values())
        of = blocks_of(resolved.suite.measure, items, number)
        notice(f"wattbench: {of} blocks for {number} device {'slot' if number == 1 else 'slots'} of {cluster.name}")
        shard = {"blocks": list(range(of)), "of": of, "seed": secrets.randbits(SEED_BITS), "handed_out": True}
        with new_run(out, resolved, cells, {}, how.command, night=how.night, shard=shard) as writer:
            job = ClusterJob(resolved, cells, how.command, how.allow_unsafe_code, how.wait_s)
            return _brought_to_its_end(writer.layout.root, job, slots, how)


def _run_resumed_on(records: RunRecords, resolved: Resolved, how: HowToRun) -> Path:
    """Finish an interrupted run of a cluster, on a cluster or on this machine alone, and return its directory.

    Raises:
        UserError: it cannot be finished there.
    """
    check_can_be_shared(resolved)
    root = records.layout.root
    with ExitStack() as stack:
        stack.enter_context(noticed())
        slots = ThisMachine() if how.cluster is None else stack.enter_context(how.cluster.slots(resolved))
        cells = plan(resolved, allow_unsafe_code=how.allow_unsafe_code)
        check_same_cells(records.header.cells, [cell.as_record() for cell in cells])
        stack.enter_context(RunWriter(root))
        job = ClusterJob(resolved, cells, records.header.command, how.allow_unsafe_code, how.wait_s)
        return _brought_to_its_end(root, job, slots, how)


def _brought_to_its_end(root: Path, job: ClusterJob, slots: SlotProvider, how: HowToRun) -> Path:
    try:
        run_on(root, job, slots, notice)
    except BaseException:
        again = shlex.join([str(root), *([] if how.cluster is None else how.cluster.words())])
        if (said := how_to_go_on(root, f"{how.resume or RESUME} {again}", "Complete blocks are kept")) is not None:
            notice(said)
        raise
    for line in judged_in_words(root, job.resolved):
        notice(f"wattbench: {line}")
    return root


def failed_requests_of(records: RunRecords) -> int:
    """Return the number of failed requests of a finished run.

    Raises:
        UserError: they cannot be asked again in this run; or it is damaged.
    """
    root, header = records.layout.root, records.header
    for part, why in (
        (header.imported, "another tool asked its requests"),
        (header.metered, "it is of sessions of a program, which nothing here asked"),
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


def run_new(resolved: Resolved, out: Path, how: HowToRun, shard: ShardChoice | None = None) -> Path:
    """Run a suite, or some blocks of it, and return the run's directory.

    Args:
        resolved: the suite.
        out: the folder of the new run.
        how: it is run.
        shard: which blocks are asked; None: all.

    Raises:
        UserError: something is wrong with the suite, a system failed, or another run is measuring.
    """
    if how.night is not None:
        resolved = asking_all(resolved, "a history compares systems night by night", refuse=False)
    if shard is not None or how.cluster is not None:
        resolved = asking_all_of_part(resolved)
    check_shard(resolved, shard)
    if how.cluster is not None:
        if shard is not None or how.slot is not None:
            raise UserError("--cluster and --slots ask all blocks, on all slots: leave --block and --slot out")
        return _run_new_on(how.cluster, resolved, out, how)
    with sharing_machine(how.wait_s, how.slot, metered=resolved.suite.measure.energy) as machine:
        if (said := let_waiting_threads_sleep(resolved.with_judges)) is not None:
            notice(f"wattbench: {said}")
        chosen = meters_here(resolved.suite, resolved.with_judges)  # before any data set is fetched: it may refuse
        cells = plan(resolved, allow_unsafe_code=how.allow_unsafe_code)
        check_shard(resolved, shard, cells)
        record = None if shard is None else shard.as_record(resolved.sha256)
        writer = new_run(
            out, resolved, cells, chosen.provenance, how.command, chosen.details, night=how.night, shard=record
        )
        return _measure(writer, resolved, cells, chosen, machine, how)


def run_resumed(
    root: Path,
    how: HowToRun,
    *,
    require_measured: bool = False,
    retry_failed: bool = False,
    max_cost: str | None = None,
) -> Path:
    """Finish an interrupted run, and return its directory.

    Args:
        root: of the run.
        how: it is finished. A run of a cluster may be finished by this machine alone.
        require_measured: refuse joules that come from a formula.
        retry_failed: ask again what failed. Of a run with blocks, the complete blocks in which requests failed. Of a
            finished run in a copy next to it, whose directory is returned.
        max_cost: the budget of the whole run, in place of its suite's.

    Raises:
        UserError: it cannot be resumed here, a system failed, or another run is measuring.
    """
    quiet_lm_eval()  # before anything else imports it

    records = read_run(root)
    _refuse_others(records)
    finished = records.finished
    if not finished and is_handed_out(records.header, root):
        _check_only(root, retry_failed=retry_failed, slot=how.slot)
        return _run_resumed_on(records, recorded_suite(records, require_measured=require_measured), how)
    if how.cluster is not None and not finished:
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
    metered = resolved.suite.measure.energy
    with sharing_machine(how.wait_s, how.slot, metered=metered) as machine, ExitStack() as stack:
        if not finished:
            writer = stack.enter_context(writer_to_resume(root))  # no other process may go on with it meanwhile
            if records.finished:
                notice(f"{root} is finished already")
                return root
        let_waiting_threads_sleep(resolved.with_judges, records.header.environment)
        chosen, cells = planned_again(records, resolved, how.allow_unsafe_code)
        if finished:
            root = copy_of(records, how.command)
            notice(f"wattbench: {records.layout.root} stays as it is; its failed requests are asked again in {root}")
            writer = RunWriter(root)
        return _measure(writer, resolved, cells, chosen, machine, how, retry_failed=retry_failed)


def _refuse_others(records: RunRecords) -> None:
    """Refuse the run of a gate, and that of a metered program."""
    root, header = records.layout.root, records.header
    if header.gate is not None:
        raise UserError(f"{root}: this is the run of a gate; resume it with: wattbench gate --resume {root}")
    if header.metered is not None:
        raise UserError(f"{root}: this is of a metered program; complete it with: wattbench meter --finish {root}")


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
        allow_unsafe_code: whether tasks may run code that a model wrote.

    Raises:
        UserError: prompts, documents or meters are not those of the record, or its lines do not fit together.
    """
    from wattbench.measure.changed_prompts import check_no_prompt_changed

    chosen = meters_here(resolved.suite, resolved.with_judges)
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
    how: HowToRun,
    *,
    retry_failed: bool = False,
) -> Path:
    from wattbench.scenarios.run_to_end import run_to_end

    root, clock = writer.layout.root, clock_of_boot()
    resume = how.resume
    again = None if resume is None else f"{resume} {root}{' --retry-failed' if retry_failed else ''}"
    machine.name_run(root)
    try:
        run_to_end(
            writer,
            resolved,
            cells,
            chosen,
            machine,
            allow_unsafe_code=how.allow_unsafe_code,
            retry_failed=retry_failed,
            looker=_looker(resolved, cells, how),
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
                if (said := how_to_report(root)) is not None:
                    notice(f"wattbench: {said}")
        if isinstance(error, KeyboardInterrupt):
            raise RunInterruptedError(root) from error
        raise
    for said in (*clock_changes_since(clock, root), *judged_in_words(root, resolved)):
        notice(f"wattbench: {said}")
    return root


def _looker(resolved: Resolved, cells: Sequence[Cell], how: HowToRun) -> Looker | None:
    """Return what decides which systems are not asked to the end; None where all are."""
    stop = resolved.suite.measure.stop_rule
    return None if stop is None else RunLooker(stop, resolved, cells, allow_unsafe_code=how.allow_unsafe_code)
