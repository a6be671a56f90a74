"""Specialists inside and outside their domain: a passage of the section on domains."""

from __future__ import annotations

from wattbench_reports.analyses.specialists import Specialist, SpecialistComparison, specialists
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Table, numbers
from wattbench_reports.stats import Interval

_LISTED = 6
"""How many specialists have a sentence; the table has all."""


def specialists_passage(measured: Measured) -> tuple[Passage, ...]:
    """Make the passage on specialists; empty without a specialist whose domain is recorded."""
    listed_specialists = specialists(measured)
    if not listed_specialists:
        return ()
    compared = [each for each in listed_specialists if each.comparisons]
    sentences = [_sentence(each) for each in compared[:_LISTED]]
    if len(compared) > _LISTED:
        sentences.append(f"{units.plural(len(compared) - _LISTED, 'more specialist')} are in the table only.")
    alone = [each.system for each in listed_specialists if not each.comparisons]
    if alone:
        sentences.append(f"No generalist answered the same items as {units.named(alone)}, so there is no comparison.")
    tables = (_table(measured, compared),) if compared else ()
    return (Passage("Specialists inside and outside their domain", tuple(sentences), tables),)


def _sentence(each: Specialist) -> str:
    parts = [_clause(each, comparison) for comparison in each.comparisons]
    return f"{each.system}: {'; '.join(parts)}."


def _clause(each: Specialist, comparison: SpecialistComparison) -> str:
    where = f"in {each.domain}" if comparison.at_home else "elsewhere"
    energy = f"for {_times(comparison.times_the_joules)} the joules per correct answer"
    if comparison.times_the_joules is None:
        energy = f"and {comparison.reason}"
    return f"{where} {units.percent(comparison.accuracy)} correct, {_gap(comparison)}, {energy}"


def _gap(comparison: SpecialistComparison) -> str:
    difference, against = comparison.difference, f"{comparison.generalist}, the most accurate generalist there"
    if difference.low > 0:
        return f"{units.points_interval(difference)} above {against}"
    if difference.high < 0:
        below = Interval(-difference.estimate, -difference.high, -difference.low)
        return f"{units.points_interval(below)} below {against}"
    return f"not distinguishable from {against} ({units.points_interval(difference)})"


def _times(times: Interval | None) -> str:
    return f"{units.ratio_interval(times)} times"


def _table(measured: Measured, listed_specialists: list[Specialist]) -> Table:
    return Table(
        caption="Specialists against the best generalist on the same items",
        columns=(
            Column("Specialist"),
            Column("Items of"),
            Column("Accuracy", numeric=True),
            Column("Best generalist"),
            *numbers(
                "Its accuracy",
                "Difference",
                "Joules per correct answer",
                "The generalist's joules",
                "Joules, ratio",
                "Items",
            ),
        ),
        rows=tuple(_row(measured, each, comparison) for each in listed_specialists for comparison in each.comparisons),
        note=(
            "The best generalist is the most accurate one on these same items, which favours it slightly. Difference "
            "and ratio: the specialist against it, with 95% confidence intervals over the same items. "
            + " ".join(_reasons(listed_specialists))
        ).strip(),
    )


def _row(measured: Measured, each: Specialist, comparison: SpecialistComparison) -> tuple[Cell, ...]:
    shown = comparison.difference.low > 0
    cheaper = comparison.times_the_joules is not None and comparison.times_the_joules.high < 1
    return (
        Cell(each.system, series=measured.frames.systems.index(each.system)),
        Cell(each.domain if comparison.at_home else f"all but {each.domain}"),
        Cell(units.percent(comparison.accuracy)),
        Cell(comparison.generalist),
        Cell(units.percent(comparison.generalist_accuracy)),
        Cell(units.points_interval(comparison.difference), "best" if shown else ""),
        Cell(units.quantity(comparison.j_per_correct, "J")),
        Cell(units.quantity(comparison.generalist_j_per_correct, "J")),
        Cell(units.ratio_interval(comparison.times_the_joules), "best" if cheaper else ""),
        Cell(units.count(comparison.items)),
    )


def _reasons(listed_specialists: list[Specialist]) -> list[str]:
    said = dict.fromkeys(
        f"{each.system} and {comparison.generalist}: {comparison.reason}."
        for each in listed_specialists
        for comparison in each.comparisons
        if comparison.reason
    )
    return list(said)
