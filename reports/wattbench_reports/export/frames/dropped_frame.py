"""Build the table of dropped systems: a row per system that was not asked to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench.records import BoundedRow
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.tables.asked_systems import Dropped
from wattbench_reports.wording.dropped import reason

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "run": "string",
    "system": "string",
    "after_blocks": "int64",
    "items": "int64",
    "accuracy": "float64",
    "accuracy_low": "float64",
    "accuracy_high": "float64",
    "cost_per_request": "float64",
    "cost_per_request_low": "float64",
    "cost_per_request_high": "float64",
    "unit": "string",
    "currency": "string",
    "level": "float64",
    "rival": "string",
    "quantity": "string",
    "domain": "string",
    "bound": "float64",
    "why": "string",
}
"""The columns in order, with pandas' type of each. What is not known is missing."""


FIRST = (
    "system", "after_blocks", "items", "accuracy", "accuracy_low", "accuracy_high", "cost_per_request",
    "cost_per_request_low", "cost_per_request_high", "unit", "why",
)  # fmt: skip
"""The columns that a frame has unless others are chosen."""


def dropped_frame(comparison: Comparison) -> pd.DataFrame:
    """Return a row per system, columns `COLUMNS`, in the order in which they were dropped; no rows where none was."""
    import pandas as pd

    dropped = () if comparison.dropped is None else comparison.dropped.systems
    rows = [dropped_row(each) | {"run": comparison.run} for each in dropped]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def dropped_row(dropped: Dropped) -> dict[str, Any]:
    """Return the columns of a system, except the run, as values for programs."""
    row, look = dropped.row, dropped.look
    return {
        "system": row.system,
        "after_blocks": dropped.blocks,
        "items": row.items,
        **_bounds("accuracy", row.accuracy),
        **_bounds("cost_per_request", row.cost),
        "unit": look.unit,
        "currency": look.currency,
        "level": look.level,
        "rival": row.rival,
        "quantity": row.quantity,
        "domain": row.domain,
        "bound": row.bound,
        "why": reason(row, look),
    }


def _bounds(name: str, figure: BoundedRow | None) -> dict[str, float | None]:
    names = (name, f"{name}_low", f"{name}_high")
    values = (None, None, None) if figure is None else (figure.estimate, figure.low, figure.high)
    return dict(zip(names, values, strict=True))
