"""Read a plain item table: a row per answer, with any of score, seconds, tokens, joules and cost.

Check the columns of many answers at once.

This is the fast way for what is as it should be. For a block with anything else (a figure that is text, a name that is
too long, a number that Python reads and Arrow does not) there is no result: the block is then read answer by answer,
which says what is wrong and in which line, or finds that it is right.

Read a wide table, as of public routing data sets: a row per item, columns per system.

RouterBench has them: ``<model>`` is the score, ``<model>|model_response`` the answer, ``<model>|total_cost`` the cost,
in addition to ``sample_id``, ``prompt`` and ``eval_name``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.errors import UserError, nearest
from wattbench.importers.answer import (
    LATE,
    MOST_COUNTED,
    NAMES,
    UNIT_RANGE,
    Answer,
    ScoreRange,
    check_name,
    number,
    whole_number,
)
from wattbench.importers.batch import COUNTS, FIGURES, LISTS, OPTIONAL_TEXTS, TEXTS, batches_of, schema
from wattbench.importers.files import text
from wattbench.importers.imported import ImportDraft
from wattbench.importers.table.tablefile import SUFFIXES, TableBlock, absent, blocks_of, columns_of
from wattbench.records.rows.schema import LARGEST_NUMBER


class _UnusualError(Exception):
    """A column has to be checked value by value."""


def checked_columns(
    columns: Mapping[str, Any], lines: Any, at: Any, task: str, scores: ScoreRange = UNIT_RANGE
) -> Any | None:
    """Return the answers in some columns as a record batch. None if each answer has to be checked by itself.

    Args:
        columns: fields of `Answer` to Arrow arrays of one length and any types.
        lines: the number of each answer's line or row, an int64 array.
        at: what is around that number, from `wattbench.importers.batch.numbered`, an array of texts.
        task: that of an answer without one.
        scores: the range of the scores.
    """
    rows = len(lines)
    try:
        made: dict[str, Any] = {"at": at, "line": lines, "metrics": pa.repeat("{}", rows)}
        for name in TEXTS:
            made[name] = _text(columns[name]) if name in columns else pa.repeat("", rows)
        for name in OPTIONAL_TEXTS:
            made[name] = _or_null(_text(columns[name])) if name in columns else pa.nulls(rows, pa.string())
        for name in FIGURES:
            made[name] = (
                _figure(columns[name], *_bounds(name, scores)) if name in columns else pa.nulls(rows, pa.float64())
            )
        if scores.declared:
            made["score"] = pc.divide(pc.subtract(made["score"], scores.worst), scores.best - scores.worst)
        for name in COUNTS:
            made[name] = _count(columns[name]) if name in columns else pa.nulls(rows, pa.int64())
        nothing = pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.array([], pa.float64()))
        made |= dict.fromkeys(LISTS, nothing)
        made["repeat"] = pc.fill_null(made["repeat"], 0)
        made["task"] = _or_other(made["task"], task)
        _check_names(made)
        _check_late(made)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, _UnusualError):
        return None
    return pa.RecordBatch.from_pydict(made, schema=schema())


def _bounds(name: str, scores: ScoreRange) -> tuple[float, float]:
    """Return the lowest and the highest valid value of a figure."""
    if name == "score":
        return min(scores.worst, scores.best), max(scores.worst, scores.best)
    return -LARGEST_NUMBER if name == "joules_above_idle" else 0.0, LARGEST_NUMBER


def _text(array: Any) -> Any:
    """Return a column as texts. Missing values are empty."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array, kind = array.dictionary_decode(), kind.value_type
    if not (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    ):
        raise _UnusualError
    text = array.cast(pa.string())
    text.validate(full=True)  # Parquet may have texts that are not UTF-8
    return pc.fill_null(text, "") if text.null_count else text


def _or_null(text: Any) -> Any:
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _or_other(text: Any, other: str) -> Any:
    empty = pc.equal(text, "")
    return pc.if_else(empty, other, text) if pc.any(empty).as_py() else text


