"""Read what all slots of this machine use of the processor, and compute this slot's part of what they share."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from wattbench.clock import machine_s, now_s, stamp_s
from wattbench.meters.slots.shares import GRID_S, CellShare, SlotUse, cell_of, cell_share, part_of
from wattbench.meters.slots.slot_file import RECORDS, SlotReader, slot_files

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
