"""Draws of systems that may be nearly alike, held to the posterior by other means."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.pooled_normals import posterior
from wattbench_reports.decision.joint_draws import JointDraws, joint_draws
from wattbench_reports.decision.partial_pooling import PooledBy, pooled
from wattbench_reports.decision.varying_figure import VaryingFigure

OWN, COMMON = 0.04, 0.03
"""Standard errors, of the logarithm of a cost."""


def draws_of(systems: int) -> JointDraws:
    return joint_draws(None, 2, systems, 200.0, 1000)


def costs(estimates: list[float], own: float = OWN, common: float = COMMON) -> VaryingFigure:
    """Costs with errors of this size in every draw; shape (1000 draws, systems)."""
    values, rng = np.array(estimates), np.random.default_rng(5)
    errors = rng.normal(size=(500, len(values) + 1))
    errors = np.concatenate([errors, -errors])
    errors = errors @ np.linalg.inv(np.linalg.cholesky(np.cov(errors.T))).T
    parts = values * (own * errors[:, 1:] + common * errors[:, :1])
    return VaryingFigure(values, values, parts)


@pytest.mark.parametrize("spread", [0.0, 0.03, 0.1, 0.4])
@pytest.mark.parametrize("bound", [None, 1.05])
def test_draws_are_those_of_the_posterior(spread: float, bound: float | None) -> None:
    y = np.log(1.0) + spread * np.array([-1.2, -0.4, 0.1, 0.6, 1.1])
    found = np.log(pooled(costs(np.exp(y).tolist()), draws_of(5), PooledBy.COST, bound))
    covariance = OWN**2 * np.eye(5) + COMMON**2
    true = posterior(y, covariance, None if bound is None else float(np.log(bound)))
    error = true.std(axis=0)
    assert np.abs(found.mean(axis=0) - true.mean(axis=0)).max() < 0.2 * error.max()
    assert found.std(axis=0) == pytest.approx(error, rel=0.12)
    if bound is not None:
        assert (found <= np.log(bound)).mean(axis=0) == pytest.approx((true <= np.log(bound)).mean(axis=0), abs=0.06)
    best, truly = (np.bincount(each.argmin(axis=1), minlength=5) / len(each) for each in (found, true))
    assert best == pytest.approx(truly, abs=0.06)


def test_systems_that_differ_widely_stay_as_they_are() -> None:
    figure, draws = costs([1.0, 3.0, 10.0]), draws_of(3)
    found = pooled(figure, draws, PooledBy.COST)
    assert found.mean(axis=0) == pytest.approx(figure.estimates, rel=0.01)
    assert found.std(axis=0) == pytest.approx(draws.of(figure).std(axis=0), rel=0.05)


def test_systems_that_are_alike_come_together() -> None:
    figure, draws = costs([1.0, 1.02, 0.99, 1.01]), draws_of(4)
    alone, together = draws.of(figure), pooled(figure, draws, PooledBy.COST)
    assert np.ptp(together, axis=1).mean() < 0.4 * np.ptp(alone, axis=1).mean()
    assert together.mean() == pytest.approx(alone.mean(), rel=0.005)
    assert together.mean(axis=1).std() == pytest.approx(alone.mean(axis=1).std(), rel=0.15), "the common error stays"


def test_the_unit_of_a_cost_changes_nothing() -> None:
    one, other = costs([1.0, 1.1, 1.3]), costs([1.0, 1.1, 1.3]).times(2.5e-7)
    first, second = pooled(one, draws_of(3), PooledBy.COST, 1.2), pooled(other, draws_of(3), PooledBy.COST, 3e-7)
    assert second == pytest.approx(first * 2.5e-7, rel=1e-9)


def test_what_is_exact_free_or_not_known_is_drawn_as_it_is() -> None:
    values = np.array([2.0, 1.1, 1.0, 0.0, np.nan])
    figure = costs([2.0, 1.1, 1.0, 1.0, 1.0])
    parts = figure.parts * np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    found = pooled(VaryingFigure(values, values, parts), draws_of(5), PooledBy.COST, 2.0)
    assert np.array_equal(found[:, [0, 3]], np.broadcast_to([2.0, 0.0], (1000, 2)))
    assert np.isnan(found[:, 4]).all()
    assert np.isfinite(found[:, :3]).all()
    exact = VaryingFigure(values[:3], values[:3], np.zeros((1000, 3)))
    assert np.array_equal(pooled(exact, draws_of(3), PooledBy.COST, 2.0), np.broadcast_to(values[:3], (1000, 3)))


def test_a_quiet_system_of_a_run_in_blocks_has_some_of_the_others_noise() -> None:
    """One of four is not met by a burst of other work; that does not make its cost certain."""
    parts = np.random.default_rng(1).normal(size=(8, 4)) * [0.05, 0.05, 0.05, 0.001]
    parts -= parts.mean(axis=0)
    values, draws = np.array([1.0, 3.0, 10.0, 30.0]), joint_draws(8, 1, 4, 64.0, 1000)
    figure = VaryingFigure(values, values, parts * values)
    alone, found = (np.std(each / values, axis=0) for each in (draws.of(figure), pooled(figure, draws, PooledBy.COST)))
    assert found[3] > 5 * alone[3]
    assert found[3] < found[:3].min()


def test_draws_stay_in_range() -> None:
    figure = VaryingFigure(
        np.array([1.0, 0.98]), np.array([0.97, 0.95]), np.random.default_rng(2).normal(size=(1000, 2))
    )
    found = pooled(figure, draws_of(2), PooledBy.ACCURACY, 0.99)
    assert ((found >= 0) & (found <= 1)).all()
    wild = costs([1.0, 1.2], own=5.0)
    assert (np.abs(np.log(pooled(wild, draws_of(2), PooledBy.COST) / wild.estimates)) <= np.log(10.0) + 1e-9).all()


def test_one_system_alone_is_drawn_as_it_is_unless_it_is_held_against_a_bound() -> None:
    figure, draws = costs([1.0]), draws_of(1)
    assert np.array_equal(pooled(figure, draws, PooledBy.COST), draws.of(figure))
    assert pooled(figure, draws, PooledBy.COST, 1.02).mean() > 1.001, "it comes nearer to the bound"
    assert np.array_equal(pooled(figure, draws, PooledBy.COST, 0.0), draws.of(figure))
