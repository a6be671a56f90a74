"""Find the own processes: this one, all that it started, and what those started, servers and workers included."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from wattbench.meters.contention.proc_files import ProcessTimes, ThreadTimes, process_times, read_text, thread_times

PROC = Path("/proc")

Processes = Mapping[tuple[int, int], ProcessTimes]
"""Processes by what identifies each."""
Threads = Mapping[tuple[int, int, int], ThreadTimes]
"""Threads by process, its start, and their own number."""


class OwnProcesses:
    """The tree of processes below one, read from `/proc`.

    It remembers what belonged to the tree: a server that detached itself from its parent stays its own.
    """

    def __init__(self, proc: Path = PROC, pid: int | None = None) -> None:
        self._proc = str(proc)
        self._pid = os.getpid() if pid is None else pid
        self._known: dict[int, int] = {}
        """Number of each process to when it started."""

    def processes(self) -> Processes:
        """Return the times of every own process; empty if the kernel hides them."""
        times: dict[tuple[int, int], ProcessTimes] = {}
        seen: set[int] = set()
        waiting = [self._pid, *(pid for pid in self._known if pid != self._pid)]
        parents: dict[int, list[int]] | None = None
        while waiting:
            pid = waiting.pop()
            if pid in seen:
                continue
            seen.add(pid)
            process = self._process(pid)
            if process is None or self._known.get(pid, process.started) != process.started:
                self._known.pop(pid, None)  # it ended; its number may belong to another process now
                if process is None or process.parent not in seen:
                    continue
            times[process.key] = process
            self._known[pid] = process.started
            children = self._children(pid)
            if children is None:
                parents = children_of_all(self._proc) if parents is None else parents
                children = parents.get(pid, [])
            waiting += children
        return times

    def threads(self, processes: Collection[tuple[int, int]]) -> Threads:
        """Return the times of all threads of some processes; empty if the kernel does not count them."""
        times: dict[tuple[int, int, int], ThreadTimes] = {}
        for pid, started in processes:
            for tid in self._tids(pid):
                thread = thread_times(read_text(f"{self._proc}/{pid}/task/{tid}/schedstat") or "")
                if thread is not None:
                    times[pid, started, int(tid)] = thread
        return times

    def _process(self, pid: int) -> ProcessTimes | None:
        return process_times(read_text(f"{self._proc}/{pid}/stat") or "")

    def _tids(self, pid: int) -> list[str]:
        try:
            return [name for name in os.listdir(f"{self._proc}/{pid}/task") if name.isdigit()]
        except OSError:
            return []

    def _children(self, pid: int) -> list[int] | None:
        """Return the children that a process's threads started; None if the kernel lists none."""
        children: list[int] = []
        for tid in self._tids(pid):
            text = read_text(f"{self._proc}/{pid}/task/{tid}/children")
            if text is None:
                if os.path.isdir(f"{self._proc}/{pid}/task/{tid}"):
                    return None
                continue  # the thread has ended
            children += [int(child) for child in text.split() if child.isdigit()]
        return children


def all_processes(proc: Path | str = PROC) -> Iterator[ProcessTimes]:
    """Yield the times of every process that can be seen."""
    try:
        names = os.listdir(proc)
    except OSError:
        return
    for name in names:
        if name.isdigit() and (process := process_times(read_text(f"{proc}/{name}/stat") or "")) is not None:
            yield process


def children_of_all(proc: Path | str = PROC) -> dict[int, list[int]]:
    """Return the ids of the children of every process that can be seen."""
    children: dict[int, list[int]] = {}
    for process in all_processes(proc):
        children.setdefault(process.parent, []).append(process.pid)
    return children


def cpu_s(before: Processes, after: Processes) -> float:
    """Return the CPU seconds that processes used between two snapshots, ended processes included.

    A process that ended is in the sum if one of the others waited for it, as its time then moved to that one's. That of
    one that ended otherwise is not known, and is left out.
    """
    used_s = 0.0
    ended_s: dict[int, float] = {}
    """Process to what those below it that ended had used before."""
    starts = {process.pid: process for process in before.values()}
    for key, process in before.items():
        if key not in after:
            heir = _heir(process, starts, after)
            ended_s[heir] = ended_s.get(heir, 0.0) + process.cpu_s + process.reaped_s
    for key, process in after.items():
        start = before.get(key)
        reaped_s = process.reaped_s - (start.reaped_s if start is not None else 0.0)
        used_s += max(0.0, process.cpu_s - (start.cpu_s if start is not None else 0.0))
        used_s += max(0.0, reaped_s - ended_s.get(process.pid, 0.0))
    return used_s


def _heir(ended: ProcessTimes, starts: Mapping[int, ProcessTimes], after: Processes) -> int:
    """Return the nearest ancestor of an ended process that still runs; the kernel adds the ended one's times to it."""
    passed = {ended.pid}
    parent = ended.parent
    while parent in starts and starts[parent].key not in after and parent not in passed:
        passed.add(parent)
        parent = starts[parent].parent
    return parent


def waited_s(before: Threads, after: Threads) -> tuple[float, float]:
    """Return for how many seconds threads waited for a processor, and for how many they ran, between two snapshots.

    Of the threads that are there at the end: what one did that ended in between is not known. A number that was given
    to a new thread is recognised by its times, which are then less than before.
    """
    wait_s = ran_s = 0.0
    for key, thread in after.items():
        start = before.get(key)
        if start is None or start.cpu_s > thread.cpu_s or start.wait_s > thread.wait_s:
            start = ThreadTimes(0.0, 0.0)
        wait_s += thread.wait_s - start.wait_s
        ran_s += thread.cpu_s - start.cpu_s
    return wait_s, ran_s
