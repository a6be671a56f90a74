"""A made-up machine whose speed strays over time: what a layout of a run, and its intervals, have to withstand.

A schedule says what is asked, in which order, and what it would take on a still machine. `measure` plays it on a
machine with one of the `NOISES` and returns what a run would have recorded. One call is one session: a restart of
everything, with a session effect of its own.

    measured = measure(schedule, NOISES["bursts"], np.random.default_rng(1))

A slow machine takes longer at the same watts: seconds and joules of a request grow by the same factor. Noise is a
function of the time since the session began, counted in nominal seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEP_S = 1.0
"""The machine's speed is even for so long."""


@dataclass(frozen=True)
class Schedule:
    """Requests in the order in which they are asked. All of shape (requests,)."""

    system: NDArray[np.int64]
    """Which system is asked; -1: none, as while models are switched."""
    item: NDArray[np.int64]
    seconds: NDArray[np.float64]
    """On a still machine."""
    joules: NDArray[np.float64]
    """On a still machine."""


@dataclass(frozen=True)
class Noise:
    """How speed strays. All parts multiply, and all but `burst_slowdown` and `warming` are 1 on average."""

    request_sd: float = 0.02
    """Of each request on its own."""
    drift_sd: float = 0.0
    """Of slow drift: a first-order autoregression in the logarithm of speed."""
    drift_memory_s: float = 30.0
    """After so long its autocorrelation has fallen to 1/e."""
    burst_slowdown: float = 0.0
    """How much longer everything takes while other work runs: 1.0 is twice as long."""
    burst_s: float = 20.0
    """How long other work runs, on average; exponential."""
    between_bursts_s: float = 180.0
    """From one to the next, on average; exponential."""
    warming: float = 0.0
    """How much longer everything takes once the machine is warm."""
    warming_s: float = 300.0
    """The time constant of getting there."""
    cron_every_s: float = 0.0
    """How often a job runs that slows the machine down; 0: there is none."""
    cron_s: float = 10.0
    """How long it runs."""
    cron_slowdown: float = 1.0
    """How much longer everything takes meanwhile."""
    session_sd: float = 0.0
    """Of a session's effect on all systems alike."""
    own_session_sd: float = 0.0
    """Of a session's effect on each system by itself, in addition."""


NOISES: dict[str, Noise] = {
    "still": Noise(),
    "drift over 30 s": Noise(drift_sd=0.10, drift_memory_s=30.0),
    "drift over 300 s": Noise(drift_sd=0.10, drift_memory_s=300.0),
    "bursts": Noise(burst_slowdown=1.0),
    "warming": Noise(warming=0.10),
    "sessions of 5%": Noise(drift_sd=0.03, session_sd=0.05),
    "sessions of 15%": Noise(drift_sd=0.03, session_sd=0.15),
}
"""Machines by what is wrong with them. An autocorrelation of .8 at 1 s and .3 at 10 s, and 5% between means of 20 s,
were seen on a quiet virtual machine of two cores."""


@dataclass(frozen=True)
class Measured:
    """What a session recorded: seconds and joules of shape (requests,), in the order of the schedule."""

    seconds: NDArray[np.float64]
    joules: NDArray[np.float64]
    session: float
    """The factor of the session on all systems alike, which no run sees."""
    mean_slowdown: float
    """The mean factor on seconds and joules over the time of this run, that of its session included: the machine as it
    was in this run, alike for all systems."""


def measure(schedule: Schedule, noise: Noise, rng: np.random.Generator) -> Measured:
    """Play a schedule in one session on a machine."""
    ends_s = np.cumsum(schedule.seconds)
    steps = math.ceil(float(ends_s[-1]) / STEP_S) + 1
    reached = np.concatenate([[0.0], np.cumsum(_slowdowns(noise, steps, rng) * STEP_S)])
    slowed_ends_s = np.interp(ends_s, np.arange(steps + 1) * STEP_S, reached)
    slowed_s = np.diff(np.concatenate([[0.0], slowed_ends_s]))
    slower = np.divide(slowed_s, schedule.seconds, out=np.ones(len(ends_s)), where=schedule.seconds > 0)
    slower *= _mean_one(rng, noise.request_sd, len(ends_s))
    session = float(_mean_one(rng, noise.session_sd, 1)[0])
    slower *= session
    if noise.own_session_sd:
        own = _mean_one(rng, noise.own_session_sd, int(schedule.system.max()) + 2)
        slower *= own[schedule.system + 1]
    mean = float(slowed_ends_s[-1] / ends_s[-1]) * session if ends_s[-1] else session
    return Measured(schedule.seconds * slower, schedule.joules * slower, session, mean)


def expected_slowdown(noise: Noise, length_s: float) -> float:
    """Return the mean factor on seconds and joules over a run of this nominal length: with it the truth is known."""
    busy = noise.burst_s / (noise.burst_s + noise.between_bursts_s) if noise.burst_slowdown else 0.0
    cron = noise.cron_slowdown * noise.cron_s / noise.cron_every_s if noise.cron_every_s else 0.0
    warm = 1 - noise.warming_s / length_s * (1 - math.exp(-length_s / noise.warming_s)) if length_s else 0.0
    return (1 + busy * noise.burst_slowdown) * (1 + cron) * (1 + noise.warming * warm)


def _slowdowns(noise: Noise, steps: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the factor on the seconds of a request in each step of a session."""
    slower = np.ones(steps)
    if noise.drift_sd:
        slower *= wander(noise.drift_sd, noise.drift_memory_s, steps, rng)
    if noise.burst_slowdown:
        slower *= 1 + noise.burst_slowdown * _busy_shares(noise, steps, rng)
    if noise.cron_every_s:
        since_s = (rng.uniform(0.0, noise.cron_every_s) + STEP_S * np.arange(steps)) % noise.cron_every_s
        slower *= np.where(since_s < noise.cron_s, 1 + noise.cron_slowdown, 1.0)
    if noise.warming:
        slower *= 1 + noise.warming * (1 - np.exp(-(np.arange(steps) + 0.5) * STEP_S / noise.warming_s))
    return slower


def wander(sd: float, memory_s: float, steps: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the factor on the seconds in each step: a first-order autoregression in the logarithm, 1 on average."""
    from scipy.signal import lfilter

    kept = math.exp(-STEP_S / memory_s)
    shocks = rng.normal(size=steps) * math.sqrt(1 - kept**2)
    shocks[0] = rng.normal()
    return np.exp(sd * lfilter([1.0], [1.0, -kept], shocks) - sd**2 / 2)


def _busy_shares(noise: Noise, steps: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the share of each step in which other work runs: an alternating process in equilibrium."""
    length_s = steps * STEP_S
    number = 16 + int(4 * length_s / (noise.burst_s + noise.between_bursts_s))
    busy_first = rng.random() < noise.burst_s / (noise.burst_s + noise.between_bursts_s)
    means_s = (noise.burst_s, noise.between_bursts_s) if busy_first else (noise.between_bursts_s, noise.burst_s)
    edges_s = np.concatenate([[0.0], np.cumsum(rng.exponential(np.tile(means_s, number)))])
    busy = np.arange(len(edges_s) - 1) % 2 == (0 if busy_first else 1)
    reached = np.concatenate([[0.0], np.cumsum(np.diff(edges_s) * busy)])
    return np.diff(np.interp(np.arange(steps + 1) * STEP_S, edges_s, reached)) / STEP_S


def _mean_one(rng: np.random.Generator, sd: float, count: int) -> NDArray[np.float64]:
    return np.exp(sd * rng.normal(size=count) - sd**2 / 2)
