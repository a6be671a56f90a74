"""The noisy machine does what its noises say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.made_up.noisy_machine import NOISES, Noise, Schedule, expected_slowdown, measure

STILL = Noise(request_sd=0.0)


def schedule(seconds: np.ndarray) -> Schedule:
    count = len(seconds)
    return Schedule(np.arange(count) % 2, np.arange(count) // 2, seconds, 30 * seconds)


def slower(noise: Noise, seconds: np.ndarray, seed: int = 0) -> np.ndarray:
    return measure(schedule(seconds), noise, np.random.default_rng(seed)).seconds / seconds


def correlation(series: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(series[:-lag], series[lag:])[0, 1])


def test_a_still_machine_takes_what_is_nominal() -> None:
    seconds = np.array([0.3, 2.5, 1.0])
    measured = measure(schedule(seconds), STILL, np.random.default_rng(0))
    assert measured.seconds == pytest.approx(seconds)
    assert measured.joules == pytest.approx(30 * seconds)


@pytest.mark.parametrize("noise", NOISES)
def test_seconds_and_joules_stray_alike_and_the_same_seed_says_the_same(noise: str) -> None:
    seconds = np.full(400, 0.7)
    once, again = (measure(schedule(seconds), NOISES[noise], np.random.default_rng(3)) for _ in range(2))
    assert once.joules == pytest.approx(30 * once.seconds)
    assert once.seconds.tolist() == again.seconds.tolist()


@pytest.mark.parametrize("memory_s", [30.0, 300.0])
def test_drift_has_its_spread_and_memory(memory_s: float) -> None:
    noise = Noise(request_sd=0.0, drift_sd=0.1, drift_memory_s=memory_s)
    series = np.log(slower(noise, np.ones(200_000)))
    assert series.std() == pytest.approx(0.1, rel=0.15)
    assert correlation(series, int(memory_s)) == pytest.approx(math.exp(-1), abs=0.08)


def test_sessions_differ_as_they_should() -> None:
    seconds = np.ones(4)
    effects = np.array([slower(Noise(request_sd=0.0, session_sd=0.15), seconds, seed) for seed in range(1500)])
    assert np.log(effects[:, 0]).std() == pytest.approx(0.15, rel=0.06)
    assert (effects == effects[:, :1]).all()
    own = np.array([slower(Noise(request_sd=0.0, own_session_sd=0.05), seconds, seed) for seed in range(1500)])
    assert own[:, 0].tolist() == own[:, 2].tolist()
    assert np.log(own[:, 0] / own[:, 1]).std() == pytest.approx(0.05 * math.sqrt(2), rel=0.06)


@pytest.mark.parametrize("noise", NOISES)
def test_the_truth_is_the_mean_over_sessions(noise: str) -> None:
    seconds = np.ones(900)
    means = [slower(NOISES[noise], seconds, seed).mean() for seed in range(600)]
    error = np.std(means) / math.sqrt(len(means))
    assert np.mean(means) == pytest.approx(expected_slowdown(NOISES[noise], 900.0), abs=4 * error + 1e-3)


def test_the_machine_of_a_run_is_its_mean_factor_over_time() -> None:
    """A request of a minute counts as sixty of a second."""
    noise = Noise(request_sd=0.0, drift_sd=0.2, burst_slowdown=1.0, session_sd=0.15)
    seconds = np.array([60.0, 1.0, 30.0, 4.0])
    schedule = Schedule(np.zeros(4, dtype=np.int64), np.arange(4), seconds, seconds)
    measured = measure(schedule, noise, np.random.default_rng(5))
    assert measured.mean_slowdown == pytest.approx(measured.seconds.sum() / seconds.sum())


def test_noise_is_of_the_time_not_of_the_request() -> None:
    # Twice as many requests of half the length meet the same bursts.
    noise = Noise(request_sd=0.0, burst_slowdown=1.0)
    long, short = slower(noise, np.full(500, 1.0), 7), slower(noise, np.full(1000, 0.5), 7)
    assert short.reshape(-1, 2).mean(axis=1) == pytest.approx(long)
    assert long.max() == pytest.approx(2)
    assert long.min() == pytest.approx(1)
