"""Read a wide table: a row per item, columns per system.

Public routing data sets are of this form. RouterBench has ``<model>`` for the score, ``<model>|model_response`` for the
answer, ``<model>|total_cost`` for the cost, in addition to ``sample_id``, ``prompt`` and ``eval_name``. Of another
table the reader names the columns of the systems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.importers.files import text
from wattbench.importers.table.tablefile import TableBlock, absent, blocks_of

_PARTS = {"|total_cost": "cost", "|model_response": "answer"}
"""The suffixes of a system's further columns, and what they hold."""

_USUAL = {"sample_id": "item", "eval_name": "task"}
"""The usual names of items and tasks in such tables, if ``--map`` names no others."""

SHARED = ("item", "task", "domain", "prompt", "target", "doc_hash")
"""The columns that all systems share."""

_ROW = "\0row"
"""A column with the numbers of the rows; no column of a file has this name."""

BLOCK_BYTES = 16_000_000
"""A prompt is repeated for each system: a block has fewer answers where prompts are long."""


def is_wide(present: Sequence[str], renamed: Mapping[str, str]) -> bool:
    """Return whether a table has columns per system by their names, and no column `system`."""
    return "system" not in present and "system" not in renamed.values() and bool(_systems(present))


def by_names(path: Path, present: Sequence[str], renamed: Mapping[str, str]) -> Iterator[TableBlock]:
    """Yield blocks with a row per item and system that answered it: with a score, an answer or a cost.

    Raises:
        UserError: no column names the items.
    """
    shared = {name: name for name in SHARED if name in present}
    shared |= {new: old for old, new in _USUAL.items() if old in present and new not in shared}
    shared |= {new: old for old, new in renamed.items()}
    if "item" not in shared:
        raise UserError(f"{path}:1: no column `item` (or sample_id). Name it with --map COLUMN=item")
    systems, columns = _systems(present), set(present)
    ends = {"score": "", **{what: end for end, what in _PARTS.items()}}
    parts = {what: [f"{name}{end}" for name in systems] for what, end in ends.items()}
    of_systems = [old for olds in zip(*parts.values(), strict=True) for old in olds if old in columns]
    for block in blocks_of(path, list(dict.fromkeys([*shared.values(), *of_systems]))):
        yield from _long(block, shared, systems, parts)


def of_systems(path: Path, shared: Mapping[str, str], systems: Sequence[str], holds: str) -> Iterator[TableBlock]:
    """Yield blocks with a row per item and system, of a table in which each of some columns is of one system.

    Without a column `item` an item is named by the number of its row in the file. An empty cell is no answer.

    Args:
        path: the file.
        shared: names of `SHARED` to the columns that all systems share.
        systems: the columns of the systems, which name them.
        holds: what is in them: ``answer`` or ``score``.
    """
    before = 0
    for block in blocks_of(path, list(dict.fromkeys([*shared.values(), *systems]))):
        rows = len(block.lines)
        columns = dict(block.columns)
        named = dict(shared)
        if "item" not in named:
            named["item"] = _ROW
            columns[_ROW] = pa.array([f"row {before + number + 1}" for number in range(rows)], pa.string())
        before += rows
        whole = TableBlock(columns, block.lines, block.at)
        yield from _long(whole, named, systems, {holds: systems})


def _long(
    block: TableBlock, shared: Mapping[str, str], systems: Sequence[str], parts: Mapping[str, Sequence[str]]
) -> Iterator[TableBlock]:
    """Yield the answers of a block, item by item and system by system."""
    rows = len(block.lines)
    answered = np.zeros((rows, len(systems)), bool)
    joined: dict[str, Any] = {}
    for what, olds in parts.items():
        arrays = [block.columns.get(old) for old in olds]
        for column, array in enumerate(arrays):
            if array is not None:
                answered[:, column] |= _present(array)
        joined[what] = _joined([pa.nulls(rows) if array is None else array for array in arrays])
    row, system = np.nonzero(answered)
    names = pa.array(systems, pa.string())
    sizes = sum((_bytes_of(block.columns[old]) for old in shared.values()), np.full(rows, 100, np.int64))
    for piece in _pieces(sizes[row]):
        of_system, of_row = pa.array(system[piece]), pa.array(row[piece])
        at_element = pa.array(system[piece] * rows + row[piece])
        columns = {"system": names.take(of_system)}
        columns |= {new: block.columns[old].take(of_row) for new, old in shared.items()}
        columns |= {what: array.take(at_element) for what, array in joined.items()}
        at = pc.binary_join_element_wise(block.at.take(of_row), columns["system"], ", ")
        yield TableBlock(columns, block.lines.take(of_row), at)


def _joined(arrays: Sequence[Any]) -> Any:
    """Return the columns of all systems as one array, one after the other."""
    arrays = [each.dictionary_decode() if pa.types.is_dictionary(each.type) else each for each in arrays]
    types = {each.type for each in arrays if not pa.types.is_null(each.type)} or {pa.null()}
    if len(types) == 1:
        (kind,) = types
        return pa.concat_arrays([each.cast(kind) for each in arrays])
    values = [None if absent(each) else text(each) for array in arrays for each in array.to_pylist()]
    return pa.array(values, pa.string())


def _present(array: Any) -> NDArray[np.bool_]:
    """Return a mask of the rows in which a column has a value, by the rule of `absent`."""
    if pa.types.is_string(array.type):
        present = pc.not_equal(array, "")
    elif pa.types.is_floating(array.type):
        present = pc.invert(pc.is_nan(array))
    else:
        present = array.is_valid()
    return np.asarray(pc.fill_null(present, False).to_numpy(zero_copy_only=False))


def _bytes_of(array: Any) -> NDArray[np.int64]:
    if not pa.types.is_string(array.type):
        return np.full(len(array), array.nbytes // max(1, len(array)), np.int64)
    return np.asarray(pc.fill_null(pc.binary_length(array), 0).to_numpy(zero_copy_only=False), np.int64)


def _pieces(sizes: NDArray[np.int64]) -> Iterator[slice]:
    """Yield slices of rows, each of a bounded size and with at least one row."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + BLOCK_BYTES)))
        yield slice(start, stop)
        start = stop


def _systems(present: Sequence[str]) -> list[str]:
    ends, columns = tuple(_PARTS), set(present)
    named = dict.fromkeys(
        name.removesuffix(end) for name in present if name.endswith(ends) for end in ends if name.endswith(end)
    )
    return [name for name in named if name in columns]
