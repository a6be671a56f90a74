"""Model the joules of CPU and memory by codecarbon's tables, where no sensor measures them.

The processor: rated power of codecarbon's table, in proportion to the CPU seconds of the own processes. That is
codecarbon's model of a process (`tracking_mode="process"`):

    rated power / number of processors x own CPU seconds

Memory: codecarbon's constant for the machine, for as long as the own threads did not wait for a processor that others
used. So other work on the machine is not charged to a system, and does not spoil its joules. What the model assumes: a
CPU second costs the same whichever work it does, and other work does not make it longer, as it may on a core that two
threads share.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from wattbench.clock import now_s
from wattbench.config import CodecarbonSettings
from wattbench.meters.base import MODELLED, MeterError, Reading
from wattbench.meters.contention.own_processes import PROC, cpu_s
from wattbench.meters.contention.proc_files import TICK_S
from wattbench.meters.contention.signals import Snapshot, hindered_s
from wattbench.meters.contention.watch import MachineReader

_COMPONENTS = ("cpu", "dram")


@dataclass(frozen=True)
class ModelledPower:
    """The power of this machine by codecarbon's tables."""

    rated_w: float
    """Of all its processors, fully used."""
    memory_w: float
    """Of its memory, at any time."""
    processors: int
    """Logical ones."""


class CodecarbonMeter:
    """A model of the joules of components that no sensor measures.

    `force_cpu_power` and `force_ram_power` of a user's codecarbon configuration are respected. Nothing is written, sent
    or printed.
    """

    name = "codecarbon"
    period_s = 1.0

    Settings = CodecarbonSettings
    reads: Mapping[str, str] = {
        "cpu": "codecarbon's model of a process: rated power, or 4 W a thread, by its part of all CPU time",
        "dram": "codecarbon's model: a constant for each memory slot",
    }

    def __init__(self, components: Sequence[str] = _COMPONENTS, proc: Path = PROC) -> None:
        self.whole_machine = False
        self._proc = proc
        self._components = [component for component in _COMPONENTS if component in components]
        self.step_s: Mapping[str, float] = dict.fromkeys(self._components, TICK_S)
        self.provenance: Mapping[str, str] = dict.fromkeys(self._components, MODELLED)
        self._power: ModelledPower | None = None
        self._reader: MachineReader | None = None
        self._seen: Snapshot | None = None
        self._seen_s = 0.0
        self._own_s = 0.0
        """CPU seconds of this process at the last look: finer than the kernel's ticks."""
        self._charged_j: dict[str, float] = {}
        self._power_w: dict[str, float] = {}

    @classmethod
    def from_settings(cls, settings: CodecarbonSettings) -> Self:
        """Make the meter without inspecting the machine: a model is always available."""
        return cls(settings.components)

    def open(self) -> None:
        """Look up the rated power of the machine's parts.

        Raises:
            MeterError: codecarbon gives no figure.
        """
        try:
            self._power = modelled_power()
        except Exception as error:  # whatever its code for this platform raises
            raise MeterError(f"codecarbon gives no figure for this machine ({error!r})") from error
        self._reader = MachineReader(self._proc)
        self._charged_j = dict.fromkeys(self._components, 0.0)
        self._power_w = {component: watts for component, watts in self.idle_w.items() if component in self._components}
        self._look()

    @property
    def idle_w(self) -> Mapping[str, float]:
        """Return the modelled power at rest: 0 W for the processor, and all of memory's."""
        return {} if self._power is None else {"cpu": 0.0, "dram": self._power.memory_w}

    def read(self) -> Reading:
        """Return joules since the meter was opened, and mean watts since the last reading."""
        before, before_s, before_own_s = self._seen, self._seen_s, self._own_s
        now = self._look()
        assert self._power is not None and before is not None  # it is open
        duration_s = self._seen_s - before_s
        if duration_s > 0.0:
            used_s = self._used_s(before, now, self._own_s - before_own_s)
            free_s = duration_s if self.whole_machine else max(duration_s - hindered_s(before, now), 0.0)
            charged_j = {
                "cpu": self._power.rated_w / self._power.processors * used_s,
                "dram": self._power.memory_w * free_s,
            }
            for component in self._components:
                self._charged_j[component] += charged_j[component]
                self._power_w[component] = charged_j[component] / duration_s
        return Reading(self._seen_s, dict(self._charged_j), dict(self._power_w))

    def close(self) -> None:
        """Do nothing: no device is held."""

    def _look(self) -> Snapshot:
        assert self._reader is not None
        self._seen, self._own_s, self._seen_s = self._reader.snapshot(), time.process_time(), now_s()
        return self._seen

    def _used_s(self, before: Snapshot, now: Snapshot, own_s: float) -> float:
        """Return the CPU seconds to be charged: of the own processes, or of the whole machine."""
        if self.whole_machine and before.processors is not None and now.processors is not None:
            return max(now.processors.busy_s - before.processors.busy_s, 0.0)
        if not before.processes or not now.processes:  # the kernel hides them: this process, and no other
            return own_s
        counted_s = cpu_s(before.processes, now.processes)
        for key in before.processes.keys() & now.processes.keys():
            if key[0] == os.getpid():  # known to the nanosecond
                counted_s += own_s - (now.processes[key].cpu_s - before.processes[key].cpu_s)
        return max(counted_s, 0.0)


def modelled_power() -> ModelledPower:
    """Return the power of this machine by codecarbon's tables.

    Rated power of its processor, else 4 W for each of its threads; a constant for each memory slot that machines of
    this size have.
    """
    # Read once, when it is imported. In a job of Slurm it would model the job's part of the machine, and ask `scontrol`
    # for it, which a container lacks; what is charged to a run is its part by CPU seconds.
    with _environment(CODECARBON_LOG_LEVEL="critical", SLURM_JOB_ID=None, SLURM_JOBID=None):
        from codecarbon.core.config import get_hierarchical_config
        from codecarbon.core.cpu import TDP
        from codecarbon.core.util import count_cpus, count_physical_cpus
        from codecarbon.external.hardware import CONSUMPTION_PERCENTAGE_CONSTANT, CPU
        from codecarbon.external.logger import logger
        from codecarbon.external.ram import RAM

        logger.setLevel("CRITICAL")
        given = get_hierarchical_config()
        rated_w = _given(given, "force_cpu_power")
        if rated_w is None and (of_table_w := TDP().tdp) is not None:
            rated_w = of_table_w * count_physical_cpus()
        # Its constant mode says this share of rated power, which it takes from its own constant where none is known.
        constant = CPU.from_utils(tempfile.gettempdir(), "constant", "", rated_w)
        memory = RAM(tracking_mode="machine", force_ram_power=_given(given, "force_ram_power"))
        return ModelledPower(
            rated_w=float(constant.total_power().W) / CONSUMPTION_PERCENTAGE_CONSTANT,
            memory_w=float(memory.total_power().W),
            processors=int(count_cpus()),
        )


def _given(settings: Mapping[str, str], name: str) -> float | None:
    return float(settings[name]) if name in settings else None


@contextmanager
def _environment(**variables: str | None) -> Iterator[None]:
    """Set environment variables for the duration of a block; None removes a variable."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
