"""The hull of accuracy and cost."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wattbench_reports.decision.prices import corners, hull_of

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


def test_a_system_in_doubt_is_only_the_cheapest_end() -> None:
    costs, accuracies = [1.0, 2.0, 5.0, 9.0], [0.1, 0.3, 0.6, 0.7]
    assert hull_of(costs, accuracies, [2, 3], [0, 1]) == [0, 2, 3]
    assert hull_of(costs, accuracies, [0, 3], [1, 2]) == [0, 3]
    # A system in doubt that is cheaper and more accurate than all others is no end to count from.
    assert hull_of([1.0, 2.0, 3.0], [0.9, 0.5, 0.6], [1, 2], [0]) == [1, 2]
    assert hull_of(costs, accuracies, [], [0, 1]) == []
