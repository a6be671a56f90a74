"""The noisy machine does what its noises say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.made_up.noisy_machine import NOISES, Noise, Schedule, expected_slowdown, measure


def schedule(seconds: np.ndarray) -> Schedule:
    count = len(seconds)
    return Schedule(np.arange(count) % 2, np.arange(count) // 2, seconds, 30 * seconds)


def slower(noise: Noise, seconds: np.ndarray, seed: int = 0) -> np.ndarray:
    return measure(schedule(seconds), noise, np.random.default_rng(seed)).seconds / seconds


def correlation(series: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(series[:-lag], series[lag:])[0, 1])


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


def test_noise_is_of_the_time_not_of_the_request() -> None:
    # Twice as many requests of half the length meet the same bursts.
    noise = Noise(request_sd=0.0, burst_slowdown=1.0)
    long, short = slower(noise, np.full(500, 1.0), 7), slower(noise, np.full(1000, 0.5), 7)
    assert short.reshape(-1, 2).mean(axis=1) == pytest.approx(long)
    assert long.max() == pytest.approx(2)
    assert long.min() == pytest.approx(1)
