"""Joint draws, and what is computed from them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import t as student

from wattbench_reports.decision.best import chances
from wattbench_reports.decision.items_to_decide import further_items, of_a_pair, one_sided, score_apart
from wattbench_reports.decision.joint_draws import joint_draws
from wattbench_reports.decision.latency_limit import SystemLatency, design_effect, share_within
from wattbench_reports.decision.prices import corners, hull_of
from wattbench_reports.decision.run_figures import linearised
from wattbench_reports.decision.varying_figure import VaryingFigure


def test_block_draws_are_student_t_of_the_blocks() -> None:
    draws = joint_draws(6, 2, 3, 48.0, 2000)
    parts = np.random.default_rng(2).normal(size=(6, 3))
    parts -= parts.mean(axis=0)
    figure = VaryingFigure(np.zeros(3), np.zeros(3), parts)
    values = draws.of(figure)
    assert values.shape == (1000, 3)
    errors = np.sqrt(6 / 5 * (parts**2).sum(axis=0))
    assert np.sqrt(np.diag(draws.covariances(figure, figure))) == pytest.approx(errors)
    for share in (0.05, 0.25, 0.75, 0.95):
        expected = student.ppf(share, 5) * errors
        assert np.quantile(values, share, axis=0) == pytest.approx(expected, rel=0.15, abs=0.1)
    assert np.array_equal(values[1::2], -values[::2]), "odd rows are the negatives of even rows"


def test_normals_and_uniforms_are_of_their_system_and_domain_alone() -> None:
    draws = joint_draws(None, 2, 3, 48.0, 1500)
    assert draws.number == 1000
    noises = np.array([draws.noise(d, s) for d in range(2) for s in range(3)])
    assert np.abs(np.corrcoef(noises) - np.eye(6)).max() < 0.12
    assert noises.std() == pytest.approx(1.0, abs=0.01)
    assert (draws.uniform(0) < 0.3).mean() == pytest.approx(0.3, abs=0.001)
    assert draws.noise(0, 1)[0] == draws.normals[2]
    assert draws.uniform(2)[0] == draws.uniforms[9]


def test_a_ratio_of_sums_is_linearised() -> None:
    rng = np.random.default_rng(3)
    sums, counts = rng.uniform(1, 9, size=(5, 2, 4)), rng.integers(2, 6, size=(5, 2, 4)).astype(float)
    alone = linearised(sums, counts, None)
    total, count = sums.sum(axis=(0, 1)), counts.sum(axis=(0, 1))
    expected = (sums.sum(axis=1) - total / count * counts.sum(axis=1)) / count
    assert alone == pytest.approx(expected)
    assert alone.sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-12)
    mixed = linearised(sums, counts, np.array([0.25, 0.75]))
    first, second = (linearised(sums[:, [d]], counts[:, [d]], None) for d in (0, 1))
    assert mixed == pytest.approx(0.25 * first + 0.75 * second)


def test_the_least_loss_of_those_that_meet_the_requirements_is_best() -> None:
    losses = np.array([[1.0, 2.0, 0.5], [3.0, 2.0, 0.5], [1.0, 2.0, 0.5], [1.0, 2.0, 0.5]])
    met = np.array([[True, True, True], [True, True, True], [False, True, True], [False, False, True]])
    found = chances(losses, met, [True, True, False])
    assert found.p_best.tolist() == [0.25, 0.5, 0.0]  # in the last draw none meets them
    # 0 + 1 over two draws; 1 + 0 + 0 over three
    assert found.regret == (0.5, pytest.approx(1 / 3), None)


def test_a_share_within_a_limit_is_counted_or_read_between_quantiles() -> None:
    assert share_within(np.array([1.0, 2.0, 2.0, 4.0]), 4, 2.0) == 0.75
    grid = np.linspace(0, 1, 201)
    assert share_within(grid, 1e6, 0.5) == pytest.approx(0.5)
    assert (share_within(grid, 1e6, -1.0), share_within(grid, 1e6, 2.0)) == (0.0, 1.0)


def test_slow_spells_have_a_design_effect() -> None:
    block = np.repeat(np.arange(8), 50)
    rng = np.random.default_rng(4)
    scattered = rng.exponential(size=400)
    spells = scattered + np.where(block == 3, 20 * (rng.random(400) < 0.5), 0.0)
    assert design_effect(scattered, block) < 3
    assert design_effect(spells, block) > 8
    assert design_effect(scattered, np.zeros(400, dtype=np.int64)) == 1.0


points = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.floats(0.01, 100)),
        arrays(np.float64, n, elements=st.integers(0, 40).map(float)),
    )
)


@given(points)
def test_the_hull_is_convex_and_above_all(table) -> None:
    costs, accuracies = table[0].tolist(), (table[1] / 40).tolist()
    chain = corners(costs, accuracies, range(len(costs)))
    prices = [(costs[b] - costs[a]) / (accuracies[b] - accuracies[a]) for a, b in itertools.pairwise(chain)]
    assert all(one < other for one, other in itertools.pairwise(prices))
    assert all(price >= 0 for price in prices)
    assert costs[chain[0]] == min(costs)
    assert accuracies[chain[-1]] == max(accuracies)
    # No system offers more than the hull at any worth of a right answer.
    for worth in (0.0, 1.0, 30.0, 1e4):
        best = max(worth * accuracies[each] - costs[each] for each in chain)
        assert all(worth * a - c <= best + 1e-6 for a, c in zip(accuracies, costs, strict=True))


@given(points, st.floats(0, 1), st.floats(1, 3))
def test_a_dominated_system_changes_no_hull(table, less: float, dearer: float) -> None:
    costs, accuracies = table[0].tolist(), (table[1] / 40).tolist()
    chain = corners(costs, accuracies, range(len(costs)))
    worse = chain[-1]
    more = [*costs, costs[worse] * dearer], [*accuracies, accuracies[worse] * less]
    assert corners(*more, range(len(costs) + 1)) == chain


def test_a_useless_system_is_only_the_cheapest_end() -> None:
    costs, accuracies = [1.0, 2.0, 5.0, 9.0], [0.1, 0.3, 0.6, 0.7]
    assert hull_of(costs, accuracies, [2, 3], [0, 1]) == [0, 2, 3]
    assert hull_of(costs, accuracies, [0, 3], [1, 2]) == [0, 3]
    # A useless system that is cheaper and more accurate than all others is no end to count from.
    assert hull_of([1.0, 2.0, 3.0], [0.9, 0.5, 0.6], [1, 2], [0]) == [1, 2]
    assert hull_of(costs, accuracies, [], [0, 1]) == []


@settings(max_examples=30)
@given(arrays(np.float64, (40, 4), elements=st.floats(-5, 5)), arrays(np.bool_, (40, 4)))
def test_probabilities_are_shares(losses, met) -> None:
    found = chances(losses, met, [True, True, True, False])
    assert (found.p_best >= 0).all()
    assert found.p_best.sum() <= 1 + 1e-12
    assert found.p_best[3] == 0
    assert all(each is None or each >= 0 for each in found.regret)


def test_further_items_put_the_estimate_so_many_errors_from_its_bound() -> None:
    # n' = 100 (2 x .05 / .02)^2 = 2500
    assert further_items(100, 0.05, -0.02, 2.0) == 2400
    assert further_items(100, 0.05, 0.2, 2.0) == 1
    assert further_items(100, 0.05, 0.0, 2.0) is None
    assert further_items(100, 0.05, 1e-7, 2.0) is None, "more than anyone asks"
    assert one_sided(1e9) == pytest.approx(1.645, abs=0.01)
    assert one_sided(4) == pytest.approx(2.132, abs=0.001)
    assert of_a_pair(2, 0.05, 1e9) == pytest.approx(1.96, abs=0.02)
    assert of_a_pair(5, 0.05, 7) == pytest.approx(student.ppf(1 - 0.05 / 20, 7))


def test_an_estimate_beyond_its_bound_that_others_hold_back_is_as_far_as_its_probability_says() -> None:
    assert score_apart(0.0125, 0.05, 0.49, 4) == pytest.approx(0.25), "an even probability is not an endless run"
    assert score_apart(-0.0125, 0.05, 0.51, 4) == pytest.approx(0.25)
    for distance, error in ((0.2, 0.05), (0.2, 0.0), (0.0, 0.0)):
        assert score_apart(distance, error, 0.9, 4) == pytest.approx(student.ppf(0.9, 4))


@pytest.mark.parametrize("requests", [40, 150])
def test_a_limit_of_latency_is_kept_as_often_as_is_said(requests: int) -> None:
    """Of systems whose true share of requests within the limit is anything from 85% to 100%."""
    rng = np.random.default_rng(6)
    shares = rng.uniform(0.85, 1.0, size=3000)
    kept = rng.binomial(requests, shares)
    said = np.empty(len(shares))
    for number, count in enumerate(kept.tolist()):
        seconds = np.where(np.arange(requests) < count, 0.5, 2.0)
        limited = SystemLatency((seconds,), np.array([float(requests)]), np.ones(1), 1.0).within(1.0)
        assert limited is not None
        assert limited.within == pytest.approx(count / requests)
        said[number] = limited.p_met
    for low, high in itertools.pairwise((0.0, 0.05, 0.3, 0.7, 0.95, 1.0)):
        inside = (said > low) & (said <= high)
        if inside.sum() >= 50:
            assert (shares[inside] >= 0.95).mean() == pytest.approx(said[inside].mean(), abs=0.09), (low, high)
