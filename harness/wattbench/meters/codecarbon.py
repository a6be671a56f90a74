"""Model the joules of CPU and memory with codecarbon, where no sensor measures them.

codecarbon models the power of the whole machine, P, from its load. Charged is what the machine draws at rest, and of
what it draws above that the part by own CPU seconds:

    P(rest) + (P(load) - P(rest)) x own CPU seconds / CPU seconds of all processes

So other work on the machine is not charged to a system. Memory is a constant, which is charged whole.
"""

from __future__ import annotations

import copy
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from wattbench.clock import now_s
from wattbench.config import CodecarbonSettings
from wattbench.meters.base import MODELLED, MeterError, Reading
from wattbench.meters.contention.own_processes import PROC
from wattbench.meters.contention.own_share import OwnShare

JOULES_PER_KWH = 3.6e6
SHORTEST_TASK_S = 0.1
"""codecarbon computes the CPU's load from ticks of 10 ms: with fewer than ten the load is mostly rounding."""
TASKS_PER_TRACKER = 1000
"""A tracker keeps every task in memory; after this many (17 minutes at 1 Hz) a new one starts, in 10 ms."""
END_S = 5.0
"""How long a tracker may take to stop."""

_FIELDS = {"cpu": "cpu_energy", "dram": "ram_energy"}
"""Component to the field of codecarbon's `EmissionsData`. Its GPU energy is not used: NVML is read directly."""


class CodecarbonMeter:
    """codecarbon's modelled joules for the components that nothing measures.

    Without sensors its model is thermal design power (or 4 W per thread) on a curve over load, of which own CPU seconds
    have their part (see above), and a constant per memory slot. `force_cpu_power` and `force_ram_power` of a user's own
    codecarbon configuration are respected. Nothing is written, sent or printed.

    It is rolled in tasks. A task's energy counts from the call of `start_task` to that of `stop_task`; the few
    milliseconds between two tasks are charged at the power of the one before, so that no time is lost.
    """

    name = "codecarbon"
    period_s = 1.0

    Settings = CodecarbonSettings
    reads: Mapping[str, str] = {
        "cpu": "codecarbon's model: rated power, or 4 W a thread, by load; above rest, by own CPU seconds",
        "dram": "codecarbon's model: a constant for each memory slot",
    }

    def __init__(self, components: Sequence[str] = ("cpu", "dram"), proc: Path = PROC) -> None:
        self.whole_machine = False
        self._proc = proc
        self._own: OwnShare | None = None
        self._rest_w: float | None = None
        self._components = [component for component in _FIELDS if component in components]
        self.step_s: Mapping[str, float] = dict.fromkeys(self._components, SHORTEST_TASK_S)
        self.provenance: Mapping[str, str] = dict.fromkeys(self._components, MODELLED)
        self._tracker: Any = None
        self._tasks = 0
        self._task_started_s = 0.0
        self._charged_until_s = 0.0
        self._charged_j: dict[str, float] = {}
        self._told_j: dict[str, float] = {}
        self._power_w: dict[str, float] = {}

    @classmethod
    def from_settings(cls, settings: CodecarbonSettings) -> Self:
        """Make it without inspecting the machine: a model is always available."""
        return cls(settings.components)

    def open(self) -> None:
        """Start the model: it inspects the machine for a second or two, and gives its first watts.

        Raises:
            MeterError: codecarbon does not start.
        """
        self._charged_j = dict.fromkeys(self._components, 0.0)
        self._told_j = dict.fromkeys(self._components, 0.0)
        self._next_task()
        self._own = OwnShare(self._proc)
        self._rest_w = _power_at_rest(self._tracker)
        self._charged_until_s = self._task_started_s
        time.sleep(SHORTEST_TASK_S)
        self._roll()

    @property
    def idle_w(self) -> Mapping[str, float]:
        """Return the machine's power at rest: all of it for memory, which is a constant."""
        resting_w = {} if self._rest_w is None else {"cpu": self._rest_w}
        constant_w = {"dram": self._power_w["dram"]} if "dram" in self._power_w else {}
        return resting_w | constant_w

    def read(self) -> Reading:
        """Return joules since the meter was opened, and the model's watts over the last task.

        Raises:
            MeterError: codecarbon gave no figure.
        """
        if now_s() - self._task_started_s >= SHORTEST_TASK_S:
            self._roll()
        at_s = now_s()
        for component in self._components:
            reached_j = self._charged_j[component] + self._power_w[component] * (at_s - self._charged_until_s)
            # The next task may find that less was drawn than was told in advance: the counter then waits for it.
            self._told_j[component] = max(self._told_j[component], reached_j)
        return Reading(at_s, dict(self._told_j), dict(self._power_w))

    def close(self) -> None:
        """Stop the model and its thread; not waiting for ever where an interrupt left its scheduler with its lock."""
        if self._tracker is not None:
            tracker, self._tracker = self._tracker, None
            ending = threading.Thread(target=_stop, args=(tracker,), name="wattbench-codecarbon-end", daemon=True)
            ending.start()
            ending.join(END_S)

    def _roll(self) -> None:
        """End the running task, add its joules, and start the next."""
        ended_s = now_s()
        spent_s = ended_s - self._task_started_s
        try:
            data = self._tracker.stop_task()
        except Exception as error:  # whatever its platform code raises: it is this reading's gap
            self.close()
            self._next_task()
            raise MeterError(f"codecarbon failed ({error!r})") from error
        self._next_task()
        if data is None:
            raise MeterError("codecarbon ended a task without a figure")
        for component in self._components:
            power_w = getattr(data, _FIELDS[component]) * JOULES_PER_KWH / spent_s
            if component == "cpu":
                power_w = self._own_power_w(power_w)
            # From the end of the last task that had a figure: after a failed one, this power stands in for it.
            self._charged_j[component] += power_w * (ended_s - self._charged_until_s)
            self._power_w[component] = power_w
        self._charged_until_s = ended_s

    def _own_power_w(self, machine_w: float) -> float:
        """Return what is charged of the machine's modelled power since the last call.

        That is all of it where own CPU seconds or the power at rest are not known.
        """
        share = None if self._own is None else self._own.since_last()
        if share is None or self._rest_w is None or self.whole_machine:
            return machine_w
        return machine_w - max(0.0, machine_w - self._rest_w) * (1.0 - share)

    def _next_task(self) -> None:
        if self._tracker is None or self._tasks >= TASKS_PER_TRACKER:
            self.close()
            self._tracker = _new_tracker()
            self._tasks = 0
        self._tasks += 1
        self._task_started_s = now_s()
        try:
            self._tracker.start_task()
        except Exception as error:  # its constructor swallows its own failures, which then show here
            raise MeterError(f"codecarbon does not start ({error!r})") from error
        if self._tasks == 1:  # the first start looks at the hardware, for up to two seconds, before it counts
            self._tracker.stop_task()
            self._task_started_s = now_s()
            self._tracker.start_task()


