"""Parse the files of Linux that say who used the processor. Text in, figures out; None for text that says nothing.

Formats: Linux kernel, Documentation/filesystems/proc.rst (`stat`, `<pid>/stat`),
Documentation/scheduler/sched-stats.rst (`<pid>/task/<tid>/schedstat`), Documentation/admin-guide/cgroup-v2.rst
(`cpu.stat`).

Read what control groups allow this process, how long they stopped it, and what their members used together.

Sources: Linux kernel, Documentation/admin-guide/cgroup-v2.rst (`cpu.max`, `cpu.stat`) and
Documentation/scheduler/sched-bwc.rst (version 1: `cpu.cfs_quota_us`, `cpu.stat`).
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


SYSTEM = Path("/sys")
OWN_GROUP = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class GroupTimes:
    """What control groups counted since they were made, in seconds."""

    throttled_s: float
    """How long they stopped processes that were ready to run, added over processors and over nested groups."""
    usage_s: float | None = None
    """What the members of the group with the tightest limit used together; None without a limit, or if it is hidden."""
    limit_cpus: float | None = None
    """That limit, in processors."""


def cpus_quota(system: Path = SYSTEM, process_groups: Path = OWN_GROUP) -> float | None:
    """Return how many processors' time a control group allows this process; None if nothing limits it.

    A container's limit: the process may see every core and yet be stopped for most of each period. The tightest
    limit from the process's group up to the root counts.
    """
    return min((limit for folder in folders(system, process_groups) if (limit := _quota(folder))), default=None)


def folders(system: Path = SYSTEM, process_groups: Path = OWN_GROUP) -> list[Path]:
    """Return the folders of this process's groups, from its own up to the root."""
    root = system / "fs/cgroup"
    line = next((line for line in (read_text(process_groups) or "").splitlines() if line.startswith("0::")), "0::/")
    group = root / line.removeprefix("0::").replace("\0", "").strip().lstrip("/")
    above = [group, *group.parents] if ".." not in group.parts else [root]
    return [folder for folder in above if folder.is_relative_to(root)]


class OwnGroups:
    """The control groups of this process, looked up once."""

    def __init__(self, system: Path = SYSTEM, process_groups: Path = OWN_GROUP) -> None:
        groups = folders(system, process_groups)
        limits = [(limit, folder) for folder in groups if (limit := _quota(folder))]
        self.mounted = _holds_files(groups[-1])
        """Whether the kernel shows any."""
        self._tightest = min(limits, default=None)
        self._counting = [folder for folder in groups if _throttled_s(folder) is not None]

    def times(self) -> GroupTimes | None:
        """Return what the groups have counted so far; None if the kernel shows no groups."""
        if not self.mounted:
            return None
        throttled_s = sum(_throttled_s(folder) or 0.0 for folder in self._counting)
        if self._tightest is None:
            return GroupTimes(throttled_s)
        limit_cpus, folder = self._tightest
        return GroupTimes(throttled_s, _usage_s(folder), limit_cpus)


def _holds_files(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def _quota(folder: Path) -> float | None:
    """Return the limit of one group: of cgroup v2, or of a v1 hierarchy mounted at `cpu` (a container's own root)."""
    if (text := _text(folder / "cpu.max")) is not None:
        allowed, _, period = text.partition(" ")
        return _count(allowed) / _count(period) if _count(allowed) and _count(period) else None
    quota_us, period_us = _text(folder / "cpu/cpu.cfs_quota_us"), _text(folder / "cpu/cpu.cfs_period_us")
    return _count(quota_us) / _count(period_us) if _count(quota_us) and _count(period_us) else None


def _throttled_s(folder: Path) -> float | None:
    """Return for how many seconds a group was stopped; None if the group does not count these."""
    if (used := key_values(read_text(folder / "cpu.stat") or "")) and "throttled_usec" in used:
        return used["throttled_usec"] * 1e-6
    used = key_values(read_text(folder / "cpu/cpu.stat") or "")
    return used["throttled_time"] * 1e-9 if "throttled_time" in used else None


def _usage_s(folder: Path) -> float | None:
    used = key_values(read_text(folder / "cpu.stat") or "")
    if "usage_usec" in used:
        return used["usage_usec"] * 1e-6
    text = _text(folder / "cpuacct/cpuacct.usage")
    return _count(text) * 1e-9 if _count(text) else None


def _text(path: Path) -> str | None:
    text = read_text(path)
    return None if text is None else text.strip()


def _count(text: str | None) -> int:
    """Return the positive number in a kernel's file; 0 for any other content, such as ``max``, or without a file."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 20 else 0
