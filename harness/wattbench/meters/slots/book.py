"""Read what all slots of this machine use of the processor, and compute this slot's part of what they share.

Define the file in which a slot says what it is and what it uses of the processor, for the others to read.

A page of JSON (which process, which GPUs, since which boundary of the grid, the machine's idle power as it knows it),
then a ring of records: a boundary's number, CPU seconds so far, the number again, so that a half-written record is not
taken for one. The slot holds a lock on its file as long as it lives: what an ended process left counts for nothing
after its last record. The kernel holds the lock; every user may read the file, and only its maker write it.

Divide what a machine used among its slots, on a grid of time that all slots have in common.

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

import fcntl
import json
import math
import os
import struct
import threading
import time
from array import array
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.clock import machine_s, now_s, stamp_s

_PAGE = 4096
_RECORD = struct.Struct("<qdq")
RECORDS = 2048
"""In the ring: eight and a half minutes, in 48 KB. A reader that comes later begins with what is there."""
ENDING = ".slot"
_MOST_TEXT = 300
_MOST_GPUS = 64


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
        about = {name: value[:_MOST_TEXT] if isinstance(value, str) else value for name, value in self.about.items()}
        raw = {"about": about, "gpus": list(self.gpus), "first": self.first, "idle_w": dict(self.idle_w)}
        return json.dumps(raw).encode().ljust(_PAGE)[:_PAGE]

    @classmethod
    def of_page(cls, page: bytes) -> SlotFacts:
        """Read the facts from the first page of a slot's file.

        Raises:
            ValueError: it is no such page.
        """
        try:
            raw = json.loads(page)
            gpus = tuple(str(each)[:_MOST_TEXT] for each in raw["gpus"][:_MOST_GPUS])
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
            self.facts = SlotFacts.of_page(os.pread(self.descriptor, _PAGE, 0))
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
        raw = os.pread(self.descriptor, _RECORD.size, _PAGE + (boundary % RECORDS) * _RECORD.size)
        if len(raw) < _RECORD.size:
            return None
        first, cpu_s, again = _RECORD.unpack(raw)
        return cpu_s if first == again == boundary and math.isfinite(cpu_s) else None

    def newest(self) -> int | None:
        """Return the newest boundary in the file's ring of records; None if the ring is empty."""
        ring = os.pread(self.descriptor, RECORDS * _RECORD.size, _PAGE)
        whole = len(ring) // _RECORD.size * _RECORD.size
        numbers = [first for first, _, again in _RECORD.iter_unpack(ring[:whole]) if first == again]
        return max((number for number in numbers if number >= self.facts.first), default=None)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def write_record(descriptor: int, boundary: int, cpu_s: float) -> None:
    """Write the CPU seconds up to a boundary."""
    os.pwrite(descriptor, _RECORD.pack(boundary, cpu_s, boundary), _PAGE + (boundary % RECORDS) * _RECORD.size)


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


PATIENCE_S = 5.0
"""How long a slot that lives may be behind with what it says: a busy machine holds its thread up."""
LOOK_EVERY_S = 0.02


@dataclass(frozen=True)
class CoRunning:
    """What other slots did in a span of time."""

    slots: int = 0
    """How many there were at the same time, at most."""
    cpu_s: float = 0.0
    """CPU seconds of all of them."""


