"""Say which systems a run stopped asking, and what it had asked them until then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from wattbench.records.reader import RunRecords
from wattbench.records.rows.blocks import BlockRow
from wattbench.records.rows.looks import LookRow


def dropped_after(looks: Iterable[LookRow]) -> dict[str, int]:
    """Map each system that is not asked any more to the number of blocks that were complete then."""
    after: dict[str, int] = {}
    for look in looks:
        for row in look.dropped:
            after.setdefault(row.system, look.blocks)
    return after


def blocks_in_order(rows: Iterable[BlockRow]) -> list[int]:
    """Return the number of each complete block once, in the order in which they were completed first."""
    return list(dict.fromkeys(row.number for row in rows))


def blocks_of_dropped(looks: Iterable[LookRow], rows: Iterable[BlockRow]) -> dict[str, frozenset[int]]:
    """Map each system that is not asked any more to the numbers of the blocks that it was asked.

    Args:
        looks: of the run.
        rows: its complete blocks.
    """
    order = blocks_in_order(rows)
    return {system: frozenset(order[:blocks]) for system, blocks in dropped_after(looks).items()}


def documents_of_dropped(looks: Iterable[LookRow], rows: Sequence[BlockRow]) -> dict[str, Mapping[str, frozenset[int]]]:
    """Map each system that is not asked any more to the documents that it was asked, by task.

    Args:
        looks, rows: as in `blocks_of_dropped`.
    """
    of_block = {row.number: row.doc_ids for row in rows}
    of_system: dict[str, Mapping[str, frozenset[int]]] = {}
    for system, blocks in blocks_of_dropped(looks, rows).items():
        by_task: dict[str, set[int]] = defaultdict(set)
        for number in blocks:
            for task, doc_ids in of_block[number].items():
                by_task[task] |= set(doc_ids)
        of_system[system] = {task: frozenset(doc_ids) for task, doc_ids in by_task.items()}
    return of_system


def answers_left_out(run: RunRecords) -> tuple[int, int]:
    """Count the answers that a run does not ask for, as it stopped asking some systems, and those of its whole plan.

    Each repeat counts by itself.
    """
    dropped = documents_of_dropped(run.looks(), run.blocks())
    left, of = 0, 0
    for cell in run.header.cells:
        items, repeats = cell.get("items"), run.header.repeats_of(cell)
        if isinstance(items, int) and isinstance(repeats, int):
            of += items * repeats
            if cell["system"] in dropped:
                left += max(items - len(dropped[cell["system"]].get(cell["task"], ())), 0) * repeats
    return left, of
