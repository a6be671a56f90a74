"""Medians read off counts: exact where values have bins of their own, and near enough where they share them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wattbench_reports.stats import drawn_medians, interval_of, median_bins


@settings(max_examples=60)
@given(arrays(np.float64, st.integers(1, 60), elements=st.integers(0, 40).map(float)), st.integers(0, 10_000))
def test_of_few_values_every_resampled_median_is_exact(values: np.ndarray, seed: int) -> None:
    found = median_bins(values, np.ones(len(values)), len(values))
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(50, len(values)))
    counts = np.array([np.bincount(found.bin_of[rows], minlength=len(found.values)) for rows in drawn], dtype=float)
    truth = np.median(values[drawn], axis=1)
    # Five standard errors away the bins end: there the nearest is given.
    inside = (truth >= found.values[0]) & (truth <= found.values[-1])
    assert np.allclose(drawn_medians(counts, found.values)[inside], truth[inside])
    assert inside.mean() > 0.9


def test_of_many_values_the_interval_is_that_of_a_plain_bootstrap() -> None:
    rng = np.random.default_rng(5)
    values = rng.lognormal(size=3000)
    found = median_bins(values, np.ones(3000), 3000, most=32)
    assert len(found.values) <= 32
    drawn = rng.integers(0, 3000, size=(1500, 3000))
    counts = np.array([np.bincount(found.bin_of[rows], minlength=len(found.values)) for rows in drawn], dtype=float)
    ours, plain = drawn_medians(counts, found.values), np.median(values[drawn], axis=1)
    assert np.corrcoef(ours, plain)[0, 1] > 0.99
    assert ours.std() == pytest.approx(plain.std(), rel=0.03)
    assert abs(ours.mean() - plain.mean()) < 0.1 * plain.std()


def test_weights_move_the_middle() -> None:
    values, weights = np.arange(1.0, 1001.0), np.where(np.arange(1000) < 500, 1.0, 9.0)
    found = median_bins(values, weights, 360.0, most=400)
    counts = np.bincount(found.bin_of, weights=weights, minlength=len(found.values))
    # Half of 5,000 is reached 2,000 beyond the first 500: 222.2 values of weight 9 later.
    assert drawn_medians(counts[None], found.values)[0] == pytest.approx(723, abs=1)


def test_nothing_drawn_has_no_median_and_is_left_out_of_intervals() -> None:
    medians = drawn_medians(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]), np.array([1.0, 2.0]))
    assert np.isnan(medians[0])
    assert medians[1:].tolist() == [1.0, 2.0]
    found = interval_of(1.5, medians)
    assert (found.low, found.high) == (1.0, 2.0)
    assert interval_of(0.5, medians).low == 0.5
