"""Two systems on the same items."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats import mean_difference


def test_difference_is_agresti_and_min() -> None:
    # b = 9 items only the first got right, c = 3 only the second, of n = 100; half a pair added to each cell.
    first = np.array([1.0] * 9 + [0.0] * 3 + [1.0] * 88)
    second = np.array([0.0] * 9 + [1.0] * 3 + [1.0] * 88)
    interval = mean_difference(first, second)
    assert interval is not None
    n, b, c = 102, 9.5, 3.5
    centre = (b - c) / n
    half = 1.959964 * np.sqrt((b + c) - (b - c) ** 2 / n) / n
    assert interval.estimate == pytest.approx(0.06)
    assert (interval.low, interval.high) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_agreement_on_every_item_still_leaves_doubt() -> None:
    interval = mean_difference(np.ones(20), np.ones(20))
    assert interval is not None
    assert interval.low < 0 < interval.high


def test_no_items_no_difference() -> None:
    assert mean_difference(np.empty(0), np.empty(0)) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40))
def test_any_scores_give_an_interval_around_the_difference(pairs: list[tuple[float, float]]) -> None:
    first, second = (np.array(column) for column in zip(*pairs, strict=True))
    interval = mean_difference(first, second)
    assert interval is not None
    assert -1 <= interval.low <= interval.estimate + 1e-12
    assert interval.estimate - 1e-12 <= interval.high <= 1


def test_difference_holds_the_truth_at_its_rate() -> None:
    rng = np.random.default_rng(9)
    held, trials = 0, 1000
    for _ in range(trials):
        hard = rng.random(60)
        first = (rng.random(60) < 0.9 - 0.6 * hard).astype(float)  # 0.6 on average
        second = (rng.random(60) < 0.7 - 0.6 * hard).astype(float)  # 0.4
        interval = mean_difference(first, second)
        assert interval is not None
        held += interval.low <= 0.2 <= interval.high
    assert 0.93 <= held / trials <= 0.98
