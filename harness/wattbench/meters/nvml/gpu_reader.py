"""Read one NVIDIA GPU, whose figures are determined once, and find whose processes compute on it.

A stranger's joules would be counted as ours, or ours not at all.
"""

from __future__ import annotations

import itertools
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import psutil

from wattbench.clock import now_s
from wattbench.meters.base import POWER_CAPPED, MeterError
from wattbench.meters.nvml.visible_gpus import Gpu
from wattbench.meters.windows.series import Point, integrate

POWER_INSTANT = 186
"""`NVML_FI_DEV_POWER_INSTANT`, which drivers have since 530. Older bindings do not name it."""
POWER_AVERAGE = 185
"""`NVML_FI_DEV_POWER_AVERAGE`: over a second; Ampere (but GA100) and newer, since the same drivers."""
SCOPE_GPU = 0
"""`NVML_POWER_SCOPE_GPU`: the GPU itself, not the module around it or its memory (2)."""
SCOPE_MODULE = 1
"""`NVML_POWER_SCOPE_MODULE`: with the processor, on GH200 and GB200. Others do not have it."""
MORE_THAN_GPU = 1.05
"""From which ratio on a module's power is more than its GPU's: a sensor is good to 5%."""
AVERAGED_OVER_S = 1.0
"""`nvmlDeviceGetPowerUsage` is an average over a second on Ampere and newer, GA100 excepted (NVML reference)."""
GA100 = (8, 0)
"""Its CUDA compute capability, which distinguishes it from the rest of Ampere (8.6, 8.7)."""
SAMPLED_EVERY_S = 0.1
"""How coarsely power advances elsewhere (arXiv 2312.02741 finds 20 to 100 ms)."""

THROTTLED = {
    0x04: POWER_CAPPED,
    0x08: "throttled (hardware slowdown)",
    0x20: "throttled (thermal, by software)",
    0x40: "throttled (thermal, by hardware)",
    0x80: "throttled (power brake)",
}
"""`nvmlClocksEventReason...` that make a window invalid. Idle clocks, and clocks set by the user, do not."""

LOST = frozenset({1, 9, 15, 16, 18, 28})
"""NVML errors by which the device was not there, or not usable: not initialised, driver not loaded, lost, reset
required, driver replaced, GPU not found. After any other (a time limit, unknown) only a reading is missing."""


