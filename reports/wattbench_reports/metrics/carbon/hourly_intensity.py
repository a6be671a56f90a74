"""Hold grams per kWh hour by hour, and compute their mean over any span of time that they cover."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

HOUR_S = 3600


@dataclass(frozen=True)
class HourlyIntensity:
    """A grid's intensity in slots of an hour or less. What no slot covers is not known, and never guessed."""

    file: str
    """The name of the file that it was read from."""
    column: str
    """The column of that file."""
    sha256: str
    """Of the file: two with the same one are the same."""
    step_s: int
    """How long a slot lasts."""
    covers_s: tuple[int, int]
    """Start of the file's first slot and end of its last, in seconds since the Unix epoch."""
    starts_s: NDArray[np.int64] = field(repr=False, compare=False)
    """Shape (slots,), ascending: when each begins. All lie on one grid of `step_s`."""
    slot_g_per_kwh: NDArray[np.float64] = field(repr=False, compare=False)
    """Shape (slots,): grams of CO2 equivalent per kWh."""

    def within(self, first_s: float, last_s: float) -> HourlyIntensity:
        """Return the slots that touch a span of time.

        Empty where the span lies outside the slots, is not finite or ends before it starts.
        """
        first, last = self._numbers(np.array([first_s]), np.array([last_s]))
        numbers = self._own_numbers()
        low, high = np.searchsorted(numbers, first[0]), np.searchsorted(numbers, last[0], side="right")
        return replace(self, starts_s=self.starts_s[low:high], slot_g_per_kwh=self.slot_g_per_kwh[low:high])

    def mean_g_per_kwh(self, started_s: NDArray[np.float64], finished_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean over each span, every second counting the same.

        Args:
            started_s: shape (spans,), seconds since the Unix epoch.
            finished_s: shape (spans,), none before its start; a span of no length has the intensity of its moment.

        Returns:
            Shape (spans,); NaN where a slot is missing, however short the part of the span that it would cover.
        """
        first, last = self._numbers(started_s, finished_s)
        numbers = self._own_numbers()
        low, high = np.searchsorted(numbers, first), np.searchsorted(numbers, last, side="right")
        known = (first <= last) & (high - low == last - first + 1)
        out = np.full(len(started_s), np.nan)
        if not known.any():
            return out
        low, high = low[known], high[known] - 1
        # Weights in seconds, so that the mean lies between the lowest and the highest of its slots.
        head_s = np.clip(self.starts_s[low] + self.step_s - started_s[known], 0, self.step_s)
        tail_s = np.clip(finished_s[known] - self.starts_s[high], 0, self.step_s)
        sums = np.concatenate([[0.0], np.cumsum(self.slot_g_per_kwh)])
        between = np.maximum(high - low - 1, 0)
        whole = np.where(between > 0, sums[high] - sums[np.minimum(low + 1, high)], 0.0)
        total_s = head_s + tail_s + between * self.step_s
        weighed = self.slot_g_per_kwh[low] * head_s + self.slot_g_per_kwh[high] * tail_s + whole * self.step_s
        mean = np.divide(weighed, total_s, out=self.slot_g_per_kwh[low].copy(), where=total_s > 0)
        out[known] = np.where(low == high, self.slot_g_per_kwh[low], mean)
        return out

    def first_missing_s(self, started_s: NDArray[np.float64], finished_s: NDArray[np.float64]) -> float | None:
        """Return the start of the first slot that one of some spans needs and the file lacks; None where it lacks
        none."""
        first, last = self._numbers(started_s, finished_s)
        numbers = self._own_numbers()
        low, high = np.searchsorted(numbers, first), np.searchsorted(numbers, last, side="right")
        missing = []
        for index in np.flatnonzero((first <= last) & (high - low != last - first + 1)):
            held = numbers[low[index] : high[index]]
            gaps = np.flatnonzero(held != first[index] + np.arange(len(held)))
            missing.append(int(first[index]) + (int(gaps[0]) if len(gaps) else len(held)))
        return None if not missing else float(min(missing) * self.step_s + self._phase_s)

    def describe(self) -> str:
        """Describe what counts: ``31 to 58 g CO2e per kWh, hour by hour from 2026-01-02 03:00 to 05:00 UTC (fr.csv,
        column "...")``."""
        named = f"{self.file}, column {self.column!r}"
        if not len(self.starts_s):
            return f"no intensity for the hours of this run ({named}, which holds {self.span()})"
        low, high = self.slot_g_per_kwh.min(), self.slot_g_per_kwh.max()
        figures = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        how = "hour by hour" if self.step_s == HOUR_S else f"by {self.step_s / 60:g} minutes"
        used = _span(int(self.starts_s[0]), int(self.starts_s[-1]) + self.step_s)
        return f"{figures} g CO2e per kWh, {how} from {used} ({named})"

    def span(self) -> str:
        """Format the span of the whole file: ``2026-01-01 00:00 to 2027-01-01 00:00 UTC``."""
        return _span(*self.covers_s)

    def as_data(self) -> dict[str, Any]:
        """Return the file, and which of its slots count here, as data for programs."""
        some = len(self.starts_s) > 0
        return {
            "file": self.file,
            "column": self.column,
            "sha256": self.sha256,
            "step_s": self.step_s,
            "slots": len(self.starts_s),
            "from_utc": _iso(int(self.starts_s[0])) if some else None,
            "to_utc": _iso(int(self.starts_s[-1]) + self.step_s) if some else None,
            "lowest_g_per_kwh": float(self.slot_g_per_kwh.min()) if some else None,
            "highest_g_per_kwh": float(self.slot_g_per_kwh.max()) if some else None,
        }

    @property
    def _phase_s(self) -> int:
        """Return the offset of the grid of slots: hours of a zone that is half an hour off begin at half past."""
        return self.covers_s[0] % self.step_s

    def _own_numbers(self) -> NDArray[np.int64]:
        return np.asarray((self.starts_s - self._phase_s) // self.step_s, dtype=np.int64)

    def _numbers(
        self, started_s: NDArray[np.float64], finished_s: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the numbers of the first and the last slot that each span touches.

        For an invalid span the last slot is before the first.
        """
        spans = np.isfinite(started_s) & np.isfinite(finished_s) & (finished_s >= started_s)
        start = np.where(spans, np.clip(started_s, -1e15, 1e15), 0.0) - self._phase_s
        finish = np.where(spans, np.clip(finished_s, -1e15, 1e15), 0.0) - self._phase_s
        first = np.floor_divide(start, self.step_s).astype(np.int64)
        last = np.ceil(finish / self.step_s).astype(np.int64) - 1
        return first, np.where(spans, np.maximum(first, last), first - 1)


def utc(seconds: float) -> str:
    """Format a moment: ``2026-01-02 03:00 UTC``."""
    return f"{_minute(int(seconds))} UTC"


def _span(first_s: int, end_s: int) -> str:
    """Format a span: ``2026-01-02 03:00 to 05:00 UTC``, with the second date where it is another."""
    first, end = _minute(first_s), _minute(end_s)
    return f"{first} to {end.partition(' ')[2] if first[:10] == end[:10] else end} UTC"


def _minute(seconds: int) -> str:
    return _iso(seconds)[:16].replace("T", " ")


def _iso(seconds: int) -> str:
    # numpy's calendar has no end, so that a damaged record's time can be printed, too.
    return f"{np.datetime64(seconds, 's')}Z"
