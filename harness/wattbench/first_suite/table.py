"""Read a stranger's table: its encoding, what separates its columns, and what is in each of them."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from wattbench.config.file_task import check_encoding, check_format
from wattbench.errors import UserError
from wattbench.tasks.file_task.rows import MAX_CHARACTERS, DataFile, headers, read_file
from wattbench.tasks.file_task.scores import plain

_CHUNK_BYTES = 1 << 20
_NUMBER = re.compile(
    r"[-+\u2212]?\s*[$€£¥]?\s*"
    r"(?:\d{1,3}(?:[.,'\u2019\u00a0\u202f\u2009]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?"
    r"\s*[%$€£¥]?"
)
"""A text that is a number, as `score: number` reads numbers."""
_TEXT_SUFFIXES = (".csv", ".tsv")
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Column:
    """The texts of a column."""

    name: str
    values: tuple[str, ...]
    """Of each row, without blanks at both ends."""

    @cached_property
    def mean_characters(self) -> float:
        """Return the mean length of the column's texts, in characters."""
        return sum(map(len, self.values)) / len(self.values)

    @cached_property
    def distinct(self) -> Counter[str]:
        """Count how often each text occurs, compared as scores compare texts. Empty texts do not count."""
        times: Counter[str] = Counter()
        for text, rows in Counter(value for value in self.values if value).items():
            times[plain(text)] += rows
        return times

    @cached_property
    def numeric(self) -> bool:
        """Return whether each text is a number and nothing more: no date, and no version."""
        return all(map(_NUMBER.fullmatch, self.values))


@dataclass(frozen=True)
class Table:
    """A file that was read."""

    data: DataFile
    encoding: str
    separator: str | None
    """What separates the columns, in a word; None where that follows from the format."""

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.data.rows)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Return the table's columns by name."""
        return {
            name: Column(name, tuple(_text(row.values[name]) for row in self.data.rows)) for name in self.data.columns
        }

    def where(self, numbers: Sequence[int], most: int = 3) -> str:
        """Name some rows: ``line 3, line 17 and 4 more``."""
        shown = ", ".join(self.data.rows[at].where for at in numbers[:most])
        return shown + (f" and {len(numbers) - most:,} more" if len(numbers) > most else "")


def read_table(path: Path, wanted: Sequence[str], encoding: str | None = None) -> Table:
    """Read a table from a file.

    Args:
        path: the file; the format follows from its suffix.
        wanted: columns that it should have; none where they are to be guessed.
        encoding: of a CSV or TSV; None guesses it.

    Raises:
        UserError: it cannot be read.
    """
    try:
        check_format(path)
        if encoding is not None:
            check_encoding(encoding)
    except ValueError as error:
        raise UserError(str(error)) from error
    if path.suffix.lower() not in _TEXT_SUFFIXES:
        return Table(read_file(path, wanted), "utf-8", None)
    try:
        read_as = encoding or _encoding_of(path)
        by_separator = headers(path, read_as, MAX_CHARACTERS) if path.is_file() else {}
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    named = {mark: [name for name in names if name] for mark, names in by_separator.items()}
    fitting = {mark: names for mark, names in named.items() if set(wanted) <= set(names)}
    mark, names = max((fitting or named or {",": []}).items(), key=lambda each: len(each[1]))
    data = read_file(path, names, read_as)
    return Table(data, read_as, SEPARATORS[mark] if mark != "," else None)


def _encoding_of(path: Path) -> str:
    """Return the encoding of a text: UTF-16 by its mark, UTF-8 where it is valid, else that of old spreadsheets.

    Raises:
        UserError: it is in another encoding.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    for encoding in ("utf-8", "cp1252"):
        if _is_text(path, encoding):
            return encoding
    raise UserError(f"{path}: not text in UTF-8, UTF-16 or cp1252; save it as UTF-8, or name its --encoding")


def _is_text(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


def _text(value: str | list[str]) -> str:
    return (value if isinstance(value, str) else " | ".join(value)).strip()
