"""Parse the files of Linux that say who used the processor. Text in, figures out; None for text that says nothing.

Formats: Linux kernel, Documentation/filesystems/proc.rst (`stat`, `<pid>/stat`),
Documentation/scheduler/sched-stats.rst (`<pid>/task/<tid>/schedstat`), Documentation/admin-guide/cgroup-v2.rst
(`cpu.stat`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

TICK_S = 1.0 / (os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100)
"""The unit of `/proc/stat` and `/proc/<pid>/stat`."""
_BUSY = (0, 1, 2, 5, 6)
"""Columns of a line of `/proc/stat`: user (guests included), nice, system, irq, softirq."""
_IDLE, _IOWAIT, _STEAL = 3, 4, 7
_CPU_LINE = re.compile(r"cpu(\d+)$", re.ASCII)
_LARGEST = 1 << 64


@dataclass(frozen=True)
class ProcessorTimes:
    """What some processors did since the machine started, all together, in seconds."""

    busy_s: float
    idle_s: float
    steal_s: float
    """Withheld by the hypervisor while a process was ready to run."""


@dataclass(frozen=True)
class ProcessTimes:
    """What a process used since it started."""

    pid: int
    name: str
    """At most 15 characters, which the process may choose."""
    parent: int
    cpu_s: float
    """Of all its threads, ended ones included."""
    reaped_s: float
    """Of its children that have ended and been waited for, and of theirs."""
    started: int
    """Ticks since the machine started: with `pid`, it identifies the process."""

    @property
    def key(self) -> tuple[int, int]:
        """Return the key of the process. Its number alone is not enough: the kernel may give it again."""
        return self.pid, self.started


@dataclass(frozen=True)
class ThreadTimes:
    """For how many seconds a thread ran, and waited for a processor while ready to run."""

    cpu_s: float
    wait_s: float


def processor_times(text: str, cpus: Collection[int] | None = None) -> ProcessorTimes | None:
    """Parse `/proc/stat`.

    Args:
        text: its content.
        cpus: of which processors; None: of all.
    """
    total: list[float] = [0.0] * 8
    lines = 0
    for line in text.splitlines():
        label, *columns = line.split()[:9] or [""]
        match = _CPU_LINE.match(label)
        if match is None or (cpus is not None and _number(match[1]) not in cpus):
            continue
        numbers = [_number(column) for column in columns]
        if len(numbers) < 4 or None in numbers:
            return None
        lines += 1
        for column, number in enumerate(numbers):
            total[column] += number or 0
    if not lines:
        return None
    seconds = [ticks * TICK_S for ticks in total]
    busy_s = sum(seconds[column] for column in _BUSY)
    return ProcessorTimes(busy_s, seconds[_IDLE] + seconds[_IOWAIT], seconds[_STEAL])


def process_times(text: str) -> ProcessTimes | None:
    """Parse `/proc/<pid>/stat`. The name may hold any character, parentheses included."""
    head, opened, rest = text.partition("(")
    name, closed, tail = rest.rpartition(")")
    fields = tail.split()
    pid = _number(head.strip())
    if not opened or not closed or pid is None or len(fields) < 20:
        return None
    parent, *ticks, started = (_number(fields[column]) for column in (1, 11, 12, 13, 14, 19))
    if parent is None or started is None or None in ticks[:2]:
        return None
    user, system, reaped_user, reaped_system = (number or 0 for number in ticks)
    return ProcessTimes(pid, name, parent, (user + system) * TICK_S, (reaped_user + reaped_system) * TICK_S, started)


def thread_times(text: str) -> ThreadTimes | None:
    """Parse `/proc/<pid>/task/<tid>/schedstat`: the nanoseconds for which the thread ran, and waited to run.

    A kernel that does not count (without CONFIG_SCHED_INFO) shows three zeros, which say nothing.
    """
    numbers = [_number(field) for field in text.split()]
    if len(numbers) < 3 or None in numbers[:3] or not any(numbers[:3]):
        return None
    return ThreadTimes((numbers[0] or 0) * 1e-9, (numbers[1] or 0) * 1e-9)


def key_values(text: str) -> Mapping[str, int]:
    """Parse lines with a name and a number, such as `cpu.stat` of a control group. Other lines are left out."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: number for pair in pairs if len(pair) == 2 and (number := _number(pair[1])) is not None}


def read_text(path: Path | str) -> str | None:
    """Return the content of a text file; None if it cannot be read, or is not text."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(1 << 20).decode(errors="replace")
    except (OSError, ValueError):
        return None


def _number(text: str) -> int | None:
    """Return a text's number if a counter of the kernel can hold it; otherwise None."""
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        return None
    number = int(text)
    return number if number < _LARGEST else None
