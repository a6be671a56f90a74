"""Define the machines of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wattbench_reports.stats import Interval, NodeEffect, PairOverNodes

FIGURES = ("seconds", "joules")
"""What machines are compared by, each of a request."""

HOTTER_C = 10.0
"""A machine is hot if its hottest reading is so much above the median of the others'. This limit is ours: leakage of
silicon, and with it power, grows by a few percent over ten degrees, and graphics cards lower their clocks some ten
degrees below where they stop."""


@dataclass(frozen=True)
class Machine:
    """One machine of a run."""

    node: str
    """12 hexadecimal digits; empty in an older record."""
    device: str
    """In words. So the next three; empty where it is not recorded or there is none."""
    driver: str
    power_limit: str
    meter: str
    of_class: int
    """From 1: those of one class agree in device, driver, power limit and meter, and are compared."""
    blocks: int
    answers: int
    effects: Mapping[str, NodeEffect] = field(default_factory=dict)
    """Of `FIGURES`: over the median of the other machines of its class. None of what it does not have, or has alone."""
    temperature_c: float | None = None
    """Its hottest reading in a measured window; None: no sensor."""
    hotter_c: float | None = None
    """By how much that is above the median of the others of its class; None: there are none."""
    requests_per_s: float | None = None
    """Answered requests of all systems, over the seconds of their windows; None: no times are recorded."""
    output_tokens_per_s: float | None = None
    """Likewise; None where no window has the tokens of every answer."""
    client_share: float | None = None
    """The share of these seconds that was wattbench's own; above a half the two rates are lower bounds."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Return the flags of the machine: ``slow``, ``more joules``, ``hot``."""
        named = {"slow": "seconds", "more joules": "joules"}
        flags = [flag for flag, figure in named.items() if figure in self.effects and self.effects[figure].unusual]
        return (*flags, *(("hot",) if self.hotter_c is not None and self.hotter_c >= HOTTER_C else ()))


@dataclass(frozen=True)
class DifferenceBetweenMachines:
    """Two systems whose difference is not the same on all machines."""

    figure: str
    """One of `FIGURES`."""
    first: str
    second: str
    nodes: tuple[str, ...]
    """Those whose ratios `pair` has, in this order."""
    pair: PairOverNodes
    """First over second."""
    p_value: float
    """That it is the same on all, adjusted by Holm for all pairs of systems and both figures."""


@dataclass(frozen=True)
class Machines:
    """The machines of a run, in the order of their classes."""

    machines: tuple[Machine, ...]
    """The first class is the one whose seconds and joules are in the run's figures."""
    differences: tuple[DifferenceBetweenMachines, ...] = ()
    """The surest first."""
    tested: int = 0
    """Pairs of systems whose difference could be tested, of a figure each."""
    another: Mapping[str, Interval] = field(default_factory=dict)
    """Each system's joules per correct answer on another machine of the first class; without what is not known."""

    @property
    def several(self) -> bool:
        """Return whether more than one machine measured the run."""
        return len(self.machines) > 1

    @property
    def compared(self) -> tuple[Machine, ...]:
        """Return the machines whose seconds and joules are in the run's figures."""
        return tuple(each for each in self.machines if each.of_class == 1)

    @property
    def apart(self) -> tuple[Machine, ...]:
        """Return the machines whose seconds and joules are left out: of their answers only the scores count."""
        return tuple(each for each in self.machines if each.of_class > 1)
