"""Rows for programs: every column, full precision."""

from __future__ import annotations

import math
from typing import Any

from reports.compare import COLUMNS, SystemFigures


def plain_row(figures: SystemFigures) -> dict[str, Any]:
    """Column to value. Neither JSON nor a spreadsheet has infinity, so an unbounded bound is None, as a missing
    figure is; the two differ in that an unbounded `j_per_correct_high` has a `j_per_correct` beside it.
    """
    row = {name: getattr(figures, name) for name in COLUMNS}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()
    }
