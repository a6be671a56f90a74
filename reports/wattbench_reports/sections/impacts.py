"""The water, the abiotic depletion and the primary energy of each system, part by part."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.formatting import units
from wattbench_reports.metrics.impacts.system_impacts import SystemImpact
from wattbench_reports.sections.model import Passage
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.wording import impacts as wording


def impacts_passage(analysis: Analysis) -> Passage | None:
    """Make the passage; None where no source is named or no system has joules."""
    comparison = analysis.comparison
    sentences = tuple(wording.lines(comparison))
    if not sentences:
        return None
    table = Table(
        caption=wording.title(comparison),
        columns=(
            Column("System"),
            Column("Quantity"),
            *(Column(part.capitalize(), numeric=True) for part in wording.PARTS.values()),
            Column("Together", numeric=True),
            Column("Per correct answer", numeric=True),
        ),
        rows=tuple(_rows(analysis)),
        note="Of the requests that have joules. The controls of this page do not change these figures.",
    )
    return Passage("Water, abiotic depletion and primary energy", sentences, (table,))


def _rows(analysis: Analysis) -> Iterator[tuple[Cell, ...]]:
    for name, stated in analysis.comparison.impacts_of.items():
        index = analysis.frames.systems.index(name)
        for impact in stated:
            yield (Cell(name, series=index), *_figures(impact))


def _figures(impact: SystemImpact) -> Iterator[Cell]:
    yield Cell(wording.HEADS[impact.quantity])
    for part in wording.PARTS:
        yield Cell(wording.of_part(impact, part))
    yield Cell(wording.of_requests(impact))
    yield Cell(wording.of_correct(impact) if impact.per_correct is not None else units.NONE)
