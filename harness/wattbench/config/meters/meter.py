"""The entries of a suite's `meters:`. `use` names the meter; each has a file in `harness/wattbench/meters`.

An entry may be a bare name. A meter that wattbench does not know may be another distribution's: its settings are
checked once the suite is read (`wattbench.config.third_party`).
"""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PositiveFloat,
    SerializerFunctionWrapHandler,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

from wattbench.config.meters.meter_base import Component, Host, MeterSettings, without_unset
from wattbench.config.meters.power_commands import Preset, with_preset
from wattbench.config.meters.remote_meters import PrometheusSettings, TensorRtLlmSettings
from wattbench.config.registry import Registry
from wattbench.records.schema.base import PauseSeconds, RelativePath, Seconds, Strict, Times

JOULES = {"J": 1.0, "Wh": 3600.0, "kWh": 3.6e6}
"""Units of energy, in joules."""
WATTS = {"W": 1.0, "kW": 1000.0, "mW": 0.001}
"""Units of power, in watts."""
PowerUnit = Literal["W", "kW", "mW"]
EnergyUnit = Literal["J", "Wh", "kWh"]


class AutoSettings(MeterSettings):
    """The meters of this machine for all components that no other entry measures: NVML, RAPL, else codecarbon's
    model."""

    use: Literal["auto"]


class NvmlSettings(MeterSettings):
    """NVIDIA GPUs, through the driver."""

    use: Literal["nvml"]
    gpus: Times | None = None
    """How many GPUs there must be; with fewer no window is valid. None expects those that CUDA_VISIBLE_DEVICES
    names."""
    power: Literal["auto", "instant", "average"] = "auto"
    """Which power figure is recorded in addition to the energy counter, or instead of it: `instant`
    (NVML_FI_DEV_POWER_INSTANT), `average` (NVML_FI_DEV_POWER_AVERAGE, over 1 s); `auto` takes the first that the GPU
    has."""


class AmdSmiSettings(MeterSettings):
    """AMD GPUs of this machine, through `amdsmi`."""

    use: Literal["amdsmi"]
    components: Annotated[list[Component], Field(min_length=1)] | None = None
    """Which GPUs, in the order of `amd-smi list`: `[gpu0, gpu1]`. None takes all."""


class RaplSettings(MeterSettings):
    """CPU packages and memory, through their own counters (Intel and AMD)."""

    use: Literal["rapl"]
    components: Annotated[list[Literal["cpu", "dram"]], Field(min_length=1)] | None = None
    """None takes all that the machine has."""


class CodecarbonSettings(MeterSettings):
    """codecarbon's model of CPU and memory: a formula, not a measurement."""

    use: Literal["codecarbon"]
    components: Annotated[list[Literal["cpu", "dram"]], Field(min_length=1)] = ["cpu", "dram"]
    """Which components it models."""


class ReplaySettings(MeterSettings):
    """A recorded power trace, played from the moment the run begins."""

    use: Literal["replay"]
    trace: RelativePath
    """A CSV file: one that a run left under `power/`, or one with `at_s,component,power_w` and/or `energy_j`; or a
    log of nvidia-smi, dcgmi or dcgm-exporter."""
    components: Annotated[list[Component], Field(min_length=1)] | None = None
    """Which of its components; None plays all."""
    speed: PositiveFloat = 1.0
    """How many recorded seconds are played per second of the run. Power does not change."""
    repeat: bool = False
    """Start again at the end of the trace. Otherwise the time after the end is a gap."""


