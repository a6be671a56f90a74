"""Read what limits this machine's processor: its power limit, its governor, a container around it.

Read from Linux's own files, each of which may be missing: the value is then None.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

SYSTEM = Path("/sys")
_WHOLE = re.compile(r"-?[0-9]{1,20}")


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


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text is not None and _WHOLE.fullmatch(text) else None
