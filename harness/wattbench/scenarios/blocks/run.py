"""Run a suite's blocks: survey, ask block after block, ask those again that were spoiled, and finish."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from wattbench.config import Resolved, repeats_of
from wattbench.errors import UserError
from wattbench.machine.lock_holder import Doing
from wattbench.machine.measuring_lock import runs_now
from wattbench.measure.call_rows import call_rows
from wattbench.measure.failed_requests import (
    blocks_with_failures,
    check_some_answered,
    without_failed,
)
from wattbench.measure.item_rows import expert_rows, item_rows
from wattbench.measure.judging.judge_answers import judge_answers
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.plan import Cell
from wattbench.measure.resume import recover_windows
from wattbench.measure.scorer import Scorer
from wattbench.measure.services.estimates import estimate_rows
from wattbench.prefill_decode import split_system
from wattbench.progress import PlannedTurn
from wattbench.records import BlockPlan, BlockRow, Purpose, RunWriter, WindowRow, read_run
from wattbench.records.dropped import dropped_after
from wattbench.records.rows.header import utc_now
from wattbench.records.shards import part_in_words
from wattbench.scenarios.blocks.attempts import (
    attempt_after,
    lost_joules,
    over_limit,
    repetitions_in_words,
    signals_in_words,
    stays_busy,
)
from wattbench.scenarios.blocks.looks import Asked, Looker, look, show_looks
from wattbench.scenarios.blocks.survey import survey
from wattbench.scenarios.blocks.turn import Block, Turns, answered_in, blocks_to_ask, deal_documents, order_of
from wattbench.scenarios.residents import Resident, Residents


def run_blocks(context: MeasuringContext, cells: Sequence[Cell], looker: Looker | None = None) -> None:
    """Bring a run with blocks to its end, asking only items that have no answer yet.

    Args:
        context: of the run.
        cells: its plan.
        looker: decides between blocks which systems are not asked any more; None: all are asked to the end.

    Raises:
        UserError: a system failed, or other work ran on the machine and the suite refuses that. What was asked is on
            record, and the run can be resumed.
    """
    recover_windows(context.records, context.writer)
    if (shard := context.records.header.shard) is not None:
        which = part_in_words(shard["blocks"], shard["of"])
        context.progress.note(f"asks {which} of the suite, dealt by the seed {shard['seed']}")
    with context.loading(), residents_for(context, cells) as residents:
        ask_blocks(context, cells, residents, looker)
    rows = context.records.blocks()
    for line in repetitions_in_words(rows, len({row.number for row in rows})):
        context.progress.note(line, keep=True)
    finish(context, cells)


def residents_for(context: MeasuringContext, cells: Sequence[Cell]) -> Residents:
    """Return the residents of a run, with no system loaded yet."""
    plan = context.records.block_plan()
    return Residents(
        context,
        {cell.system: cell.config for cell in cells},
        one_at_a_time=plan is not None and plan.resident == "one",
    )


def ask_blocks(
    context: MeasuringContext, cells: Sequence[Cell], residents: Residents, looker: Looker | None = None
) -> BlockPlan:
    """Ask every incomplete block of a run, and return the run's plan of blocks.

    Args:
        context: of the run.
        cells: its plan.
        residents: may be loaded, where the run's plan of blocks is on record.
        looker: as in `run_blocks`.

    Raises:
        UserError: as `run_blocks`.
    """
    documents = {cell.choice.task: cell.doc_ids for cell in cells}
    records = context.records
    plan = records.block_plan()
    if plan is None:
        plan = survey(context, residents, [(task, doc_id) for task in documents for doc_id in documents[task]])
    if looker is not None:
        show_looks(context, plan, looker)
    dealt = deal_documents(documents, plan.blocks, plan.seed)
    blocks = blocks_to_ask(dealt, records.header.shard)
    again = _to_retry(context, cells)
    left = _left(records.blocks(), blocks, context, again)
    _show_answered(context, residents, [block for block in blocks if block not in left])
    if left:
        if not residents.one_at_a_time:
            for name in residents.configs:
                residents.get(name)
        with context.alone():
            _ask(plan, left, _turns(context, residents, dealt, cells), again, looker)
    for name in _mixtures_to_observe(context, cells):
        _count_experts(context, residents.get(name), [cell for cell in cells if cell.system == name])
    return plan


def _show_answered(context: MeasuringContext, residents: Residents, complete: Sequence[Block]) -> None:
    """Show what each system answered before the run was resumed, in the complete blocks that stay."""
    systems = Asked.of(context.records).before
    for name, config in residents.configs.items():
        items = sum(len(block.items) for block in complete if name in systems[block.number])
        if before := items * repeats_of(config, context.measure):
            context.progress.start_cell("answered before", PlannedTurn(name, before), before)
            context.progress.end_cell()


def _to_retry(context: MeasuringContext, cells: Sequence[Cell]) -> frozenset[int]:
    """Return the complete blocks with failed requests, if the run was resumed to repeat them; else empty."""
    if not context.retry_failed:
        return frozenset()
    names = [(cell.system, cell.choice.task) for cell in cells]
    again = blocks_with_failures(context.records, names)
    for system, task in names if again else ():  # a block is asked again whole
        context.writer.forget_scores(system, task)
    return again


def _left(
    rows: Sequence[BlockRow], blocks: Sequence[Block], context: MeasuringContext, again: frozenset[int]
) -> list[Block]:
    return [block for block in blocks if block.number in again or _attempt_after(context, rows, block) is not None]


def _ask(plan: BlockPlan, left: Sequence[Block], turns: Turns, again: frozenset[int], looker: Looker | None) -> None:
    """Ask the blocks in `left`, each until it is complete; the blocks in `again` are complete, and repeated.

    Before each of them a look decides which systems are not asked any more, by the blocks that are complete.
    """
    context, residents = turns.context, turns.residents
    if not residents.one_at_a_time and not any(residents.idle_w.values()):
        turns.measure_idle(next(iter(residents.configs)))
    for index, block in enumerate(left):
        if looker is not None:
            look(context, turns.residents, plan, looker)
        first = True
        while (attempt := _next(context, block, retry=first and block.number in again)) is not None:
            first = False
            rest = [block, *left[index + 1 :]]
            so_far = Asked.of(context.records)
            context.progress.expect([turn for each in rest for turn in _turns_of(turns, plan, each, attempt, so_far)])
            row = _ask_attempt(context, turns, plan, block, attempt, so_far)
            context.writer.append_block(row)
            _say(context, block, row, plan.blocks)


def _next(context: MeasuringContext, block: Block, *, retry: bool) -> int | None:
    rows = context.records.blocks()
    if retry:
        return max(row.attempt for row in rows if row.number == block.number) + 1
    return _attempt_after(context, rows, block)


def _attempt_after(context: MeasuringContext, rows: Sequence[BlockRow], block: Block) -> int | None:
    plan, shard = context.records.block_plan(), context.records.header.shard
    assert plan is not None  # it has been laid out
    return attempt_after(
        rows,
        block.number,
        lambda: _took_s(context.records.windows()),
        blocks=plan.blocks if shard is None else len(shard["blocks"]),
        busy=context.measure.busy,
        asks_again=context.effort.asks_again,
    )


def _took_s(windows: Sequence[WindowRow]) -> dict[tuple[int, int], float]:
    """Return the sum of the seconds of each attempt's windows, by block and attempt."""
    took_s: dict[tuple[int, int], float] = defaultdict(float)
    for row in windows:
        if row.block is not None:
            took_s[row.block, row.attempt] += row.duration_s
    return took_s


