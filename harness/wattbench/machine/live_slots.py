"""List the device slots of this machine that measure now."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wattbench.machine.lock_holder import LockHolder
from wattbench.meters.slots.slot_file import SlotReader, slot_files


@dataclass(frozen=True)
class LiveSlot:
    """A slot that measures now."""

    gpus: tuple[str, ...]
    """UUIDs."""
    holder: LockHolder | None
    """Its process; None where its file does not say."""

    @property
    def text(self) -> str:
        """Return the slot in one line: ``GPU-1: process 4242 (wattbench run quick), since ...``."""
        who = "a process that is not known" if self.holder is None else self.holder.describe()
        return f"{', '.join(self.gpus)}: {who}"


def live_slots(folder: Path, host: str) -> list[LiveSlot]:
    """Return the slots that measure now, in order of their GPUs. Empty if the folder of locks cannot be read.

    Args:
        folder: of locks.
        host: what names the machine there.
    """
    return sorted(_live(folder, host), key=lambda slot: slot.gpus)


def _live(folder: Path, host: str) -> Iterator[LiveSlot]:
    for path in slot_files(folder, host):
        with contextlib.suppress(OSError, ValueError):
            reader = SlotReader(path)
            try:
                if reader.alive():
                    yield LiveSlot(reader.facts.gpus, LockHolder.of_fields(reader.facts.about))
            finally:
                reader.close()
