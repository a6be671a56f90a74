"""Find which sensors this machine has, which can be read, and which meters a run should therefore use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wattbench.config import AmdSmiSettings
from wattbench.meters.amd import AmdSmiMeter
from wattbench.meters.base import COUNTER, MODELLED, RAPL, AbsentError, Meter, MeterError
from wattbench.meters.codecarbon import CodecarbonMeter
from wattbench.meters.contention.proc_files import TICK_S
from wattbench.meters.nvml.meter import NvmlMeter
from wattbench.meters.rapl import POWERCAP, STEP_S, RaplMeter, find_domains


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """One possible source of joules: whether it can be read, and whether a run would use it."""

    meter: str
    """The meter that reads it: ``nvml``, ``rapl``, ``codecarbon``."""
    component: str
    """``gpu0``, ``cpu``, ``dram``; ``gpu`` if single GPUs could not be identified."""
    what: str
    """The sensor, in words."""
    readable: bool
    used: bool
    """Whether a run reads this component's joules from it."""
    provenance: str | None = None
    """How its joules come about, if it can be read."""
    why_not: str | None = None
    """Why it cannot be read."""
    fix: str | None = None
    """What to do about that; None if there is nothing to do."""
    reads: str = ""
    """What exactly is read: which counter, which kind of power."""
    step_s: float | None = None
    """How coarsely in time it advances, if it can be read."""
    exists: bool = True
    """False if there is no such thing on this machine: then there is nothing to correct."""


KFD = Path("/dev/kfd")
"""The device of AMD's compute driver: without it no AMD GPU computes here."""


def survey(powercap: Path = POWERCAP, kfd: Path = KFD) -> list[Sensor]:
    """Look for every sensor, and read each one. Takes under a second, or three if a GPU's counter is stuck.

    Args:
        powercap: root of the RAPL tree.
        kfd: the device that a machine with an AMD GPU has.
    """
    sensors = _nvml_sensors()
    if kfd.exists():
        sensors += _amd_sensors(free=not any(sensor.used for sensor in sensors))
    sensors += [_rapl_sensor(component, powercap) for component in ("cpu", "dram")]
    measured = {sensor.component for sensor in sensors if sensor.used}
    for component, what in (("cpu", "codecarbon's model of the CPU"), ("dram", "codecarbon's model of memory")):
        sensors.append(
            Sensor(
                meter=CodecarbonMeter.name,
                component=component,
                what=what,
                readable=True,
                used=component not in measured,
                provenance=MODELLED,
                reads=CodecarbonMeter.reads[component],
                step_s=TICK_S,
            )
        )
    return sensors


def meters_for(sensors: list[Sensor], powercap: Path = POWERCAP) -> list[Meter]:
    """Return the meters for the usable sensors of a survey: of GPUs, and RAPL or else a model.

    None is open yet; each knows its provenance already.
    """
    used: dict[str, dict[str, str]] = {}
    for sensor in sensors:
        if sensor.used and sensor.provenance is not None:
            used.setdefault(sensor.meter, {})[sensor.component] = sensor.provenance
    meters: list[Meter] = []
    if NvmlMeter.name in used:
        gpus = [sensor for sensor in sensors if sensor.component in used[NvmlMeter.name]]
        meter = NvmlMeter(used[NvmlMeter.name])
        meter.reads = {sensor.component: sensor.reads for sensor in gpus}
        meter.step_s = {sensor.component: sensor.step_s for sensor in gpus if sensor.step_s is not None}
        meters.append(meter)
    if AmdSmiMeter.name in used:
        meters.append(AmdSmiMeter.from_settings(AmdSmiSettings(use="amdsmi")))
    if RaplMeter.name in used:
        meters.append(RaplMeter(list(used[RaplMeter.name]), powercap))
    if CodecarbonMeter.name in used:
        meters.append(CodecarbonMeter(list(used[CodecarbonMeter.name])))
    return meters


def _nvml_sensors() -> list[Sensor]:
    meter = NvmlMeter()
    try:
        meter.open()
    except MeterError as error:
        return [_unreadable(meter.name, "gpu", "NVIDIA GPU energy", error)]
    meter.close()
    return [*fewer_gpus(meter), *_gpu_sensors(meter, meter.device_names, used=True)]


def _amd_sensors(*, free: bool) -> list[Sensor]:
    """Return the sensors of AMD's GPUs. They are used only without other GPUs, whose components have the same names."""
    try:
        meter = AmdSmiMeter.from_settings(AmdSmiSettings(use="amdsmi"))
    except MeterError as error:
        return [replace(_unreadable(AmdSmiMeter.name, "gpu", "AMD GPU energy", error), exists=True)]
    return _gpu_sensors(meter, dict.fromkeys(meter.provenance, "AMD GPU"), used=free)


def fewer_gpus(meter: NvmlMeter) -> list[Sensor]:
    """Return an unreadable sensor if fewer GPUs than expected were found; otherwise an empty list."""
    if meter.fewer is None:
        return []
    error = MeterError(
        meter.fewer, fix="check whether nvidia-smi lists them all; correct CUDA_VISIBLE_DEVICES or the suite"
    )
    return [_unreadable(meter.name, "gpu", "NVIDIA GPU energy", error)]


def _gpu_sensors(meter: NvmlMeter | AmdSmiMeter, names: Mapping[str, str], *, used: bool) -> list[Sensor]:
    return [
        Sensor(
            meter=meter.name,
            component=component,
            what=f"{names[component]}, " + ("energy counter" if made == COUNTER else "sampled power"),
            readable=True,
            used=used,
            provenance=made,
            reads=meter.reads[component],
            step_s=meter.step_s[component],
        )
        for component, made in meter.provenance.items()
    ]


def _rapl_sensor(component: str, powercap: Path) -> Sensor:
    what = "CPU package energy (RAPL)" if component == "cpu" else "memory energy (RAPL)"
    try:
        domains = [domain for domain in find_domains(powercap) if domain.component == component]
        if not domains:
            raise AbsentError(f"RAPL has no {component} domain on this machine")
        for domain in domains:
            domain.read_uj()
    except MeterError as error:
        return _unreadable(RaplMeter.name, component, what, error)
    return Sensor(
        meter=RaplMeter.name,
        component=component,
        what=what,
        readable=True,
        used=True,
        provenance=RAPL,
        reads=RaplMeter.reads[component],
        step_s=STEP_S,
    )


def _unreadable(meter: str, component: str, what: str, error: MeterError) -> Sensor:
    return Sensor(
        meter=meter,
        component=component,
        what=what,
        readable=False,
        used=False,
        why_not=str(error),
        fix=error.fix,
        exists=not isinstance(error, AbsentError),
    )
