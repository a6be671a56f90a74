"""Check that a finished run still has every item that was planned."""

from __future__ import annotations

from collections import Counter

from wattbench.errors import UserError
from wattbench_reports.formatting.units import plural
from wattbench_reports.tables.run_tables import Frames


def check_whole(frames: Frames) -> None:
    """Check that every planned item is there: a finished run has them all, unless its record was changed.

    Raises:
        UserError: some are missing. Alone, such a run is shown with caveats; another must not be judged by it.
    """
    items, record = frames.items, frames.record
    answered = items[["system", "task", "doc_id"]].drop_duplicates()
    counts = Counter(zip(answered["system"].astype(str), answered["task"].astype(str), strict=True))
    short = []
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
