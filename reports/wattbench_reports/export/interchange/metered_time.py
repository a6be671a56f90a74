"""How long the metered requests of a system took, for the formats that state a duration."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wattbench_reports.comparison.analysis import Analysis


@dataclass(frozen=True)
class MeteredTime:
    """The measured windows of the requests that have joules."""

    started_s: float
    """When the first of them began, since the Unix epoch."""
    seconds: float
    """Of one pass of each window."""


def metered_time(analysis: Analysis, system: str) -> MeteredTime | None:
    """Return it; None if the system has no such window."""
    frames = analysis.frames
    rows = frames.answers_of(system)
    used = frames.labels("window", frames.positions(rows)[~np.isnan(frames.figures("energy_j", rows))])
    windows = frames.measured_windows(system)
    windows = windows[windows["window"].isin(used)]
    if windows.empty:
        return None
    lengths = (windows["finished_s"] - windows["started_s"]) / windows["passes"].clip(lower=1)
    return MeteredTime(float(windows["started_s"].min()), math.fsum(lengths))
