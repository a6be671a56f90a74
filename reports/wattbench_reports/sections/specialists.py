"""Specialists inside and outside their domain: a passage of the section on domains."""

from __future__ import annotations

from wattbench_reports.analyses.specialists import Specialist, SpecialistComparison, specialists
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.formatting import units
from wattbench_reports.sections.model import Passage
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.stats import Interval

_LISTED = 6
"""The number of specialists that have a sentence; the table has all of them."""


def specialists_passage(analysis: Analysis) -> tuple[Passage, ...]:
    """Make the passage; empty where no specialist has a recorded domain."""
    found = specialists(analysis)
    if not found:
        return ()
    compared = [each for each in found if each.sides]
    sentences = [_sentence(each) for each in compared[:_LISTED]]
    if len(compared) > _LISTED:
        sentences.append(f"{units.plural(len(compared) - _LISTED, 'more specialist')} are in the table only.")
    alone = [each.system for each in found if not each.sides]
    if alone:
        sentences.append(f"No generalist answered the same items as {units.listed(alone)}, so there is no comparison.")
    tables = (_table(analysis, compared),) if compared else ()
    return (Passage("Specialists inside and outside their domain", tuple(sentences), tables),)


def _sentence(each: Specialist) -> str:
    parts = [_clause(each, side) for side in each.sides]
    return f"{each.system}: {'; '.join(parts)}."


def _clause(each: Specialist, side: SpecialistComparison) -> str:
    where = f"in {each.domain}" if side.at_home else "elsewhere"
    energy = f"for {_times(side.times_the_joules)} the joules per correct answer"
    if side.times_the_joules is None:
        energy = f"and {side.reason}"
    return f"{where} {units.percent(side.accuracy)} correct, {_gap(side)}, {energy}"


def _gap(side: SpecialistComparison) -> str:
    difference, against = side.difference, f"{side.generalist}, the most accurate generalist there"
    if difference.low > 0:
        return f"{units.points_interval(difference)} above {against}"
    if difference.high < 0:
        below = Interval(-difference.estimate, -difference.high, -difference.low)
        return f"{units.points_interval(below)} below {against}"
    return f"not distinguishable from {against} ({units.points_interval(difference)})"


def _times(times: Interval | None) -> str:
    return f"{units.ratio_interval(times)} times"


def _table(analysis: Analysis, found: list[Specialist]) -> Table:
    return Table(
        caption="Specialists against the best generalist on the same items",
        columns=(
            Column("Specialist"),
            Column("Items of"),
            Column("Accuracy", numeric=True),
            Column("Best generalist"),
            Column("Its accuracy", numeric=True),
            Column("Difference", numeric=True),
            Column("Joules per correct answer", numeric=True),
            Column("The generalist's joules", numeric=True),
            Column("Joules, ratio", numeric=True),
            Column("Items", numeric=True),
        ),
        rows=tuple(_row(analysis, each, side) for each in found for side in each.sides),
        note=(
            "The best generalist is the most accurate one on these same items, which favours it slightly. Difference "
            "and ratio: the specialist against it, with 95% confidence intervals over the same items. "
            + " ".join(_reasons(found))
        ).strip(),
    )


def _row(analysis: Analysis, each: Specialist, side: SpecialistComparison) -> tuple[Cell, ...]:
    shown = side.difference.low > 0
    cheaper = side.times_the_joules is not None and side.times_the_joules.high < 1
    return (
        Cell(each.system, series=analysis.frames.systems.index(each.system)),
        Cell(each.domain if side.at_home else f"all but {each.domain}"),
        Cell(units.percent(side.accuracy)),
        Cell(side.generalist),
        Cell(units.percent(side.generalist_accuracy)),
        Cell(units.points_interval(side.difference), "best" if shown else ""),
        Cell(units.quantity(side.j_per_correct, "J")),
        Cell(units.quantity(side.generalist_j_per_correct, "J")),
        Cell(units.ratio_interval(side.times_the_joules), "best" if cheaper else ""),
        Cell(units.count(side.items)),
    )


def _reasons(found: list[Specialist]) -> list[str]:
    said = dict.fromkeys(
        f"{each.system} and {side.generalist}: {side.reason}." for each in found for side in each.sides if side.reason
    )
    return list(said)
