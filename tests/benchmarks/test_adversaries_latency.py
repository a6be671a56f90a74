"""The code still gives the recorded rates of latencies."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.adversaries import latency
from benchmarks.adversaries.figures import read
from wattbench_reports.stats.quantile_intervals import Sample, quantile_interval

RECORDED = read("latency")
FIRST = (0.44007774, 0.50462024, 0.65491328)
"""Seconds: the p95 of the first system in the first run, with its bounds."""


def test_the_worst_worlds_are_published() -> None:
    """A spell that few blocks have met, noise that outlasts a block, and a run without blocks."""
    rate = {(rate.claim, rate.world): rate.rate.share for rate in RECORDED}
    assert rate["latency-interval-p95", "rare spells of 60 s, 8 blocks"] < 0.8
    assert rate["latency-interval-p50", "drift over 300 s, 32 blocks"] < 0.9
    assert rate["latency-alike-p50", "drift over 30 s, no blocks"] > 0.2


def test_a_few_runs_give_what_was_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = next(each for each in latency.WORLDS if each.name == "still, 16 blocks")
    monkeypatch.setattr(latency, "SESSIONS", 100)
    latency.truths.cache_clear()
    made = [world.run(seed) for seed in range(40)]
    latency.truths.cache_clear()
    for claim in latency.CLAIMS:
        hits, chances = (sum(each[claim.key][which] for each in made) for which in (0, 1))
        rate = next(rate.rate.share for rate in RECORDED if (rate.claim, rate.world) == (claim.key, world.name))
        spread = 4 * (rate * (1 - rate) / len(made)) ** 0.5
        assert abs(hits / chances - rate) < spread, claim.key


def test_the_first_run_is_of_this_code() -> None:
    seconds, block = latency.seconds_of("still", 8, [0, 8])
    found = quantile_interval(Sample(seconds[:, 0], block), 0.95)
    assert (found.low, found.estimate, found.high) == pytest.approx(FIRST, rel=1e-6)
    assert found.estimate == np.quantile(seconds[:, 0], 0.95, method="inverted_cdf")
