"""Latencies that are read when they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.percentiles import percentile_of
from wattbench_reports.metrics.latencies import Latencies

SECONDS = np.append(np.random.default_rng(3).lognormal(size=200), np.nan)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.97])
def test_percentiles_are_those_of_the_sorted_seconds(share: float) -> None:
    latencies = Latencies(SECONDS.copy)
    assert len(latencies) == 200
    assert latencies.percentile_s(share) == percentile_of(SECONDS, share)
    assert np.array_equal(latencies.sorted_s(), np.sort(SECONDS[:-1]))


def test_too_few_have_no_percentile() -> None:
    few = Latencies(SECONDS[:6].copy)
    assert few.percentile_s(0.5) is None
    none = Latencies(lambda: np.full(3, np.nan))
    assert (len(none), none.percentile_s(0.5), none.sorted_s().tolist()) == (0, None, [])
