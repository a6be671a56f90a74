"""Complete the record of a gate: phases, scores and tables, of complete rounds alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from wattbench.measure.item_rows import item_rows
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.plan import Cell
from wattbench.prefill_decode import split_system
from wattbench.scenarios.interleaved.complete_rounds import CompleteRounds
from wattbench.scenarios.interleaved.gate import Gate


def finish(context: MeasuringContext, gate: Gate, cells: Sequence[Cell]) -> None:
    """Write the phases of each system, the scores of each cell that was asked, and the tables."""
    records = CompleteRounds.of(context.writer.layout)
    rounds, windows = records.rounds(), records.windows()
    tasks = list(dict.fromkeys(cell.choice.task for cell in cells))
    complete = []
    for side, system in gate.sides.items():
        if rounds:
            for phase in split_system(records, system.name, tasks):
                context.writer.append_phase(phase)
        for cell in (each for each in cells if each.system == system.name):
            scores = [score for row in rounds for score in row.scores[side].get(cell.choice.task, [])]
            if scores:
                context.writer.write_scores(cell.system, cell.choice.task, scores)
                complete.append(cell)
    items = item_rows(records, complete, windows)
    context.writer.finish(items, windows, datetime.now(UTC).isoformat(timespec="seconds"))