class CsvLog(Strict):
    """A CSV file to which another program appends: the log of a wall-power meter."""

    path: RelativePath
    """The file, relative to this one."""
    time: str
    """The column of time stamps."""
    time_format: str = "iso"
    """`iso` (ISO 8601), `epoch_s`, `epoch_ms`, or a format as Python's `strptime` reads it."""
    timezone: str | None = None
    """For time stamps without a time zone: an IANA name such as `Europe/Berlin`, or `UTC`. None takes this
    machine's."""
    offset_s: float = 0.0
    """Seconds to add to each time stamp, where the meter's clock is known to be wrong."""
    power: str | None = None
    """The column of power."""
    power_unit: PowerUnit = "W"
    """The unit of `power`."""
    energy: str | None = None
    """The column of energy counted so far."""
    energy_unit: EnergyUnit = "kWh"
    """The unit of `energy`."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """What separates the columns."""
    decimal: Literal[".", ","] = "."
    """The decimal separator."""

    @field_validator("time_format")
    @classmethod
    def _known_format(cls, given: str) -> str:
        if given in ("iso", "epoch_s", "epoch_ms"):
            return given
        try:
            datetime.strptime(datetime(2001, 2, 3, 4, 5, 6).strftime(given), given)
        except ValueError as error:
            raise ValueError(f"not iso, epoch_s, epoch_ms or a format of strptime ({error})") from error
        if "%" not in given:
            raise ValueError("not iso, epoch_s, epoch_ms or a format of strptime (it has no %)")
        return given

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, given: str | None) -> str | None:
        if given is not None:
            try:
                ZoneInfo(given)
            except Exception as error:  # zoneinfo lets several kinds through: KeyError, ValueError, OSError
                raise ValueError(f"no time zone {given!r} is known here; name one as Europe/Berlin") from error
        return given

    @model_validator(mode="after")
    def _something_to_read(self) -> Self:
        if self.power is None and self.energy is None:
            raise ValueError("name the column of power, of energy or both")
        return self


class Command(Strict):
    """A command that prints a figure each time it is run: `ipmitool`, `snmpget`, your own script."""

    preset: Preset | None = None
    """What prints it: `ipmi_dcmi` (ipmitool), `redfish_power` or `redfish_environment` (a command that fetches one of
    these resources). It sets what follows, as far as that is not set."""
    run: str
    """Split as a shell would, and run without one. With `ipmi_dcmi`: `ipmitool dcmi power reading`."""
    pattern: str | None = None
    """A regular expression; its first group, or the whole match, is the number."""
    json_path: str | None = None
    """The path of the number in printed JSON, keys and indices joined by dots: `outlets.0.watts`."""
    power_unit: PowerUnit | None = None
    """The unit, if the command prints power. Set either this or `energy_unit`."""
    energy_unit: EnergyUnit | None = None
    """The unit, if the command prints energy counted so far."""
    timeout_s: Seconds = 5.0
    """A command that takes longer is stopped, and its figure is a gap."""

    @model_serializer(mode="wrap")
    def _as_before(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_unset(serialize(self), "preset")

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, given: Any) -> Any:
        return with_preset(given)

    @field_validator("run")
    @classmethod
    def _splits(cls, given: str) -> str:
        try:
            if not shlex.split(given):
                raise ValueError("empty")
        except ValueError as error:
            raise ValueError(f"cannot be split into words ({error})") from error
        return given

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, given: str | None) -> str | None:
        try:
            re.compile(given or "")
        except re.error as error:
            raise ValueError(f"not a regular expression ({error})") from error
        return given

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.pattern is None) == (self.json_path is None):
            raise ValueError("set exactly one of pattern and json_path, which find the number")
        if (self.power_unit is None) == (self.energy_unit is None):
            raise ValueError("set exactly one of power_unit and energy_unit, the unit of what is printed")
        return self


class ExternalSettings(MeterSettings):
    """A meter outside the machine or its operating system: read from its log, or by a command."""

    use: Literal["external"]
    component: Component
    """What it measures. `wall` and `psu` (also `wall0`, `psu1`) contain all other components: the total is theirs
    alone."""
    host: Host | None = None
    """The machine that it measures, as the `base_url` of the systems there has it. None is this machine."""
    csv: CsvLog | None = None
    """A log that the meter's own software writes."""
    command: Command | None = None
    """A command that prints a reading."""
    every_s: Seconds = 1.0
    """How often the log gets a row or the command is run: the time step of its figures."""
    lag_s: PauseSeconds = 5.0
    """How late a row may be written. The end of a window waits this long for the next row; after that, the meter counts
    as lost."""

    @model_serializer(mode="wrap")
    def _as_before(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_unset(serialize(self), "host")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.csv is None) == (self.command is None):
            raise ValueError("set exactly one of csv and command")
        return self


METERS = Registry(
    noun="meter",
    group="wattbench.meters",
    built_in={
        "nvml": "wattbench.meters.nvml.meter:NvmlMeter",
        "amdsmi": "wattbench.meters.amd:AmdSmiMeter",
        "rapl": "wattbench.meters.rapl:RaplMeter",
        "codecarbon": "wattbench.meters.codecarbon:CodecarbonMeter",
        "replay": "wattbench.meters.replay.meter:ReplayMeter",
        "external": "wattbench.meters.external:ExternalMeter",
        "prometheus": "wattbench.meters.remote.meter:PrometheusMeter",
        "tensorrt_llm": "wattbench.meters.remote.meter:TensorRtLlmMeter",
    },
    settings=MeterSettings,
    page="docs/adding-a-meter.md",
    methods=("from_settings", "open", "read", "close"),
    reserved=("auto",),  # not a meter, but a choice of them
)


class OtherSettings(MeterSettings):
    """A meter of another distribution, with settings that have not been checked yet."""

    model_config = ConfigDict(extra="allow")

    use: Annotated[str, Field(json_schema_extra=METERS.other_names)]
    """The meter's name."""


def _bare(given: Any) -> Any:
    return {"use": given} if isinstance(given, str) else given


def _which(given: Any) -> str | None:
    use = given.get("use") if isinstance(given, dict) else getattr(given, "use", None)
    if not isinstance(use, str):
        return None
    return use if use == "auto" or use in METERS.built_in else OtherSettings.__name__


MeterEntry = Annotated[
    Annotated[AutoSettings, Tag("auto")]
    | Annotated[NvmlSettings, Tag("nvml")]
    | Annotated[AmdSmiSettings, Tag("amdsmi")]
    | Annotated[RaplSettings, Tag("rapl")]
    | Annotated[CodecarbonSettings, Tag("codecarbon")]
    | Annotated[ReplaySettings, Tag("replay")]
    | Annotated[ExternalSettings, Tag("external")]
    | Annotated[PrometheusSettings, Tag("prometheus")]
    | Annotated[TensorRtLlmSettings, Tag("tensorrt_llm")]
    | Annotated[OtherSettings, Tag("OtherSettings")],
    Discriminator(
        _which,
        custom_error_type="meter_unnamed",
        custom_error_message="name the meter: its bare name, or a mapping with `use: <name>`",
    ),
    BeforeValidator(_bare, json_schema_input_type=str | dict[str, Any]),
]
"""An entry of `meters:`."""