def _ask_attempt(
    context: MeasuringContext, turns: Turns, plan: BlockPlan, block: Block, attempt: int, so_far: Asked
) -> BlockRow:
    systems = so_far.in_block([*turns.residents.configs], block.number)
    order = order_of(systems, plan.seed, block.number, attempt)
    for name in order:
        turns.ask(name, block, attempt)
    everything = context.records.windows()
    windows = [
        row
        for row in everything
        if row.purpose == Purpose.MEASURED and (row.block, row.attempt) == (block.number, attempt)
    ]
    return BlockRow(
        number=block.number,
        attempt=attempt,
        order=order,
        doc_ids=block.doc_ids,
        node=context.records.header.node,
        windows={name: [row.window for row in windows if row.system == name] for name in order},
        contended={name: signals for name in order if (signals := _contended(windows, name))},
        interrupted=lost_joules(windows, {row.system for row in everything if row.energy_j}),
    )


def _contended(windows: Sequence[WindowRow], system: str) -> list[str]:
    """Return the signals of other work that are over their limit in any window of a system."""
    return sorted({signal for row in windows if row.system == system for signal in over_limit(row)})


def _say(context: MeasuringContext, block: Block, row: BlockRow, blocks: int) -> None:
    """Report what happens to a block that other work or an interruption spoiled.

    Raises:
        UserError: other work did, and the suite refuses it.
    """
    if row.spoiled_by is None:
        return
    spoiled = {
        "other work": f"was disturbed by other work on this machine ({signals_in_words([row])})",
        "interruption": f"was interrupted, and not all its joules are valid ({', '.join(row.interrupted)})",
    }
    what = f"block {row.number + 1} of {blocks} {spoiled[row.spoiled_by]}"
    if row.contended and (also := [run.name for run in runs_now() if run.does is not Doing.WAITS]):
        what += f"; also here: {', '.join(also)}"
    if row.contended and context.measure.busy == "refuse":
        raise UserError(f"{what}, and measure.busy is refuse. Resume the run when the machine is free")
    rows = context.records.blocks()
    if _attempt_after(context, rows, block) is not None:
        context.progress.note(f"{what}; it is asked again")
    elif stays_busy(rows) and not stays_busy(rows[:-1]):
        context.progress.note(f"{what}; asking again does not help, and no block is asked again from here on")
    elif row.interrupted:
        context.progress.note(f"{what}; its windows are marked")
    elif not stays_busy(rows) and not any(each.contended for each in rows if each.number != row.number):
        context.progress.note(f"{what}; its windows are marked, as those of further ones will be")


