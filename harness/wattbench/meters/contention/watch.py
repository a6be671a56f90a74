"""Watch the machine around windows: a snapshot at each end of one, and a canary before and after it.

Nothing is read in between. A snapshot takes about a millisecond, and the canary a hundredth of a core at most.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from wattbench.meters.contention.canary import Canary, CanaryTime, shared_canary
from wattbench.meters.contention.control_group import OWN_GROUP, SYSTEM, OwnGroups
from wattbench.meters.contention.limits import Signal
from wattbench.meters.contention.own_processes import PROC, OwnProcesses
from wattbench.meters.contention.proc_files import ProcessorTimes, processor_times, read_text
from wattbench.meters.contention.signals import Contention, Snapshot, between, later_passes

SWITCH = "WATTBENCH_WATCH"
"""The variable that, set to ``off``, leaves windows unwatched: for tests of wattbench, which run side by side."""


class MachineReader:
    """Reads what the kernel shows of the machine and of the own processes."""

    def __init__(self, proc: Path = PROC, system: Path = SYSTEM, own_group: Path = OWN_GROUP) -> None:
        self._stat = proc / "stat"
        self.own = OwnProcesses(proc)
        self.groups = OwnGroups(system, own_group)
        self.cpus = usable_cpus()
        self.whole_machine = not _is_view(proc)
        """Whether `/proc/stat` is of the machine, and not a container's own view."""
        first = self.processors()
        self.hypervisor = " hypervisor" in (read_text(proc / "cpuinfo") or "")
        """Whether this is a virtual machine."""
        self.shows_steal = first is not None and self.whole_machine and (first.steal_s > 0.0 or not self.hypervisor)

    def processors(self) -> ProcessorTimes | None:
        """Return the times of the usable processors so far, added up; None if the kernel does not count them."""
        times = processor_times(read_text(self._stat) or "", self.cpus)
        return times if times is not None and times.busy_s + times.idle_s > 0.0 else None

    def snapshot(self) -> Snapshot:
        """Read all that the kernel counts now."""
        processors = self.processors()
        at_s = time.perf_counter()
        processes = self.own.processes()
        return Snapshot(
            at_s=at_s,
            cpus=len(self.cpus),
            processors=processors if self.whole_machine else None,
            steal_s=processors.steal_s if processors is not None and self.shows_steal else None,
            processes=processes,
            threads=self.own.threads(processes),
            groups=self.groups.times(),
        )


class MachineWatch:
    """Watches windows, which may overlap and be opened in several threads."""

    def __init__(self, reader: MachineReader | None = None, canary: Callable[[], Canary] = shared_canary) -> None:
        self._reader = reader or MachineReader()
        self._canary = canary
        self._spans = 0
        self._lock = threading.Lock()

    def calibrate(self) -> None:
        """Time the canary before the first window, once per process."""
        self._canary()

    def open(self) -> WatchedSpan:
        """Prepare to watch a window that is about to open. Call `WatchedSpan.begin` once it is open."""
        with self._lock:
            alone = self._spans == 0
        return WatchedSpan(self, self._reader, self._canary(), alone)

    def enter(self) -> None:
        """Count another watched window."""
        with self._lock:
            self._spans += 1

    def leave(self) -> bool:
        """Remove a watched window from the count; return whether it was the last one."""
        with self._lock:
            self._spans -= 1
            return self._spans == 0


class WatchedSpan:
    """A window that is being watched. Made by `MachineWatch.open`.

    The canary would be work inside a window that is still open in another thread, or around this one: it then rests.
    """

    def __init__(self, watch: MachineWatch, reader: MachineReader, canary: Canary, alone: bool) -> None:
        self._watch, self._reader, self._canary = watch, reader, canary
        self._before = canary.recent() if alone else None
        self._opened: Snapshot | None = None
        self._closed: Snapshot | None = None

    def begin(self) -> None:
        """Take the snapshot of the window's start."""
        self._watch.enter()
        self._opened = self._reader.snapshot()

    def end(self) -> None:
        """Take the snapshot of the window's end."""
        self._closed = self._reader.snapshot()

    def finish(self, pass_s: Sequence[float] = (), co_runners: int = 0, co_runners_cpu_s: float = 0.0) -> Contention:
        """Return what other work the machine did in the window, which has ended. Call it once.

        Args:
            pass_s: how long each pass over its items took, in seconds, if there were several.
            co_runners: how many other slots of this machine measured meanwhile, at most.
            co_runners_cpu_s: their CPU seconds.
        """
        assert self._opened is not None and self._closed is not None
        after = self._canary.recent() if self._watch.leave() else None
        seen = between(self._opened, self._closed, co_runners_cpu_s)
        capacity_s = (self._closed.at_s - self._opened.at_s) * self._closed.cpus
        signals = dict(seen.signals)
        if (slower := slowdown(self._canary, [self._before, after])) is not None:
            signals[Signal.CANARY] = slower
        if (differ := later_passes(pass_s)) is not None:
            signals[Signal.LATER_PASSES] = differ
        share = co_runners_cpu_s / capacity_s if co_runners and capacity_s > 0.0 else None
        return Contention(signals, seen.own_cpu_s, co_runners, share)


def slowdown(canary: Canary, times: Sequence[CanaryTime | None]) -> float | None:
    """Return by what share the canary was slower than usual; 0 if faster, None without a time.

    The lesser of the times counts. What disturbs a whole window disturbs both: one alone is 50 ms of seconds. (In a
    run of 72 windows on a virtual machine at rest the mean of both was a tenth slower than usual twice.) Where both are
    the same time, as the canary rests in between, the one before it is the second.
    """
    known = [time for time in times if time is not None]
    if not known:
        return None
    if all(time is known[0] for time in known) and canary.previous is not None:
        known.append(canary.previous)
    return max(0.0, min(time.slice_s for time in known) / canary.usual_s - 1.0)


def watch_here() -> MachineWatch | None:
    """Return a watch of this machine; None if it is switched off."""
    return None if os.environ.get(SWITCH) == "off" else MachineWatch()


def usable_cpus() -> frozenset[int]:
    """Return the numbers of the processors on which this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def _is_view(proc: Path) -> bool:
    """Return whether `/proc/stat` is made up by lxcfs, for a container."""
    lines = (line.split() for line in (read_text(proc / "mounts") or "").splitlines())
    return any(len(fields) >= 3 and fields[1] == "/proc/stat" and "lxcfs" in fields[2] for fields in lines)
