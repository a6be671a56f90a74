"""Estimates for requests to services: joules, grams and water that no meter measured."""

from __future__ import annotations

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table
from wattbench_reports.wording import estimated as wording


def estimated_section(measured: Measured, comparison: Comparison) -> Section | None:
    """Make the section on estimates for requests to services; None for a run without services."""
    if not comparison.estimates:
        return None
    explained, *others = wording.lines(comparison)
    columns = tuple(Column(units.capital(name), numeric=1 <= at <= 4) for at, name in enumerate(wording.HEAD))
    rows = wording.rows(comparison)
    index = {name: at for at, name in enumerate(measured.frames.systems)}
    with_figures = [each for each in comparison.estimates if each.sums]
    table = Table(
        caption="Joules, grams and water of services, from the lowest to the highest",
        columns=columns,
        rows=tuple(
            (Cell(row[0], series=index[each.system]), *map(Cell, row[1:]))
            for each, row in zip(with_figures, rows, strict=True)
        ),
    )
    return Section(
        "estimated",
        "Estimated",
        f"Services: {wording.TITLE.lower()}",
        explained if rows else "",
        (Passage("", tuple(others), (table,)) if rows else Passage("", (explained, *others)),),
        line="joules, grams and water of services, which no meter reads",
    )
