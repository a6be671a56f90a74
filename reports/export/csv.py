"""CSV: the columns of `wattbench compare` and nothing else. No figure is an empty field."""

from __future__ import annotations

import csv
import io

from reports.compare import COLUMNS, Comparison
from reports.export.plain import plain_row

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(comparison: Comparison) -> str:
    """One line per system under a header, at full precision; `valid` is `true` or `false`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for figures in comparison.systems:
        row = plain_row(figures)
        writer.writerow({name: _field(value) for name, value in row.items()})
    return text.getvalue()


def _field(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    # A spreadsheet would run a name that looks like a formula.
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
