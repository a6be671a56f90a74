"""Read a plain item table: a row per answer, with any of score, seconds, tokens, joules and cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.importers.answer import UNIT_RANGE, Answer, ScoreRange, number, whole_number
from wattbench.importers.batch import COUNTS, FIGURES, OPTIONAL_TEXTS, TEXTS, batches_of
from wattbench.importers.files import text
from wattbench.importers.imported import ImportDraft
from wattbench.importers.table.columns import checked_columns
from wattbench.importers.table.tablefile import SUFFIXES, TableBlock, absent, blocks_of, columns_of
from wattbench.importers.table.wide import is_wide, lengthened

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
    if is_wide(present, renamed):
        return lengthened(path, present, renamed)
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
