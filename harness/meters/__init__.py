"""Joules: what measures them on this machine, and which of them can be believed.

One meter per file, a thread that samples them, and windows that are judged as they close. May import:
`harness.config`, `harness.records`, `harness.clock`, `harness.errors`. Must not import systems, the runner, or
`reports`.
"""

from harness.meters.base import (
    PROVENANCES,
    AbsentError,
    ConfiguredMeter,
    DescribedMeter,
    LaggingMeter,
    Meter,
    MeterError,
    Reading,
    SteppedMeter,
)
from harness.meters.choose import Chosen, choose, require_measured
from harness.meters.codecarbon import CodecarbonMeter
from harness.meters.detect import Sensor, meters_for, survey
from harness.meters.nvml import NvmlMeter
from harness.meters.rapl import RaplMeter
from harness.meters.recover import recover_window
from harness.meters.session import Metering, OpenWindow
from harness.meters.window import judge

__all__ = [
    "PROVENANCES",
    "AbsentError",
    "Chosen",
    "CodecarbonMeter",
    "ConfiguredMeter",
    "DescribedMeter",
    "LaggingMeter",
    "Meter",
    "MeterError",
    "Metering",
    "NvmlMeter",
    "OpenWindow",
    "RaplMeter",
    "Reading",
    "Sensor",
    "SteppedMeter",
    "choose",
    "judge",
    "meters_for",
    "recover_window",
    "require_measured",
    "survey",
]
