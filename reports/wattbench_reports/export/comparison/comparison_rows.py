"""Prepare rows for programs, and a data frame of them: every column, full precision."""

from __future__ import annotations

import math
import typing
from dataclasses import asdict, fields
from types import NoneType
from typing import TYPE_CHECKING, Any

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.leaderboard_model import Placement
from wattbench_reports.comparison.system_figures import COLUMNS, SystemFigures
from wattbench_reports.export.comparison.decision_data import DECISION_COLUMNS, decision_cells
from wattbench_reports.wording.decision import DecisionWords

if TYPE_CHECKING:
    import pandas as pd

PLACEMENT_COLUMNS = tuple(field.name for field in fields(Placement))
"""The columns of a system's placement, after those of its figures."""


def plain_row(figures: SystemFigures) -> dict[str, Any]:
    """Map columns to values. JSON and spreadsheets have no infinity, so an unbounded bound is None, as is a missing
    figure; an unbounded `j_per_correct_high` differs in that its `j_per_correct` is not None.
    """
    row = {name: getattr(figures, name) for name in COLUMNS}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()
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


_DTYPES = {str: "string", int: "int64", float: "float64", bool: "bool"}


def comparison_frame(comparison: Comparison, decided: DecisionWords | None = None) -> pd.DataFrame:
    """Return one row per system: its figures, the systems that it may be ranked against, and the decision on it.

    A figure that does not exist is missing, and so is a bound that is infinite. Of a run under load: the figures at
    the rate compared.
    """
    import pandas as pd

    dtypes = _dtypes(SystemFigures) | ({} if comparison.ranked is None else _dtypes(Placement))
    if decided is not None:
        missing = _DTYPES | {bool: "boolean"}  # of a system that is not judged
        dtypes |= {name: missing[kind] for name, kind in DECISION_COLUMNS.items()}
    return pd.DataFrame(system_rows(comparison, decided), columns=list(dtypes)).astype(dtypes)


def _dtypes(record: type[Any]) -> dict[str, str]:
    """Map each field of a dataclass to pandas' type of its values."""
    dtypes = {}
    for name, hint in typing.get_type_hints(record).items():
        (value_type,) = set(typing.get_args(hint) or (hint,)) - {NoneType}
        dtypes[name] = _DTYPES[value_type]
    return dtypes
