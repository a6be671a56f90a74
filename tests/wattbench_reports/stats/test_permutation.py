"""Mutual information and its permutation test, on planted and on empty data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench_reports.stats import dependence, entropy_bits


def null(seed: int, items: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 10, size=(items, 3, 4)).astype(float), np.arange(items) % 4


def test_a_planted_dependence_is_found_and_measured() -> None:
    labels = np.arange(40) % 4
    choices = np.zeros((40, 2, 4))
    choices[np.arange(40), 0, labels] = 5.0  # the first place says all
    choices[:, 1, :] = 1.0  # the second says nothing
    found = dependence(choices, labels, permutations=499)
    assert found.bits == pytest.approx((2.0, 0.0))
    assert found.mean_bits == pytest.approx(1.0)
    assert found.p_value == pytest.approx(1 / 500)
    assert found.by_chance_bits < 0.1


def test_without_dependence_p_is_uniform() -> None:
    ps = np.array([dependence(*null(seed), permutations=39, seed=seed).p_value for seed in range(150)])
    # 150 draws: the share below a level stays within four standard errors of it.
    for level in (0.05, 0.25, 0.5, 0.75):
        assert abs((ps <= level).mean() - level) < 4 * np.sqrt(level * (1 - level) / 150)


def test_choices_that_are_the_same_everywhere_are_chance() -> None:
    found = dependence(np.ones((10, 2, 4)), np.arange(10) % 2, permutations=99)
    assert found.p_value == 1.0
    assert found.mean_bits == pytest.approx(0.0)


def test_a_long_item_counts_as_a_short_one() -> None:
    choices, labels = null(1)
    longer = choices * np.random.default_rng(2).integers(1, 50, size=(40, 1, 1))
    assert dependence(longer, labels, permutations=19) == dependence(choices, labels, permutations=19)


def test_the_same_seed_gives_the_same_p() -> None:
    assert dependence(*null(3), permutations=50, seed=9) == dependence(*null(3), permutations=50, seed=9)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(2, 6))
def test_bits_are_bounded_by_both_entropies(seed: int, labels: int, options: int) -> None:
    rng = np.random.default_rng(seed)
    choices = rng.integers(0, 4, size=(30, 2, options)).astype(float)
    choices[:, :, 0] += 1
    own = np.arange(30) % labels
    found = dependence(choices, own, permutations=9, seed=seed)
    of_labels = float(entropy_bits(np.bincount(own) / 30))
    assert all(-1e-9 <= bits <= min(of_labels, np.log2(options)) + 1e-9 for bits in found.bits)
    assert 0.1 <= found.p_value <= 1.0


def test_entropy_of_nothing_certain_and_even() -> None:
    assert entropy_bits(np.array([[1.0, 0, 0, 0], [0.25] * 4])).tolist() == [0.0, 2.0]
