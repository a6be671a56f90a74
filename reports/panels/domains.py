"""Every system in every domain: where a specialist is one, and where it is not."""

from __future__ import annotations

from reports import units
from reports.compare import Analysis
from reports.measures import P95_MIN_REQUESTS, Measures
from reports.panels.section import Passage, Section
from reports.panels.table import Cell, Column, Table, energy_badge


def domains_section(analysis: Analysis) -> Section:
    """The one table."""
    return Section("domains", "Domains", "By domain", "", (Passage("", (), (domain_table(analysis),)),))


def domain_table(analysis: Analysis) -> Table:
    """One row per domain and system."""
    rows = []
    for domain, figures in analysis.by_domain.items():
        rows += [_row(domain, each, place, analysis) for place, each in enumerate(figures.values())]
    tasks = analysis.frames.items.groupby("domain", observed=True)["task"].unique()
    made_of = "; ".join(f"{domain}: {', '.join(str(task) for task in names)}" for domain, names in tasks.items())
    return Table(
        caption="Each system in each domain",
        columns=(
            Column("Domain"),
            Column("System"),
            Column("Kind"),
            Column("Accuracy", numeric=True),
            Column("Joules per correct answer", numeric=True),
            Column("Latency p95", numeric=True),
            Column("Items", numeric=True),
            Column("Energy"),
        ),
        rows=tuple(rows),
        note=f"Tasks in each domain: {made_of}. ~ marks a p95 from fewer than {P95_MIN_REQUESTS} requests.",
    )


def _row(domain: str, figures: Measures, place: int, analysis: Analysis) -> tuple[Cell, ...]:
    kind = analysis.kinds[figures.system] + (", yardstick" if figures.system in analysis.yardsticks else "")
    per_correct = "none correct" if figures.j_per_correct is None and figures.j_per_request else ""
    rough = "~" if 0 < figures.requests < P95_MIN_REQUESTS else ""
    return (
        Cell(domain),
        Cell(figures.system, series=place),
        Cell(kind),
        Cell(units.percent_interval(figures.accuracy)),
        Cell(per_correct or units.quantity_interval(figures.j_per_correct, "J")),
        Cell(rough + units.quantity(figures.latency_quantile_s(0.95), "s")),
        Cell(units.count(figures.items)),
        energy_badge(figures.provenance),
    )
