"""How long answers take: the distribution per system, and its quantiles."""

from __future__ import annotations

from reports import figures, units
from reports.compare import Analysis
from reports.panels.section import Drawing, Passage, Section
from reports.panels.table import Cell, Column, Table

_QUANTILES = ((0.05, "p5"), (0.25, "p25"), (0.5, "p50"), (0.75, "p75"), (0.95, "p95"), (1.0, "slowest"))


_LEAD = (
    "The share of requests answered within so many seconds. Better is to the left; a long way between the foot and the "
    "head of a curve is an unpredictable system."
)


def latency_section(analysis: Analysis) -> Section:
    """The share of requests answered within so many seconds, per system."""
    measured = list(analysis.measured.values())
    timed = [(place, each) for place, each in enumerate(measured) if len(each.latency_s)]
    curves = [figures.Curve(each.system, place, each.latency_s) for place, each in timed]
    table = Table(
        caption="Latency of a request, from sending it to its last token",
        columns=(
            Column("System"),
            Column("Requests", numeric=True),
            *(Column(label, numeric=True) for _, label in _QUANTILES),
        ),
        rows=tuple(
            (
                Cell(each.system, series=place),
                Cell(units.count(each.requests)),
                *(Cell(units.quantity(each.latency_quantile_s(share), "s")) for share, _ in _QUANTILES),
            )
            for place, each in enumerate(measured)
        ),
    )
    if not curves:
        untimed = Passage("", ("Nobody timed these systems.",), (table,))
        return Section("latency", "Latency", "How long an answer takes", "", (untimed,))
    drawing = Drawing(figures.latency(curves), "Figure: latency distribution", "")
    return Section("latency", "Latency", "How long an answer takes", _LEAD, (Passage("", (), (table,), drawing),))
