"""Hold the slot of this process, if it has one: its meters then give this slot's part of what is shared.

Convert what a meter counts of the whole machine into this slot's part of it, reading by reading.

What the slots used of the processor when a reading was made is known a little after it, so readings come late
(`wattbench.meters.base.LaggingMeter`). Whether the sensor works is judged here, by what it counts of the machine: a
part of that may well be 0 J.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.meters.base import (
    COUNTER,
    RAPL,
    REPLAYED,
    DescribedMeter,
    LaggingMeter,
    LimitedMeter,
    Meter,
    MeterError,
    ModellingMeter,
    Reading,
)
from wattbench.meters.slots.book import GRID_S, PATIENCE_S, SlotBook
from wattbench.meters.windows.faults import is_gpu
from wattbench.meters.windows.thresholds import MAX_STANDSTILL_STEPS
from wattbench.records.rows import components

_OFTEN_S = 0.5
"""A meter is read at least this often: a window's end waits for the next reading."""
_STANDSTILL_S = 1.0
"""A counter of a machine that did not advance for this long, and three of its steps, is stuck."""
_PART = "; of it this slot's part, by own CPU seconds"


class SharedMeter:
    """A meter of the whole machine, converted to this slot's part of its figures."""

    def __init__(self, meter: Meter, book: SlotBook, components: frozenset[str]) -> None:
        """Set up the meter without opening it.

        Args:
            meter: of the whole machine.
            book: of its slots.
            components: those that the slots share; the meter's others are left as they are.
        """
        self.name = meter.name
        self.period_s = min(meter.period_s, _OFTEN_S)
        self.parts = components
        self.lag_s = self.period_s + PATIENCE_S + (meter.lag_s if isinstance(meter, LaggingMeter) else 0.0)
        if isinstance(meter, ModellingMeter):
            meter.whole_machine = True
        self._meter, self._book = meter, book
        self._due_s = 0.0
        self._pending: list[Reading] = []
        self._counts: dict[str, tuple[float, float, float]] = {}
        """Component to its last count: when, of the machine, of this slot."""
        self._advanced: dict[str, tuple[float, float]] = {}
        """Component to its last other count, and since when it was there."""
        self._learn()

    def open(self) -> None:
        """Open the meter and read it once, as a window needs an earlier reading.

        Raises:
            MeterError: it does not open.
        """
        self._meter.open()
        self.parts &= self._meter.provenance.keys()
        self._learn()
        self._pending = self._news()
        self._book.wait_until(max((reading.at_s for reading in self._pending), default=0.0))

    def read(self) -> Reading:
        """Read the meter of the whole machine now."""
        return self._meter.read()

    def take(self) -> list[Reading]:
        """Return this slot's part of the new readings, up to the moment until which every slot's use is known."""
        self._pending += self._news()
        self._book.refresh()
        known_s, taken = self._book.known_until_s(), 0
        converted: list[Reading] = []
        for reading in self._pending:
            if reading.at_s <= known_s:
                converted.append(self._converted(reading))
            elif now_s() - reading.at_s > PATIENCE_S:
                why = f"{self._book.behind()} did not say for {now_s() - known_s:.1f} s what it uses of the processor"
                converted.append(Reading(reading.at_s, gaps=dict.fromkeys(self.provenance, why), notes=reading.notes))
            else:
                break
            taken += 1
        del self._pending[:taken]
        return converted

    def close(self) -> None:
        """Close the meter."""
        self._meter.close()

    def _learn(self) -> None:
        """Copy the meter's description. The steps of a slot's part are at least as long as the time grid's."""
        meter, parts = self._meter, self.parts
        self.provenance: Mapping[str, str] = meter.provenance
        self.step_s: Mapping[str, float] = {
            c: max(step_s, GRID_S) if c in parts else step_s for c, step_s in meter.step_s.items()
        }
        reads = meter.reads if isinstance(meter, DescribedMeter) else {}
        self.reads: Mapping[str, str] = {c: f"{what}{_PART}" if c in parts else what for c, what in reads.items()}
        self.limits_w: Mapping[str, float] = meter.limits_w if isinstance(meter, LimitedMeter) else {}

    def _news(self) -> list[Reading]:
        if isinstance(self._meter, LaggingMeter):
            return self._meter.take()
        if (at_s := now_s()) < self._due_s:
            return []
        self._due_s = at_s + self.period_s
        try:
            return [self._meter.read()]
        except MeterError as error:
            return [Reading(at_s, gaps=dict.fromkeys(self.provenance, str(error)))]

    def _converted(self, reading: Reading) -> Reading:
        energy_j, power_w, gaps = dict(reading.energy_j), dict(reading.power_w), dict(reading.gaps)
        idle_w = self._meter.idle_w if isinstance(self._meter, ModellingMeter) else {}
        for component in self.parts & energy_j.keys():
            if (stuck := self._standstill(component, reading.at_s, energy_j[component])) is not None:
                gaps[component] = stuck
                del energy_j[component]
                continue
            energy_j[component] = self._count_j(component, reading.at_s, energy_j[component], idle_w.get(component))
        for component in self.parts & power_w.keys():
            power_w[component] = self._book.part_w(component, power_w[component], reading.at_s, idle_w.get(component))
        return replace(reading, energy_j=energy_j, power_w=power_w, gaps=gaps)

    def _count_j(self, component: str, at_s: float, machine_j: float, idle_w: float | None) -> float:
        before_s, before_j, own_j = self._counts.get(component, (at_s, machine_j, 0.0))
        own_j += self._book.part_j(component, machine_j - before_j, (before_s, at_s), idle_w)
        self._counts[component] = (at_s, machine_j, own_j)
        return own_j

    def _standstill(self, component: str, at_s: float, machine_j: float) -> str | None:
        """Return a sentence if a counter of the machine is stuck; None if it advances."""
        last_j, since_s = self._advanced.get(component, (machine_j - 1.0, at_s))
        if machine_j != last_j or self.provenance[component] not in (COUNTER, RAPL):
            self._advanced[component] = (machine_j, at_s)
            return None
        limit_s = max(_STANDSTILL_S, MAX_STANDSTILL_STEPS * self._meter.step_s[component])
        if at_s - since_s <= limit_s:
            return None
        return f"the machine's counter stood still for {at_s - since_s:.1f} s (a stuck sensor)"


