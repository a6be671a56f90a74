"""Check that a finished run still has every item that was planned."""

from __future__ import annotations

from collections import Counter

import numpy as np

from wattbench.errors import UserError
from wattbench_reports.formatting.units import plural
from wattbench_reports.tables.run_tables import Frames


def check_whole(frames: Frames) -> None:
    """Check that every planned item is there: a finished run has them all, unless its record was changed.

    Raises:
        UserError: some are missing. Alone, such a run is shown with caveats; another must not be judged by it.
    """
    record, counts, short = frames.record, _items_of_cells(frames), []
    for cell in record.cells if record.gate is None else ():  # a gate's say what could be asked; it stops when it knows
        answered_items = counts[cell.system, cell.task]
        if cell.items is not None and answered_items < cell.items:
            short.append(f"{cell.items - answered_items} of {cell.items} of {cell.system} on {cell.task}")
    if short:
        more = "" if len(short) == 1 else f", and items of {plural(len(short) - 1, 'other cell')}"
        raise UserError(
            f"{frames.run.layout.items_table}: items are missing ({short[0]}{more}), though the run is finished; the "
            "record is damaged or truncated. Leave this run out"
        )


def _items_of_cells(frames: Frames) -> Counter[tuple[str, str]]:
    """Count the documents that each system answered of each task."""
    counts, tasks = Counter[tuple[str, str]](), frames.categories("task")
    for system in frames.systems:
        rows = frames.answers_of(system)
        codes, documents = frames.codes("task", rows), frames.documents_of(rows)
        for code, task in enumerate(tasks):
            counts[system, task] = len(np.unique(documents[codes == code]))
    return counts
