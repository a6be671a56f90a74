"""Write CSV that every reader divides into the same cells, and that no spreadsheet runs.

Sources: RFC 4180, "Common Format and MIME Type for CSV Files"; OWASP, "CSV Injection", for what begins a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - as some locales type them


class LineFeeds(io.StringIO):
    """A text that ends rows in a line feed, though the CSV writer ends them in a carriage return and a line feed.

    Python's writer quotes those characters of the line end that a cell has, and before 3.13 no others: with a line feed
    alone it leaves a carriage return as it is, and a reader takes it for the end of a row.
    """

    def write(self, text: str, /) -> int:
        """Append one row."""
        return super().write(f"{text[:-2]}\n" if text.endswith("\r\n") else text)


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV, each ended by a line feed; a missing value is an empty field.

    A half of a surrogate pair, which no file can hold, is a question mark.
    """
    text = LineFeeds()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(errors="replace").decode()


def for_spreadsheet(value: object) -> object:
    """Return a cell with an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{value}" if isinstance(value, str) and _is_formula(value) else value


def from_spreadsheet(field: str) -> str:
    """Return the original text of a cell that `for_spreadsheet` wrote."""
    return field[1:] if field[:1] == "'" and _is_formula(field[1:]) else field


def _is_formula(text: str) -> bool:
    return text.lstrip("'").startswith(_FORMULA_STARTS)
