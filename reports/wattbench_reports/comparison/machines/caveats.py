"""State what the machines of a run limit: an unusual machine, systems that differ otherwise on some, unlike
machines."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparison.machines.model import (
    HOTTER_C,
    DifferenceBetweenMachines,
    Machine,
    Machines,
)
from wattbench_reports.formatting.units import digits, listed, named, percent, plural

_MOST = 3
"""Differences that are said; a table has all."""


def machine_caveats(machines: Machines) -> tuple[Caveat, ...]:
    """Return the caveats of a run of several machines. None for a run of one machine."""
    if not machines.several:
        return ()
    return (*_unlike(machines), *_different(machines), *_unusual(machines), *_hot(machines))


def _unlike(machines: Machines) -> Iterator[Caveat]:
    if not machines.apart:
        return
    classes = max(each.of_class for each in machines.machines)
    of = f"{plural(len(machines.compared), 'machine')} ({named([each.node for each in machines.compared])})"
    text = (
        f"Machines of {classes} classes measured this run: they differ in device, driver, power limit, meter or how "
        f"many slots measured at once. Seconds and joules are those of {of}, and are never pooled with others'; scores "
        "are of all machines."
    )
    yield Caveat("unlike-machines", text, ())


def _different(machines: Machines) -> Iterator[Caveat]:
    for each in machines.differences[:_MOST]:
        yield Caveat("differs-between-machines", difference_in_words(each), (each.first, each.second))
    more = len(machines.differences) - _MOST
    if more > 0:
        rest = machines.differences[_MOST:]
        names = tuple(dict.fromkeys(name for each in rest for name in (each.first, each.second)))
        pairs = "pair of systems does" if more == 1 else "pairs of systems do"
        text = f"{more} more {pairs} not differ alike on all machines ({named(names)}): see Machines in the report."
        yield Caveat("differs-between-machines", text, names)


def difference_in_words(each: DifferenceBetweenMachines) -> str:
    """Describe how the difference between two systems varies over machines, and its range on another machine."""
    ordered = sorted(zip(each.pair.nodes, each.nodes, strict=True))
    (low, lowest), (high, highest) = ordered[0], ordered[-1]
    another = each.pair.another
    return (
        f"The difference between {each.first} and {each.second} is not the same on all machines: a request of "
        f"{each.first} takes {digits(low)} times the {each.figure} of one of {each.second} on {lowest}, and "
        f"{digits(high)} times on {highest}. On another machine of this class it may be {digits(another.low)} to "
        f"{digits(another.high)} times."
    )


def _unusual(machines: Machines) -> Iterator[Caveat]:
    for each in machines.machines:
        for flag, figure, code in (("slow", "seconds", "slow-machine"), ("more joules", "joules", "costly-machine")):
            if flag not in each.flags or (figure == "joules" and "slow" in each.flags):
                continue
            text = f"Machine {each.node} {_effects(each, figure)}. {_ALIKE if not machines.differences else _UNLIKE}"
            yield Caveat(code, text, ())


_ALIKE = (
    "Systems are compared within machines, and no difference between them is shown to depend on the machine; seconds "
    "and joules of a system over all machines include it."
)
_UNLIKE = (
    "Seconds and joules of a system over all machines include it, and some systems differ otherwise on some machines."
)


def _effects(machine: Machine, figure: str) -> str:
    """State by how much a machine's seconds or joules per request differ from other machines of its class."""
    words = []
    for name in ("seconds", "joules") if figure == "seconds" else ("joules",):
        if name in machine.effects:
            ratio = machine.effects[name].ratio
            bounds = f" [{percent(ratio.low - 1)}, {percent(ratio.high - 1)}]" if ratio.low > 0 else ""
            more = ("longer" if name == "seconds" else "more joules") if ratio.estimate >= 1 else _LESS[name]
            words.append(f"{percent(abs(ratio.estimate - 1))} {more}{bounds}")
    return f"takes {listed(words)} for a request than the other machines of its class"


_LESS = {"seconds": "less time", "joules": "fewer joules"}


def _hot(machines: Machines) -> Iterator[Caveat]:
    for each in machines.machines:
        if "hot" in each.flags:
            text = (
                f"Machine {each.node} was at {each.temperature_c:.0f} °C, {each.hotter_c:.0f} K above the median of "
                f"the others of its class (named from {HOTTER_C:.0f} K on): look at its cooling. A hot device draws "
                "more, and is slower once it is throttled; windows in which it was throttled are not valid."
            )
            yield Caveat("hot-machine", text, ())