class GpuReader:
    """Reads one GPU through NVML. What a part lacks is determined when the reader is made.

    Every method that reads raises `nvml.NVMLError` where the driver refuses, unless its docstring says otherwise.
    """

    def __init__(self, nvml: Any, gpu: Gpu, power: str = "auto") -> None:
        self.gpu = gpu
        self.component = gpu.component
        self._nvml = nvml
        self.has_counter = self._answers(self.count_j)
        self.field = self._power_field(power)
        """The power field that is read by number; None if it is `nvmlDeviceGetPowerUsage`."""
        self.instant = self.field == POWER_INSTANT
        # The old name of the same call goes in CUDA 14; older drivers know no other.
        modern = self._answers(lambda: nvml.nvmlDeviceGetCurrentClocksEventReasons(gpu.handle))
        self._clock_reasons = (
            nvml.nvmlDeviceGetCurrentClocksEventReasons if modern else nvml.nvmlDeviceGetCurrentClocksThrottleReasons
        )

    def count_j(self) -> float:
        """Return the GPU's joules since the driver was loaded. Volta and newer."""
        return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self.gpu.handle)) / 1000.0

    def power_w(self) -> float:
        """Return the GPU's watts, from the field that was chosen when the reader was made."""
        if self.field is not None:
            return self._field_w(self.field)
        return float(self._nvml.nvmlDeviceGetPowerUsage(self.gpu.handle)) / 1000.0

    def power_step_s(self) -> float:
        """Return the seconds that a value of `power_w` covers, or between two values."""
        return AVERAGED_OVER_S if self._averaged() else SAMPLED_EVERY_S

    def check_step_s(self) -> float:
        """Return the time step at which `power_w` can check the counter; infinite if it counts more than the GPU.

        GH200's counter is of the whole module (ml-energy/zeus, pull request 172).
        """
        try:
            if self._field_w(POWER_INSTANT, SCOPE_MODULE) > MORE_THAN_GPU * self.power_w():
                return math.inf
        except self._nvml.NVMLError:
            pass
        return self.power_step_s()

    def use(self) -> float | None:
        """Return the share of the last second or less in which a kernel ran; None if not reported. Never raises."""
        try:
            return float(self._nvml.nvmlDeviceGetUtilizationRates(self.gpu.handle).gpu) / 100.0
        except self._nvml.NVMLError:
            return None

    def power_reads(self) -> str | None:
        """Return in words what `power_w` reads; None if the part reports no power."""
        if not self._answers(self.power_w):
            return None
        if self.field is not None:
            name = "instantaneous power" if self.instant else f"power averaged over {AVERAGED_OVER_S:g} s"
            return f"{name} (field {self.field})"
        kind = f"averaged over {AVERAGED_OVER_S:g} s" if self._averaged() else "instantaneous"
        return f"power, {kind} on this part (nvmlDeviceGetPowerUsage)"

    def limit_w(self) -> float | None:
        """Return the highest power limit that can be set, in watts; None if not reported. Never raises.

        Not the one it is set to, which may be changed while it is measured.
        """
        try:
            _least_mw, most_mw = self._nvml.nvmlDeviceGetPowerManagementLimitConstraints(self.gpu.handle)
        except self._nvml.NVMLError:
            return None
        return float(most_mw) / 1000.0

    def temperature_c(self) -> float | None:
        """Return the die's temperature in degrees Celsius; None if not reported. Never raises."""
        try:
            return float(self._nvml.nvmlDeviceGetTemperature(self.gpu.handle, self._nvml.NVML_TEMPERATURE_GPU))
        except self._nvml.NVMLError:
            return None

    def throttling(self) -> list[str]:
        """Return in words what limits the GPU's clocks; empty if nothing does, or if not reported. Never raises."""
        try:
            reasons = self._clock_reasons(self.gpu.handle)
        except self._nvml.NVMLError:
            return []
        return [what for bit, what in THROTTLED.items() if reasons & bit]

    def pids(self) -> list[int]:
        """Return the ids of the processes that compute on the GPU; empty if the driver lists none. Never raises."""
        try:
            return [process.pid for process in self._nvml.nvmlDeviceGetComputeRunningProcesses(self.gpu.handle)]
        except (self._nvml.NVMLError, self._nvml.NVMLLibraryMismatchError):
            return []

    def _power_field(self, wanted: str) -> int | None:
        fields = {"instant": POWER_INSTANT, "average": POWER_AVERAGE}
        if wanted in fields:
            if not self._answers(lambda: self._field_w(fields[wanted])):
                raise MeterError(
                    f"{self.component}: {self.gpu.name} does not report its {wanted} power (field {fields[wanted]})",
                    fix="leave out `power:`, or update the driver",
                )
            return fields[wanted]
        return next((field for field in fields.values() if self._answers(lambda f=field: self._field_w(f))), None)

    def _averaged(self) -> bool:
        if self.field is not None:
            return not self.instant
        try:
            return tuple(self._nvml.nvmlDeviceGetCudaComputeCapability(self.gpu.handle)) > GA100
        except self._nvml.NVMLError:
            return True  # unknown: taken for the slower kind

    def _field_w(self, number: int, scope: int = SCOPE_GPU) -> float:
        (field,) = self._nvml.nvmlDeviceGetFieldValues(self.gpu.handle, [(number, scope)])
        if field.nvmlReturn != self._nvml.NVML_SUCCESS:
            raise self._nvml.NVMLError(field.nvmlReturn)
        return float(field.value.uiVal) / 1000.0

    def _answers(self, ask: Any) -> bool:
        try:
            ask()
        except self._nvml.NVMLError:
            return False
        return True


def foreign_processes(pids: Iterable[int]) -> dict[int, str]:
    """Return the id and name of each process that is neither this one nor its descendant.

    A pid that is not visible here has ended, or belongs to another pid namespace (a driver may name the host's
    pids to a container, our own among them): its owner is not known, so it does not make a window invalid.
    """
    return {pid: name for pid in pids if (name := _stranger(pid))}


def own_processes(pids: Iterable[int]) -> list[int]:
    """Return the processes that are this one or its descendants."""
    return [pid for pid in pids if _stranger(pid) == ""]


def _stranger(pid: int) -> str | None:
    """Return the name of a foreign process; empty for an own process, None if unknown."""
    if pid == os.getpid():
        return ""

    try:
        process = psutil.Process(pid)
        name = process.name() or str(pid)
        ancestor: psutil.Process | None = process
        while ancestor is not None:
            if ancestor.pid == os.getpid():
                return ""
            ancestor = ancestor.parent()
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return "another user's"
    return name


