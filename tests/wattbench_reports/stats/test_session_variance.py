"""Variance between sessions, and what it does to the interval of another run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from wattbench_reports.stats import BlockRatio, SessionVariance, another_run, another_run_pair, session_variance
from wattbench_reports.stats.session_variance import moderated_variances


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


def _drawn(rng: np.random.Generator, sessions: int, figures: int, common: float) -> np.ndarray:
    """Logarithms with a standard deviation of 1 between sessions, of which a share is common to all figures."""
    noise = rng.normal(size=(sessions, figures))
    return common**0.5 * rng.normal(size=(sessions, 1)) + (1 - common) ** 0.5 * noise


def test_variances_that_scatter_by_chance_alone_are_drawn_together() -> None:
    figures = _drawn(np.random.default_rng(1), 5, 40, 0.0)
    found = moderated_variances(figures)
    variances = [each.log_variance for each in found if each is not None]
    assert max(variances) / min(variances) < 1.5 < np.ptp(np.log(figures.var(axis=0, ddof=1)))
    assert all(each is not None and each.df > 12 for each in found)


def test_unlike_variances_stay_unlike() -> None:
    scales = np.exp(np.random.default_rng(2).normal(0, 1.5, 30))
    figures = _drawn(np.random.default_rng(3), 20, 30, 0.0) * scales
    for each, scale in zip(moderated_variances(figures), scales, strict=True):
        assert each is not None
        assert each.log_variance == pytest.approx(scale**2, rel=1.0) or scale < 1
        assert 19 <= each.df < 26


def test_figures_that_rise_together_know_no_more_than_one() -> None:
    alike = np.random.default_rng(4).normal(size=(5, 1)) + np.zeros((5, 6))
    for each in moderated_variances(alike):
        assert each is not None
        assert each.df == pytest.approx(4)
        assert each.log_variance == pytest.approx(alike[:, 0].var(ddof=1))


def test_a_figure_without_sessions_has_no_variance() -> None:
    figures = np.column_stack([np.log([1.0, 1.1, 0.9]), np.full(3, math.nan), np.log([2.0, 2.1, 1.9])])
    first, none, last = moderated_variances(figures)
    assert none is None
    assert first is not None and last is not None
    assert first.sessions == last.sessions == 3
    assert moderated_variances(np.zeros((3, 2))) == [SessionVariance(0.0, 2, 3)] * 2


@pytest.mark.slow
@pytest.mark.parametrize("common", [0.0, 0.5, 1.0])
def test_bounds_with_moderated_variances_are_wrong_as_often_as_they_say(common: float) -> None:
    """One further difference of two sessions against t, six figures of five sessions known."""
    rng, samples, level = np.random.default_rng(5), 3000, 0.05
    beyond = 0
    for _ in range(samples):
        found = moderated_variances(_drawn(rng, 5, 6, common))[0]
        assert found is not None
        beyond += rng.normal(0, 2**0.5) > t.ppf(1 - level, found.df) * (2 * found.log_variance) ** 0.5
    assert beyond / samples <= level + 3 * (level * (1 - level) / samples) ** 0.5