def _stop(tracker: Any) -> None:
    with suppress(Exception):  # its figures were read before
        tracker.stop()


def _new_tracker() -> Any:
    """Make a tracker that only models energy. What a configuration file could turn on is turned off by name."""
    # Read once, when it is imported. In a job of Slurm it would model the job's part of the machine, and ask `scontrol`
    # for it, which a container lacks; what is charged to a run is its part by CPU seconds.
    with _environment(CODECARBON_LOG_LEVEL="critical", SLURM_JOB_ID=None, SLURM_JOBID=None):
        from codecarbon import OfflineEmissionsTracker
    _leave_gpus_alone()
    return OfflineEmissionsTracker(
        output_methods=[],
        output_handlers=[],
        output_dir=tempfile.gettempdir(),  # it must exist, though nothing is put there
        emissions_endpoint=None,
        electricitymaps_api_token="",
        country_iso_code="DEU",
        force_carbon_intensity_g_co2e_kwh=0.0,  # grams are made later, from joules: no look-up, no network
        pue=1.0,
        wue=0.0,
        tracking_mode="machine",
        allow_multiple_runs=True,
        log_level="critical",
    )


def _power_at_rest(tracker: Any) -> float | None:
    """Return the power at no load by codecarbon's own curve, in watts.

    None if its figure does not follow the load (a constant, a sensor that it reads itself), or if a later version is
    built otherwise: the machine's power is then charged whole.
    """
    with suppress(Exception):
        (cpu,) = [part for part in tracker._hardware if getattr(part, "_mode", None) == "cpu_load"]
        resting = copy.copy(cpu)
        resting._cpu_load_meter = SimpleNamespace(percent=lambda *_: 0.0)
        return float(resting._get_power_from_cpu_load().W)
    return None


def _leave_gpus_alone() -> None:
    """Make codecarbon find no GPU: NVML is read directly, and a GPU that fails must not affect the figure of the CPU.

    It asks once per process whether `nvidia-smi` and `rocm-smi` can be run, and remembers. A later version that asks
    otherwise only reads the GPUs besides; their joules are not taken from it.
    """
    with suppress(ImportError, AttributeError), _environment(PATH=os.devnull):
        from codecarbon.core import gpu

        gpu.is_nvidia_system()
        gpu.is_rocm_system()


@contextmanager
def _environment(**variables: str | None) -> Iterator[None]:
    """Set variables for a while; None: unset."""
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
