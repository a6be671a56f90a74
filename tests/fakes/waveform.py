"""The true power of the fake driver's GPUs: the waveforms of `waveform.h`, and their exact integrals.

Written apart from the C that the driver counts by, so that each can be held against the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Waveform:
    """Power over time. Its periods start with the Unix epoch."""

    kind: Literal["constant", "square", "ramp"] = "constant"
    watts: float = 300.0
    """The constant, or the height of a square or a ramp."""
    low: float = 0.0
    """Watts between the pulses of a square, and at the foot of a ramp."""
    period: float = 1.0
    """Seconds."""
    duty: float = 0.5
    """The share of a square's period in which it is high; it starts high."""

    def settings(self, gpu: int | None = None) -> dict[str, object]:
        """Return the driver's settings of this waveform, for one GPU or (None) for all."""
        prefix = "" if gpu is None else f"gpu{gpu}__"
        told = {"wave": self.kind, "watts": self.watts, "low": self.low, "period": self.period, "duty": self.duty}
        return {prefix + key: value for key, value in told.items()}

    def power_w(self, at_s: float) -> float:
        """Watts at a moment, seconds since the epoch."""
        into_s = math.fmod(at_s, self.period)
        if self.kind == "square":
            return self.watts if into_s < self.duty * self.period else self.low
        if self.kind == "ramp":
            return self.low + (self.watts - self.low) * into_s / self.period
        return self.watts

    def energy_j(self, from_s: float, until_s: float) -> float:
        """Joules between two moments, seconds since the epoch: the exact integral."""
        base_s = self.period * math.floor(from_s / self.period)  # small numbers keep their digits
        return self._since_j(until_s - base_s) - self._since_j(from_s - base_s)

    def _since_j(self, at_s: float) -> float:
        if self.kind == "constant":
            return self.watts * at_s
        periods = math.floor(at_s / self.period)
        into_s = at_s - periods * self.period
        if self.kind == "square":
            above_s = periods * self.duty * self.period + min(into_s, self.duty * self.period)
            return self.low * at_s + (self.watts - self.low) * above_s
        area = periods * self.period / 2 + into_s**2 / (2 * self.period)
        return self.low * at_s + (self.watts - self.low) * area


CONSTANT = Waveform()
SQUARE = Waveform("square", watts=400.0, low=60.0, period=0.7)
"""Longer than a counter's step, and no multiple of one."""
RAMP = Waveform("ramp", watts=400.0, low=60.0, period=3.0)
BURSTS = Waveform("square", watts=400.0, low=60.0, period=0.07, duty=0.4)
"""28 ms each, one after the other: shorter than a counter's step, and than the time between two looks at power."""
SPARSE = Waveform("square", watts=700.0, low=60.0, period=0.9, duty=0.05)
"""45 ms each, about one a second: a look every 100 ms meets some of them and misses others."""

WAVEFORMS = {"constant": CONSTANT, "square": SQUARE, "ramp": RAMP, "bursts": BURSTS, "sparse": SPARSE}
