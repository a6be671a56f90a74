"""Prepare rows for programs: every column, full precision."""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import Any

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.leaderboard_model import Placement
from wattbench_reports.comparison.system_figures import COLUMNS, SystemFigures
from wattbench_reports.export.comparison.decision_data import decision_cells
from wattbench_reports.wording.decision import DecisionWords

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
    """Return a row per system: its figures, its placement where systems were ranked, and what was decided of it."""
    return [
        plain_row(figures)
        | placement_row(comparison, number)
        | ({} if decided is None else decision_cells(decided.decision, figures.system))
        for number, figures in enumerate(comparison.systems)
    ]