def _turns(context: MeasuringContext, residents: Residents, blocks: Sequence[Block], cells: Sequence[Cell]) -> Turns:
    records, answered, numbers = context.records, set(), dict.fromkeys(residents.configs, 0)
    for cell in cells:
        rows = records.answers_of_all_attempts(cell.system, cell.choice.task)
        kept = without_failed(rows) if context.retry_failed else rows
        answered |= answered_in(cell.system, cell.choice.task, kept)
        numbers[cell.system] = max([numbers[cell.system], *(row.batch + 1 for row in rows)])
    return Turns(context, residents, blocks, answered, numbers)


def _turns_of(turns: Turns, plan: BlockPlan, block: Block, attempt: int, so_far: Asked) -> list[PlannedTurn]:
    """Return the turns of a block for the progress, with the seconds that the survey expects."""
    context, configs = turns.context, turns.residents.configs
    asks = {name: len(block.items) * repeats_of(config, context.measure) for name, config in configs.items()}
    window_s = context.effort.min_window_s
    return [
        PlannedTurn(
            name,
            asks[name],
            expected_s=max(asks[name] * plan.item_s[name], window_s) + plan.switch_s.get(name, 0.0)
            if name in plan.item_s
            else None,
        )
        for name in order_of(so_far.in_block([*configs], block.number), plan.seed, block.number, attempt)
    ]


def _mixtures_to_observe(context: MeasuringContext, cells: Sequence[Cell]) -> list[str]:
    """Return the mixtures whose use of experts is not recorded yet, of those that are asked to the end."""
    records = context.records
    systems, dropped = records.systems(), dropped_after(records.looks())
    return list(
        dict.fromkeys(
            cell.system
            for cell in cells
            if cell.system not in dropped
            and systems[cell.system].experts
            and not records.layout.experts(cell.system, cell.choice.task).exists()
        )
    )


def _count_experts(context: MeasuringContext, resident: Resident, cells: Sequence[Cell]) -> None:
    """Record which experts each answer used, in a separate pass outside every window, as observing takes time."""
    context.progress.note(f"{resident.name}: which experts its answers used ...")
    for cell in cells:
        task = cell.choice.task
        if context.records.layout.experts(cell.system, task).exists():
            continue
        answers = sorted(context.records.answers(cell.system, task), key=lambda row: (row.doc_id, row.repeat))
        context.writer.write_experts(cell.system, task, expert_rows(answers, resident.engine))


def finish(context: MeasuringContext, cells: Sequence[Cell]) -> None:
    """Complete the record of a run in this process, as `finish_record` does, with the verdicts of its judges."""
    check_some_answered(context.records, [(cell.system, cell.choice.task) for cell in cells])
    score_cells(context.writer, context.resolved, cells, allow_unsafe_code=context.allow_unsafe_code)
    judge_answers(context, [(cell.system, cell.choice.task) for cell in cells])
    finish_record(context.writer, context.resolved, cells, allow_unsafe_code=context.allow_unsafe_code)


def score_cells(
    writer: RunWriter, resolved: Resolved, cells: Sequence[Cell], *, allow_unsafe_code: bool = False
) -> None:
    """Score the cells that have no scores yet. The arguments are those of `finish_record`.

    Raises:
        UserError: a task cannot be scored.
    """
    records = read_run(writer.layout.root)
    for task in dict.fromkeys(cell.choice.task for cell in cells):
        of_task = [cell for cell in cells if cell.choice.task == task and records.scores(cell.system, task) is None]
        if of_task:
            scorer = Scorer(resolved, of_task[0].choice, allow_unsafe_code=allow_unsafe_code)
            for cell in of_task:
                writer.write_scores(cell.system, task, scorer.score(records.answers(cell.system, task)))


def finish_record(
    writer: RunWriter, resolved: Resolved, cells: Sequence[Cell], *, allow_unsafe_code: bool = False
) -> None:
    """Divide joules by phase, score every cell, and write the tables, from the attempts that count.

    Args:
        writer: of the run.
        resolved: its suite.
        cells: its plan.
        allow_unsafe_code: whether tasks may run code that a model wrote.

    Raises:
        UserError: a system answered nothing, or a task cannot be scored.
    """
    records = read_run(writer.layout.root)
    check_some_answered(records, [(cell.system, cell.choice.task) for cell in cells])
    tasks = list(dict.fromkeys(cell.choice.task for cell in cells))
    for system in dict.fromkeys(cell.system for cell in cells):
        for phase in split_system(records, system, tasks):
            writer.append_phase(phase)
    score_cells(writer, resolved, cells, allow_unsafe_code=allow_unsafe_code)
    windows = records.windows()
    calls = call_rows(records, windows)
    items = item_rows(records, cells, windows, calls)
    writer.append_estimates(estimate_rows(resolved, items))
    writer.finish(items, windows, utc_now(), calls)
