"""The systems that were not asked to the end: when they were dropped, their figures until then, and why."""

from __future__ import annotations

from wattbench_reports.comparison.dropped import DroppedSystems, interval_of
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, strong
from wattbench_reports.wording.decision.costs import CostWords, cost_words
from wattbench_reports.wording.decision.not_asked import TITLE, bounds_line, dropped_line
from wattbench_reports.wording.decision.table import per_request_heading
from wattbench_reports.wording.dropped import reason

_LABELS = {CostUnit.JOULES: "J", CostUnit.GRAMS: "g", CostUnit.SECONDS: "s"}


def dropped_section(dropped: DroppedSystems | None) -> Section | None:
    """Make the section; None where all systems were asked to the end."""
    if dropped is None:
        return None
    passage = Passage(sentences=(bounds_line(dropped),), tables=(dropped_table(dropped),))
    number = units.plural(len(dropped.systems), "system")
    return Section(
        "not-asked", TITLE, TITLE, dropped_line(dropped), (passage,), line=f"{number} that could not be chosen, and why"
    )


def dropped_passage(dropped: DroppedSystems | None) -> Passage:
    """Make the passage of a comparison, whose evidence has the lead; empty where all systems were asked to the end."""
    if dropped is None:
        return Passage()
    return Passage(sentences=(strong(f"{TITLE}:"), bounds_line(dropped)), tables=(dropped_table(dropped),))


def dropped_table(dropped: DroppedSystems) -> Table:
    """Make a table with a row per system, in the order in which they were dropped."""
    words = words_of(dropped)
    of = "" if dropped.blocks is None else f" of {dropped.blocks}"
    cost = () if words.unit is None else (Column(units.capital(per_request_heading(words)), numeric=True),)
    return Table(
        caption="In the order in which they were dropped",
        columns=(
            Column("System"),
            Column("After block"),
            Column("Items", numeric=True),
            Column("Accuracy", numeric=True),
            *cost,
            Column("Why"),
        ),
        rows=tuple(
            (
                Cell(each.system),
                Cell(f"{each.blocks}{of}"),
                Cell(f"{each.row.items:,}"),
                Cell(units.percent_interval(interval_of(each.row.accuracy))),
                *((Cell(words.bounds(interval_of(each.row.cost))),) if cost else ()),
                Cell(units.capital(reason(each.row, each.look))),
            )
            for each in dropped.systems
        ),
        prose=True,
    )


def words_of(dropped: DroppedSystems) -> CostWords:
    """Return how the costs of dropped systems are written."""
    unit = None if dropped.unit is None else CostUnit(dropped.unit)
    label = dropped.currency if unit is CostUnit.MONEY else "" if unit is None else _LABELS[unit]
    known = [each.row.cost.estimate for each in dropped.systems if each.row.cost is not None]
    return cost_words(unit, label, known)
