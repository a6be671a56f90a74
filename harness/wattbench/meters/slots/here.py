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
    """Return the book of this process's slot; None: it has the whole machine."""
    return _here[-1] if _here else None


@contextlib.contextmanager
def measuring_as(book: SlotBook) -> Iterator[None]:
    """Let meters that are chosen inside give a slot's part."""
    _here.append(book)
    try:
        yield
    finally:
        _here.remove(book)
        book.close()


def in_slot(meters: Sequence[Meter]) -> list[Meter]:
    """Return the meters of a run as this process's slot reads them; the same where it has the whole machine.

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
    """Check that what meters measure can be given out among the slots of a machine.

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
    """Return whether a component is one that all slots of this machine use: neither a GPU nor another machine's."""
    return components.host_of(component) is None and not is_gpu(component)
