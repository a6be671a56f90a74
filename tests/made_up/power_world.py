"""A made-up machine whose true watts in prefill and decode are known, read as a real sensor would read it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench.meters.base import Reading
from wattbench.meters.windows.series import Series
from wattbench.records import AnswerRow, WindowRow

START_S = 1_700_000_000.0

ANSWER = AnswerRow(
    doc_id=0, repeat=0, request_type="generate_until", prompt="?", prompt_hash="h", replies=["!"], prompt_tokens=40,
    output_tokens=10, scheduled_s=START_S, started_s=START_S, first_token_s=START_S + 0.25, finished_s=START_S + 1,
    batch=0, batch_size=1, window="w1",
)  # fmt: skip
WINDOW = WindowRow(
    window="w1", run="r", system="s", task="t", purpose="measured", started_s=START_S, finished_s=START_S + 1,
    energy_j={}, provenance={},
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Requests one after the other, of random lengths, and what they truly drew."""

    seed: int
    seconds: float = 40.0
    prefill_s: tuple[float, float] = (0.2, 0.6)
    decode_s: tuple[float, float] = (0.3, 1.5)
    gap_s: tuple[float, float] = (0.002, 0.02)
    watts: tuple[float, float, float] = (600.0, 350.0, 120.0)
    """Of prefill, decode, and neither."""
    noise: float = 0.02
    """How far power strays from that, in slow waves."""
    step_s: float = 0.1
    """Of the counter."""
    stepped_s: float = 0.0
    """When, after the window opened, it took its first step."""
    late_s: float = 0.0007
    """How much later than every 0.1 s it is read, on average."""
    period_s: float = 0.1

    @cached_property
    def spans_s(self) -> NDArray[np.float64]:
        """Return start, first token and end of each request, shape (requests, 3)."""
        rng, rows, now_s = np.random.default_rng(self.seed), [], 0.0
        while now_s < self.seconds:
            started_s = now_s + rng.uniform(*self.gap_s)
            first_s = started_s + rng.uniform(*self.prefill_s)
            now_s = first_s + rng.uniform(*self.decode_s)
            rows.append((started_s, first_s, now_s))
        return np.array(rows)

    @property
    def length_s(self) -> float:
        return float(self.spans_s[-1, -1]) + 0.005

    @cached_property
    def _true(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Return the edges of pieces of constant power, with the joules and phase of each."""
        rng = np.random.default_rng(self.seed + 1)
        waves_s = np.arange(0.0, self.length_s, 0.05)
        wave = np.zeros(len(waves_s))
        for place in range(1, len(wave)):
            wave[place] = 0.9 * wave[place - 1] + 0.44 * self.noise * rng.normal()
        edges_s = np.unique(np.concatenate([[0.0, self.length_s], self.spans_s.ravel(), waves_s]))
        middle_s = (edges_s[:-1] + edges_s[1:]) / 2
        request = np.searchsorted(self.spans_s[:, 0], middle_s, side="right") - 1
        own = self.spans_s[np.maximum(request, 0)]
        idle = (request < 0) | (middle_s > own[:, 2])
        phase = np.where(idle, 2, np.where(middle_s < own[:, 1], 0, 1))
        stray = wave[np.searchsorted(waves_s, middle_s, side="right") - 1]
        return edges_s, np.array(self.watts)[phase] * (1 + stray) * np.diff(edges_s), phase

    @property
    def true_j(self) -> NDArray[np.float64]:
        """Return the true joules of prefill, decode and neither, shape (3,)."""
        _, joules, phase = self._true
        return np.bincount(phase, weights=joules, minlength=3)

    def counted_j(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        edges_s, joules, _ = self._true
        return np.interp(at_s, edges_s, np.concatenate([[0.0], np.cumsum(joules)]))

    @cached_property
    def read_s(self) -> NDArray[np.float64]:
        """Return when the sensor was read, the window's edges included."""
        rng, count = np.random.default_rng(self.seed + 2), int(self.length_s / self.period_s)
        taken = np.cumsum(self.period_s + self.late_s * rng.uniform(0.5, 1.5, count))
        return np.concatenate([[0.0], taken[taken < self.length_s - 0.01], [self.length_s]])

    @property
    def readings(self) -> list[Reading]:
        """Return readings of a counter that advances in steps, interpolated at the window's edges as the meter does."""
        shown_s = self.read_s
        if self.step_s:
            steps = np.floor((self.read_s - self.stepped_s) / self.step_s + 1e-9)
            shown_s = np.maximum(steps * self.step_s + self.stepped_s, 0.0)
        counts = self.counted_j(np.concatenate([[0.0], shown_s[1:-1], [self.length_s]]))
        return [
            Reading(START_S + at_s, {"gpu0": float(count)})
            for at_s, count in zip(self.read_s.tolist(), counts, strict=True)
        ]

    def averaged(self, over_s: float) -> list[Reading]:
        """Return readings of a sensor of power, each the mean of the time before it."""
        before_s = np.maximum(self.read_s - over_s, 0.0)
        spans = np.maximum(self.read_s - before_s, 1e-9)
        watts = (self.counted_j(self.read_s) - self.counted_j(before_s)) / spans
        watts[0] = watts[1]
        return [
            Reading(START_S + at_s, {}, {"gpu0": float(watt)})
            for at_s, watt in zip(self.read_s.tolist(), watts, strict=True)
        ]

    @property
    def answers(self) -> list[AnswerRow]:
        stamps = (self.spans_s + START_S).tolist()
        return [
            replace(ANSWER, doc_id=place, batch=place, started_s=a, first_token_s=b, finished_s=c)
            for place, (a, b, c) in enumerate(stamps)
        ]

    def window(self, **changes: object) -> WindowRow:
        whole_j = float(self.true_j.sum())
        row = replace(WINDOW, finished_s=START_S + self.length_s, energy_j={"gpu0": whole_j},
                      provenance={"gpu0": "counter"})  # fmt: skip
        return replace(row, **changes)

    def series(self) -> Series:
        return Series.of("gpu0", "counter", self.readings, START_S, START_S + self.length_s)
