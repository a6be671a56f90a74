"""When a run ended, and how long the metered requests of a system took, for the formats that state it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench.records.files.regular_file import read_record
from wattbench_reports.comparison.measured import Measured


def finished_utc(run: RunRecords) -> str:
    """Return the recorded time at which the run ended, in ISO 8601; for an old record the time at which it began."""
    try:
        ended = json.loads(read_record(run.layout.finished)).get("finished_utc")
    except (UserError, ValueError, AttributeError, RecursionError):
        ended = None
    return str(ended or run.header.created_utc)


def finished_s(run: RunRecords) -> float | None:
    """Return when the run ended, in seconds since the Unix epoch; None where the recorded text is not a time."""
    try:
        moment = datetime.fromisoformat(finished_utc(run))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True)
class MeteredTime:
    """When the metered requests of a system began, and how long they took."""

    started_s: float
    """When the first of them began, since the Unix epoch."""
    seconds: float
    """Of one pass of each window."""


def metered_time(measured: Measured, system: str) -> MeteredTime | None:
    """Return the time of a system's metered requests; None if it has no such window."""
    frames = measured.frames
    rows = frames.answers_of(system)
    used = frames.labels("window", frames.positions(rows)[~np.isnan(frames.figures("energy_j", rows))])
    windows = frames.measured_windows(system)
    windows = windows[windows["window"].isin(used)]
    if windows.empty:
        return None
    lengths = (windows["finished_s"] - windows["started_s"]) / windows["passes"].clip(lower=1)
    return MeteredTime(float(windows["started_s"].min()), math.fsum(lengths))
