"""A wide table, as public routing data sets are: a row per item, with columns for each system.

RouterBench has them: ``<model>`` is the score, ``<model>|model_response`` the answer, ``<model>|total_cost`` the money,
beside ``sample_id``, ``prompt`` and ``eval_name``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.tablefile import Row, absent, rows_of

PARTS = {"|total_cost": "cost", "|model_response": "answer"}
"""How a system's further columns end, and what they hold."""

USUAL = {"sample_id": "item", "eval_name": "task"}
"""What items and tasks are called in such tables, where ``--map`` does not say otherwise."""

SHARED = ("item", "task", "domain", "prompt", "target", "doc_hash")
"""What is one for all systems."""


def is_wide(present: Sequence[str], renamed: Mapping[str, str]) -> bool:
    """Whether a table with these columns has a system in several columns and none called so."""
    return "system" not in present and "system" not in renamed.values() and bool(_systems(present))


def lengthened(path: Path, present: Sequence[str], renamed: Mapping[str, str]) -> Iterator[Row]:
    """A row per item and system. A system that did not answer an item (no score, answer or cost) has none of it.

    Raises:
        UserError: no column tells the items apart.
    """
    shared = {name: name for name in SHARED if name in present}
    shared |= {new: old for old, new in USUAL.items() if old in present and new not in shared}
    shared |= {new: old for old, new in renamed.items()}
    if "item" not in shared:
        raise UserError(f"{path}:1: no column `item` (or sample_id). Name it with --map COLUMN=item")
    systems = _systems(present)
    own = {name: {"score": name} | {what: f"{name}{end}" for end, what in PARTS.items()} for name in systems}
    own = {name: {new: old for new, old in parts.items() if old in present} for name, parts in own.items()}
    columns = list(dict.fromkeys([*shared.values(), *(old for parts in own.values() for old in parts.values())]))
    for where, row in rows_of(path, columns):
        common = {new: row[old] for new, old in shared.items()}
        for name, parts in own.items():
            values: dict[str, Any] = {new: row[old] for new, old in parts.items()}
            if not all(map(absent, values.values())):
                yield f"{where}, {name}", {"system": name, **common, **values}


def _systems(present: Sequence[str]) -> list[str]:
    ends = tuple(PARTS)
    named = dict.fromkeys(
        name.removesuffix(end) for name in present if name.endswith(ends) for end in ends if name.endswith(end)
    )
    return [name for name in named if name in present]
