"""Describe the machines of a run, for the terminal, Markdown and the page."""

from __future__ import annotations

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.machines import Machine, Machines
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval

HEADINGS = (
    "machine", "class", "device", "driver", "power limit", "meter", "blocks", "answers", "seconds", "joules", "hottest",
    "named for",
)  # fmt: skip
"""Of `rows`."""

NUMERIC = ("blocks", "answers", "seconds", "joules", "hottest")

RELATIVE = (
    "Seconds and joules: of a request, over the median of the other machines of the class; over all systems, with 95% "
    "confidence intervals."
)


def rows(machines: Machines) -> list[tuple[str, ...]]:
    """Return a row of texts per machine."""
    return [
        (
            each.node or "not recorded",
            str(each.of_class),
            each.device or units.NONE,
            each.driver or units.NONE,
            each.power_limit or units.NONE,
            each.meter or units.NONE,
            units.count(each.blocks),
            units.count(each.answers),
            relative(each, "seconds"),
            relative(each, "joules"),
            units.NONE if each.temperature_c is None else f"{each.temperature_c:.0f} °C",
            ", ".join(each.flags) or units.NONE,
        )
        for each in machines.machines
    ]


def relative(machine: Machine, figure: str) -> str:
    """Format how a machine compares: ``1.10 [1.06, 1.14]``; without bounds where chance is not known."""
    if figure not in machine.effects:
        return units.NONE
    ratio = machine.effects[figure].ratio
    return units.digits(ratio.estimate) if ratio.low <= 0 else units.ratio_interval(ratio)


def line(comparison: Comparison) -> str:
    """Say in a line how many machines measured, and what a system would need on another; empty for one machine."""
    machines = comparison.machines
    if machines is None:
        return ""
    classes = max(each.of_class for each in machines.machines)
    of = f"of {classes} classes" if classes > 1 else "of one class"
    known = [f"{name} {units.quantity_interval(each, 'J')}" for name, each in machines.another.items()]
    another = f" On another machine of this class, joules per correct answer: {'; '.join(known)}." if known else ""
    return f"{len(machines.machines)} machines {of}; systems are compared within machines. {tested(machines)}{another}"


def tested(machines: Machines) -> str:
    """Say whether differences between systems depend on the machine, and how many were tested."""
    compared = machines.compared
    if len(compared) < 2:
        return "One machine asked all blocks that are compared: another may differ."
    if not machines.tested:
        return (
            "Each machine asked one block: whether systems differ alike on all of them cannot be tested. Intervals by "
            "block are intervals by machine."
        )
    pairs = f"{machines.tested:,} compared: pairs of systems, by seconds and by joules"
    if not machines.differences:
        return f"No difference between systems is shown to depend on the machine ({pairs})."
    verb = "depends" if len(machines.differences) == 1 else "depend"
    return f"{units.plural(len(machines.differences), 'difference')} between systems {verb} on the machine ({pairs})."


def these_and_another(comparison: Comparison, machines: Machines) -> list[tuple[str, str, str]]:
    """Return, for each system with joules, its joules per correct answer on these machines and on another one."""
    return [
        (
            each.system,
            units.quantity_interval(Interval(each.j_per_correct, each.j_per_correct_low, each.j_per_correct_high), "J"),
            units.quantity_interval(machines.another.get(each.system), "J"),
        )
        for each in comparison.systems
        if each.j_per_correct is not None and each.j_per_correct_low is not None and each.j_per_correct_high is not None
    ]
