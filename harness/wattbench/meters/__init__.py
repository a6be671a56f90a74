"""Measure joules on this machine, and judge which of them can be trusted.

One meter per file, a thread that samples them, and windows that are judged as they close. May import:
`wattbench.config`, `wattbench.records`, `wattbench.clock`, `wattbench.errors`. Must not import systems, the runner, or
`wattbench_reports`.
"""

from wattbench.meters.amd import AmdSmiMeter
from wattbench.meters.base import (
    PROVENANCES,
    AbsentError,
    AccountableMeter,
    ConfiguredMeter,
    DescribedMeter,
    LaggingMeter,
    LimitedMeter,
    Meter,
    MeterError,
    Reading,
    SteppedMeter,
    WindowAccount,
)
from wattbench.meters.choose import Chosen, choose, choose_for, require_measured
from wattbench.meters.codecarbon import CodecarbonMeter
from wattbench.meters.contention.watch import MachineWatch, SignalState, survey_signals, watch_here
from wattbench.meters.detect import Sensor, meters_for, survey
from wattbench.meters.hosts import unmeasured_systems
from wattbench.meters.nvml.meter import NvmlMeter
from wattbench.meters.rapl import RaplMeter
from wattbench.meters.sampling.metering import Metering, OpenWindow
from wattbench.meters.sampling.recover import INTERRUPTED, recover_window
from wattbench.meters.windows.evidence import WindowEvidence
from wattbench.meters.windows.judge import holds_other_work, judge, usable_as_idle

__all__ = [
    "INTERRUPTED",
    "PROVENANCES",
    "AbsentError",
    "AccountableMeter",
    "AmdSmiMeter",
    "Chosen",
    "CodecarbonMeter",
    "ConfiguredMeter",
    "DescribedMeter",
    "LaggingMeter",
    "LimitedMeter",
    "MachineWatch",
    "Meter",
    "MeterError",
    "Metering",
    "NvmlMeter",
    "OpenWindow",
    "RaplMeter",
    "Reading",
    "Sensor",
    "SignalState",
    "SteppedMeter",
    "WindowAccount",
    "WindowEvidence",
    "choose",
    "choose_for",
    "holds_other_work",
    "judge",
    "meters_for",
    "recover_window",
    "require_measured",
    "survey",
    "survey_signals",
    "unmeasured_systems",
    "usable_as_idle",
    "watch_here",
]
