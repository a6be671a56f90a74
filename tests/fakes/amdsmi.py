"""A module in place of `amdsmi`: GPUs of a known course, in a time that the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tests.fakes.exporter import BEGAN_S, Course

RESOLUTION_UJ = 15.259
"""What a unit of the counter is: 2^-16 J."""


class FakeSmiError(Exception):
    """The error that the library's functions raise."""


@dataclass
class FakeGpu:
    """One handle."""

    course: Course = field(default_factory=Course)
    counter: bool = True
    power: str | None = "current_socket_power"
    """The field that has its power; None: none has."""
    old: bool = False
    """Whether the library is of an older kind."""
    partition: int | str = "N/A"
    lost: bool = False


class FakeAmdSmi(ModuleType):
    """The functions of the library that wattbench calls; tests set `now_s` and `gpus`."""

    def __init__(self, *gpus: FakeGpu) -> None:
        super().__init__("amdsmi")
        self.gpus = list(gpus)
        self.now_s = BEGAN_S
        self.initialised = 0

    def amdsmi_init(self) -> None:
        if not self.gpus:
            raise FakeSmiError("Error code:\n\t34 | AMDSMI_STATUS_DRIVER_NOT_LOADED - Driver not loaded")
        self.initialised += 1

    def amdsmi_shut_down(self) -> None:
        self.initialised -= 1

    def amdsmi_get_processor_handles(self) -> list[FakeGpu]:
        return self.gpus

    def amdsmi_get_gpu_kfd_info(self, gpu: FakeGpu) -> dict[str, Any]:
        if gpu.old:
            raise AttributeError("amdsmi_get_gpu_kfd_info")
        return {"kfd_id": 1, "node_id": 2, "current_partition_id": gpu.partition}

    def amdsmi_get_energy_count(self, gpu: FakeGpu) -> dict[str, Any]:
        self._lost(gpu)
        if not gpu.counter:
            raise FakeSmiError("AMDSMI_STATUS_NOT_SUPPORTED - Feature not supported")
        joules = gpu.course.energy_j(BEGAN_S - 1000.0, self.now_s)
        units = int(joules * 1e6 / RESOLUTION_UJ)
        return {
            "power" if gpu.old else "energy_accumulator": units,
            "counter_resolution": RESOLUTION_UJ,
            "timestamp": 1,
        }

    def amdsmi_get_power_info(self, gpu: FakeGpu) -> dict[str, Any]:
        self._lost(gpu)
        fields: dict[str, Any] = {"current_socket_power": "N/A", "average_socket_power": "N/A", "power_limit": 750}
        return fields if gpu.power is None else {**fields, gpu.power: round(gpu.course.power_w(self.now_s))}

    def _lost(self, gpu: FakeGpu) -> None:
        if gpu.lost:
            raise FakeSmiError("Error code:\n\t10 | AMDSMI_STATUS_NO_PERM - Permission Denied")
