"""Hold the slot of this process, if it has one: its meters then give this slot's part of what is shared."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from wattbench.errors import UserError
from wattbench.meters.base import REPLAYED, Meter
from wattbench.meters.slots.book import SlotBook
from wattbench.meters.slots.shared_meter import SharedMeter
from wattbench.meters.windows.faults import is_gpu
from wattbench.records.rows import components

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
