"""CSV: the columns of `wattbench compare` and nothing else. No figure is an empty field."""

from __future__ import annotations

import csv
import io

from reports.compare import COLUMNS, Comparison
from reports.export.load import plain_rates
from reports.export.plain import plain_row

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(comparison: Comparison) -> str:
    """One line per system under a header, at full precision; `valid` is `true` or `false`.

    Of a run under load: one line per rate and system, under columns of their own.
    """
    text = io.StringIO()
    rows = [plain_row(figures) for figures in comparison.systems]
    if comparison.load is not None:
        rows = plain_rates(comparison.load)
    writer = csv.DictWriter(text, COLUMNS if comparison.load is None else list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _field(value) for name, value in row.items()})
    return text.getvalue()


def _field(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    # A spreadsheet would run a name that looks like a formula.
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
