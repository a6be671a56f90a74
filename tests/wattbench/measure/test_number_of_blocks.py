"""The number of blocks: within its bounds, by Kalibera and Jones, and with its reason."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.config import Measure
from wattbench.measure.number_of_blocks import (
    LEAST,
    LEAST_OF_SLOW_SWITCHES,
    MOST,
    VARIANCE_RATIO,
    choose_number,
    item_spread,
)

SECONDS = st.floats(1e-6, 1e3)


@given(st.integers(1, 2000), st.integers(1, 32), SECONDS, SECONDS, SECONDS, st.floats(0, 30))
def test_there_are_as_many_blocks_as_items_allow_and_windows_are_filled_where_they_can_be(
    items: int, batch: int, switch_s: float, first_s: float, second_s: float, min_window_s: float
) -> None:
    measure = Measure(scenario="throughput", batch=batch)
    chosen = choose_number(
        items, measure, switch_s={"a": switch_s, "b": switch_s}, item_s={"a": first_s, "b": second_s},
        min_window_s=min_window_s,
    )  # fmt: skip
    assert 1 <= chosen.blocks <= min(items, MOST)
    if batch > 1 and items >= batch:
        assert items // chosen.blocks >= batch  # a block holds at least one whole batch
    least = LEAST_OF_SLOW_SWITCHES if switch_s >= 60 else LEAST
    assert chosen.blocks >= min(least, max(items // batch, 1))
    for item_s in (first_s, second_s):
        filled = items * item_s / chosen.blocks >= min_window_s * 0.999
        assert filled or items * item_s < min_window_s * (chosen.blocks + 1) or chosen.blocks <= least
    assert str(chosen.blocks) in chosen.why


@given(st.integers(1, 2000), st.floats(0.01, 50), st.floats(0.01, 50))
def test_a_dearer_switch_never_brings_more_blocks(items: int, switch_s: float, more_s: float) -> None:
    def blocks(cost_s: float) -> int:
        return choose_number(items, Measure(), switch_s={"a": cost_s}, item_s={"a": 0.5}).blocks

    assert blocks(switch_s + more_s) <= blocks(switch_s)


def test_the_formula_is_kaliberas_and_jones() -> None:
    # sqrt(1.0 / 0.25 x 100) = 20 items per block; 400 of them make 20 blocks.
    assert pytest.approx(100.0) == VARIANCE_RATIO
    chosen = choose_number(400, Measure(), switch_s={"a": 1.0}, item_s={"a": 0.25})
    assert chosen.blocks == 20
    assert "about 20 items per block are best (Kalibera and Jones 2013)" in chosen.why
    assert chosen.variance_ratio == pytest.approx(100.0)
    # Twice the spread between items: twice the items per block. Two repeats of each item count as one dearer item.
    assert choose_number(400, Measure(), switch_s={"a": 1.0}, item_s={"a": 0.25}, item_sd=1.0).blocks == 10
    assert choose_number(400, Measure(repeats=4), switch_s={"a": 1.0}, item_s={"a": 0.25}).blocks == 32


@pytest.mark.parametrize(
    ("items", "switch_s", "item_s", "min_window_s", "expected", "reason"),
    [
        (64, 0.2, 0.3, 3.0, 6, "the items of a system would not fill a window"),  # 64 x 0.3 s make 6 windows of 3 s
        (64, 0.5, 1e-5, 3.0, 5, "fewer than 5 would show no spread"),  # asked again in any case
        (660, 120.0, 2.0, 10.0, 5, "more than 5 cost minutes each"),
        (100, 300.0, 2.0, 10.0, 3, "fewer than 3 would show no spread, and each more costs minutes"),
        (64, 0.3, 0.4, 3.0, 8, ""),
        (3, 0.5, 0.3, 0.0, 3, "3 items make no more"),
        (800, 0.001, 0.3, 0.0, 32, "more than 32 bring little"),
    ],
)
def test_what_limits_it_is_said(
    items: int, switch_s: float, item_s: float, min_window_s: float, expected: int, reason: str
) -> None:
    chosen = choose_number(items, Measure(), switch_s={"a": switch_s}, item_s={"a": item_s}, min_window_s=min_window_s)
    assert chosen.blocks == expected, chosen.why
    assert reason in chosen.why
    assert reason or chosen.why.endswith("(Kalibera and Jones 2013)")


def test_the_suite_may_set_it_and_without_times_it_is_the_least() -> None:
    assert choose_number(64, Measure(blocks=12)).blocks == 12
    few = choose_number(4, Measure(blocks=12))
    assert (few.blocks, few.why) == (4, "4 blocks of one item each: the suite sets 12, but has no more items")
    untimed = choose_number(64, Measure(warmup=0), switch_s={"a": 1.0})
    assert (untimed.blocks, untimed.variance_ratio) == (LEAST, None)


def test_the_spread_of_items_is_measured_within_systems_and_only_if_enough_were_timed() -> None:
    assert item_spread({"a": [1.0, 2.0, 3.0], "b": [10.0, 20.0, 30.0]}) is None
    spread = item_spread({"a": [1.0, 2.0, 3.0, 2.0], "b": [10.0, 20.0, 30.0, 20.0]})
    assert spread == pytest.approx(math.sqrt(2 * 0.5 / 6))  # b is ten times a: no spread of items
    assert item_spread({"a": [1.0] * 9}) is None