_POLL_S = 0.001
"""Pause between readings of a counter whose next step is awaited: 1% of a 100 ms step."""
_STEPS_MEASURED = 4
"""Advances from which a counter's step is measured: of the three times between them, one may be caught late."""

_CAUGHT_WITHIN_S = 0.01
"""A step seen after a longer pause happened at an unknown moment: the next one is awaited."""

_Look = Callable[[str], float | None]
"""Joules of a component's counter now (or its watts), or None where that cannot be read."""


@dataclass(frozen=True)
class Step:
    """One step of a counter, seen as it happened."""

    at_s: float
    before_j: float
    after_j: float
    power: Sequence[Point] = ()
    """Instantaneous watts while it was awaited, if the device reports them."""
    seen_j: float | None = None
    """The count that was waited past, if it was not the one just before: an earlier step was not caught."""

    def energy_j(self, at_s: float, length_s: float) -> float:
        """Return the counter's joules at a moment within a step's length of this step.

        From the step, back or forth along the power that was read meanwhile; without such readings, taking power
        as even across the step. Before the step the figure stays between the counts that enclose it.
        """
        if self.power:
            line_j = self.after_j + integrate(self.power, self.at_s, at_s)
        else:
            line_j = self.after_j + (self.after_j - self.before_j) * (at_s - self.at_s) / length_s
        if at_s >= self.at_s:
            return max(self.after_j, line_j)
        return min(max(self.before_j if self.seen_j is None else self.seen_j, line_j), self.after_j)


def watch(
    look: _Look, seen_j: Mapping[str, float], timeout_s: float, *, power: _Look, since_s: float | None = None
) -> dict[str, Step]:
    """Read counters until each has advanced beyond its last known count, and return the steps.

    Args:
        look: reads one component's counter.
        seen_j: per component, the count to wait past.
        timeout_s: give up after so many seconds.
        power: reads one component's instantaneous watts, to be noted with its step.
        since_s: when those counts were seen; None for just now.

    Returns:
        The step of every component that was caught at one in time. It need not be the first after what was seen.
    """
    waiting = dict(seen_j)
    watts: dict[str, list[Point]] = {component: [] for component in seen_j}
    steps: dict[str, Step] = {}
    looked_s = dict.fromkeys(seen_j, now_s() if since_s is None else since_s)
    deadline_s = now_s() + timeout_s
    while waiting and now_s() < deadline_s:
        for component, before_j in list(waiting.items()):
            after_j, before_s = look(component), looked_s[component]
            looked_s[component] = now_s()
            if after_j is None or after_j < before_j:  # unreadable or reset: there is no step to place it by
                del waiting[component]
            elif after_j > before_j and looked_s[component] - before_s > _CAUGHT_WITHIN_S:
                waiting[component] = after_j  # the thread was held up: who knows when it stepped, or how often
            elif after_j > before_j:
                halfway_s = (before_s + looked_s[component]) / 2.0
                steps[component] = Step(halfway_s, before_j, after_j, watts[component], seen_j[component])
                del waiting[component]
        for component, points in watts.items():  # also of those that have stepped: they are carried on to the last
            now_w = power(component)
            if now_w is not None:
                points.append((now_s(), now_w))
        if waiting:
            time.sleep(_POLL_S)
    return steps


def measure_steps(look: _Look, seen_j: Mapping[str, float], timeout_s: float) -> dict[str, float]:
    """Measure the seconds between successive steps of each counter.

    Returns:
        Seconds per component, to 10 ms. A counter that advanced once or twice in time gets what that shows
        at the least; one that never advanced is absent: it is stuck.
    """
    counts_j = dict(seen_j)
    looked_s = dict.fromkeys(seen_j, now_s())
    taken_s: dict[str, list[float]] = {component: [] for component in seen_j}
    deadline_s = now_s() + timeout_s
    while now_s() < deadline_s and any(len(times_s) < _STEPS_MEASURED for times_s in taken_s.values()):
        for component, times_s in taken_s.items():
            count_j, before_s = look(component), looked_s[component]
            looked_s[component] = now_s()
            if count_j is not None and count_j > counts_j[component]:
                counts_j[component] = count_j
                times_s.append((before_s + looked_s[component]) / 2.0)
        time.sleep(_POLL_S)
    lengths_s = {}
    for component, times_s in taken_s.items():
        if len(times_s) >= 2:
            apart_s = median(b - a for a, b in itertools.pairwise(times_s))
            lengths_s[component] = max(round(apart_s, 2), _POLL_S)
        elif times_s:
            lengths_s[component] = timeout_s
    return lengths_s
