"""Which system has taken the fewest joules so far, training included, as correct answers add up."""

from __future__ import annotations

import math

from wattbench_reports.analyses.lifecycle import Course, Courses, Stretch, courses, stretches
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.figures.lifecycle import CourseLine, Handover, lifecycle
from wattbench_reports.formatting import units
from wattbench_reports.sections.model import Drawing, Passage
from wattbench_reports.sections.table import Cell, Column, Table

_FARTHEST = 1e15
"""Correct answers beyond which nothing is drawn."""


def course_passage(analysis: Analysis, requests_per_year: float) -> Passage | None:
    """The figure, who is cheapest when, and the lines behind it; None where fewer than two systems can be compared.

    Who is cheapest is asked of those alone that are as accurate as any, as far as the items tell: else it is always the
    system that costs and knows nothing.
    """
    found = courses(analysis)
    if len(found.courses) < 2:
        return None
    ahead = stretches(found.accurate)
    by_name = {course.system: course for course in found.courses}
    turns = [stretch.first for stretch in ahead[1:]]
    last = min(max(10.0 * max(turns, default=1.0), requests_per_year, 10.0), _FARTHEST)
    drawing = Drawing(
        lifecycle(
            [
                CourseLine(each.system, analysis.frames.systems.index(each.system), each.training_j, each.j_per_correct)
                for each in found.courses
            ],
            [Handover(each.first, by_name[each.system].joules(each.first), each.system) for each in ahead[1:]],
            last,
        ),
        "Joules so far against correct answers so far",
        "All joules so far, training included, against correct answers over all domains; both axes are logarithmic. "
        "Lower is better. A ring marks where, among the most accurate systems, another one comes to have the fewest.",
    )
    return Passage(
        "Joules so far, as correct answers add up",
        tuple(_sentences(analysis, found, ahead)),
        (_stretches_table(analysis, ahead, by_name),),
        drawing,
        (_lines_table(analysis, found),),
    )


def _sentences(analysis: Analysis, found: Courses, ahead: tuple[Stretch, ...]) -> list[str]:
    first, *later = ahead
    among = f"Of the {len(found.accurate)} systems that are not shown to be less accurate than the most accurate one, "
    if len(found.accurate) == 1:
        said = [f"{first.system} is shown to be more accurate than all others: there is no other to change to."]
    elif later:
        then = "; ".join(f"from {units.roughly(each.first)} correct answers on {each.system}" for each in later)
        said = [f"{among}{first.system} has the fewest joules at first; {then}."]
    else:
        said = [f"{among}{first.system} has the fewest joules from the first correct answer on."]
    lowest = stretches(found.courses)[-1].system
    if lowest not in {course.system for course in found.accurate}:
        share = analysis.measured[lowest].accuracy
        right = units.percent(None if share is None else share.estimate)
        said.append(f"Of all systems {lowest} has the fewest in the end, and is right in {right} of the items.")
    if found.declared:
        said.append(f"The training of {units.listed(found.declared)} is declared, not measured.")
    if found.left_out:
        said.append("Not drawn: " + "; ".join(f"{name} ({why})" for name, why in found.left_out) + ".")
    return said


def _stretches_table(analysis: Analysis, ahead: tuple[Stretch, ...], by_name: dict[str, Course]) -> Table:
    return Table(
        caption="Who has taken the fewest joules so far, of the most accurate systems",
        columns=(
            Column("System"),
            Column("From correct answer", numeric=True),
            Column("To", numeric=True),
            Column("Joules by its beginning", numeric=True),
            Column("Accuracy", numeric=True),
        ),
        rows=tuple(
            (
                Cell(
                    each.system, series=analysis.frames.systems.index(each.system), detail=analysis.kinds[each.system]
                ),
                Cell(units.count(each.first) if each.first == 1 else units.roughly(each.first)),
                Cell("without end" if math.isinf(each.last) else units.roughly(each.last)),
                Cell(units.quantity(by_name[each.system].joules(each.first), "J")),
                Cell(units.percent_interval(analysis.measured[each.system].accuracy)),
            )
            for each in ahead
        ),
        note="By the point estimates: how well it is known when two systems pass each other, the table before says.",
    )


def _lines_table(analysis: Analysis, found: Courses) -> Table:
    return Table(
        caption=f"The lines of the figure ({len(found.courses)})",
        columns=(
            Column("System"),
            Column("Joules before the first answer", numeric=True),
            Column("Joules per correct answer", numeric=True),
        ),
        rows=tuple(
            (
                Cell(
                    each.system, series=analysis.frames.systems.index(each.system), detail=analysis.kinds[each.system]
                ),
                Cell(units.quantity(each.training_j, "J")),
                Cell(units.quantity_interval(analysis.measured[each.system].j_per_correct, "J")),
            )
            for each in found.courses
        ),
    )
