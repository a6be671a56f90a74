"""The system with the fewest cumulative joules, training included, by number of correct answers."""

from __future__ import annotations

import math

from wattbench_reports.analyses.lifecycle import (
    CumulativeEnergies,
    CumulativeEnergy,
    LeastEnergyRange,
    cumulative_energies,
    least_energy_ranges,
)
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.figures.lifecycle import CourseLine, Handover, lifecycle
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Table, numbers

_FARTHEST = 1e15
"""The figure ends at this many correct answers."""


def course_passage(measured: Measured, emitted: Emitted, requests_per_year: float) -> Passage | None:
    """Make the passage on cumulative joules; None where fewer than two systems can be compared.

    The lowest is sought only among the systems that are not shown to be less accurate than the best: otherwise it would
    always be the system that costs and knows nothing.
    """
    energies = cumulative_energies(measured, emitted)
    if len(energies.comparable) < 2:
        return None
    ahead = least_energy_ranges(energies.accurate)
    by_name = {line.system: line for line in energies.comparable}
    turns = [leader.first for leader in ahead[1:]]
    last = min(max(10.0 * max(turns, default=1.0), requests_per_year, 10.0), _FARTHEST)
    drawing = Figure(
        lifecycle(
            [
                CourseLine(each.system, measured.frames.systems.index(each.system), each.training_j, each.j_per_correct)
                for each in energies.comparable
            ],
            [Handover(each.first, by_name[each.system].joules(each.first), each.system) for each in ahead[1:]],
            last,
        ),
        "Figure: cumulative joules against correct answers",
        "Cumulative joules, training included, against correct answers over all domains; both axes are logarithmic. "
        "Lower is better. A ring marks where, among the most accurate systems, another one becomes the lowest.",
    )
    return Passage(
        "Cumulative joules",
        tuple(_sentences(measured, energies, ahead)),
        (_ranges_table(measured, ahead, by_name),),
        drawing,
        (_lines_table(measured, energies),),
    )


def _sentences(measured: Measured, energies: CumulativeEnergies, ahead: tuple[LeastEnergyRange, ...]) -> list[str]:
    first, *later = ahead
    among = (
        f"Of the {len(energies.accurate)} systems that are not shown to be less accurate than the most accurate one, "
    )
    if len(energies.accurate) == 1:
        said = [
            (f"{first.system} is shown to be more accurate than all others, so it has no equally accurate alternative.")
        ]
    elif later:
        then = "; ".join(f"from {units.roughly(each.first)} correct answers on, {each.system}" for each in later)
        said = [f"{among}{first.system} uses the fewest joules at first; {then}."]
    else:
        said = [f"{among}{first.system} uses the fewest joules from the first correct answer on."]
    lowest = least_energy_ranges(energies.comparable)[-1].system
    if lowest not in {line.system for line in energies.accurate}:
        share = measured.systems[lowest].accuracy
        right = units.percent(None if share is None else share.estimate)
        said.append(f"Of all systems, {lowest} uses the fewest in the long run, with an accuracy of {right}.")
    if energies.declared:
        said.append(f"The training of {units.named(energies.declared)} is declared, not measured.")
    if energies.left_out:
        said.append("Not plotted: " + "; ".join(f"{name} ({why})" for name, why in energies.left_out) + ".")
    return said


def _ranges_table(
    measured: Measured, ahead: tuple[LeastEnergyRange, ...], by_name: dict[str, CumulativeEnergy]
) -> Table:
    return Table(
        caption="System with the fewest cumulative joules, of the most accurate systems",
        columns=(
            Column("System"),
            *numbers("From correct answer", "To", "Joules at that point", "Accuracy"),
        ),
        rows=tuple(
            (
                Cell(
                    each.system, series=measured.frames.systems.index(each.system), detail=measured.kinds[each.system]
                ),
                Cell(units.count(each.first) if each.first == 1 else units.roughly(each.first)),
                Cell("unlimited" if math.isinf(each.last) else units.roughly(each.last)),
                Cell(units.quantity(by_name[each.system].joules(each.first), "J")),
                Cell(units.percent_interval(measured.systems[each.system].accuracy)),
            )
            for each in ahead
        ),
        note="From point estimates; the table on break-even has their uncertainty.",
    )


def _lines_table(measured: Measured, energies: CumulativeEnergies) -> Table:
    return Table(
        caption=f"The lines of the figure ({len(energies.comparable)})",
        columns=(
            Column("System"),
            *numbers("Joules of training", "Joules per correct answer"),
        ),
        rows=tuple(
            (
                Cell(
                    each.system, series=measured.frames.systems.index(each.system), detail=measured.kinds[each.system]
                ),
                Cell(units.quantity(each.training_j, "J")),
                Cell(units.quantity_interval(measured.systems[each.system].j_per_correct, "J")),
            )
            for each in energies.comparable
        ),
    )