class SlotBook:
    """The CPU seconds of all slots of this machine. Several threads may use it."""

    def __init__(self, folder: Path, host: str, own_slot: str) -> None:
        """Set up the book without reading.

        Args:
            folder: of locks, in which the slots' files are.
            host: what names the machine there.
            own_slot: the name of this process's own slot.
        """
        self._folder, self._host, self.own_slot = folder, host, own_slot
        self._readers: dict[str, SlotReader] = {}
        self._uses: dict[str, SlotUse] = {}
        self._refused: set[str] = set()
        """Files that are no slot's, or that say what cannot be true."""
        self._shares: dict[int, CellShare] = {}
        self._lock = threading.RLock()

    def refresh(self) -> None:
        """Read the new records of all slots."""
        with self._lock:
            for path in slot_files(self._folder, self._host):
                if path.name not in self._uses and path.name not in self._refused:
                    self._meet(path)
            for name, reader in list(self._readers.items()):
                alive = reader.alive()  # before its records are read: of an ended one they are then all there are
                self._follow(name, reader)
                if not alive:
                    reader.close()
                    self._readers.pop(name, None)

    def known_until_s(self) -> float:
        """Return until when the use of every slot is known, as a stamp of `wattbench.clock.now_s`."""
        with self._lock:
            last = min((self._uses[name].last for name in self._readers), default=cell_of(machine_s(now_s())))
        return stamp_s(last * GRID_S)

    @property
    def others_now(self) -> int:
        """Return how many other slots measure now."""
        self.refresh()
        with self._lock:
            return sum(name != self.own_slot for name in self._readers)

    @property
    def pids(self) -> list[int]:
        """Return the process ids of all slots that measure now, if their files have these."""
        with self._lock:
            said = [reader.facts.about.get("pid") for reader in self._readers.values()]
        return [pid for pid in said if isinstance(pid, int)]

    def behind(self) -> str:
        """Return the name of the slot whose records are the oldest."""
        with self._lock:
            if not self._readers:
                return "no slot"
            name = min(self._readers, key=lambda each: self._uses[each].last)
            return f"the slot of process {self._readers[name].facts.about.get('pid')}"

    def wait_until(self, at_s: float) -> bool:
        """Wait until the use of every slot is known up to a moment. Return False if a slot is too late."""
        while True:
            self.refresh()
            if self.known_until_s() >= at_s:
                return True
            if now_s() - at_s > PATIENCE_S:
                return False
            time.sleep(LOOK_EVERY_S)

    def part_j(self, component: str, energy_j: float, span_s: tuple[float, float], idle_w: float | None) -> float:
        """Return this slot's part of the joules that the machine used in a span of time, at constant power.

        Args:
            component: of the machine.
            energy_j: what it used; a counter that fell has less than none, which are all taken.
            span_s: from when to when, stamps of `wattbench.clock.now_s`.
            idle_w: its idle power where the meter knows it; None: what the slots say counts.
        """
        from_s, to_s = (machine_s(at_s) for at_s in span_s)
        if to_s <= from_s or energy_j < 0.0:
            return energy_j
        total_j = 0.0
        for cell in range(cell_of(from_s), cell_of(to_s) + 1):
            seconds = min(to_s, (cell + 1) * GRID_S) - max(from_s, cell * GRID_S)
            if seconds > 0.0:
                share = self._share(cell)
                known_w = share.idle_w.get(component) if idle_w is None else idle_w
                total_j += part_of(energy_j * seconds / (to_s - from_s), seconds, share, known_w)
        return total_j

    def part_w(self, component: str, power_w: float, at_s: float, idle_w: float | None) -> float:
        """Return this slot's part of the machine's power at a moment; arguments as of `part_j`."""
        share = self._share(cell_of(machine_s(at_s)))
        return part_of(power_w, 1.0, share, share.idle_w.get(component) if idle_w is None else idle_w)

    def others(self, from_s: float, to_s: float) -> CoRunning:
        """Return what other slots did in a span of time, as far as known; stamps of `wattbench.clock.now_s`."""
        first_s, last_s = machine_s(from_s), machine_s(to_s)
        most, used_s = 0, 0.0
        for cell in range(cell_of(first_s), cell_of(last_s) + 1):
            seconds = min(last_s, (cell + 1) * GRID_S) - max(first_s, cell * GRID_S)
            if seconds > 0.0:
                share = self._share(cell)
                most = max(most, share.others)
                used_s += share.others_cpu_s * seconds / GRID_S
        return CoRunning(most, used_s)

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            for reader in self._readers.values():
                reader.close()
            self._readers.clear()

    def _share(self, cell: int) -> CellShare:
        """Return this slot's share of a cell of the time grid. It is kept once the use of all slots is known."""
        with self._lock:
            if (share := self._shares.get(cell)) is None:
                share = cell_share(self._uses.values(), self.own_slot, cell)
                if stamp_s((cell + 1) * GRID_S) <= self.known_until_s():
                    self._shares[cell] = share
                    while len(self._shares) > RECORDS:
                        self._shares.pop(next(iter(self._shares)))
            return share

    def _meet(self, path: Path) -> None:
        """Add a new slot to the book, if its process is alive."""
        try:
            reader = SlotReader(path)
        except (OSError, ValueError):
            self._refused.add(path.name)
            return
        if not reader.alive():
            reader.close()
            self._refused.add(path.name)
            return
        newest = reader.newest()
        first = reader.facts.first
        if newest is not None:
            first = max(first, newest - RECORDS // 2)  # what is before is about to be overwritten
        self._readers[path.name] = reader
        self._uses[path.name] = SlotUse(path.name, first, reader.facts.idle_w)

    def _follow(self, name: str, reader: SlotReader) -> None:
        """Read the new records of a slot. Drop the slot if its records cannot be true."""
        use = self._uses[name]
        while (used_s := reader.read(use.first + len(use.cpu_s))) is not None:
            most_s = (os.cpu_count() or 1) * GRID_S * (use.last + 1)  # of all processors since the machine started
            if used_s > most_s or (use.cpu_s and used_s < use.cpu_s[-1]):
                reader.close()
                del self._readers[name]
                return
            use.cpu_s.append(used_s)
