"""Describe the machine, driver, packages and commit of a run.

Name this machine in records by a hash, so that machines are distinct but not identified.

The name is a keyed hash of the machine's id, as systemd advises for what is published
(sd_id128_get_machine_app_specific: the id itself is to be kept secret). It is the same for all users, after every boot,
and in every run.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import platform
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from wattbench.machine.power_limits.note import earlier_limits_w
from wattbench.meters.base import MeterError
from wattbench.meters.contention.proc_files import cpus_quota
from wattbench.meters.nvml.visible_gpus import find_gpus
from wattbench.repository import repository_state

PACKAGES = (
    "wattbench", "lm-eval", "codecarbon", "nvidia-ml-py", "torch", "transformers", "peft", "accelerate", "gguf",
    "xllamacpp", "vllm", "datasets", "numpy", "pandas", "scipy", "scikit-learn",
)  # fmt: skip
"""The packages whose versions can change a result."""

WAIT_POLICY = "OMP_WAIT_POLICY"
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    WAIT_POLICY,
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "CUDA_VISIBLE_DEVICES",
)


def environment(folder: Path) -> dict[str, Any]:
    """Describe this machine and this installation; no names of people or hosts.

    Args:
        folder: of the suite; the git commit is that of its repository.
    """
    return {**installation(), **repository_state(folder)}


def installation() -> dict[str, Any]:
    """Describe this machine and installation without git, which may run programs of a repository."""
    return {
        "os": platform.platform(),
        "python": platform.python_version(),
        **machine(),
        "packages": _versions(PACKAGES),
        "variables": {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ},
    }


def machine() -> dict[str, Any]:
    """Describe this machine: processor, memory, GPUs, and how many processors this process may use."""
    return {
        "cpu": _cpu_model(),
        "cpus_logical": os.cpu_count(),
        "cpus_usable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpus_quota": cpus_quota(),
        "cpu_power": cpu_power(),
        "container": container(),
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": _gpus(),
    }


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()


def _gpus() -> list[dict[str, Any]]:
    """List each NVIDIA GPU: its index, name, id, driver and power limit, and whether systems can use it.

    Empty where there is no driver.
    """
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        driver = pynvml.nvmlSystemGetDriverVersion()
        visible = _visible(pynvml)
        return [_gpu(pynvml, index, driver, visible) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []  # the meter reports a GPU that cannot be read
    finally:
        pynvml.nvmlShutdown()


def _visible(pynvml: Any) -> set[int] | None:
    """Return the indices of the GPUs that `CUDA_VISIBLE_DEVICES` leaves visible; None if they cannot be identified."""
    try:
        return {gpu.index for gpu in find_gpus(pynvml)}
    except MeterError:  # the meter says why
        return None


def _gpu(pynvml: Any, index: int, driver: str, visible: set[int] | None) -> dict[str, Any]:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    facts: dict[str, Any] = {"index": index, "name": pynvml.nvmlDeviceGetName(handle), "driver": driver}
    if visible is not None:
        facts["visible"] = index in visible
    with contextlib.suppress(pynvml.NVMLError):
        facts["uuid"] = pynvml.nvmlDeviceGetUUID(handle)
    with contextlib.suppress(pynvml.NVMLError):  # not every part has a limit
        limit_w = pynvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000
        before_w = earlier_limits_w()  # another run may limit it for a turn
        facts["power_limit_w"] = before_w.get(facts.get("uuid", ""), limit_w)
    return facts


def _versions(packages: Sequence[str]) -> dict[str, str]:
    versions = {}
    for name in packages:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


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
    """Return whether the processor's boost is ``on`` or ``off``; None if the kernel does not say."""
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


NODE = "WATTBENCH_NODE"
"""Names the machine by hand: in containers, which have no id or that of their image, such as by the name of the
Kubernetes node. It is hashed too."""
MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_APPLICATION = b"wattbench node"
_LENGTH = 12


def node() -> str:
    """Return the name of this machine: 12 hexadecimal digits."""
    given = os.environ.get(NODE)
    identity = given if given else f"{_machine_id()} {platform.node()}"  # clones of an image often share the id
    return hmac.new(identity.encode(errors="surrogateescape"), _APPLICATION, hashlib.sha256).hexdigest()[:_LENGTH]


def _machine_id() -> str:
    for path in MACHINE_IDS:
        try:
            text = path.read_text(errors="replace").strip()
        except OSError:
            continue
        if text:
            return text
    return ""
