"""All systems over all items: every metric of `wattbench runs compare`."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.formatting import units
from wattbench_reports.metrics.tail_latency import MEDIAN
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, energy_badge, restate_key
from wattbench_reports.sections.answer_links import answers_link
from wattbench_reports.stats.percentiles import label
from wattbench_reports.tables.provenance import explained
from wattbench_reports.wording import comparison as wording
from wattbench_reports.wording import throughput

_BADGE = {"valid": "badge", "imported": "badge-warn", "NOT VALID": "badge-bad"}


def comparison_section(comparison: Comparison) -> Section:
    """Make the section that compares all systems, with its table."""
    passage = Passage("", (), (comparison_table(comparison),))
    return Section(
        "comparison", "Comparison", "Comparison", "", (passage,), line="every metric of every system, with intervals"
    )


def comparison_table(comparison: Comparison) -> Table:
    """Make a table with a row per system and every metric of `wattbench runs compare`."""
    meanings = explained(figures.energy_provenance for figures in comparison.systems)
    order = {figures.system: index for index, figures in enumerate(comparison.systems)}
    yardsticks = {name for caveat in comparison.caveats if caveat.code == "yardstick" for name in caveat.systems}
    tail = comparison.tail_share
    costed = wording.has_cost(comparison)
    added = f"{line} " if (line := wording.added_line(comparison)) else ""
    notes = (wording.another_run_line(comparison), throughput.line(comparison), wording.cost_line(comparison))
    return Table(
        caption="All systems over all items",
        columns=(
            Column("System"),
            Column("Accuracy", numeric=True),
            Column("Joules per correct answer", numeric=True),
            Column("Provenance"),
            Column("Windows"),
            Column("Joules per request", numeric=True),
            Column("Latency p50", numeric=True),
            *((Column(f"Latency {label(tail)}", numeric=True),) if tail is not None else ()),
            *(Column(name.capitalize(), numeric=True) for name in throughput.columns(comparison)),
            *((Column("CPU per request", numeric=True),) if wording.has_own_cpu(comparison) else ()),
            *(Column(units.capital(each.label), numeric=True) for each in wording.added_metrics(comparison)),
            Column("CO2e per 1,000", numeric=True),
            Column("Tokens", numeric=True),
            Column("Items", numeric=True),
            *((Column("Cost per request", numeric=True),) if costed else ()),
            *((Column("Cost per correct answer", numeric=True),) if costed else ()),
        ),
        rows=tuple(
            (
                *_row(figures, comparison, order, yardstick=figures.system in yardsticks),
                *(_costs(figures, comparison, order[figures.system]) if costed else ()),
            )
            for figures in comparison.systems
        ),
        note=(
            f"{wording.intervals_line(comparison)} The error of the meter is not in them. "
            f"{_joined(*notes)} "
            "Joules per correct answer: joules of all requests, including wrong answers, divided by the number of "
            f"correct answers. {added}Tokens: mean output per request. CO2e: grams per 1,000 requests. "
            f"{wording.carbon_line(comparison)}{f' Provenance: {meanings}.' if meanings else ''}"
        ),
    )


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _latency(figures: SystemFigures, share: float, restates: str) -> Cell:
    seconds = units.quantity(figures.latency_s(share), "s")
    return Cell(seconds, detail=wording.latency_bounds(figures, share), restates=restates)


def _costs(figures: SystemFigures, comparison: Comparison, index: int) -> tuple[Cell, ...]:
    return (
        Cell(wording.cost_per_request(figures, comparison), restates=restate_key(index, "cost-per-request")),
        Cell(wording.many_per_correct(figures, comparison), restates=restate_key(index, "cost-per-correct")),
    )


def _row(
    figures: SystemFigures, comparison: Comparison, order: Mapping[str, int], *, yardstick: bool
) -> tuple[Cell, ...]:
    index, tail = order[figures.system], comparison.tail_share
    detail = f"{figures.kind}, yardstick" if yardstick else figures.kind
    return (
        Cell(figures.system, series=index, detail=detail),
        Cell(wording.accuracy(figures), restates=restate_key(index, "accuracy")),
        Cell(wording.j_per_correct(figures), restates=restate_key(index, "j-per-correct")),
        energy_badge(figures.energy_provenance),
        Cell(wording.valid(figures), _BADGE[wording.valid(figures)]),
        Cell(units.quantity(figures.energy_j_per_request, "J"), restates=restate_key(index, "j-per-request")),
        _latency(figures, MEDIAN, restate_key(index, "p50")),
        *((_latency(figures, tail, restate_key(index, "tail")),) if tail is not None else ()),
        *(Cell(text) for text in throughput.cells(figures, throughput.columns(comparison))),
        *((Cell(wording.own_cpu(figures)),) if wording.has_own_cpu(comparison) else ()),
        *(Cell(wording.added_cell(figures, each)) for each in wording.added_metrics(comparison)),
        Cell(wording.co2(figures, comparison), restates=restate_key(index, "co2")),
        Cell(units.NONE if figures.output_tokens is None else units.digits(figures.output_tokens)),
        Cell(units.count(figures.items), link=answers_link(system=figures.system)),
    )
