"""The bootstrap by stratum: against the closed form of its variance, and what it must keep together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wattbench_reports.stats import bootstrap, percentile_interval, resampled_sums, stratified_units
from wattbench_reports.stats.budgets import MAX_UNITS


def stratified_sums(
    *blocks: np.ndarray, strata: np.ndarray, resamples: int = 100, seed: int = 0
) -> tuple[np.ndarray, ...]:
    return stratified_units(*blocks, strata=strata, seed=seed).sums(resamples)


@pytest.mark.parametrize("items", [2, 3, 10, 200])
def test_variance_is_that_of_the_closed_form(items: int) -> None:
    rng = np.random.default_rng(items)
    values = rng.exponential(size=(2 * items, 1))
    strata = np.arange(2 * items) % 2
    (sums,) = stratified_sums(values, strata=strata, resamples=20_000, seed=1)
    assert sums.shape == (20_000, 2, 1)
    for stratum in (0, 1):
        inside = values[strata == stratum, 0]
        # The variance of a sum of n independent items, unbiased: n * s^2. Drawing all n would give (n - 1) * s^2.
        assert sums[:, stratum, 0].var() == pytest.approx(items * inside.var(ddof=1), rel=0.06)
        assert sums[:, stratum, 0].mean() == pytest.approx(inside.sum(), rel=0.03)


def test_sums_are_of_drawn_rows_scaled() -> None:
    # Powers of a base tell how often each row was drawn: two draws of three rows, each worth 3 / 2.
    values = np.array([[1.0, 1], [1000, 1], [1_000_000, 1]])
    (sums,) = stratified_sums(values, strata=np.zeros(3, dtype=int), resamples=300, seed=2)
    drawn = np.rint(sums[:, 0, 0] / 1.5)
    times = np.column_stack([drawn % 1000, drawn // 1000 % 1000, drawn // 1_000_000])
    assert (times.sum(axis=1) == 2).all()
    assert sums[:, 0, 1] == pytest.approx(3)
    assert times.mean(axis=0) == pytest.approx([2 / 3] * 3, abs=0.1)


def test_columns_stay_paired_and_strata_do_not_mix() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((90, 2))
    strata = rng.integers(0, 3, 90)
    once, twice = stratified_sums(values, 2 * values, strata=strata, resamples=100, seed=4)
    assert twice == pytest.approx(2 * once)
    assert once == pytest.approx(stratified_sums(values, strata=strata, resamples=100, seed=4)[0])
    flags = np.eye(3)[strata]
    (counts,) = stratified_sums(flags, strata=strata, resamples=100)
    # A draw never holds items of another stratum, and always as many as the stratum has.
    assert counts == pytest.approx(np.broadcast_to(np.diag(np.bincount(strata)), (100, 3, 3)))


def test_strata_are_drawn_independently() -> None:
    values = np.tile(np.random.default_rng(3).random(50), 2)[:, None]
    (sums,) = stratified_sums(values, strata=np.repeat([0, 1], 50), resamples=4000)
    assert np.corrcoef(sums[:, 0, 0], sums[:, 1, 0])[0, 1] == pytest.approx(0, abs=0.06)


def test_strata_dealt_into_groups_are_drawn_independently() -> None:
    sizes = (MAX_UNITS + 9, 2 * MAX_UNITS)
    values = np.random.default_rng(3).random((sum(sizes), 1))
    (sums,) = stratified_sums(values, strata=np.repeat([0, 1], sizes), resamples=1500, seed=91)
    assert np.corrcoef(sums[:, 0, 0], sums[:, 1, 0])[0, 1] == pytest.approx(0, abs=0.1)


def test_one_item_has_no_spread_and_no_items_sum_to_nothing() -> None:
    values = np.array([[7.0], [1.0], [2.0]])
    (sums,) = stratified_sums(values, strata=np.array([0, 2, 2]), resamples=50)
    assert (sums[:, 0] == 7).all()
    assert (sums[:, 1] == 0).all()
    assert set(np.unique(sums[:, 2])) == {2.0, 4.0}


@pytest.mark.parametrize("items", [MAX_UNITS + 1, 3 * MAX_UNITS // 2, 4 * MAX_UNITS + 7])
def test_items_dealt_into_groups_keep_their_spread(items: int) -> None:
    # A mean far from zero: groups of one and of two items would else add a spread of their own.
    values = 5 + np.random.default_rng(items).exponential(size=(items, 1))
    expected = math.sqrt(items * values.var())
    (sums, counts) = stratified_sums(values, np.ones((items, 1)), strata=np.zeros(items, dtype=int), resamples=2000)
    assert sums[:, 0, 0].std() == pytest.approx(expected, rel=0.06)
    assert counts == pytest.approx(items)
    plain, plain_counts = resampled_sums(values, np.ones((items, 1)), resamples=2000)
    assert plain[:, 0].std() == pytest.approx(expected, rel=0.06)
    assert plain_counts == pytest.approx(items)


def test_what_never_happened_never_happens_in_groups() -> None:
    values = np.zeros((2 * MAX_UNITS + 1, 2))
    values[0, 1] = 1
    (sums,) = stratified_sums(values, strata=np.zeros(len(values), dtype=int), resamples=200)
    assert (sums[:, 0, 0] == 0).all()
    assert (sums[:, 0, 1] == 0).any()
    assert (sums >= 0).all()


def test_items_and_strata_must_match() -> None:
    with pytest.raises(ValueError, match="no items"):
        stratified_sums(np.empty((0, 1)), strata=np.empty(0, dtype=int))
    with pytest.raises(ValueError, match="as many strata"):
        stratified_sums(np.ones((3, 1)), strata=np.zeros(2, dtype=int))
    with pytest.raises(ValueError, match="as many strata"):
        stratified_sums(np.ones((3, 1)), strata=np.array([0, -1, 0]))


def test_resampled_sums_are_sums_of_drawn_rows() -> None:
    # Powers of a base tell how often each row was drawn: every draw has as many rows as there are.
    values = np.array([[1.0, 1], [1000, 1], [1_000_000, 1]])
    (sums,) = resampled_sums(values, resamples=500, seed=2)
    assert sums.shape == (500, 2)
    assert (sums[:, 1] == 3).all()
    times = np.column_stack([sums[:, 0] % 1000, sums[:, 0] // 1000 % 1000, sums[:, 0] // 1_000_000])
    assert (times.sum(axis=1) == 3).all()
    assert times.mean(axis=0) == pytest.approx([1, 1, 1], abs=0.15)


def test_same_seed_same_draws_and_columns_stay_paired() -> None:
    values = np.random.default_rng(0).random((50, 1))
    once, twice = resampled_sums(values, 2 * values, seed=4)
    assert once.shape == (4000, 1)
    assert twice == pytest.approx(2 * once)
    assert once == pytest.approx(resampled_sums(values, seed=4)[0])


def test_nothing_to_resample() -> None:
    with pytest.raises(ValueError, match="no items"):
        resampled_sums(np.empty((0, 2)))


def test_draws_are_counted_as_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_CELLS", 20)
    values = np.random.default_rng(6).random((7, 2))
    (sums,) = resampled_sums(values, resamples=13, seed=5)
    drawn = np.random.default_rng(5).integers(0, 7, size=(13, 7))
    assert sums == pytest.approx(values[drawn].sum(axis=1))


def test_one_item_bounds_nothing() -> None:
    found = percentile_interval(3.0, np.full(9, 3.0), few=True)
    assert (found.low, found.estimate, found.high) == (0, 3, math.inf)


def test_an_interval_is_between_values_that_were_drawn() -> None:
    found = percentile_interval(1.5, np.array([np.nan, 1.0, 2.0]))
    assert (found.low, found.high) == (1.0, 2.0)
    assert percentile_interval(1.5, np.array([1.0, np.inf])).high == np.inf


def test_an_interval_holds_the_estimate() -> None:
    assert percentile_interval(0.5, np.array([1.0, 2.0])).low == 0.5
    assert percentile_interval(2.5, np.array([1.0, 2.0])).high == 2.5


def test_of_an_interval_the_outer_draws_are_left_out() -> None:
    found = percentile_interval(500.0, np.arange(1001.0))
    assert (found.low, found.high) == (25.0, 975.0)