def _figure(array: Any, least: float, most: float) -> Any:
    """Return a column as doubles. Missing values and NaN are null."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array, kind = array.dictionary_decode(), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        figures = _parsed(array)
    elif pa.types.is_boolean(kind):
        figures = array.cast(pa.int8()).cast(pa.float64())
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        figures = array.cast(pa.float64())
    else:
        raise _UnusualError
    nan = pc.is_nan(figures)
    if pc.any(nan).as_py():
        figures = pc.if_else(nan, pa.scalar(None, pa.float64()), figures)
    bounds = pc.min_max(figures).as_py()
    if bounds["min"] is not None and not least <= bounds["min"] <= bounds["max"] <= most:
        raise _UnusualError
    return figures


def _parsed(text: Any) -> Any:
    try:
        figures = text.cast(pa.float64())
    except pa.ArrowInvalid:
        word = pc.ascii_lower(pc.utf8_trim_whitespace(text))
        truth = pc.if_else(pc.equal(word, "true"), "1", pc.if_else(pc.equal(word, "false"), "0", word))
        figures = _or_null(truth.cast(pa.string())).cast(pa.float64())
    nan = pc.is_nan(figures)
    if pc.any(nan).as_py() and set(pc.unique(text.filter(nan)).to_pylist()) - {"nan", "NaN", "NAN"}:
        raise _UnusualError
    return figures


def _count(array: Any) -> Any:
    return _figure(array, 0.0, MOST_COUNTED).cast(pa.int64())  # refuses what is not whole


def _check_names(columns: Mapping[str, Any]) -> None:
    if pc.any(pc.equal(columns["item"], "")).as_py():
        raise _UnusualError
    for what in NAMES:
        for name in pc.unique(columns[what]).to_pylist():
            try:
                check_name(name, what, "", may_be_empty=what == "domain")
            except UserError as error:
                raise _UnusualError from error


def _check_late(columns: Mapping[str, Any]) -> None:
    late = pc.greater(columns["first_token_seconds"], pc.multiply(columns["seconds"], LATE))
    if pc.any(late).as_py():
        raise _UnusualError


COLUMNS = (
    "system", "item", "score", "task", "domain", "kind", "repeat", "seconds", "first_token_seconds", "started_s",
    "prompt_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
    "joules", "joules_above_idle", "cost", "currency", "route",
    "failure", "finish_reason", "doc_hash", "prompt_hash", "prompt", "answer", "filtered", "target",
)  # fmt: skip
"""The columns that a table may have; the first two are required."""

COMPARED = ("score", "seconds", "joules", "cost")
"""At least one of these is required: otherwise there is nothing to compare."""

TASK = "items"
"""The task of a table without one."""


def looks_like(source: Path) -> bool:
    """Return whether a file's name is that of a table."""
    return source.suffix.lower() in SUFFIXES


def batches(sources: Sequence[Path], renamed: Mapping[str, str], draft: ImportDraft) -> Iterator[Any]:
    """Read some tables, which may have different columns, and yield their answers as record batches.

    Args:
        sources: CSV, TSV or Parquet files, by their suffixes.
        renamed: a column's name in the file to its name in `COLUMNS`.
        draft: has the range of the column ``score``.

    Raises:
        UserError: a column is missing, a value is impossible, or a file cannot be read.
    """
    for path in sources:
        if not looks_like(path):
            raise UserError(f"{path}: the name of a table must end in {', '.join(SUFFIXES)}")
    for path in sources:
        draft.files.append(path)
        for block in _blocks(path, renamed):
            yield from _batches(block, draft.scores)


def _blocks(path: Path, renamed: Mapping[str, str]) -> Iterable[TableBlock]:
    """Yield a table in blocks with columns of `COLUMNS`."""
    present = columns_of(path)
    for old, new in renamed.items():
        if old not in present:
            raise UserError(f"--map {old}={new}: {path} has no column {old!r:.60}{nearest(old, present)}")
        if new not in COLUMNS:
            raise UserError(f"--map {old}={new}: there is no column {new!r:.60}{nearest(new, COLUMNS)}")
    if _is_wide(present, renamed):
        return _lengthened(path, present, renamed)
    names = _names(path, present, renamed)
    blocks = blocks_of(path, list(names.values()))
    return (
        TableBlock({new: block.columns[old] for new, old in names.items()}, block.lines, block.at) for block in blocks
    )


