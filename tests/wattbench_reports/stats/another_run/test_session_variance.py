"""Variance between sessions, and what it does to the interval of another run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from wattbench_reports.stats import BlockRatio, SessionVariance, another_run, another_run_pair, session_variance


def test_variance_of_the_figures_of_sessions() -> None:
    figures = np.log(np.array([10.0, 11, 9.5, math.nan, 10.4]))
    session = session_variance(figures)
    assert session is not None
    assert session.sessions == 4
    assert session.df == 3
    assert session.log_variance == pytest.approx(np.nanvar(figures, ddof=1))


@pytest.mark.parametrize("figures", [[], [2.0], [2.0, math.nan]])
def test_one_session_says_nothing_of_another(figures: list[float]) -> None:
    assert session_variance(np.array(figures)) is None


def test_variances_add_with_satterthwaite() -> None:
    interval = another_run(BlockRatio(20.0, 0.002, 7), SessionVariance(0.006, 4, 5))
    df = 0.008**2 / (0.002**2 / 7 + 0.006**2 / 4)
    half = t.ppf(0.975, df) * math.sqrt(0.008)
    assert (interval.low, interval.high) == pytest.approx((20 * math.exp(-half), 20 * math.exp(half)))


def test_two_runs_have_two_sessions() -> None:
    first, second, session = BlockRatio(20.0, 0.002, 7), BlockRatio(25.0, 0.003, 9), SessionVariance(0.001, 4, 5)
    pair = another_run_pair(first, second, session)
    assert pair is not None
    variance = 0.002 + 0.003 + 2 * 0.001
    assert pair.df == pytest.approx(variance**2 / (0.002**2 / 7 + 0.003**2 / 9 + 0.002**2 / 4))
    assert pair.p_value == pytest.approx(2 * t.sf(abs(math.log(0.8)) / math.sqrt(variance), pair.df))
    assert pair.probability_lower == pytest.approx(1 - pair.p_value / 2)


def test_no_variance_leaves_the_estimate() -> None:
    interval = another_run(BlockRatio(20.0, 0.0, 7), SessionVariance(0.0, 4, 5))
    assert (interval.low, interval.high) == (20, 20)


def test_what_is_open_above_stays_so() -> None:
    open_ratio, session = BlockRatio(20.0, 0.1, 7, open_above=True), SessionVariance(0.001, 4, 5)
    assert another_run(open_ratio, session).high == math.inf
    assert 0 < another_run(open_ratio, session).low < 20
    assert another_run(BlockRatio(20.0, math.inf, 7), session).low == 0


def test_nothing_spent_is_not_compared() -> None:
    assert another_run_pair(BlockRatio(0.0, 0.0, 7), BlockRatio(1.0, 0.1, 7), SessionVariance(0.001, 4, 5)) is None


VARIANCES = st.floats(1e-8, 4.0)


@given(VARIANCES, VARIANCES, st.integers(4, 15), st.integers(1, 20))
def test_degrees_of_freedom_lie_between_the_least_and_the_sum(
    blocks: float, sessions: float, block_df: int, session_df: int
) -> None:
    ratio, session = BlockRatio(3.0, blocks, block_df), SessionVariance(sessions, session_df, session_df + 1)
    pair = another_run_pair(ratio, ratio, session)
    assert pair is not None
    assert min(block_df, session_df) - 1e-9 <= pair.df <= 2 * block_df + session_df + 1e-9
    assert another_run(ratio, session).high >= ratio.estimate
