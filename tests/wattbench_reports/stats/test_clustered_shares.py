"""The interval of a share over clusters: its coverage, whether trials of a cluster are alike or not."""

from __future__ import annotations

import numpy as np
import pytest

from wattbench_reports.stats.clustered_shares import clustered_share


@pytest.mark.parametrize("clusters", [1, 3, 8])
@pytest.mark.parametrize("alike", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_coverage(clusters: int, alike: float, share: float) -> None:
    """`alike`: how alike two trials of a cluster are, as a correlation. 12 trials in each."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        common = rng.random((clusters, 1)) < share
        own = rng.random((clusters, 12)) < share
        trials = np.where(rng.random((clusters, 12)) < np.sqrt(alike), common, own)
        interval = clustered_share(trials.mean(axis=1))
        covered += interval.low <= share <= interval.high
    assert covered / 400 >= 0.93


def test_whole_clusters_have_the_exact_binomial_interval() -> None:
    found = clustered_share(np.array([0.0, 0.0, 1.0]))
    assert (found.estimate, found.low, found.high) == pytest.approx((1 / 3, 0.0084, 0.9057), abs=1e-4)
    assert clustered_share(np.zeros(20)).high == pytest.approx(0.1684, abs=1e-4)
    assert clustered_share(np.ones(3)).low == pytest.approx(0.2924, abs=1e-4)


def test_no_cluster_has_no_share() -> None:
    with pytest.raises(ValueError, match="no clusters"):
        clustered_share(np.empty(0))
