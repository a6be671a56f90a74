"""Define the file in which a slot says what it is and what it uses of the processor, for the others to read.

A page of JSON (which process, which GPUs, since which boundary of the grid, the machine's idle power as it knows it),
then a ring of records: a boundary's number, CPU seconds so far, the number again, so that a half-written record is not
taken for one. The slot holds a lock on its file as long as it lives: what an ended process left counts for nothing
after its last record. The kernel holds the lock; every user may read the file, and only its maker write it.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = 4096
RECORD = struct.Struct("<qdq")
RECORDS = 2048
"""In the ring: eight and a half minutes, in 48 KB. A reader that comes later begins with what is there."""
ENDING = ".slot"
MOST_TEXT = 300
MOST_GPUS = 64


@dataclass(frozen=True)
class SlotFacts:
    """The facts that a slot states about itself. They are checked, as anyone may have written the file."""

    about: Mapping[str, Any]
    """Who holds it, as `wattbench.machine.lock_holder` writes it."""
    gpus: tuple[str, ...]
    """UUIDs."""
    first: int
    """The boundary at which it begins."""
    idle_w: Mapping[str, float]

    def as_page(self) -> bytes:
        """Return the facts as the first page of a slot's file."""
        about = {name: value[:MOST_TEXT] if isinstance(value, str) else value for name, value in self.about.items()}
        raw = {"about": about, "gpus": list(self.gpus), "first": self.first, "idle_w": dict(self.idle_w)}
        return json.dumps(raw).encode().ljust(PAGE)[:PAGE]

    @classmethod
    def of_page(cls, page: bytes) -> SlotFacts:
        """Read the facts from the first page of a slot's file.

        Raises:
            ValueError: it is no such page.
        """
        try:
            raw = json.loads(page)
            gpus = tuple(str(each)[:MOST_TEXT] for each in raw["gpus"][:MOST_GPUS])
            idle_w = {str(name): float(watts) for name, watts in raw["idle_w"].items()}
            first, about = int(raw["first"]), dict(raw["about"])
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"not a slot's file ({error!r:.80})") from error
        if not all(0.0 <= watts < math.inf for watts in idle_w.values()) or first < 0:
            raise ValueError("not a slot's file: its figures cannot be true")
        return cls(about, gpus, first, idle_w)


class SlotReader:
    """An open file of a slot; it may have been removed already."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            OSError: it cannot be opened.
            ValueError: it is no slot's file.
        """
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            self.facts = SlotFacts.of_page(os.pread(self.descriptor, PAGE, 0))
        except BaseException:
            self.close()
            raise

    def alive(self) -> bool:
        """Return whether the slot's process is alive, by its lock of the file."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        return False

    def read(self, boundary: int) -> float | None:
        """Return the slot's CPU seconds up to a boundary; None if the file does not hold these."""
        raw = os.pread(self.descriptor, RECORD.size, PAGE + (boundary % RECORDS) * RECORD.size)
        if len(raw) < RECORD.size:
            return None
        first, cpu_s, again = RECORD.unpack(raw)
        return cpu_s if first == again == boundary and math.isfinite(cpu_s) else None

    def newest(self) -> int | None:
        """Return the newest boundary in the file's ring of records; None if the ring is empty."""
        ring = os.pread(self.descriptor, RECORDS * RECORD.size, PAGE)
        whole = len(ring) // RECORD.size * RECORD.size
        numbers = [first for first, _, again in RECORD.iter_unpack(ring[:whole]) if first == again]
        return max((number for number in numbers if number >= self.facts.first), default=None)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def write_record(descriptor: int, boundary: int, cpu_s: float) -> None:
    """Write the CPU seconds up to a boundary."""
    os.pwrite(descriptor, RECORD.pack(boundary, cpu_s, boundary), PAGE + (boundary % RECORDS) * RECORD.size)


def slot_files(folder: Path, host: str) -> list[Path]:
    """Return the slot files of a machine in a folder of locks. Empty without the folder.

    Args:
        folder: of locks.
        host: what names the machine, as the locks do.
    """
    try:
        return sorted(folder.glob(f"{prefix(host)}*{ENDING}"))
    except OSError:
        return []


def prefix(host: str) -> str:
    """Return the prefix of the names of a machine's slot files."""
    return f"wattbench-slot-{host}-"
