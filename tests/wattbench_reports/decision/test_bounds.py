"""Bounds of shares and means: those of scipy where trials are independent, wider where they are not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats import t as student

from wattbench_reports.decision.bounds import BoundedMean, BoundedShare, Exact, further_items


def share(right: int, items: int, bound: float = 0.8, *, effect: float = 1.0, df: float | None = None) -> BoundedShare:
    p = right / items
    return BoundedShare(
        lambda risk: (p, p),
        lambda q: effect * q * (1 - q) / items,
        bound,
        float(items),
        items - 1 if df is None else df,
    )


counts = st.integers(5, 300).flatmap(lambda items: st.tuples(st.integers(0, items), st.just(items)))
risks = st.floats(0.001, 0.4)


@pytest.mark.slow
@given(counts, risks)
def test_independent_trials_have_clopper_and_pearsons_bounds(count: tuple[int, int], risk: float) -> None:
    right, items = count
    low, high = share(right, items).bounds(risk)
    exact = binomtest(right, items).proportion_ci(1 - 2 * risk, "exact")
    assert (low, high) == (pytest.approx(exact.low, abs=1e-9), pytest.approx(exact.high, abs=1e-9))


@given(counts, risks, st.floats(0.05, 0.95), st.floats(1.0, 9.0), st.integers(1, 40))
def test_a_requirement_is_met_where_the_bound_says_so(
    count: tuple[int, int], risk: float, bound: float, effect: float, df: int
) -> None:
    tested = share(*count, bound, effect=effect, df=df)
    low, _ = tested.bounds(risk)
    if abs(low - bound) > 1e-6:
        assert (tested.least_risk() <= risk) is (low >= bound)


@given(counts, risks, st.floats(1.0, 9.0), st.integers(1, 40))
def test_blocks_that_differ_widen_the_bounds(count: tuple[int, int], risk: float, effect: float, df: int) -> None:
    alone, clustered = share(*count).bounds(risk), share(*count, effect=effect, df=df).bounds(risk)
    assert clustered[0] <= alone[0] + 1e-9
    assert clustered[1] >= alone[1] - 1e-9


@given(counts, st.floats(0.1, 0.9), st.floats(0.0, 0.09))
def test_a_looser_requirement_is_met_at_no_more_risk(count: tuple[int, int], bound: float, looser: float) -> None:
    assert share(*count, bound - looser).least_risk() <= share(*count, bound).least_risk() + 1e-9


@given(counts, risks)
def test_more_items_of_the_same_kind_narrow_the_bounds(count: tuple[int, int], risk: float) -> None:
    right, items = count
    one, more = share(right, items).bounds(risk), share(3 * right, 3 * items).bounds(risk)
    assert more[0] >= one[0] - 1e-9
    assert more[1] <= one[1] + 1e-9


@pytest.mark.parametrize(("requests", "met"), [(44, False), (45, True), (400, True)])
def test_where_all_requests_are_in_time_they_count_as_they_are(requests: int, met: bool) -> None:
    assert (share(requests, requests, 0.95, effect=30.0, df=4).bounds(0.1)[0] >= 0.95) is met


def test_the_items_that_would_tell_are_the_fewest_that_do() -> None:
    tested = share(41, 50, 0.8)
    more = tested.further_items(50, 0.1)

    def of(items: int) -> BoundedShare:
        """The same share of more items."""
        return BoundedShare(lambda risk: (0.82, 0.82), lambda q: q * (1 - q) / items, 0.8, float(items), items - 1.0)

    assert of(50 + more).bounds(0.1)[0] >= 0.8 > of(50 + more - 1).bounds(0.1)[0]
    assert share(40, 50, 0.8).further_items(50, 0.1) is None, "no number of items decides an estimate at the bound"


@given(st.floats(0.1, 100), st.floats(0.001, 10), st.integers(1, 60), risks, st.floats(0.1, 100))
def test_the_logarithm_of_a_mean_has_students_bounds(
    mean: float, error: float, df: int, risk: float, bound: float
) -> None:
    tested = BoundedMean(mean, bound, error, df)
    low, high = tested.bounds(risk)
    factor = math.exp(min(student.ppf(1 - risk, df) * error / mean, 700))
    assert (low, high) == (pytest.approx(mean / factor), pytest.approx(mean * factor))
    assert tested.least_risk() == pytest.approx(student.cdf(math.log(mean / bound) * mean / error, df), abs=2e-4)


def test_a_price_without_error_is_kept_or_not() -> None:
    assert BoundedMean(0.004, 0.004, 0.0, 9).least_risk() == 0.0
    assert BoundedMean(0.0041, 0.004, 0.0, 9).least_risk() == 1.0
    assert (Exact(2.0, 2.0).least_risk(), Exact(2.1, 2.0).least_risk()) == (0.0, 1.0)


def test_items_decide_as_far_as_sessions_let_them() -> None:
    # n' = 100 x .75 / ((3 / 2)^2 - .25) = 37.5: decided by fewer; at 1 error n' = 100 x .9 / (1 / 4 - .1) = 600
    assert further_items(100, 1.0, 3.0, 2.0, 0.25) == 1
    assert further_items(100, 1.0, 1.0, 2.0, 0.1) == 500
    assert further_items(100, 1.0, 1.0, 2.0, 0.25) is None
    assert further_items(100, 1.0, 1.0, 2.0) == 300
    assert further_items(100, math.nan, 1.0, 2.0) is None


def test_bounds_of_clustered_shares_are_wrong_at_most_at_the_risk() -> None:
    """Blocks whose chances differ: the bound of 8 to 32 of them."""
    rng = np.random.default_rng(5)
    for blocks in (8, 32):
        wrong = 0
        for _ in range(600):
            chance = rng.beta(7, 3, size=blocks)
            right = rng.binomial(20, chance) / 20
            p = float(right.mean())
            variance = float(right.var(ddof=1)) / blocks
            tested = BoundedShare(lambda risk, p=p: (p, p), lambda q, v=variance: v, 0.7, 20.0 * blocks, blocks - 1)
            wrong += tested.bounds(0.1)[0] > 0.7
        assert wrong <= 600 * 0.1 + 3 * math.sqrt(600 * 0.09), blocks
