"""Play a recorded power trace: its clock is mapped to the run's, and what it does not hold is a gap."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from typing import Self

from wattbench.clock import now_s
from wattbench.config import ReplaySettings
from wattbench.errors import UserError, nearest
from wattbench.meters.base import REPLAYED, Reading, WindowAccount
from wattbench.meters.replay.recording import Recorded, read_recording
from wattbench.meters.windows.series import Series, integrate, on_line
from wattbench.meters.windows.thresholds import max_gap_s

PERIOD_S = 0.1


class ReplayMeter:
    """Plays the components of a recording from the moment it is opened.

    Between two recorded figures it plays the line through them. Where they are further apart than a live meter's may
    be, where the recording itself has a gap, and after its end (unless it repeats), there is a gap.
    """

    Settings = ReplaySettings

    def __init__(
        self, recording: Mapping[str, Recorded], *, name: str, speed: float = 1.0, repeat: bool = False
    ) -> None:
        self.name = name
        self.period_s = PERIOD_S
        self.step_s: Mapping[str, float] = {c: recorded.step_s / speed for c, recorded in recording.items()}
        self.provenance: Mapping[str, str] = dict.fromkeys(recording, REPLAYED)
        self.reads: Mapping[str, str] = {c: f"{recorded.what}, recorded" for c, recorded in recording.items()}
        self._recording = dict(recording)
        self._first_s = min(recorded.first_s for recorded in recording.values())
        self._length_s = max(recorded.last_s for recorded in recording.values()) - self._first_s
        self._speed = speed
        self._repeat = repeat
        self._opened_s = 0.0
        self._noted_s = 0.0

    @classmethod
    def from_settings(cls, settings: ReplaySettings) -> Self:
        """Make the meter, and read the recording.

        Raises:
            UserError: it cannot be read (the message names the line), or it lacks a component that the suite names.
        """
        recording = read_recording(settings.trace)
        for component in settings.components or ():
            if component not in recording:
                raise UserError(f"{settings.trace}: no component {component!r} in it{nearest(component, recording)}")
        wanted = settings.components or list(recording)
        chosen = {c: recorded for c, recorded in recording.items() if c in wanted}
        return cls(chosen, name=f"replay ({settings.trace.name})", speed=settings.speed, repeat=settings.repeat)

    def open(self) -> None:
        """Begin to play the recording."""
        self._opened_s = now_s()
        self._noted_s = 0.0

    def read(self) -> Reading:
        """Return the recording's figures at this moment. Counts continue from the recording's first."""
        at_s = now_s()
        played_s = (at_s - self._opened_s) * self._speed
        rounds, into_s = divmod(played_s, self._length_s) if self._repeat else (0.0, played_s)
        energy_j, power_w, temperature_c, gaps = {}, {}, {}, {}
        for component, recorded in self._recording.items():
            moment_s = self._first_s + into_s
            why = self._gap(recorded, moment_s, into_s)
            if why is not None:
                gaps[component] = why
                continue
            if recorded.energy:
                count_j = on_line(recorded.energy, moment_s) + rounds * (recorded.energy[-1][1] - recorded.energy[0][1])
                energy_j[component] = count_j / self._speed  # as watts stay, a second that is played faster holds less
            if recorded.power:
                power_w[component] = on_line(recorded.power, moment_s)
            if recorded.temperature:
                temperature_c[component] = on_line(recorded.temperature, moment_s)
        return Reading(at_s, energy_j, power_w, temperature_c, self._notes(into_s), gaps)

    def account(self, readings: Sequence[Reading], started_s: float, finished_s: float) -> WindowAccount:
        """State how far a window's joules differ from the recording's, if it is played at another speed."""
        if self._speed == 1.0:
            return WindowAccount()
        edges = [(at_s - self._opened_s) * self._speed for at_s in (started_s, finished_s)]
        if self._repeat and edges[0] // self._length_s != edges[1] // self._length_s:
            return WindowAccount(
                remarks=(
                    f"replayed at {self._speed:g} times its speed, over the end of the recording and from its "
                    "beginning: by how much its joules differ from those of the recording is not known",
                )
            )
        into_s = [at_s % self._length_s if self._repeat else at_s for at_s in edges]
        mapped = self._first_s + into_s[0], self._first_s + into_s[1]
        errors = (
            _replay_error(component, recorded, readings, (started_s, finished_s), mapped, self._speed)
            for component, recorded in self._recording.items()
        )
        return WindowAccount(remarks=tuple(error for error in errors if error is not None))

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    def _gap(self, recorded: Recorded, moment_s: float, into_s: float) -> str | None:
        """Return why the recording has no figure at a moment; None if it has one."""
        if into_s > self._length_s:
            return f"the recording ended after {self._length_s / self._speed:.2f} s"
        times_s = recorded.times_s
        after = bisect.bisect_left(times_s, moment_s)
        if after == len(times_s):
            return "the recording of it ended earlier"
        if times_s[after] == moment_s:
            return None
        if after == 0:
            return "the recording of it begins later"
        if recorded.gaps:
            seen = bisect.bisect_left(recorded.gaps, times_s[after], key=_when)
            if seen and recorded.gaps[seen - 1][0] > times_s[after - 1]:
                return recorded.gaps[seen - 1][1]
        apart_s = times_s[after] - times_s[after - 1]
        if apart_s > max_gap_s(bool(recorded.energy), recorded.step_s):
            return f"the recording has nothing for {apart_s:.2f} s"
        return None

    def _notes(self, into_s: float) -> frozenset[str]:
        """Return the recorded notes since the last reading; without newer ones, the latest."""
        since_s, self._noted_s = self._noted_s, into_s
        if since_s > into_s:
            since_s = 0.0  # it started again
        played: set[str] = set()
        for recorded in self._recording.values():
            first = bisect.bisect_right(recorded.notes, self._first_s + since_s, key=_when)
            last = bisect.bisect_right(recorded.notes, self._first_s + into_s, key=_when)
            for _, notes in recorded.notes[first:last] or recorded.notes[max(0, last - 1) : last]:
                played |= notes
        return frozenset(played)


def _replay_error(
    component: str,
    recorded: Recorded,
    readings: Sequence[Reading],
    played: tuple[float, float],
    mapped: tuple[float, float],
    speed: float,
) -> str | None:
    """Return a remark on how far a window's joules differ from those of the recorded stretch that was played.

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
    if recorded.energy:
        recorded_j = on_line(recorded.energy, mapped[1]) - on_line(recorded.energy, mapped[0])
    else:
        recorded_j = integrate(recorded.power, *mapped)
    stretch_j = recorded_j / speed
    if window_j is None or not stretch_j > 0 or not math.isfinite(window_j):
        return None
    return (
        f"{component}: replayed at {speed:g} times its speed, {mapped[1] - mapped[0]:.1f} recorded seconds: its joules "
        f"differ by {100 * (window_j / stretch_j - 1):+.1f}% from those of the recording at this speed"
    )


def _when(stamped: tuple[float, object]) -> float:
    return stamped[0]
