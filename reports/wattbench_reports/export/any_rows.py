"""Write any rows as a table for a terminal, as CSV or as JSON."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.records.files.csv_text import csv_lines, for_spreadsheet
from wattbench.terminal import TextColumn, log_text, text_table
from wattbench_reports.formatting import units
from wattbench_reports.formatting.json_text import json_text

ROW_FORMATS = ("table", "json", "csv")


def rows_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], form: str, right: Collection[str] = ()) -> str:
    """Return rows as text that ends in a newline. A missing value is a dash in a table, empty in CSV, null in JSON.

    Args:
        columns: in order; a row may have no value for some.
        rows: of JSON values or dates.
        form: one of `ROW_FORMATS`.
        right: columns of texts that a table aligns on the right, as it does numbers.

    Raises:
        UserError: there is no such format.
    """
    if form == "json":
        plain = [{name: _plain(row.get(name)) for name in columns} for row in rows]
        return json_text(plain)
    if form == "csv":
        cells = [[_plain(row.get(name)) for name in columns] for row in rows]
        return csv_lines([[for_spreadsheet(each) for each in row] for row in (columns, *cells)])
    if form == "table":
        return _table(columns, rows, right)
    raise UserError(f"no format {form!r}{nearest(form, ROW_FORMATS)}")


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], right: Collection[str]) -> str:
    heads = [
        TextColumn(name, right=name in right or any(_is_number(row.get(name)) for row in rows)) for name in columns
    ]
    lines = text_table(heads, [[_cell(row.get(name)) for name in columns] for row in rows])
    return log_text("".join(f"{line}\n" for line in lines))


def _cell(value: Any) -> str:
    plain = _plain(value)
    if plain is None or plain == "":
        return units.NONE
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return units.digits(plain) if isinstance(plain, float) else str(plain)


def _is_number(value: Any) -> bool:
    return isinstance(_plain(value), int | float) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    """Convert a value to JSON's types: numbers of NumPy and DuckDB to Python's, dates to ISO 8601, NaN to None."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)
