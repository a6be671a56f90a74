"""Write CSV: the columns of `wattbench compare` and nothing else. A missing figure is an empty field.

Systems that may not be ranked against each other have different numbers in the group columns; `ranked_across` names the
differences across which the reader ranks all the same. So every line carries its caveat.
"""

from __future__ import annotations

from wattbench.records.files.csv_text import csv_lines, for_spreadsheet
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.system_figures import COLUMNS
from wattbench_reports.export.comparison.comparison_rows import PLACEMENT_COLUMNS, system_rows
from wattbench_reports.export.comparison.decision_data import DECISION_COLUMNS
from wattbench_reports.wording.arrival_rates import plain_rates
from wattbench_reports.wording.decision import DecisionWords


def as_csv(comparison: Comparison, decided: DecisionWords | None = None) -> str:
    """Return a header and a line per system, at full precision; `valid` is `true` or `false`.

    Of one run, the columns of the decision are the last.

    A run under load has a line per rate and system, with other columns.
    """
    if comparison.load is not None:
        rows = plain_rates(comparison.load)
        columns = tuple(rows[0])
    else:
        rows = system_rows(comparison, decided)
        columns = (
            *COLUMNS,
            *(PLACEMENT_COLUMNS if comparison.ranked is not None else ()),
            *(DECISION_COLUMNS if decided is not None else ()),
        )
    return csv_lines([columns, *([_field(row.get(name)) for name in columns] for row in rows)])


def _field(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    return for_spreadsheet(value)
