"""The machines that measured the run, and whether they agree."""

from __future__ import annotations

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.machines import DifferenceBetweenMachines, Machines, machine_caveats
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, numbers
from wattbench_reports.wording import machines as words


def machines_section(measured: Measured, comparison: Comparison) -> Section | None:
    """Make the section on the machines; None where one machine measured the run."""
    machines = measured.machines
    if machines is None:
        return None
    lead = (
        f"{len(machines.machines)} machines measured this run. Every block was asked whole on one of them, so that "
        "systems are compared within machines. Scores are pooled over all machines."
    )
    named = [each.text for each in machine_caveats(machines)]
    passages = (
        Passage("", (words.tested(machines), *named), (_table(machines),)),
        *_another(measured, comparison, machines),
        *_differences(machines),
    )
    return Section("machines", "Machines", "Which machines measured, and do they agree?", lead, passages)


def _table(machines: Machines) -> Table:
    return Table(
        caption="Machines",
        columns=tuple(Column(name.capitalize(), numeric=name in words.NUMERIC) for name in words.HEADINGS),
        rows=tuple(
            tuple(
                Cell(text, "badge-warn" if name == "named for" and text != units.NONE else "")
                for name, text in zip(words.HEADINGS, row, strict=True)
            )
            for row in words.rows(machines)
        ),
        note=(
            f"{words.RELATIVE} Machines of a class agree in device, driver, power limit, meter and how many slots "
            "measured at once; only theirs are compared. A machine's name is a keyed hash, which does not say which "
            "machine it is."
        ),
    )


def _another(measured: Measured, comparison: Comparison, machines: Machines) -> tuple[Passage, ...]:
    if not machines.another:
        return ()
    table = Table(
        caption="Joules per correct answer",
        columns=(
            Column("System"),
            *numbers("These machines", "Another machine of this class"),
        ),
        rows=tuple(
            (Cell(name, series=measured.frames.systems.index(name)), Cell(these), Cell(another))
            for name, these, another in words.these_and_another(comparison, machines)
        ),
        note=(
            "Brackets: 95% confidence intervals, of these machines clustered by block; of another machine with the "
            "variance between these added. From two or three machines little is known of another, and the interval "
            "says so."
        ),
    )
    return (Passage("Another machine", (), (table,)),)


def _differences(machines: Machines) -> tuple[Passage, ...]:
    if not machines.differences:
        return ()
    table = Table(
        caption="Differences between systems that are not the same on all machines",
        columns=(
            Column("Systems"),
            Column("Figure"),
            Column("On each machine"),
            *numbers("These machines", "Another machine", "p"),
        ),
        rows=tuple(_row(each) for each in machines.differences),
        note=(
            "First over second, of a request. p: that the ratio is the same on all machines, adjusted for all pairs of "
            "systems and both figures."
        ),
        prose=True,
    )
    return (Passage("Systems that depend on the machine", (), (table,)),)


def _row(each: DifferenceBetweenMachines) -> tuple[Cell, ...]:
    on = [f"{node}: {units.digits(ratio)}" for node, ratio in zip(each.nodes, each.pair.nodes, strict=True)]
    return (
        Cell(f"{each.first} / {each.second}"),
        Cell(each.figure),
        Cell("; ".join(on)),
        Cell(units.ratio_interval(each.pair.these)),
        Cell(units.ratio_interval(each.pair.another)),
        Cell(units.p_value(each.p_value)),
    )