def _batches(block: TableBlock, scores: ScoreRange) -> Iterator[Any]:
    """Yield the answers of a block as record batches, checked by columns or answer by answer."""
    batch = checked_columns(block.columns, block.lines, block.at, TASK, scores)
    if batch is not None:
        yield batch
        return
    yield from batches_of(_answer(where, row, scores) for where, row in block.rows())


def _names(path: Path, present: Sequence[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Map the names in `COLUMNS` to the names of these columns in the file."""
    names = {name: name for name in COLUMNS if name in present}
    for old, new in renamed.items():
        if new in names and names[new] != new:
            raise UserError(f"--map: two columns, {names[new]} and {old}, are named {new}")
        names[new] = old
    here = ", ".join(present[:20]) + (", ..." if len(present) > 20 else "")
    if len(present) == 1 and ";" in here:
        raise UserError(f"{path}:1: one column ({here}): the fields are divided by semicolons; save it with commas")
    for needed in ("system", "item"):
        if needed not in names:
            raise UserError(f"{path}:1: no column `{needed}` (it has {here}). Name it with --map COLUMN={needed}")
    if not any(name in names for name in COMPARED):
        raise UserError(
            f"{path}:1: none of the columns {', '.join(COMPARED)} (it has {here}). Name one with --map COLUMN=score"
        )
    return names


def _answer(where: str, row: Mapping[str, Any], scores: ScoreRange = UNIT_RANGE) -> Answer:
    texts: dict[str, Any] = {
        name: "" if absent(row.get(name)) else text(row[name]) for name in (*TEXTS, *OPTIONAL_TEXTS)
    }
    if not texts["item"]:
        raise UserError(f"{where}: item is empty; every answer needs one")
    texts["task"] = texts["task"] or TASK
    counts: dict[str, Any] = {name: whole_number(row.get(name), name, where) for name in COUNTS}
    signed = ("score", "joules_above_idle")
    figures: dict[str, Any] = {name: number(row.get(name), name, where) for name in FIGURES if name not in signed}
    return Answer(
        where=where,
        score=scores.share(row.get("score"), "score", where),
        # Less than idle is a figure too: the idle window may have drawn more.
        joules_above_idle=_signed(row.get("joules_above_idle"), where),
        **texts | {name: texts[name] or None for name in OPTIONAL_TEXTS},
        **counts | {"repeat": counts["repeat"] or 0},
        **figures,
    )


def _signed(value: Any, where: str) -> float | None:
    below = isinstance(value, str | int | float) and str(value).strip().startswith("-")
    figure = number(str(value).strip()[1:] if below else value, "joules_above_idle", where)
    return -figure if below and figure is not None else figure


_PARTS = {"|total_cost": "cost", "|model_response": "answer"}
"""The suffixes of a system's further columns, and what they hold."""

_USUAL = {"sample_id": "item", "eval_name": "task"}
"""The usual names of items and tasks in such tables, if ``--map`` names no others."""

_SHARED = ("item", "task", "domain", "prompt", "target", "doc_hash")
"""The columns that all systems share."""

BLOCK_BYTES = 16_000_000
"""A prompt is repeated for each system: a block has fewer answers where prompts are long."""


def _is_wide(present: Sequence[str], renamed: Mapping[str, str]) -> bool:
    """Return whether a table has columns per system, and no column `system`."""
    return "system" not in present and "system" not in renamed.values() and bool(_systems(present))


def _lengthened(path: Path, present: Sequence[str], renamed: Mapping[str, str]) -> Iterator[TableBlock]:
    """Yield blocks with a row per item and system that answered it: with a score, an answer or a cost.

    Raises:
        UserError: no column names the items.
    """
    shared = {name: name for name in _SHARED if name in present}
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
