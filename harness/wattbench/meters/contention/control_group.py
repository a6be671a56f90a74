"""Read what control groups allow this process, how long they stopped it, and what their members used together.

Sources: Linux kernel, Documentation/admin-guide/cgroup-v2.rst (`cpu.max`, `cpu.stat`) and
Documentation/scheduler/sched-bwc.rst (version 1: `cpu.cfs_quota_us`, `cpu.stat`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wattbench.meters.contention.proc_files import key_values, read_text

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
        return _number(allowed) / _number(period) if _number(allowed) and _number(period) else None
    quota_us, period_us = _text(folder / "cpu/cpu.cfs_quota_us"), _text(folder / "cpu/cpu.cfs_period_us")
    return _number(quota_us) / _number(period_us) if _number(quota_us) and _number(period_us) else None


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
    return _number(text) * 1e-9 if _number(text) else None


def _text(path: Path) -> str | None:
    text = read_text(path)
    return None if text is None else text.strip()


def _number(text: str | None) -> int:
    """Return the positive number in a kernel's file; 0 for any other content, such as ``max``, or without a file."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 20 else 0
