"""Read AMD GPUs through `amdsmi`: the energy counter if the part has one, else sampled power.

Source: amdsmi 7.0 (`amdsmi_interface.py`). `amdsmi_get_energy_count` gives ``energy_accumulator`` (``power`` in older
ones), which counts units of ``counter_resolution`` microjoules. `amdsmi_get_power_info` gives watts, or the text
``N/A``: of the moment in ``current_socket_power`` (MI300 and later), a mean in ``average_socket_power`` (before). A GPU
that is divided has a handle for each partition, of which only the first has the sensors.
"""

from __future__ import annotations

import contextlib
import io
import math
import sys
from collections.abc import Mapping
from typing import Any, Self

from wattbench.clock import now_s
from wattbench.config import AmdSmiSettings
from wattbench.meters.base import COUNTER, INTEGRATED, AbsentError, MeterError, Reading

PERIOD_S = 0.1
STEP_S = 0.1
"""How coarsely in time the figures advance, at most: the firmware's table of metrics is read anew about every
millisecond, but no source states it."""
AVERAGED_OVER_S = 1.0
"""Over how long averaged power is a mean, at most: the source does not state it, and nvidia-smi's are of a second."""
POWERS = {"current_socket_power": "power of the moment", "average_socket_power": "averaged power"}
"""The fields of power, the better first, in words."""
NO_SENSOR = "no energy counter and no power"


