"""Build the tables of a finished run anew, from its lines alone, and say where those on disk differ."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wattbench.config import SystemBase, TaskChoice
from wattbench.errors import UserError
from wattbench.measure.call_rows import call_rows
from wattbench.measure.item_rows import item_rows
from wattbench.measure.plan import Cell
from wattbench.records import ItemRow, MeteredCallRow, RunRecords, WindowRow
from wattbench.records.tables.run_tables import read_table, rows_of_calls, rows_of_items, rows_of_windows

_RELATIVE = 1e-9
"""A processor with wider vectors adds in another order."""

_SHOWN = 5
"""Differences of a table that are listed; the rest are counted."""


@dataclass(frozen=True)
class Rebuilt:
    """The tables of a run, rebuilt from its lines."""

    items: list[ItemRow]
    windows: list[WindowRow]
    calls: list[MeteredCallRow]
    """Empty of a run without agents, which has no table of them."""


def rebuild(records: RunRecords, windows: Sequence[WindowRow]) -> Rebuilt:
    """Build the tables of a run anew from its lines.

    Args:
        records: of the run; of a gate: of its complete rounds.
        windows: as the finished run has them.

    Raises:
        UserError: a line is damaged, or an answer has no score.
    """
    cells = [recorded_cell(recorded) for recorded in records.header.cells]
    unscored = records.header.metered is not None
    complete = [cell for cell in cells if unscored or records.scores(cell.system, cell.choice.task) is not None]
    calls = call_rows(records, windows)
    try:
        return Rebuilt(item_rows(records, complete, windows, calls), list(windows), calls)
    except LookupError as error:
        raise UserError(f"{records.layout.root}: an answer has no score ({error}); the record is damaged") from error


def table_differences(records: RunRecords, rebuilt: Rebuilt) -> Iterator[str]:
    """Yield a sentence for each of the first few figures in the tables on disk that differ from the rebuilt ones.

    Raises:
        UserError: a table cannot be read.
    """
    layout = records.layout
    made = [
        (layout.items_table, rows_of_items(rebuilt.items)),
        (layout.windows_table, rows_of_windows(rebuilt.windows)),
    ]
    if rebuilt.calls or os.path.lexists(layout.calls_table):
        made.append((layout.calls_table, rows_of_calls(rebuilt.calls)))
    for path, rows in made:
        columns, there = read_table(path)
        if len(there) != len(rows):
            yield f"{path.name} has {len(there)} rows, and the lines of the run {len(rows)}"
            continue
        differing = [
            (number, name, is_there[name], row[name])
            for number, (is_there, row) in enumerate(zip(there, rows, strict=True))
            for name in columns
            if name in row and not _same(is_there[name], row[name])
        ]
        for number, name, is_there, should_be in differing[:_SHOWN]:
            yield f"{name} of row {number} of {path.name} is {is_there!r:.60}, and {should_be!r:.60} by the lines"
        if len(differing) > _SHOWN:
            yield f"{len(differing) - _SHOWN} more figures of {path.name} differ"


def recorded_cell(recorded: dict[str, Any]) -> Cell:
    """Build a cell from its record in `run.json`, with the names alone that its rows need.

    Raises:
        UserError: the record is damaged.
    """
    names = ("system", "kind", "task", "domain")
    wrong = [name for name in names if not isinstance(recorded.get(name), str)]
    if wrong:
        raise UserError(f"run.json: {wrong[0]} of a cell is not text; the record is damaged")
    return Cell(
        system=recorded["system"],
        config=SystemBase.model_construct(kind=recorded["kind"], engine=""),
        choice=TaskChoice.model_construct(task=recorded["task"], domain=recorded["domain"]),
        items=0,
        task_version="",
        docs_sha256="",
    )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, str) and isinstance(other, str) and one != other:
        return _same_json(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_same(one.get(key), other.get(key)) for key in {*one, *other})
    return bool(one == other)


def _same_json(one: str, other: str) -> bool:
    """Return whether two texts hold equal JSON objects."""
    if not (one.startswith("{") and other.startswith("{")):
        return False
    try:
        return _same(json.loads(one), json.loads(other))
    except (ValueError, RecursionError):
        return False
