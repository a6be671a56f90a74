"""Turn a power trace into equations: the joules of each interval between two readings, and the phases in it.

A sensor lags. A counter that advances every 100 ms shows, when it is read, what had been counted up to 100 ms before;
a power reading is an average over some time that has passed. Set against the phases of the interval itself, joules
seem to be spent in the wrong phase, and the two phases look more alike than they are (errors in variables). So the
phases are taken over the moments that the reading may speak of, several guesses of which are offered here; where the
guess is right, what remains is scatter without a bias (Berkson's case: W. A. Fuller, "Measurement Error Models",
1987). `wattbench.prefill_decode.fit` takes the guess that explains the readings best, and draws it anew in every
resample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.meters.windows.series import Series
from wattbench.meters.windows.thresholds import max_gap_s
from wattbench.prefill_decode.timeline import Timeline

_PARTS = 8
"""Into how many parts a sensor's step is divided to average over it."""
_GRID = range(0, _PARTS + 1, 2)
"""A guess begins and ends at quarters of a step."""
NEGLIGIBLE = 0.02
"""A step that is this small a part of the time between two readings needs no guess."""


@dataclass(frozen=True)
class Observed:
    """Intervals between readings of one component."""

    energy_j: NDArray[np.float64]
    """Shape (intervals,)."""
    seconds: NDArray[np.float64]
    """Shape (guesses, intervals, 4): seconds of each phase that these joules were spent in."""
    steps_per_interval: float
    """The sensor's step over the time between two readings."""

    def __len__(self) -> int:
        return len(self.energy_j)


def observe(series: Series, phases: Timeline, step_s: float) -> Observed | None:
    """Return the intervals between readings of a component in a window; None if there are none.

    The readings at the window's edges are left out: they are placed in time, and those between them lag.
    """
    points = series.energy if series.counted else series.power
    inside = [p for p in points if phases.started_s < p[0] <= phases.finished_s and np.isfinite(p).all()]
    if len(inside) < 2:
        return None
    at_s, figures = (np.array(column, dtype=np.float64) for column in zip(*inside, strict=True))
    lengths_s = np.diff(at_s)
    usual_s = float(np.median(lengths_s))
    known = lengths_s > 0
    if not series.counted:
        known &= lengths_s <= max_gap_s(counted=False, step_s=step_s)  # what was drawn in a gap is a guess
    if not known.any():
        return None
    step_s = step_s if step_s > NEGLIGIBLE * usual_s else 0.0
    lags_s = step_s * np.arange(_PARTS + 1) / _PARTS
    passed_s = phases.until(at_s - lags_s[:, None])
    if series.counted:
        energy_j = np.diff(figures)
        seconds = _of_counter(passed_s, many=step_s > 0)
    else:
        energy_j = lengths_s * (figures[:-1] + figures[1:]) / 2.0
        shares = _of_power(passed_s, lags_s)
        seconds = lengths_s[:, None] * (shares[:, :-1] + shares[:, 1:]) / 2.0
    return Observed(energy_j[known], seconds[:, known], step_s / usual_s)


def _of_counter(passed_s: NDArray[np.float64], *, many: bool) -> NDArray[np.float64]:
    """Return the seconds of each phase between readings of a counter, for each guess of the counter's age."""
    if not many:
        return np.diff(passed_s[:1], axis=1)
    ages = [(young, old) for young in _GRID for old in _GRID if young <= old]
    return np.stack([np.diff(passed_s[young : old + 1].mean(axis=0), axis=0) for young, old in ages])


def _of_power(passed_s: NDArray[np.float64], lags_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each phase in each power reading, for each guess of the span that the reading averages."""
    spans = [(young, old) for young in _GRID for old in _GRID if young < old]
    return np.stack(
        [(passed_s[young] - passed_s[old]) / max(lags_s[old] - lags_s[young], 1e-9) for young, old in spans]
    )
