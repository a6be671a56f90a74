"""CSV: the columns of `wattbench compare` and nothing else. No figure is an empty field.

What may not be ranked has different numbers in the columns of groups; what the reader asked to rank across all the
same is named in `ranked_across`. So the caveat travels with every line.
"""

from __future__ import annotations

import csv
import io

from wattbench_reports.comparison.analysis import COLUMNS, Comparison
from wattbench_reports.export.comparison_rows import PLACEMENT_COLUMNS, placement_row, plain_row
from wattbench_reports.wording.arrival_rates import plain_rates

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


def as_csv(comparison: Comparison) -> str:
    """One line per system under a header, at full precision; `valid` is `true` or `false`.

    Of a run under load: one line per rate and system, under columns of their own.
    """
    text = io.StringIO()
    if comparison.load is not None:
        rows = plain_rates(comparison.load)
        columns = tuple(rows[0])
    else:
        rows = [plain_row(each) | placement_row(comparison, place) for place, each in enumerate(comparison.systems)]
        columns = (*COLUMNS, *(PLACEMENT_COLUMNS if comparison.ranked is not None else ()))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
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
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
