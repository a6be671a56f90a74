"""Sets drawn by chance: against enumeration, and against the conditions that define the draw."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench_reports.stats import together_by_chance


def enumerated(weights: list[float], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Chances and pair chances of the draw in which a set's probability goes with its members' weights."""
    members = len(weights)
    single, both, total = np.zeros(members), np.zeros((members, members)), 0.0
    for chosen in itertools.combinations(range(members), size):
        product = float(np.prod([weights[place] for place in chosen]))
        total += product
        for place in chosen:
            single[place] += product
        for first, second in itertools.permutations(chosen, 2):
            both[first, second] += product
    return single / total, both / total


@settings(max_examples=60)
@given(st.data())
def test_it_agrees_with_enumeration(data: st.DataObject) -> None:
    members = data.draw(st.integers(2, 7))
    size = data.draw(st.integers(1, members))
    weights = data.draw(st.lists(st.floats(0.05, 20), min_size=members, max_size=members))
    single, both = enumerated(weights, size)
    assert together_by_chance(single, size) == pytest.approx(both, abs=1e-6)


def test_even_chances_are_those_of_any_two_of_so_many() -> None:
    found = together_by_chance(np.full(4, 0.5), 2)
    assert found[np.triu_indices(4, k=1)] == pytest.approx(np.full(6, 1 / 6))
    assert np.diag(found).tolist() == [0.0] * 4


def test_who_is_always_or_never_in() -> None:
    found = together_by_chance(np.array([1.0, 0.5, 0.3, 0.2, 0.0]), 2)
    assert found[0].tolist() == pytest.approx([0.0, 0.5, 0.3, 0.2, 0.0])
    assert not found[1:, 1:].any()
    assert together_by_chance(np.ones(3), 3)[np.triu_indices(3, k=1)].tolist() == [1.0] * 3
    assert not together_by_chance(np.array([0.5, 0.3, 0.2]), 1).any()


@pytest.mark.parametrize("rare", [1e-3, 1e-6])
def test_chances_near_the_ends_still_add_up(rare: float) -> None:
    chances = np.array([1 - rare, 0.6, 0.4 + rare / 2, rare / 2])
    found = together_by_chance(chances, 2)
    assert found.sum(axis=1) == pytest.approx(chances, abs=1e-6)  # with one other, as the set has two
    assert found.sum() / 2 == pytest.approx(1.0, abs=1e-6)


def test_many_members_take_no_time_to_speak_of() -> None:
    chances = np.random.default_rng(3).dirichlet(np.full(64, 20.0)) * 8
    found = together_by_chance(chances, 8)
    assert found.sum(axis=1) == pytest.approx(7 * chances, rel=1e-6)
