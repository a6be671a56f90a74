"""Accuracy against joules per request: the figure, and the table beneath it."""

from __future__ import annotations

from dataclasses import dataclass

from reports import figures, units
from reports.compare import Analysis
from reports.panels.table import Cell, Column, Table, energy_badge


@dataclass(frozen=True)
class Illustration:
    """A figure with the numbers it draws."""

    svg: str | None
    """Inline SVG, as `reports.figures` makes it: markup, and safe to insert as such. None: nothing to draw."""
    table: Table


def tradeoff(analysis: Analysis) -> Illustration:
    """Every system with joules, both figures with their intervals; those without stand in the table alone."""
    points = [
        figures.Point(_label(each.system, analysis), place, each.j_per_request, each.accuracy)
        for place, each in enumerate(analysis.measured.values())
        if each.j_per_request is not None and each.accuracy is not None
    ]
    above_idle = analysis.frames.items.groupby("system", observed=False)["energy_above_idle_j"].mean()
    rows = tuple(
        (
            Cell(each.system, series=place),
            Cell(units.quantity_interval(each.j_per_request, "J")),
            Cell(units.quantity(float(above_idle[each.system]), "J")),
            Cell(units.percent_interval(each.accuracy)),
            energy_badge(each.provenance),
        )
        for place, each in enumerate(analysis.measured.values())
    )
    table = Table(
        caption="Accuracy and joules per request, as drawn",
        columns=(
            Column("System"),
            Column("Joules per request", numeric=True),
            Column("Above idle", numeric=True),
            Column("Accuracy", numeric=True),
            Column("Energy"),
        ),
        rows=rows,
        note="Above idle: joules per request beyond what the loaded system draws when nothing is asked of it.",
    )
    return Illustration(figures.tradeoff(points) if points else None, table)


def _label(system: str, analysis: Analysis) -> str:
    return f"{system} (yardstick)" if system in analysis.yardsticks else system
