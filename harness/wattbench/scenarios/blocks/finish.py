"""Complete the record of a run with blocks: experts, phases, scores and tables."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.config import Resolved
from wattbench.measure.failed_requests import check_some_answered
from wattbench.measure.item_rows import expert_rows, item_rows
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.plan import Cell
from wattbench.measure.scorer import Scorer
from wattbench.measure.services.estimates import estimate_rows
from wattbench.prefill_decode import split_system
from wattbench.records import RunWriter, read_run
from wattbench.records.rows.header import utc_now
from wattbench.scenarios.residents import Resident


def mixtures_to_observe(context: MeasuringContext, cells: Sequence[Cell]) -> list[str]:
    """Return the mixtures whose use of experts is not recorded yet."""
    records = context.records
    systems = records.systems()
    return list(
        dict.fromkeys(
            cell.system
            for cell in cells
            if systems[cell.system].experts and not records.layout.experts(cell.system, cell.choice.task).exists()
        )
    )


def count_experts(context: MeasuringContext, resident: Resident, cells: Sequence[Cell]) -> None:
    """Record which experts each answer used, in a separate pass outside every window, as observing takes time."""
    context.progress.note(f"{resident.name}: which experts its answers used ...")
    for cell in cells:
        task = cell.choice.task
        if context.records.layout.experts(cell.system, task).exists():
            continue
        answers = sorted(context.records.answers(cell.system, task), key=lambda row: (row.doc_id, row.repeat))
        context.writer.write_experts(cell.system, task, expert_rows(answers, resident.engine))


def finish(context: MeasuringContext, cells: Sequence[Cell]) -> None:
    """Complete the record of a run in this process, as `finish_record` does."""
    finish_record(context.writer, context.resolved, cells, allow_unsafe_code=context.allow_unsafe_code)


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
    for task in tasks:
        of_task = [cell for cell in cells if cell.choice.task == task and records.scores(cell.system, task) is None]
        if of_task:
            scorer = Scorer(resolved, of_task[0].choice, allow_unsafe_code=allow_unsafe_code)
            for cell in of_task:
                writer.write_scores(cell.system, task, scorer.score(records.answers(cell.system, task)))
    items = item_rows(records, cells, records.windows())
    writer.append_estimates(estimate_rows(resolved, items))
    writer.finish(items, records.windows(), utc_now())
