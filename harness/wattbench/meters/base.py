"""Define what a meter is: something that can be read, with the provenance of its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from wattbench.config import MeterSettings
from wattbench.errors import as_message

COUNTER = "counter"
INTEGRATED = "integrated"
RAPL = "rapl"
MODELLED = "modelled"
REPLAYED = "replayed"

PROVENANCES = (COUNTER, RAPL, INTEGRATED, REPLAYED, MODELLED)
"""How a joule came about, the most reliable first."""

POWER_CAPPED = "power-capped"
"""How the note on a GPU ends whose clocks its power limit holds down. Expected where the suite set the limit."""


class MeterError(Exception):
    """A meter could not be read this time. The reading is then a gap, never a zero."""

    def __init__(self, reason: str, fix: str | None = None) -> None:
        super().__init__(as_message(reason))  # it quotes what a command printed
        self.fix = fix
        """What the user can do about it, as an instruction; None if there is nothing to do."""


class AbsentError(MeterError):
    """The sensor does not exist on this machine, or was hidden on purpose; nothing is broken."""


@dataclass(frozen=True)
class Reading:
    """One reading of a meter. Components are ``gpu0``, ``gpu1``, ``cpu``, ``dram``, ``wall``."""

    at_s: float
    """When, seconds since the epoch (`wattbench.clock`)."""
    energy_j: Mapping[str, float] = field(default_factory=dict)
    """Joules counted so far, per component, from an arbitrary start."""
    power_w: Mapping[str, float] = field(default_factory=dict)
    """Watts drawn, per component."""
    temperature_c: Mapping[str, float] = field(default_factory=dict)
    notes: frozenset[str] = frozenset()
    """What makes a window invalid: ``gpu0: throttled (thermal)``, ``gpu0: foreign process 4242``."""
    gaps: Mapping[str, str] = field(default_factory=dict)
    """Components that could not be read this time, and why. They have no figures: a gap, never a zero."""
    unplaced: frozenset[str] = frozenset()
    """Components whose counts are those of their counter's last step, which was not caught: up to a step too early."""
    use: Mapping[str, float] = field(default_factory=dict)
    """Share of the time in which a GPU computed, lately: of those that are measured, and of others of the machine of
    which it is not known that another program uses them."""


class Meter(Protocol):
    """A source of joules. Opening may fail with `MeterError`; so may each reading."""

    name: str
    """Such as ``nvml``; shown to people."""
    period_s: float
    """How often it is worth reading."""
    step_s: Mapping[str, float]
    """Per component: how coarsely in time its figures advance. A window must be many steps long."""
    provenance: Mapping[str, str]
    """Per component: how its joules come about, one of `PROVENANCES`."""

    def open(self) -> None:
        """Prepare the meter to be read. Afterwards `step_s` and `provenance` are complete."""
        ...

    def read(self) -> Reading:
        """Read the meter now. Called by the sampling thread and, at a window's edges, by the runner; one at a time."""
        ...

    def close(self) -> None:
        """Release the device. Safe to call twice."""
        ...


@runtime_checkable
class SteppedMeter(Meter, Protocol):
    """A meter whose counters advance in steps so coarse that a window's edges must be placed between them."""

    def sync(self) -> None:
        """Wait for the counters' next step before a window opens, so that the reading after it is fresh."""
        ...

    def settle(self, reading: Reading) -> Reading:
        """Return the reading with the joules at its own moment instead of at the counters' last step.

        May wait for the next step. What cannot be placed is left as it was read, and named in `Reading.unplaced`.
        """
        ...


@runtime_checkable
class LaggingMeter(Meter, Protocol):
    """A meter whose readings arrive late, with the time stamps of another clock or thread."""

    lag_s: float
    """How long after a moment its reading of that moment may still arrive."""

    def take(self) -> list[Reading]:
        """Return the readings since the last call, ordered by stamp, without waiting. A failed reading is a gap."""
        ...


@runtime_checkable
class DescribedMeter(Meter, Protocol):
    """A meter that says in words what it reads."""

    reads: Mapping[str, str]
    """Per component: ``energy counter; power averaged over 1 s``. Known as soon as `Meter.provenance` is."""


@runtime_checkable
class LimitedMeter(Meter, Protocol):
    """A meter that knows its components' power limits."""

    limits_w: Mapping[str, float]
    """Per component: watts that it keeps to on average, of those for which that is known. Complete once open."""


@runtime_checkable
class CheckedMeter(Meter, Protocol):
    """A meter with counters and with power readings, whose steps in time differ."""

    power_step_s: Mapping[str, float]
    """As in `WindowEvidence`. Complete once open."""


@runtime_checkable
class ModellingMeter(Meter, Protocol):
    """A meter that models joules instead of measuring them: of the own processes, or of the whole machine."""

    whole_machine: bool
    """Charge all that the machine draws, as for several slots, which divide it. Set before it is opened."""

    @property
    def idle_w(self) -> Mapping[str, float]:
        """Return the machine's modelled power at rest, per component."""
        ...


class ConfiguredMeter(Meter, Protocol):
    """A meter that a suite can name: what the entry point of a third-party meter must be."""

    Settings: ClassVar[type[MeterSettings]]
    """The model of its settings, `use` among them."""

    @classmethod
    def from_settings(cls, settings: Any) -> Self:
        """Make the meter without opening it. Afterwards its `provenance` must be complete.

        Args:
            settings: an instance of `Settings`.

        Raises:
            MeterError: there is nothing here that it could read.
        """
        ...


@dataclass(frozen=True)
class WindowAccount:
    """What a meter knows of a window beyond its readings."""

    faults: Mapping[str, str] = field(default_factory=dict)
    """Component to why its joules cannot be trusted: they are then left out, and the window is not valid."""
    remarks: Sequence[str] = ()
    """What a reader should know: how uncertain the joules are, and why."""


@runtime_checkable
class AccountableMeter(Meter, Protocol):
    """A meter that says how far the joules of a window can be trusted."""

    def account(self, readings: Sequence[Reading], started_s: float, finished_s: float) -> WindowAccount:
        """Judge the joules of a window by the readings of all meters, those at its edges included."""
        ...
