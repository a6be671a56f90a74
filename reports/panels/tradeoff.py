"""Accuracy against joules per request: the figure, and the table beneath it."""

from __future__ import annotations

from reports import figures, units
from reports.compare import Analysis
from reports.panels.section import Drawing, Passage, Section
from reports.panels.table import Cell, Column, Table, energy_badge

_LEAD = "Each system at its accuracy and its joules per request, with 95% intervals. Better is up and to the left."


def tradeoff_section(analysis: Analysis) -> Section:
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
    drawing = None
    if points:
        drawing = Drawing(figures.tradeoff(points), "Figure: accuracy against joules per request", "")
    sentences = () if points else ("No system has joules to draw.",)
    passage = Passage("", sentences, (table,), drawing)
    return Section("trade-off", "Trade-off", "What accuracy costs", _LEAD, (passage,))


def _label(system: str, analysis: Analysis) -> str:
    return f"{system} (yardstick)" if system in analysis.yardsticks else system
