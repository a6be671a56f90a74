"""Divide what a machine used among its slots, on a grid of time that all slots have in common.

Time is cut into cells of `GRID_S`. In a cell, of the joules E of a component:

- idle: at most the machine's idle power, as measured before the slots began, times the time; it is divided evenly over
  the slots that were present. Where it is not known there is no such part;
- the rest is given out in proportion to CPU seconds in the cell, evenly if no slot used any.

The parts of all slots sum to E, whatever they used and however each divides its time into windows, as shares are
constants of a cell and every slot computes the same. Joules of other work on the machine are given out too: it has to
be absent, or little (`foreign_cpu`). Within a cell CPU seconds count as used evenly: a window whose edges are inside
cells may be wrong by up to a cell at each end, as with a counter that steps every `GRID_S`.

The idle power is that which the slot that came first of those present says, so that all go by one figure.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

GRID_S = 0.25
"""Length of a cell, in seconds. A look at the own processes takes about a millisecond; the kernel counts their CPU
seconds in ticks of 10 ms."""


def cell_of(machine_s: float) -> int:
    """Return the number of the grid's cell at a moment of `wattbench.clock.machine_s`. Cell n begins at boundary n."""
    return math.floor(machine_s / GRID_S)


@dataclass
class SlotUse:
    """What one slot used of the processor, from the boundary at which it began."""

    name: str
    """Unique on the machine."""
    first: int
    """The boundary at which it began."""
    idle_w: Mapping[str, float] = field(default_factory=dict)
    """Component to the machine's idle power in watts, where the slot knows it."""
    cpu_s: array[float] = field(default_factory=lambda: array("d"))
    """CPU seconds so far, at boundary `first` and at each one after it."""

    @property
    def last(self) -> int:
        """Return the last boundary for which the slot's use is known."""
        return self.first + max(len(self.cpu_s) - 1, 0)

    def present(self, cell: int) -> bool:
        """Return whether the slot was there in a cell of the grid."""
        return self.first <= cell < self.last

    def used_s(self, cell: int) -> float:
        """Return the CPU seconds that the slot used in a cell; 0 if it was not there."""
        if not self.present(cell):
            return 0.0
        index = cell - self.first
        return self.cpu_s[index + 1] - self.cpu_s[index]


@dataclass(frozen=True)
class CellShare:
    """A slot's share of what the machine used in one cell of the time grid."""

    idle: float
    """Of the machine's idle draw: one over the number of slots; 0 if it was not there."""
    above: float
    """Of what the machine draws above it, or of all where the idle draw is not known."""
    idle_w: Mapping[str, float]
    """Component to the machine's idle power, as all slots take it in this cell."""
    others: int
    """How many other slots were there."""
    others_cpu_s: float
    """CPU seconds of the others."""


def cell_share(uses: Collection[SlotUse], own_slot: str, cell: int) -> CellShare:
    """Compute a slot's share of a cell of the time grid.

    Args:
        uses: of all slots of the machine, complete up to the end of the cell.
        own_slot: its name.
        cell: its number.
    """
    present = [use for use in uses if use.present(cell)]
    used_s = {use.name: use.used_s(cell) for use in present}
    total_s, others_s = sum(used_s.values()), sum(s for name, s in used_s.items() if name != own_slot)
    others = len(present) - (own_slot in used_s)
    first = min(present, key=lambda use: (use.first, use.name), default=None)
    idle_w = {} if first is None else first.idle_w
    if own_slot not in used_s:
        return CellShare(0.0, 0.0, idle_w, others, others_s)
    even = 1.0 / len(present)
    return CellShare(even, used_s[own_slot] / total_s if total_s > 0.0 else even, idle_w, others, others_s)


def part_of(energy_j: float, seconds: float, share: CellShare, idle_w: float | None) -> float:
    """Return a slot's part of a component's joules within a cell of the time grid.

    Args:
        energy_j: what a component of the machine used in that time.
        seconds: how long: the cell, or a part of it.
        share: the slot's in the cell.
        idle_w: the component's idle power; None: not known.
    """
    idle_j = min(max(idle_w or 0.0, 0.0) * seconds, energy_j)
    return idle_j * share.idle + (energy_j - idle_j) * share.above
