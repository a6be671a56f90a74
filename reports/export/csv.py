"""CSV: the columns of `wattbench compare` and nothing else. No figure is an empty field.

What may not be ranked has different numbers in the columns of groups; what the reader asked to rank across all the
same is named in `ranked_across`. So the caveat travels with every line.
"""

from __future__ import annotations

import csv
import io

from reports.compare import COLUMNS, Comparison
from reports.export.plain import PLACEMENT_COLUMNS, placement_row, plain_row

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(comparison: Comparison) -> str:
    """One line per system under a header, at full precision; `valid` is `true` or `false`."""
    text = io.StringIO()
    placed = comparison.ranked is not None
    writer = csv.DictWriter(text, [*COLUMNS, *(PLACEMENT_COLUMNS if placed else ())], lineterminator="\n")
    writer.writeheader()
    for place, figures in enumerate(comparison.systems):
        row = plain_row(figures) | placement_row(comparison, place)
        writer.writerow({name: _field(value) for name, value in row.items()})
    return text.getvalue()


def _field(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    # A spreadsheet would run a name that looks like a formula.
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
