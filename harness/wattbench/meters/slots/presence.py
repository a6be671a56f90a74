"""Publish what this process's slot uses of the processor, for the other slots of the machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from wattbench.clock import machine_s, now_s
from wattbench.errors import UserError
from wattbench.meters.contention.own_processes import OwnProcesses, Processes, cpu_s
from wattbench.meters.slots.book import ENDING, GRID_S, SlotFacts, SlotReader, cell_of, prefix, slot_files, write_record
from wattbench.records.files.atomic_write import failing_as

AHEAD = 3
"""How many cells after its file is visible a slot begins. Others look at the folder for every cell that they compute,
and so know of it before the first cell that it is in."""
END_S = 5.0
"""How long the thread may take to end."""


class SlotPresence:
    """The file of this process's slot. A context manager: inside it a thread keeps it up to date."""

    def __init__(
        self,
        folder: Path,
        host: str,
        gpus: Sequence[str],
        about: Mapping[str, Any],
        idle_w: Mapping[str, float] | None = None,
        processes: Callable[[], Processes] | None = None,
    ) -> None:
        """Set up the slot's file; write nothing yet.

        Args:
            folder: of locks.
            host: what names the machine there.
            gpus: UUIDs of the slot's.
            about: the process, as others show it.
            idle_w: component to the machine's idle power; empty: not known.
            processes: the times of the own processes; None: of this process and those below it.
        """
        self.path = folder / f"{prefix(host)}{secrets.token_hex(8)}{ENDING}"
        """Its name is the slot's name."""
        self._host = host
        self._gpus, self._about, self._idle_w = tuple(gpus), dict(about), dict(idle_w or {})
        self._processes = OwnProcesses().processes if processes is None else processes
        self._descriptor = -1
        self._seen: Processes = {}
        self._used_s, self._at_s = 0.0, 0.0
        self._next = 0
        """The next boundary to be written."""
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="wattbench-slot", daemon=True)

    def __enter__(self) -> Self:
        """Make the file, and wait for the slot's first boundary: under a second.

        Raises:
            UserError: it cannot be made, or the kernel hides what the own processes use.
        """
        self._seen, self._at_s = self._processes(), machine_s(now_s())
        if not self._seen:
            raise UserError(
                "the kernel hides here what processes use (/proc), so what several slots share could not be given out; "
                "measure without --slot"
            )
        with failing_as(self.path, "the file of this slot cannot be made"):
            _remove_ended(self.path.parent, self._host)
            self._appear()
        time.sleep(max(0.0, self._next * GRID_S - machine_s(now_s())))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(END_S)
        with contextlib.suppress(OSError):
            self.publish()
            write_record(self._descriptor, self._next, self._used_s)  # so that its last cell counts
        with contextlib.suppress(OSError):
            self.path.unlink()
        os.close(self._descriptor)

    def name_run(self, root: Path) -> None:
        """Write into the slot's file which run this process writes."""
        self._about["run"] = str(root.absolute())
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, self._facts.as_page(), 0)

    def publish(self) -> None:
        """Write the slot's CPU seconds at every boundary that has passed, interpolated between two looks."""
        with self._lock:
            before_s, before_at_s = self._used_s, self._at_s
            seen, self._at_s = self._processes(), machine_s(now_s())
            self._used_s += cpu_s(self._seen, seen)
            self._seen = seen
            while self._next * GRID_S <= self._at_s:
                part = (self._next * GRID_S - before_at_s) / (self._at_s - before_at_s)
                write_record(self._descriptor, self._next, before_s + part * (self._used_s - before_s))
                self._next += 1

    def _appear(self) -> None:
        """Create the slot's file under a temporary name, and rename it once it is locked and complete."""
        hidden = self.path.with_suffix(".new")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(hidden, flags, 0o644)
        os.fchmod(self._descriptor, 0o644)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._next = cell_of(machine_s(now_s())) + AHEAD + 1
        self._facts = SlotFacts(self._about, self._gpus, self._next, self._idle_w)
        os.pwrite(self._descriptor, self._facts.as_page(), 0)
        os.rename(hidden, self.path)
        if cell_of(machine_s(now_s())) + AHEAD > self._next:  # held up: others may have passed its first cell
            self.path.unlink()
            os.close(self._descriptor)
            self._appear()

    def _run(self) -> None:
        while not self._stop.wait(max(0.001, self._next * GRID_S - machine_s(now_s()))):
            with contextlib.suppress(OSError):  # a full disk: others wait for it, and say so
                self.publish()


def _remove_ended(folder: Path, host: str) -> None:
    """Remove the slot files that killed processes left, where this user has the permission."""
    for path in slot_files(folder, host):
        with contextlib.suppress(OSError, ValueError):
            reader = SlotReader(path)
            try:
                if not reader.alive():
                    path.unlink()
            finally:
                reader.close()