_here: list[SlotBook] = []
"""The book of this process's slot; one at most."""


def slot_book() -> SlotBook | None:
    """Return the book of this process's slot; None if the process has the whole machine."""
    return _here[-1] if _here else None


@contextlib.contextmanager
def measuring_as(book: SlotBook) -> Iterator[None]:
    """Make meters that are chosen within this block measure a slot's part of the machine."""
    _here.append(book)
    try:
        yield
    finally:
        _here.remove(book)
        book.close()


def in_slot(meters: Sequence[Meter]) -> list[Meter]:
    """Return a run's meters, converted to this process's slot if it has one.

    Raises:
        UserError: one of them measures what cannot be given out among slots.
    """
    book = slot_book()
    if book is None:
        return list(meters)
    check_in_slot(meters)
    parts = [frozenset(filter(is_shared, meter.provenance)) for meter in meters]
    return [SharedMeter(meter, book, of) if of else meter for meter, of in zip(meters, parts, strict=True)]


def check_in_slot(meters: Sequence[Meter]) -> None:
    """Check that what these meters measure can be divided among the slots of a machine.

    Raises:
        UserError: one measures what cannot.
    """
    for meter in meters:
        if meter.name == "amdsmi" and meter.provenance:
            raise UserError(
                "a slot is of NVIDIA GPUs: the meter amdsmi reads all AMD GPUs of the machine; leave it out, or --slot"
            )
        for component, how in meter.provenance.items():
            if how == REPLAYED:
                raise UserError(
                    f"{component} is replayed from a recording, which no slot has a part of; leave out --slot"
                )
            if components.host_of(component) is None and components.is_container(component):
                raise UserError(
                    f"{component} holds the joules of the GPUs of all slots, which cannot be given out by CPU seconds; "
                    f"leave the meter {meter.name} out, or measure the whole machine without --slot"
                )


def is_shared(component: str) -> bool:
    """Return whether all slots of this machine use the component. No GPU is shared, nor a part of another machine."""
    return components.host_of(component) is None and not is_gpu(component)
