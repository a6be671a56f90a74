"""Read tables in blocks of columns, each row with its position in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from wattbench.errors import UserError
from wattbench.importers.batch import position
from wattbench.importers.table import csvfile, jsonfile, parquetfile

_JSON = (*jsonfile.LINES, *jsonfile.LIST)
SUFFIXES = (".csv", ".tsv", ".parquet", *_JSON)

MOST_COLUMNS = 10_000
"""A table with more is refused: the header of one is not read for ever."""

Row = tuple[str, Mapping[str, Any]]
"""``file:line`` or ``file: row n``, and column to value."""


@dataclass(frozen=True)
class TableBlock:
    """Some rows of a table."""

    columns: Mapping[str, Any]
    """Column to Arrow array. What a CSV file has is text."""
    lines: Any
    """The line (CSV) or row (Parquet) of each, from 1: an Arrow array of int64."""
    at: Any
    """What is around that number in messages, from `wattbench.importers.batch.numbered`: an Arrow array of texts."""
    times: Mapping[str, float] = field(default_factory=dict)
    """By which the figures of a column are multiplied, where the file has them in another unit."""

    def rows(self) -> Iterator[Row]:
        """Yield the position of each row, and its values by column.

        Raises:
            UserError: a text is not UTF-8.
        """
        for start in range(0, len(self.lines), 1000):
            places = map(position, *(each.slice(start, 1000).to_pylist() for each in (self.at, self.lines)))
            try:
                values = [column.slice(start, 1000).to_pylist() for column in self.columns.values()]
            except UnicodeDecodeError as error:
                raise UserError(f"{next(places)} or after: a text is not in UTF-8 ({error.reason})") from error
            for where, *row in zip(places, *values, strict=True):
                yield where, dict(zip(self.columns, row, strict=True))


def columns_of(path: Path) -> tuple[str, ...]:
    """Read the names of a table's columns.

    Raises:
        UserError: the file cannot be read, has too many columns, or two have one name.
    """
    names: tuple[str, ...] = _reader(path).names_of(path)
    if len(names) > MOST_COLUMNS:
        raise UserError(f"{path}:1: {len(names):,} columns; a table may have {MOST_COLUMNS:,}")
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise UserError(f"{path}:1: two columns have the name {twice[0]!r:.60}; rename one")
    if not any(names):
        raise UserError(f"{path}: the file has no columns")
    return names


def absent(value: object) -> bool:
    """Return whether a value is missing, empty or NaN, which pandas writes for a missing one."""
    return value is None or value == "" or value != value  # noqa: PLR0124 - NaN is not itself


def blocks_of(path: Path, columns: Sequence[str]) -> Iterator[TableBlock]:
    """Read some columns, block by block.

    Raises:
        UserError: a row has more or fewer fields than the header, or cannot be read.
    """
    for arrays, lines, at in _reader(path).blocks(path, columns):
        yield TableBlock(dict(zip(columns, arrays, strict=True)), lines, pa.repeat(at, len(lines)))


def looks_like(path: Path) -> bool:
    """Return whether a file's name is that of a table, and of JSON also its first character."""
    suffix = path.suffix.lower()
    return suffix in SUFFIXES and (suffix not in _JSON or (path.is_file() and jsonfile.looks_like(path)))


def _reader(path: Path) -> ModuleType:
    suffix = path.suffix.lower()
    return parquetfile if suffix == ".parquet" else jsonfile if suffix in _JSON else csvfile
