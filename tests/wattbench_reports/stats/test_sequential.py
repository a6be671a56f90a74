"""Tests that may be looked at at any time: their error rates, their power, and that a stake never looks ahead."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from wattbench_reports.stats import (
    centre_evidence,
    centre_growth,
    mean_evidence,
    mean_growth,
    reached,
    variances_before,
)

Values = NDArray[np.float64]

SCORES = arrays(np.float64, st.integers(0, 40), elements=st.floats(-1, 1))
RATIOS = arrays(np.float64, st.integers(0, 40), elements=st.floats(-3, 3))


def average_wealth(evidence: Callable[[Values], Values], length: int, size: float) -> float:
    """The mean of what is left at the end, over all sequences of plus and minus: they are equally likely."""
    every = [size * np.array(signs, dtype=float) for signs in itertools.product((-1, 1), repeat=length)]
    return sum(math.exp(evidence(signs)[-1]) for signs in every) / len(every)


def reached_by(paths: Values) -> Values:
    """The most that each of several series ever reached."""
    return np.asarray(paths.max(axis=-1))


@pytest.mark.parametrize("margin", [0.02, 0.05, 0.3])
@pytest.mark.parametrize("above", [True, False])
def test_no_wealth_is_made_of_a_fair_coin(margin: float, above: bool) -> None:
    assert average_wealth(lambda x: mean_evidence(x, 0.0, margin, above=above), 10, 1.0) == pytest.approx(1.0)


@pytest.mark.parametrize("size", [0.001, 0.05, 2.0])
def test_no_wealth_is_made_of_symmetric_ratios(size: float) -> None:
    assert average_wealth(lambda d: centre_evidence(d, 0.0, 0.1, above=True), 10, size) == pytest.approx(1.0)


@pytest.mark.parametrize(("win", "loss"), [(0.05, 0.10), (0.1, 0.15), (0.0, 0.05), (0.3, 0.35)])
def test_a_drop_by_the_margin_is_seldom_ruled_out(win: float, loss: float) -> None:
    rng = np.random.default_rng(7)
    draws = rng.choice([1.0, -1.0, 0.0], p=[win, loss, 1 - win - loss], size=(1000, 400))
    wrong = reached_by(mean_evidence(draws, win - loss, 0.05, above=True)) >= math.log(10)
    assert np.mean(wrong) <= 0.1 + 3 * math.sqrt(0.1 * 0.9 / 1000)


@pytest.mark.simulation
@pytest.mark.parametrize("spread", [0.001, 0.05, 0.5])
def test_symmetric_noise_of_any_size_and_tail_raises_few_alarms(spread: float) -> None:
    rng = np.random.default_rng(8)
    draws = spread * rng.standard_t(1.5, size=(1000, 100))  # no variance
    wrong = [reached(centre_evidence(d, 0.0, math.log(1.1), above=True))[-1] >= math.log(20) for d in draws]
    assert np.mean(wrong) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize(("mean_square", "margin", "share"), [(0.1, 0.05, 0.78), (0.5, 0.10, 0.75), (0.5, 0.15, 0.9)])
def test_equal_systems_pass_however_often_only_one_is_right(mean_square: float, margin: float, share: float) -> None:
    rng = np.random.default_rng(10)
    draws = rng.choice([1.0, -1.0, 0.0], p=[mean_square / 2, mean_square / 2, 1 - mean_square], size=(500, 350))
    passed = reached_by(mean_evidence(draws, -margin, margin, above=True)) >= math.log(10)
    assert passed.mean() >= share


def test_a_large_fall_is_found_with_few_items() -> None:
    rng = np.random.default_rng(11)
    falls = rng.choice([-1.0, 0.0], p=[0.5, 0.5], size=(300, 40))
    found = reached_by(mean_evidence(falls, -0.0125, 0.0375, above=False)) >= math.log(80)
    assert found.mean() >= 0.9


def test_a_true_worsening_is_found() -> None:
    rng = np.random.default_rng(9)
    falls = rng.choice([1.0, -1.0, 0.0], p=[0.025, 0.075, 0.9], size=(300, 1600))
    found = reached_by(mean_evidence(falls, 0.0, 0.05, above=False)) >= math.log(20)
    assert np.mean(found) >= 0.9
    slower = rng.normal(math.log(1.1), 0.03, size=(300, 20))
    found = reached_by(centre_evidence(slower, 0.0, math.log(1.1), above=True)) >= math.log(20)
    assert np.mean(found) >= 0.99


@given(SCORES, st.integers(0, 40), st.floats(-0.9, 0.9), st.floats(0.01, 0.5), st.booleans())
def test_bets_on_a_mean_look_only_back(x: Values, cut: int, null: float, margin: float, above: bool) -> None:
    whole = mean_evidence(x, null, margin, above=above)
    assert np.allclose(whole[:cut], mean_evidence(x[:cut], null, margin, above=above))
    assert np.isfinite(whole).all()


@given(RATIOS, st.integers(0, 40), st.floats(-1, 1), st.floats(0.01, 0.5), st.booleans())
def test_bets_on_a_centre_look_only_back(d: Values, cut: int, null: float, margin: float, above: bool) -> None:
    whole = centre_evidence(d, null, margin, above=above)
    assert np.allclose(whole[:cut], centre_evidence(d[:cut], null, margin, above=above))
    assert np.isfinite(whole).all()


@given(RATIOS, st.floats(-1, 1), st.floats(0, 1))
def test_the_bolder_claim_has_less_against_it(d: Values, null: float, further: float) -> None:
    easy = centre_evidence(d, null, 0.1, above=True)
    assert (centre_evidence(d, null + further, 0.1, above=True) <= easy + 1e-9).all()


@given(RATIOS)
def test_both_sides_are_mirrors(d: Values) -> None:
    assert np.allclose(centre_evidence(d, 0.1, 0.2, above=True), centre_evidence(-d, -0.1, 0.2, above=False))
    x = np.clip(d, -1, 1)
    assert np.allclose(mean_evidence(x, 0.1, 0.2, above=True), mean_evidence(-x, -0.1, 0.2, above=False))


@given(RATIOS)
def test_what_was_reached_is_never_lost(path: Values) -> None:
    most = reached(path)
    assert (np.diff(most) >= 0).all()
    assert (most >= np.maximum(path, 0)).all()


def test_growth_says_how_fast_wealth_grows() -> None:
    x = np.tile([1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0], 600)  # a mean of 0.1
    path = mean_evidence(x, 0.0, 0.05, above=True)
    assert mean_growth(x, 0.0, 0.05, above=True) == pytest.approx((path[-1] - path[-301]) / 300, rel=0.01)
    assert mean_growth(x, 0.0, 0.05, above=False) < 0
    d = np.tile([0.1, 0.08, 0.12], 30)
    path = centre_evidence(d, 0.0, 0.1, above=True)
    assert centre_growth(d, 0.0, 0.1, above=True) == pytest.approx((path[-1] - path[44]) / 45, rel=0.01)
    assert mean_growth(x[:0], 0.0, 0.05, above=True) == centre_growth(d[:0], 0.0, 0.1, above=True) == 0


@pytest.mark.parametrize("bad", [np.array([1.5]), np.array([np.nan])])
def test_figures_out_of_range_are_refused(bad: Values) -> None:
    with pytest.raises(ValueError, match="between"):
        mean_evidence(bad, 0.0, 0.05, above=True)
    with pytest.raises(ValueError, match="margin"):
        mean_evidence(np.zeros(1), 0.0, 0.0, above=True)
    with pytest.raises(ValueError, match="centre"):
        centre_evidence(np.array([np.inf]), 0.0, 0.1, above=True)


def test_a_few_disturbed_rounds_do_not_blind_it() -> None:
    rng = np.random.default_rng(3)
    d = rng.normal(0.0, 0.01, 30)
    d[1], d[2] = 1.2, -2.4  # something else ran on the machine
    ruled_out = reached(centre_evidence(d, math.log(1.1), math.log(1.1), above=False))
    assert ruled_out[-1] >= math.log(10)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 10, 87, 1003])
def test_the_spread_before_each_figure_is_of_those_before_it(length: int) -> None:
    d = np.random.default_rng(length).normal(0, 1, (2, length))
    variance, weight = variances_before(d)
    assert variance.shape == weight.shape == (2, length + 1)
    for number in {2, 3, 5, length} & {*range(2, length + 1)}:
        assert variance[:, number] == pytest.approx(d[:, :number].var(axis=1, ddof=1))
        assert (weight[:, number] == number - 1).all()
    wild = np.where(np.arange(length) == 2, 1e3, d)
    for number in {10, length} & {*range(10, length + 1)}:  # the middling ones count
        seen = wild[:, :number]
        distance = np.median(np.abs(seen - np.median(seen, axis=1, keepdims=True)), axis=1)
        assert variances_before(wild)[0][:, number] == pytest.approx((1.4826 * distance) ** 2)


def test_figures_of_other_sizes_have_a_spread_of_their_own() -> None:
    d = np.random.default_rng(1).normal(0, 1, 40) * np.repeat([10.0, 0.1], 20)
    sizes = np.repeat([2, 16], 20)
    variance, weight = variances_before(d, sizes)
    assert variance[20] == pytest.approx(d[:20].var(ddof=1))  # none of its own size yet
    assert variance[30] == pytest.approx(d[20:30].var(ddof=1))
    assert (variance[30], weight[30]) == (variances_before(d[20:30])[0][-1], 9)
    assert np.array_equal(variance[:20], variances_before(d[:20])[0][:20])


@pytest.mark.parametrize("sizes", [None, np.repeat([2, 16], 20)])
def test_several_series_are_taken_at_once(sizes: NDArray[np.int64] | None) -> None:
    d = np.random.default_rng(2).normal(0, 0.1, (3, 40))
    together = centre_evidence(d, 0.02, 0.1, above=True, spread=variances_before(d, sizes))
    for row, own in zip(d, together, strict=True):
        assert np.allclose(centre_evidence(row, 0.02, 0.1, above=True, spread=variances_before(row, sizes)), own)
    x = np.clip(d, -1, 1)
    for row, own in zip(x, mean_evidence(x, 0.0, 0.05, above=True), strict=True):
        assert np.allclose(mean_evidence(row, 0.0, 0.05, above=True), own)
