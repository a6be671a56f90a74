"""Rows for programs: every column, full precision."""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import Any

from wattbench_reports.comparison.analysis import COLUMNS, Comparison, SystemFigures
from wattbench_reports.comparison.leaderboard_model import Placement

PLACEMENT_COLUMNS = tuple(field.name for field in fields(Placement))
"""Where a system stands: after the columns of its figures."""


def plain_row(figures: SystemFigures) -> dict[str, Any]:
    """Column to value. Neither JSON nor a spreadsheet has infinity, so an unbounded bound is None, as a missing
    figure is; the two differ in that an unbounded `j_per_correct_high` has a `j_per_correct` beside it.
    """
    row = {name: getattr(figures, name) for name in COLUMNS}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()
    }


def placement_row(comparison: Comparison, place: int) -> dict[str, Any]:
    """The columns of `PLACEMENT_COLUMNS` for one row; none where nothing was ranked."""
    return {} if comparison.ranked is None else asdict(comparison.ranked.placements[place])
