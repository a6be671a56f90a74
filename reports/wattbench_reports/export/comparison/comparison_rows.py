"""Write the rows of a comparison for programs, as CSV and as a data frame: every column, full precision.

Systems that may not be ranked against each other have different numbers in the group columns; `ranked_across` names the
differences across which the reader ranks all the same. So every line of CSV carries its caveat.
"""

from __future__ import annotations

import math
import typing
from dataclasses import asdict, fields
from types import NoneType
from typing import TYPE_CHECKING, Any

from wattbench.records.files.csv_text import csv_lines, for_spreadsheet
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.leaderboard_model import Placement
from wattbench_reports.comparison.system_figures import COLUMNS, SystemFigures
from wattbench_reports.export.comparison.decision_data import DECISION_COLUMNS, decision_cells
from wattbench_reports.wording.arrival_rates import plain_rates
from wattbench_reports.wording.decision import DecisionWords

if TYPE_CHECKING:
    import pandas as pd

PLACEMENT_COLUMNS = tuple(field.name for field in fields(Placement))
"""The columns of a system's placement, after those of its figures."""


def plain_row(figures: SystemFigures) -> dict[str, Any]:
    """Map `COLUMNS` to values. JSON and spreadsheets have no infinity, so an unbounded bound is None, as is a missing
    figure; an unbounded `j_per_correct_high` differs in that its `j_per_correct` is not None.
    """
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in figures.cells().items()
    }


def placement_row(comparison: Comparison, number: int) -> dict[str, Any]:
    """Map `PLACEMENT_COLUMNS` to the values of one row; empty if nothing was ranked."""
    return {} if comparison.ranked is None else asdict(comparison.ranked.placements[number])


def system_rows(comparison: Comparison, decided: DecisionWords | None = None) -> list[dict[str, Any]]:
    """Return a row per system: its figures, its placement where systems were ranked, and the decision on it."""
    return [
        plain_row(figures)
        | placement_row(comparison, number)
        | ({} if decided is None else decision_cells(decided.decision, figures.system))
        for number, figures in enumerate(comparison.systems)
    ]


def as_csv(comparison: Comparison, decided: DecisionWords | None = None) -> str:
    """Return CSV: a header and a line per system; `valid` is `true` or `false`, and a missing figure is empty.

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


_DTYPES = {str: "string", int: "int64", float: "float64", bool: "bool"}


FIRST = (
    "system", "items", "accuracy", "accuracy_low", "accuracy_high", "latency_p50_s", "latency_p95_s",
    "energy_j_per_request", "j_per_correct", "energy_provenance", "qualifies", "advised",
)  # fmt: skip
"""The columns that the frame of one run has unless others are chosen."""


FIRST_OF_SEVERAL = (
    "run", "system", "items", "accuracy", "accuracy_group", "latency_p50_s", "latency_group", "j_per_correct",
    "joules_group", "energy_provenance", "differs_in", "ranked_across",
)  # fmt: skip
"""The same of several runs."""


def comparison_frame(comparison: Comparison, decided: DecisionWords | None = None) -> pd.DataFrame:
    """Return one row per system: its figures, the systems that it may be ranked against, and the decision on it.

    A figure that does not exist is missing, and so is a bound that is infinite. Of a run under load: the figures at
    the rate compared.
    """
    import pandas as pd

    hints = typing.get_type_hints(SystemFigures)
    dtypes = {name: _dtype(hints.get(name, float)) for name in COLUMNS}
    if comparison.ranked is not None:
        dtypes |= {name: _dtype(hint) for name, hint in typing.get_type_hints(Placement).items()}
    if decided is not None:
        missing = _DTYPES | {bool: "boolean"}  # of a system that is not judged
        dtypes |= {name: missing[kind] for name, kind in DECISION_COLUMNS.items()}
    return pd.DataFrame(system_rows(comparison, decided), columns=list(dtypes)).astype(dtypes)


def _dtype(hint: Any) -> str:
    """Return pandas' type of the values of a field."""
    (value_type,) = set(typing.get_args(hint) or (hint,)) - {NoneType}
    return _DTYPES[value_type]
