"""Write the figures as a table, and put it into docs/routing.md."""

from __future__ import annotations

from pathlib import Path

from benchmarks.routing.figures import Calibration, Kind
from benchmarks.written_tables import Place, table

PLACE = Place("routing")
DOCUMENT = Path(__file__).parents[2] / "docs" / "routing.md"
MOST_ALARMS, LEAST_POWER = 0.05, 0.80
"""Limits."""


def tables(figures: Calibration) -> str:
    """Return the table as Markdown."""
    return (
        f"Version {figures.version}. **Bold** is beyond its limit: {MOST_ALARMS:.0%} of shuffled runs called worth "
        f"building, {LEAST_POWER:.0%} of\nplanted gains found. The last column has how many of the routers that were "
        "judged in all runs were above what a\nperfect choice gives.\n\n"
        + table(
            ["answers", "routers", "items", "runs", "worth building", "not worth it", "above the ceiling"],
            [_row(kind) for kind in figures.kinds],
        )
    )


def _row(kind: Kind) -> list[str]:
    said = kind.worth_building.text(most=MOST_ALARMS) if kind.shuffled else kind.worth_building.text(least=LEAST_POWER)
    above = f"{kind.above_ceiling:,} of {kind.judged:,}"
    return [
        "shuffled" if kind.shuffled else "3 points to gain",
        kind.world,
        f"{kind.items:,}",
        f"{kind.runs:,}",
        said,
        kind.not_worth_it.text(),
        f"**{above}**" if kind.above_ceiling else above,
    ]


def with_tables(document: str, figures: Calibration) -> str:
    """Return a document with the table in its place."""
    return PLACE.filled(document, tables(figures))
