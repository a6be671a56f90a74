"""Find out to which power limits the GPUs of this machine can be set, and why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wattbench.machine.power_limits.guardian import refusal
from wattbench.machine.power_limits.note import earlier_limits_w
from wattbench.meters.base import AbsentError, MeterError
from wattbench.meters.nvml.visible_gpus import Gpu, find_gpus, refuse_mig, start_nvml


@dataclass(frozen=True)
class GpuLimit:
    """The power limit of a GPU that systems can use."""

    component: str
    name: str
    uuid: str
    limit_w: float | None = None
    """The limit now; None if it cannot be read."""
    least_w: float | None = None
    """The lowest that can be set; None if it cannot be read. `most_w` likewise."""
    most_w: float | None = None
    why_not: str | None = None
    """Why it cannot be set; None if it can, as far as was tried."""

    @property
    def text(self) -> str:
        """Return the limit in words: ``700 W now; can be set from 210 W to 700 W``."""
        now = "not known" if self.limit_w is None else f"{self.limit_w:g} W now"
        if self.why_not is not None:
            return f"{now}; cannot be set: {self.why_not}"
        return f"{now}; can be set from {self.least_w:g} W to {self.most_w:g} W"


def gpu_limits(*, tries: bool) -> list[GpuLimit]:
    """Return the power limits of the GPUs that systems can use.

    Args:
        tries: set each to what it is, which shows whether this process may. Not those that another run limits now.

    Raises:
        MeterError: there is no driver or no GPU, or they cannot be listed.
    """
    nvml = start_nvml()
    try:
        gpus = find_gpus(nvml)
        if not gpus:
            raise AbsentError("no GPU is visible (this machine has none, or CUDA_VISIBLE_DEVICES hides all)")
        return [_limit_of(nvml, gpu, tries=tries) for gpu in gpus]
    finally:
        nvml.nvmlShutdown()


def limits_here() -> list[GpuLimit]:
    """Return the power limits of this machine's GPUs, tried as of `gpu_limits`; empty without a GPU."""
    try:
        return gpu_limits(tries=True)
    except MeterError:
        return []


def why_not_limited(limits_w: Iterable[float], *, tries: bool) -> str | None:
    """Return why the GPUs of a run cannot be limited to these watts, and what to do; None if they can.

    Args:
        limits_w: those that a suite sets.
        tries: as of `gpu_limits`.
    """
    try:
        gpus = gpu_limits(tries=tries)
    except MeterError as error:
        fix = f" ({error.fix})" if error.fix else ""
        return f"a power limit needs an NVIDIA GPU of this machine: {error}{fix}"
    for gpu in gpus:
        if gpu.why_not is not None:
            return f"the power limit of {gpu.component} ({gpu.name}) cannot be set: {gpu.why_not}"
        for limit_w in limits_w:
            if not (gpu.least_w or 0.0) <= limit_w <= (gpu.most_w or 0.0):
                return f"{gpu.component} ({gpu.name}) can be limited to {gpu.least_w:g} W to {gpu.most_w:g} W"
    return None


def _limit_of(nvml: Any, gpu: Gpu, *, tries: bool) -> GpuLimit:
    facts = gpu.component, gpu.name, gpu.uuid
    try:
        refuse_mig(nvml, gpu)
    except MeterError:
        return GpuLimit(*facts, why_not=f"MIG mode is on (sudo nvidia-smi -i {gpu.index} -mig 0)")
    limit_w = least_w = most_w = None
    try:
        limited = gpu.uuid in earlier_limits_w()
        limit_mw = nvml.nvmlDeviceGetPowerManagementLimit(gpu.handle)
        limit_w = limit_mw / 1000
        least_w, most_w = (mw / 1000 for mw in nvml.nvmlDeviceGetPowerManagementLimitConstraints(gpu.handle))
        if tries and not limited and gpu.uuid not in earlier_limits_w():
            nvml.nvmlDeviceSetPowerManagementLimit(gpu.handle, limit_mw)
    except nvml.NVMLError as error:
        return GpuLimit(*facts, limit_w, least_w, most_w, refusal(nvml, error))
    return GpuLimit(*facts, limit_w, least_w, most_w)