class AmdSmiMeter:
    """The AMD GPUs of this machine: all, or those that the suite names."""

    name = "amdsmi"
    period_s = PERIOD_S

    Settings = AmdSmiSettings

    def __init__(self, settings: AmdSmiSettings | None = None) -> None:
        """Open nothing yet.

        Args:
            settings: the suite's.
        """
        self.step_s: Mapping[str, float] = {}
        self.provenance: Mapping[str, str] = {}
        self.reads: Mapping[str, str] = {}
        """Per component, what is read, in words. Complete once open, as `provenance` and `step_s`."""
        self.power_step_s: Mapping[str, float] = {}
        self._settings = settings or AmdSmiSettings(use="amdsmi")
        self._smi: Any = None
        self._gpus: dict[str, Any] = {}

    @classmethod
    def from_settings(cls, settings: AmdSmiSettings) -> Self:
        """Make the meter; inspect the GPUs once, to know what can be read of each.

        Raises:
            MeterError: as `open`.
        """
        meter = cls(settings)
        meter.open()
        meter.close()
        return meter

    def open(self) -> None:
        """Start the library, and determine how each GPU is read.

        Raises:
            MeterError: no library, no GPU, one that the suite names is missing, or one has no sensor.
        """
        smi = _library()
        try:
            smi.amdsmi_init()
        except (Exception, SystemExit) as error:  # the library's exceptions are its own, and change with its versions
            raise AbsentError(f"amdsmi finds no AMD GPU ({_short(error)})") from None
        self._smi = smi
        try:
            self._learn()
        except MeterError:
            self.close()
            raise

    def read(self) -> Reading:
        """Read every GPU. One that cannot be read is a gap, with its reason."""
        at_s = now_s()
        energy_j, power_w, gaps, use = {}, {}, {}, {}
        for component, handle in self._gpus.items():
            watts = None
            try:
                if self.provenance[component] == COUNTER:
                    energy_j[component] = self._energy_j(handle)
                watts, _ = self._power_w(handle)
            except MeterError as error:
                if component not in energy_j:  # beside a counter, power is only a check
                    gaps[component] = str(error)
                    continue
            if (share := self._use(handle)) is not None:
                use[component] = share
            if watts is not None:
                power_w[component] = watts
            elif self.provenance[component] != COUNTER:
                gaps[component] = "its power is not known"
        return Reading(at_s, energy_j, power_w, gaps=gaps, use=use)

    def close(self) -> None:
        """Release the library."""
        smi, self._smi = self._smi, None
        if smi is not None:
            with contextlib.suppress(Exception):  # a lost device may refuse even this
                smi.amdsmi_shut_down()

    def _learn(self) -> None:
        handles = self._call("amdsmi_get_processor_handles")
        known = {f"gpu{i}": handle for i, handle in enumerate(self._first_partitions(handles))}
        if not known:
            raise AbsentError("amdsmi finds no AMD GPU")
        wanted = self._settings.components or list(known)
        missing = [component for component in wanted if component not in known]
        if missing:
            raise MeterError(f"there is no {', '.join(missing)}, but {', '.join(known)}")
        self._gpus = {component: known[component] for component in wanted}
        made = {component: self._how(component, handle) for component, handle in self._gpus.items()}
        self.provenance = {component: how for component, (how, _) in made.items()}
        self.reads = {component: reads for component, (_, reads) in made.items()}
        self.step_s = dict.fromkeys(self._gpus, STEP_S)
        averaged = POWERS["average_socket_power"]
        self.power_step_s = {c: AVERAGED_OVER_S if averaged in said else STEP_S for c, said in self.reads.items()}

    def _how(self, component: str, handle: Any) -> tuple[str, str]:
        """Return the provenance of a GPU's joules, and a text on what is read of the GPU."""
        try:
            watts, field = self._power_w(handle)
        except MeterError:
            watts, field = None, ""
        try:
            counts = self._energy_j(handle) > 0.0
        except MeterError:
            counts = False
        if not counts and watts is None:
            raise MeterError(
                f"{component}: {NO_SENSOR} can be read", fix="check amd-smi metric, and the driver's version"
            )
        said = ["energy counter"] * counts + ([POWERS[field]] if watts is not None else [])
        return COUNTER if counts else INTEGRATED, "; ".join(said)

    def _first_partitions(self, handles: Any) -> list[Any]:
        if not isinstance(handles, list | tuple):
            raise MeterError("amdsmi_get_processor_handles gave no list of GPUs")
        return [handle for handle in handles if self._partition(handle) == 0]

    def _partition(self, handle: Any) -> int:
        try:
            number = self._call("amdsmi_get_gpu_kfd_info", handle)["current_partition_id"]
        except (MeterError, KeyError, TypeError):  # an older library, or a GPU that cannot be divided
            return 0
        return number if isinstance(number, int) else 0

    def _energy_j(self, handle: Any) -> float:
        count = self._call("amdsmi_get_energy_count", handle)
        try:
            units = _figure(count["energy_accumulator"] if "energy_accumulator" in count else count["power"])
            resolution_uj = _figure(count["counter_resolution"])
        except (KeyError, TypeError) as error:
            raise MeterError("its energy counter is not known") from error
        if units is None or resolution_uj is None or units < 0.0 or resolution_uj < 0.0:
            raise MeterError("its energy counter gave no valid figure")
        return units * resolution_uj / 1e6

    def _power_w(self, handle: Any) -> tuple[float | None, str]:
        """Return a GPU's watts, and the name of the field with them; None if no field has any."""
        power = self._call("amdsmi_get_power_info", handle)
        for field in POWERS:
            watts = _figure(power.get(field)) if isinstance(power, dict) else None
            if watts is not None and watts > 0.0:
                return watts, field
        return None, ""

    def _use(self, handle: Any) -> float | None:
        """Return the share of the time in which the GPU computed; None if unknown."""
        try:
            percent = _figure(self._call("amdsmi_get_gpu_activity", handle)["gfx_activity"])
        except (MeterError, KeyError, TypeError):
            return None
        return None if percent is None or not 0.0 <= percent <= 100.0 else percent / 100.0

    def _call(self, function: str, *arguments: Any) -> Any:
        try:
            return getattr(self._smi, function)(*arguments)
        except (Exception, SystemExit) as error:  # the library's exceptions are its own, and change with its versions
            raise MeterError(f"{function} failed ({_short(error)})") from None


def _library() -> Any:
    """Import amdsmi without what it prints. Raise an `AbsentError` if the package or the driver is missing."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            import amdsmi
        except ModuleNotFoundError:
            raise AbsentError("amdsmi is not installed", fix="pip install 'wattbench[amd]'") from None
        except Exception as error:
            raise AbsentError(f"amdsmi cannot be used ({_short(error)})", fix="install amd-smi-lib of ROCm") from None
    return amdsmi


def _figure(value: Any) -> float | None:
    """Return a finite number; None for anything else, such as `N/A`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > sys.float_info.max:
        return None
    return None if math.isnan(value) else float(value)


def _short(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]
