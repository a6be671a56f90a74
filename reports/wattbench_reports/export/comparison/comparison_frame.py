"""Build a comparison as a data frame: the columns of its CSV, typed."""

from __future__ import annotations

import typing
from types import NoneType
from typing import TYPE_CHECKING, Any

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.leaderboard_model import Placement
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.export.comparison.comparison_rows import system_rows
from wattbench_reports.export.comparison.decision_data import DECISION_COLUMNS
from wattbench_reports.wording.decision import DecisionWords

if TYPE_CHECKING:
    import pandas as pd

_DTYPES = {str: "string", int: "int64", float: "float64", bool: "bool"}


def comparison_frame(comparison: Comparison, decided: DecisionWords | None = None) -> pd.DataFrame:
    """Return one row per system: its figures, which other systems they may be ranked against, and what was decided.

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
