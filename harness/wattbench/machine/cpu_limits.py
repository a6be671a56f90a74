"""Read what limits this machine's processor: its power limit, its governor, a container's quota.

Read from Linux's own files, each of which may be missing: the value is then None.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

SYSTEM = Path("/sys")


def cpu_power(system: Path = SYSTEM) -> dict[str, Any]:
    """Return ``{"package_limit_w", "governor", "boost"}`` of the processor.

    The limit is the long-term one (constraint 0) of all packages together, as Linux's powercap framework has it;
    unlike the energy counters, it may be read by anybody.
    """
    packages = [
        zone
        for zone in sorted((system / "class/powercap").glob("intel-rapl:*"))
        if (_text(zone / "name") or "").startswith("package")
    ]
    limits = [_number(zone / "constraint_0_power_limit_uw") for zone in packages]
    return {
        "package_limit_w": sum(limit for limit in limits if limit) / 1e6 if limits and all(limits) else None,
        "governor": _governor(system),
        "boost": _boost(system),
    }


def cpus_quota(system: Path = SYSTEM, process_groups: Path = Path("/proc/self/cgroup")) -> float | None:
    """Return how many processors' time a control group allows this process; None if nothing limits it.

    A container's limit: the process may see every core and yet be stopped for most of each period. The tightest
    limit from the process's group up to the root counts.
    """
    root = system / "fs/cgroup"
    line = next((line for line in (_text(process_groups) or "").splitlines() if line.startswith("0::")), "0::/")
    group = root / line.removeprefix("0::").strip().lstrip("/")
    folders = [group, *group.parents] if ".." not in group.parts else [root]
    limits = [limit for folder in folders if folder.is_relative_to(root) for limit in [_quota(folder)] if limit]
    return min(limits, default=None)


def container(root: Path = Path("/")) -> str | None:
    """Return ``docker``, ``podman`` or ``kubernetes``; None if no container is detected."""
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "kubernetes"
    if (root / "run/.containerenv").exists():
        return "podman"
    return "docker" if (root / ".dockerenv").exists() else None


def _governor(system: Path) -> str | None:
    files = sorted((system / "devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor"))
    return "+".join(sorted({text for file in files if (text := _text(file))})) or None


def _boost(system: Path) -> str | None:
    """Return ``on`` or ``off``: Intel's driver has a switch with the opposite meaning of the others."""
    cpu = system / "devices/system/cpu"
    if (off := _text(cpu / "intel_pstate/no_turbo")) is not None:
        return "off" if off == "1" else "on"
    if (on := _text(cpu / "cpufreq/boost")) is not None:
        return "on" if on == "1" else "off"
    return None


def _quota(folder: Path) -> float | None:
    """Return the limit of one group: of cgroup v2, or of a v1 hierarchy mounted at `cpu` (a container's own root)."""
    if (text := _text(folder / "cpu.max")) is not None:
        allowed, _, period = text.partition(" ")
        return int(allowed) / int(period) if allowed.isdigit() and period.isdigit() and int(period) else None
    quota_us, period_us = _number(folder / "cpu/cpu.cfs_quota_us"), _number(folder / "cpu/cpu.cfs_period_us")
    return quota_us / period_us if quota_us and period_us and quota_us > 0 else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text is not None and text.lstrip("-").isdigit() else None
