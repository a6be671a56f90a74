"""Throughput: what each system serves per second, next to its latencies."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.formatting import units
from wattbench_reports.metrics.throughput import Throughput
from wattbench_reports.sections.model import Passage
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.wording import throughput as wording


def throughput_passage(analysis: Analysis) -> Iterable[Passage]:
    """Make the passage; none where no system has a throughput."""
    if not analysis.served:
        return
    shown = [each for each in analysis.comparison.systems if each.system in analysis.served]
    tokens = any(each.output_tokens_per_s is not None for each in shown)
    order = {name: index for index, name in enumerate(analysis.frames.systems)}
    table = Table(
        caption="Throughput of each system",
        columns=(
            Column("System"),
            Column("Answered", numeric=True),
            Column("Seconds", numeric=True),
            Column("In flight", numeric=True),
            Column("Requests per s", numeric=True),
            *((Column("Output tokens per s", numeric=True),) if tokens else ()),
        ),
        rows=tuple(_row(each, analysis.served[each.system], order[each.system], tokens=tokens) for each in shown),
        note=wording.intervals(analysis.comparison),
    )
    yield Passage("Throughput", (wording.line(analysis.comparison),), (table,))


def _row(figures: SystemFigures, served: Throughput, index: int, *, tokens: bool) -> tuple[Cell, ...]:
    return (
        Cell(figures.system, series=index),
        Cell(units.count(served.answered) if served.seconds is not None else units.NONE),
        Cell(units.quantity(served.seconds, "s")),
        Cell(wording.in_flight(figures.requests_in_flight)),
        Cell(wording.requests(figures)),
        *((Cell(wording.output_tokens(figures)),) if tokens else ()),
    )
