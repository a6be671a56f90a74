"""One definition of a quantile, and no percentile from fewer requests than LoadGen's early stopping asks for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.percentiles import percentile_of
from wattbench_reports.stats.percentiles import Weighted, label, needed, percentile, quantile, quantiles, rule


def test_the_fewest_are_loadgens() -> None:
    assert [needed(share) for share in (0.5, 0.9, 0.95, 0.99, 0.999)] == [7, 44, 90, 459, 4603]
    assert needed(0.05) == needed(0.95)


@given(st.floats(0.5, 0.9995))
def test_so_many_and_no_fewer_show_it_with_99_percent(share: float) -> None:
    assert share ** needed(share) <= 0.01 * (1 + 1e-9)
    assert share ** (needed(share) - 1) > 0.01 * (1 - 1e-9)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_one_fewer_gives_none(share: float) -> None:
    values = np.random.default_rng(3).random(needed(share))
    assert percentile(values, share) == pytest.approx(percentile_of(values, share))
    assert percentile(values[1:], share) is None


def test_in_words() -> None:
    assert [label(share) for share in (0.5, 0.999)] == ["p50", "p99.9"]
    assert rule((0.5, 0.95, 0.999)).endswith("(7 for a p50, 90 for a p95, 4,603 for a p99.9).")


VALUES = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=60)
SHARES = st.sampled_from([0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])


@given(VALUES, SHARES)
def test_a_quantile_is_the_least_value_within_which_the_share_lies(values: list[float], share: float) -> None:
    known = np.array(values)
    found = quantile(known, share)
    assert found in values
    assert (known <= found).mean() >= share - 1e-9
    assert (known < found).mean() < share


@given(st.integers(1, 2000), st.sampled_from([500, 900, 950, 990, 999]))
def test_a_whole_number_of_values_is_not_missed_by_a_rounding_error(number: int, thousandths: int) -> None:
    assert quantile(np.arange(float(number)), thousandths / 1000) == max(-(-thousandths * number // 1000) - 1, 0)


@given(VALUES, SHARES)
def test_equal_weights_change_nothing(values: list[float], share: float) -> None:
    known = np.array(values)
    assert Weighted.of(known, np.full(len(known), 0.3)).quantile(share) == quantile(known, share)


def test_several_are_each_of_them() -> None:
    values = np.random.default_rng(1).random(400)
    shares = [0.95, 0.5, 0.95]
    assert quantiles(values, shares) == [quantile(values, share) for share in shares]
    assert quantiles(values, []) == []


def test_weights_count() -> None:
    assert Weighted.of(np.array([3.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0])).quantile(0.999) == 2.0
    assert Weighted.of(np.empty(0), np.empty(0)).quantile(0.5) is None
    assert Weighted.of(np.ones(2), np.zeros(2)).quantile(0.5) is None
