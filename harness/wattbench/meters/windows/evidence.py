"""Define what a window is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wattbench.meters.base import Reading
from wattbench.meters.contention.signals import Contention
from wattbench.meters.windows import thresholds
from wattbench.records import WindowLabel


@dataclass(frozen=True, kw_only=True)
class WindowEvidence:
    """The readings of a window and how they were made, from a live run or from a trace."""

    label: WindowLabel
    started_s: float
    """Seconds since the epoch."""
    finished_s: float
    readings: Sequence[Reading]
    """Of all meters, in any order; those at the window's edges included."""
    provenance: Mapping[str, str]
    """Component to how its joules come about: the components that are expected."""
    step_s: Mapping[str, float]
    """Component to how coarsely in time its figures advance."""
    power_step_s: Mapping[str, float] = field(default_factory=dict)
    """The same for the power of components with a counter, or over how long it is a mean, where that differs. Infinite
    where it is not known, or where the power is not of all that the counter counts: it is then no check of it."""
    limits_w: Mapping[str, float] = field(default_factory=dict)
    """Component to the most that it is allowed to draw, where its driver says so."""
    idle_w: Mapping[str, float] = field(default_factory=dict)
    """Component to watts of the loaded, idle system, where they are known; copied to the row."""
    passes: int = 1
    """How often the window's items were asked; copied to the row."""
    min_window_s: float = 0.0
    """The suite's minimum for a measured window."""
    min_steps: float = thresholds.MIN_STEPS
    """How many steps of its sensor a window must last."""
    contention: Contention = field(default_factory=Contention)
    """What else the machine did meanwhile; empty where the kernel hides it."""
    watched: bool = True
    """Whether it was watched at all: not where the process that measured was killed."""
    unread_hosts: Sequence[str | None] = ()
    """Machines on which the system runs and that no meter reads; None is this one. Then nothing of it is measured."""
    co_runners: int = 0
    """How many other device slots of this machine measured meanwhile, at most."""
    parts: frozenset[str] = frozenset()
    """Components whose counts are this slot's part of what the machine used: the sensor is judged elsewhere."""
    distrusted: Mapping[str, str] = field(default_factory=dict)
    """Component to why its meter says that its joules cannot be trusted."""
    limit_faults: Sequence[str] = ()
    """Why the power limits of the label were not in force when the window closed."""
    remarks: Sequence[str] = ()
    """What else a reader should know of the window; none makes it invalid."""

    @property
    def duration_s(self) -> float:
        """Length of the window."""
        return self.finished_s - self.started_s
