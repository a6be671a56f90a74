"""State by how much the joules of a recording differ where it is played at another speed than its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wattbench.meters.base import REPLAYED, Reading
from wattbench.meters.replay.recording import Recorded
from wattbench.meters.windows.integral import Point, integrate, on_line
from wattbench.meters.windows.series import Series


def replay_error(
    component: str,
    recorded: Recorded,
    readings: Sequence[Reading],
    played: tuple[float, float],
    mapped: tuple[float, float],
    speed: float,
) -> str | None:
    """Compare the joules of a window with those of the recorded stretch, of which it played every part once.

    Watts are played as they were recorded, so a window at twice the speed holds half of the joules of its stretch. What
    it differs by beyond that comes of its readings: they are as far apart as at any speed, and see less of the course.

    Args:
        component: which.
        recorded: its recording.
        readings: of the window, those at its edges included.
        played: start and end of the window, in seconds since the epoch.
        mapped: the same moments in the recording.
        speed: recorded seconds per second.

    Returns:
        A sentence without a full stop; None where the window has no joules of it.
    """
    window_j = Series.of(component, REPLAYED, sorted(readings, key=lambda each: each.at_s), *played).joules()
    stretch_j = _joules(recorded.energy, recorded.power, *mapped) / speed
    if window_j is None or not stretch_j > 0 or not math.isfinite(window_j):
        return None
    return (
        f"{component}: replayed at {speed:g} times its speed, {mapped[1] - mapped[0]:.1f} recorded seconds: its joules "
        f"differ by {100 * (window_j / stretch_j - 1):+.1f}% from those of the recording at this speed"
    )


def _joules(energy: Sequence[Point], power: Sequence[Point], from_s: float, to_s: float) -> float:
    return on_line(energy, to_s) - on_line(energy, from_s) if energy else integrate(power, from_s, to_s)
