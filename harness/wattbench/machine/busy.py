"""Find what else runs on this machine now: how much of the processor it uses, and the names of the largest processes.

Names only, as command lines may hold keys and passwords; and runs of wattbench as they say themselves.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wattbench.clock import now_s
from wattbench.machine.measuring_lock import runs_now
from wattbench.meters.contention.own_processes import PROC, all_processes, children_of_all, cpu_s
from wattbench.meters.contention.proc_files import TICK_S, ProcessTimes
from wattbench.meters.contention.watch import MachineReader
from wattbench.meters.slots.here import slot_book
from wattbench.terminal import printable

LOOK_S = 1.0
"""How long to look: a share of 1% of a processor is then one tick of 10 ms."""
NAMED = 3
"""How many processes are named at most."""
LEAST = 0.01
"""Processes that use a smaller share of the processor are not named."""

HIDDEN = 0.05
"""Where other processes use this much and none is seen, they are hidden: in another container, say."""


@dataclass(frozen=True)
class BusyNow:
    """What else runs on a machine."""

    share: float | None
    """Of the usable processors, by all other processes; None if the kernel hides it."""
    processes: tuple[tuple[str, float], ...] = ()
    """Name and share of the largest that can be seen, those of one name together; the largest first."""
    load_1min: float | None = None
    """The kernel's load average, of the own processes too."""

    @property
    def text(self) -> str:
        """Return the other work in one line: ``other processes use 37% of the processor: python3 (31%)``."""
        if self.share is None:
            return "what other processes use cannot be seen here"
        named = ", ".join(f"{name} ({share:.0%})" for name, share in self.processes)
        if not named and self.share >= HIDDEN:
            named = "their names cannot be seen here"
        return printable(f"other processes use {self.share:.0%} of the processor{f': {named}' if named else ''}")


def busy_now(
    look_s: float = LOOK_S, proc: Path = PROC, sleep: Callable[[float], None] = time.sleep, system: Path = Path("/sys")
) -> BusyNow:
    """Watch the machine for a while, and return what else runs on it.

    Args:
        look_s: for how long, in seconds.
        proc: where the kernel shows processes.
        sleep: waits.
        system: where the kernel shows control groups.
    """
    reader = MachineReader(proc, system, proc / "self/cgroup")
    book = slot_book()
    began_s = 0.0 if book is None else now_s()
    started_s, processors, own_before = time.perf_counter(), reader.processors(), reader.own.processes()
    before = {process.key: process for process in all_processes(proc)}
    sleep(look_s)
    ended, own_after = reader.processors(), reader.own.processes()
    capacity_s = (time.perf_counter() - started_s) * len(reader.cpus)
    if processors is None or ended is None or not own_before or not own_after:
        return BusyNow(None, load_1min=_load())
    names = _names_of_runs(proc)
    known_s, known = cpu_s(own_before, own_after), {pid for pid, _ in own_after}
    if book is not None:  # other slots are expected, and no other work
        ended_s = now_s()
        book.wait_until(ended_s)
        known_s += book.others(began_s, ended_s).cpu_s
        known |= _with_descendants(book.pids, proc)
    foreign_s = max(0.0, ended.busy_s - processors.busy_s - known_s)
    others = [process for process in all_processes(proc) if process.pid not in known]
    largest = _largest(before, others, capacity_s, names)
    return BusyNow(foreign_s / capacity_s, largest, _load())


def _names_of_runs(proc: Path) -> dict[int, str]:
    """Map the id of each process of a wattbench run, descendants included, to the name of its run."""
    runs = [run for run in runs_now() if run.seen_from_here]
    return {pid: run.name for run in runs for pid in _with_descendants([run.pid], proc)}


def _with_descendants(pids: Iterable[int], proc: Path) -> set[int]:
    """Return the ids of these processes and of all their descendants."""
    children, reached, waiting = children_of_all(proc), set[int](), list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in reached:
            reached.add(pid)
            waiting += children.get(pid, [])
    return reached


def _largest(
    before: Mapping[tuple[int, int], ProcessTimes],
    after: Iterable[ProcessTimes],
    capacity_s: float,
    names: Mapping[int, str],
) -> tuple[tuple[str, float], ...]:
    shares: dict[str, float] = {}
    for process in after:
        start = before.get(process.key)
        used_s = process.cpu_s - (start.cpu_s if start is not None else 0.0)
        name = names.get(process.pid, process.name)
        shares[name] = shares.get(name, 0.0) + max(0.0, used_s) / capacity_s
    named = sorted(shares.items(), key=lambda one: (-one[1], one[0]))
    return tuple((name, share) for name, share in named[:NAMED] if share >= max(LEAST, TICK_S / capacity_s))


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except OSError:
        return None
