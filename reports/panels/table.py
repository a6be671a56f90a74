"""What a table on the page is made of, and the comparison as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports import units, wording
from reports.compare import Comparison, SystemFigures
from reports.provenance import explained, is_modelled


@dataclass(frozen=True)
class Column:
    """A column's heading."""

    label: str
    numeric: bool = False
    """Right-aligned, in figures of equal width."""


@dataclass(frozen=True)
class Cell:
    """One cell."""

    text: str
    style: str = ""
    """A word the style sheet knows: ``badge``, ``badge-warn``, ``best``, ``mark``, or nothing."""
    series: int | None = None
    """The place of a system among all, where its mark is shown."""
    detail: str = ""
    """A second line, beside a mark."""


@dataclass(frozen=True)
class Table:
    """Rows under headings; the first cell of a row is its heading."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def energy_badge(label: str) -> Cell:
    """The provenance of some joules, marked where a formula stands behind them."""
    return Cell(label or "no energy", "badge-warn" if is_modelled(label) or not label else "badge")


def comparison_table(comparison: Comparison) -> Table:
    """The systems, one row each, with every figure of `wattbench compare`."""
    meanings = explained(figures.energy_provenance for figures in comparison.systems)
    order = {figures.system: place for place, figures in enumerate(comparison.systems)}
    yardsticks = {name for caveat in comparison.caveats if caveat.code == "yardstick" for name in caveat.systems}
    return Table(
        caption="All systems over all items",
        columns=(
            Column("System"),
            Column("Accuracy", numeric=True),
            Column("Joules per correct answer", numeric=True),
            Column("Energy"),
            Column("Windows"),
            Column("Joules per request", numeric=True),
            Column("Latency p50", numeric=True),
            Column("Latency p95", numeric=True),
            Column("CO2e per 1,000", numeric=True),
            Column("Tokens", numeric=True),
            Column("Items", numeric=True),
        ),
        rows=tuple(
            _row(figures, comparison, order, yardstick=figures.system in yardsticks) for figures in comparison.systems
        ),
        note=(
            "Brackets hold 95% intervals over the choice of items; a meter's own error is not in them. Joules per "
            "correct answer: the joules of all requests, wrong ones included, over the correct answers. Tokens: mean "
            f"output per request. CO2e: grams for 1,000 requests. {wording.carbon_line(comparison)}"
            f"{f' Energy: {meanings}.' if meanings else ''}"
        ),
    )


def _row(
    figures: SystemFigures, comparison: Comparison, order: Mapping[str, int], *, yardstick: bool
) -> tuple[Cell, ...]:
    detail = f"{figures.kind}, yardstick" if yardstick else figures.kind
    return (
        Cell(figures.system, series=order[figures.system], detail=detail),
        Cell(wording.accuracy(figures)),
        Cell(wording.j_per_correct(figures)),
        energy_badge(figures.energy_provenance),
        Cell(wording.valid(figures), "badge" if figures.valid else "badge-bad"),
        Cell(units.quantity(figures.energy_j_per_request, "J")),
        Cell(units.quantity(figures.latency_p50_s, "s")),
        Cell(units.quantity(figures.latency_p95_s, "s")),
        Cell(wording.co2(figures, comparison)),
        Cell(units.NONE if figures.output_tokens is None else units.digits(figures.output_tokens)),
        Cell(units.count(figures.items)),
    )
