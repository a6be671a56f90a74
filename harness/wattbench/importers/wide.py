"""Read a wide table, the form of public routing data sets: a row per item, with columns for each system.

RouterBench has them: ``<model>`` is the score, ``<model>|model_response`` the answer, ``<model>|total_cost`` the cost,
in addition to ``sample_id``, ``prompt`` and ``eval_name``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.tablefile import Row, absent, rows_of

PARTS = {"|total_cost": "cost", "|model_response": "answer"}
"""The suffixes of a system's further columns, and what they hold."""

USUAL = {"sample_id": "item", "eval_name": "task"}
"""The usual names of items and tasks in such tables, if ``--map`` names no others."""

SHARED = ("item", "task", "domain", "prompt", "target", "doc_hash")
"""The columns that all systems share."""


def is_wide(present: Sequence[str], renamed: Mapping[str, str]) -> bool:
    """Return whether a table with these columns has columns for each system, and no column `system`."""
    return "system" not in present and "system" not in renamed.values() and bool(_systems(present))


def lengthened(path: Path, present: Sequence[str], renamed: Mapping[str, str]) -> Iterator[Row]:
    """Yield a row per item and system; none if the system did not answer the item (no score, answer or cost).

    Raises:
        UserError: no column names the items.
    """
    shared = {name: name for name in SHARED if name in present}
    shared |= {new: old for old, new in USUAL.items() if old in present and new not in shared}
    shared |= {new: old for old, new in renamed.items()}
    if "item" not in shared:
        raise UserError(f"{path}:1: no column `item` (or sample_id). Name it with --map COLUMN=item")
    systems = _systems(present)
    system_columns = {name: {"score": name} | {what: f"{name}{end}" for end, what in PARTS.items()} for name in systems}
    system_columns = {
        name: {new: old for new, old in parts.items() if old in present} for name, parts in system_columns.items()
    }
    of_systems = [old for parts in system_columns.values() for old in parts.values()]
    columns = list(dict.fromkeys([*shared.values(), *of_systems]))
    for where, row in rows_of(path, columns):
        common = {new: row[old] for new, old in shared.items()}
        for name, parts in system_columns.items():
            values: dict[str, Any] = {new: row[old] for new, old in parts.items()}
            if not all(map(absent, values.values())):
                yield f"{where}, {name}", {"system": name, **common, **values}


def _systems(present: Sequence[str]) -> list[str]:
    ends = tuple(PARTS)
    named = dict.fromkeys(
        name.removesuffix(end) for name in present if name.endswith(ends) for end in ends if name.endswith(end)
    )
    return [name for name in named if name in present]
