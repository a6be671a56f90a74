"""One-sided bounds of what is required of a router: exact for independent items, wider where clusters err alike."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from tests.made_up.routing_worlds import answers_of
from wattbench_reports.routing.answers.item_answers import with_alike
from wattbench_reports.routing.figures import item_figure
from wattbench_reports.routing.requirement_bounds import mean_bounds, percentile_evidence, risk_of_each, share_bounds
from wattbench_reports.stats.student import t_quantile

RISK = 0.1


def _answers(items: int, cluster: np.ndarray | None = None):
    return answers_of(np.ones((items, 2)), cluster=cluster)


def _bounds(answers, seconds: np.ndarray, limit_s: float) -> tuple[float, float]:
    return percentile_evidence(answers, seconds, limit_s).bounds_at(RISK)


@pytest.mark.parametrize("right", [0, 100])
def test_items_that_all_agree_have_clopper_and_pearsons_bounds(right: int) -> None:
    values = (np.arange(100) < right).astype(float)
    low, high = proportion_confint(right, 100, 2 * RISK, method="beta")
    # where all agree the bound that is not at the end has all of the risk
    assert share_bounds(item_figure(_answers(100), values), RISK) == pytest.approx((low, high))


def test_independent_items_are_worth_what_they_count() -> None:
    values = (np.arange(200) < 150).astype(float)
    expected = proportion_confint(150, 200, 2 * RISK, method="beta")
    assert share_bounds(item_figure(_answers(200), values), RISK) == pytest.approx(expected, abs=1e-3)


def test_blocks_that_agree_everywhere_leave_the_items_as_they_are() -> None:
    """Five blocks of 80 answers, all in time: 400 of 400, not 34."""
    seconds = np.full(400, 0.1)
    low, high = _bounds(_answers(400, np.arange(400) % 5), seconds, 1.0)
    assert (low, high) == (0.0, 0.1)
    share = share_bounds(item_figure(_answers(400, np.arange(400) % 5), np.zeros(400)), RISK)
    assert share[1] == pytest.approx(1 - RISK ** (1 / 400))


def test_copies_of_a_request_that_agree_count_once() -> None:
    alike = with_alike(_answers(400), np.arange(400) // 10)
    assert share_bounds(item_figure(alike, np.ones(400)), RISK)[0] == pytest.approx(RISK ** (1 / 40))


def test_blocks_that_differ_widen_a_share() -> None:
    block = np.arange(400) % 8
    apart = (np.random.default_rng(1).random(400) < np.where(block < 4, 0.95, 0.55)).astype(float)
    together, alone = (share_bounds(item_figure(each, apart), RISK) for each in (_answers(400, block), _answers(400)))
    assert together[0] < alone[0] < alone[1] < together[1]


def test_a_mean_is_bounded_by_students_t() -> None:
    figure = item_figure(_answers(30), np.arange(30.0))
    low, high = mean_bounds(figure, RISK)
    assert (high - low) / 2 == pytest.approx(t_quantile(29, 0.8) * figure.se)


@pytest.mark.slow
@given(st.integers(0, 1000), st.integers(30, 300))
def test_a_looser_limit_is_met_wherever_a_stricter_one_is(seed: int, items: int) -> None:
    rng = np.random.default_rng(seed)
    block = np.arange(items) % 6
    seconds = rng.exponential(0.1, items) * rng.lognormal(0, 0.5, 6)[block]
    answers = _answers(items, block)
    bounds = {limit: _bounds(answers, seconds, limit) for limit in (0.1, 0.3, 0.6, 1.2)}
    met = [bounds[limit][1] <= limit for limit in bounds]
    failed = [bounds[limit][0] > limit for limit in bounds]
    assert met == sorted(met)
    assert failed == sorted(failed, reverse=True)
    assert all(low <= high for low, high in bounds.values())


def test_few_requests_bound_no_percentile() -> None:
    assert _bounds(_answers(20), np.linspace(0.1, 0.2, 20), 5.0)[1] == math.inf
    assert _bounds(_answers(60), np.linspace(0.1, 0.2, 60), 5.0)[1] == pytest.approx(0.2)


@pytest.mark.slow
def test_a_limit_at_the_true_p95_is_rarely_said_to_be_kept() -> None:
    rng = np.random.default_rng(4)
    kept = [_bounds(_answers(300), rng.exponential(1.0, 300), math.log(20)) for _ in range(400)]
    assert np.mean([high <= math.log(20) for _, high in kept]) <= RISK + 0.03
    assert np.mean([low > math.log(20) for low, _ in kept]) <= RISK + 0.03


def test_routers_that_err_together_share_the_risk_once() -> None:
    rng = np.random.default_rng(2)
    one = rng.normal(size=300)
    same, apart = [one] * 8, list(rng.normal(size=(8, 300)))
    assert risk_of_each(same, RISK) == pytest.approx(RISK, abs=0.01)
    assert risk_of_each(apart, RISK) == pytest.approx(1 - (1 - RISK) ** (1 / 8), abs=0.004)
    assert risk_of_each([one], RISK) == RISK
    flat = np.zeros(300)
    assert risk_of_each([one, flat], RISK) == RISK / 2
    assert risk_of_each([flat, flat], RISK) == RISK / 2
