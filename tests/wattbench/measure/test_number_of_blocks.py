"""The number of blocks: within its bounds, by Kalibera and Jones, and with its reason."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.config import Measure, Stop
from wattbench.measure.effort import (
    AGAIN,
    AROUND_S,
    MOST_WITH_LOOKS,
    NORMAL_S,
    NORMAL_SHARE,
    QUICK_S,
    Effort,
    effort_of,
)
from wattbench.measure.number_of_blocks import (
    LEAST,
    LEAST_OF_SLOW_SWITCHES,
    MOST,
    SLOW_SWITCH_S,
    VARIANCE_RATIO,
    NumberOfBlocks,
    choose_number,
    item_spread,
)

SECONDS = st.floats(1e-6, 1e3)
SENSOR, MODEL, NOTHING = {"cpu": "rapl"}, {"cpu": "modelled"}, dict[str, str]()
METERED = st.sampled_from([SENSOR, {"gpu0": "counter", "cpu": "modelled"}, MODEL, NOTHING])


def thorough(measure: Measure, min_window_s: float = 0.0) -> Effort:
    """An effort that bounds no time, so that what else decides is seen."""
    return effort_of(measure.model_copy(update={"effort": "thorough", "min_window_s": min_window_s}), SENSOR)


@given(st.integers(1, 2000), st.integers(1, 32), SECONDS, SECONDS, SECONDS, st.floats(0, 30))
def test_there_are_as_many_blocks_as_items_allow_and_windows_are_filled_where_they_can_be(
    items: int, batch: int, switch_s: float, first_s: float, second_s: float, min_window_s: float
) -> None:
    measure = Measure(scenario="throughput", batch=batch)
    effort = thorough(measure, min_window_s)
    chosen = choose_number(
        items, measure, effort, switch_s={"a": switch_s, "b": switch_s}, item_s={"a": first_s, "b": second_s}
    )
    assert 1 <= chosen.blocks <= min(items, MOST)
    if batch > 1 and items >= batch:
        assert items // chosen.blocks >= batch  # a block holds at least one whole batch
    least = LEAST_OF_SLOW_SWITCHES if switch_s >= 60 else LEAST
    assert chosen.blocks >= min(least, max(items // batch, 1))
    for item_s in (first_s, second_s):
        filled = items * item_s / chosen.blocks >= effort.watched_s * 0.999
        assert filled or items * item_s < effort.watched_s * (chosen.blocks + 1) or chosen.blocks <= least
    assert str(chosen.blocks) in chosen.why


def test_a_run_that_stops_asking_systems_has_more_and_smaller_blocks() -> None:
    timed = {"switch_s": {"a": 0.1, "b": 0.1}, "item_s": {"a": 2.0, "b": 2.0}}
    whole, stopping = (
        choose_number(1000, measure, effort_of(measure, SENSOR), **timed)
        for measure in (Measure(), Measure(stop=Stop(min_accuracy=0.8)))
    )
    assert (whole.blocks, stopping.blocks) == (MOST, MOST_WITH_LOOKS)
    assert "; more than 64 bring little" in stopping.why


@given(
    st.integers(1, 2000), st.floats(0.01, 50), st.floats(0.01, 50), st.sampled_from(["quick", "normal", "thorough"]),
    METERED,
)  # fmt: skip
def test_a_dearer_switch_never_brings_more_blocks(
    items: int, switch_s: float, more_s: float, name: str, metered: dict[str, str]
) -> None:
    measure = Measure(effort=name)
    effort = effort_of(measure, metered)

    def blocks(cost_s: float) -> int:
        return choose_number(items, measure, effort, switch_s={"a": cost_s}, item_s={"a": 0.5}).blocks

    assert blocks(switch_s + more_s) <= blocks(switch_s)


def test_the_formula_is_kaliberas_and_jones() -> None:
    # sqrt(1.0 / 0.25 x 100) = 20 items per block; 400 of them make 20 blocks.
    def chosen(repeats: int = 1, **given: float) -> NumberOfBlocks:
        measure, asked = Measure(), {"repeats": {"a": repeats}}
        return choose_number(400, measure, thorough(measure), switch_s={"a": 1.0}, item_s={"a": 0.25}, **asked, **given)

    assert pytest.approx(100.0) == VARIANCE_RATIO
    assert chosen().blocks == 20
    assert "about 20 items per block are best (Kalibera and Jones 2013)" in chosen().why
    assert chosen().variance_ratio == pytest.approx(100.0)
    # Twice the spread between items: twice the items per block. Two repeats of each item count as one dearer item.
    assert chosen(item_sd=1.0).blocks == 10
    assert chosen(repeats=4).blocks == 32


@pytest.mark.parametrize(
    ("items", "switch_s", "item_s", "effort", "expected", "reason"),
    [
        # 64 x 0.3 s make 6 windows of 3 s
        (64, 0.2, 0.3, {"min_window_s": 3.0}, 6, "the items of a system would not fill a window of 3 s"),
        (64, 0.5, 1e-5, {"min_window_s": 3.0}, 5, "fewer than 5 would show no spread"),  # asked again in any case
        (660, 120.0, 2.0, {}, 5, "more than 5 cost minutes each"),
        (100, 300.0, 2.0, {}, 3, "fewer than 3 would show no spread, and each more costs minutes"),
        (64, 0.3, 0.4, {"min_window_s": 3.0}, 8, ""),
        (3, 0.5, 0.3, {}, 3, "3 items make no more"),
        (800, 0.001, 0.3, {}, 32, "more than 32 bring little"),
        (800, 0.001, 0.3, {"effort": "quick"}, 5, "effort: quick takes no more"),
        # (2 x 16 + 75) / 1.5 s for 16 s of answers and switches of 8 s
        (6400, 8.0, 0.0025, {"effort": "normal"}, 6, "more would take longer than effort: normal allows"),
    ],
)
def test_what_limits_it_is_said(
    items: int, switch_s: float, item_s: float, effort: dict[str, Any], expected: int, reason: str
) -> None:
    measure = Measure.model_validate({"effort": "thorough", "min_window_s": 0.0} | effort)
    chosen = choose_number(items, measure, effort_of(measure, SENSOR), switch_s={"a": switch_s}, item_s={"a": item_s})
    assert chosen.blocks == expected, chosen.why
    assert reason in chosen.why
    assert reason or chosen.why.endswith("(Kalibera and Jones 2013)")


def test_the_suite_may_set_it_and_without_times_it_is_the_least() -> None:
    assert choose_number(64, Measure(blocks=12), thorough(Measure())).blocks == 12
    few = choose_number(4, Measure(blocks=12), thorough(Measure()))
    assert (few.blocks, few.why) == (4, "4 blocks of one item each: the suite sets 12, but has no more items")
    untimed = choose_number(64, Measure(warmup=0), thorough(Measure()), switch_s={"a": 1.0})
    assert (untimed.blocks, untimed.variance_ratio) == (LEAST, None)


def test_the_spread_of_items_is_measured_within_systems_and_only_if_enough_were_timed() -> None:
    assert item_spread({"a": [1.0, 2.0, 3.0], "b": [10.0, 20.0, 30.0]}) is None
    spread = item_spread({"a": [1.0, 2.0, 3.0, 2.0], "b": [10.0, 20.0, 30.0, 20.0]})
    assert spread == pytest.approx(math.sqrt(2 * 0.5 / 6))  # b is ten times a: no spread of items
    assert item_spread({"a": [1.0] * 9}) is None


TIMES = st.dictionaries(st.sampled_from("abc"), st.tuples(SECONDS, st.floats(0.0, 300.0)), min_size=1)
"""System to the seconds of an item and of a switch."""


@given(st.integers(1, 2000), st.integers(1, 3), TIMES, METERED, st.sampled_from(["quick", "normal"]))
def test_what_is_planned_keeps_the_promise_where_the_fewest_blocks_do(
    items: int, repeats: int, times: dict[str, tuple[float, float]], metered: dict[str, str], name: str
) -> None:
    measure = Measure(effort=name, repeats=repeats)
    effort = effort_of(measure, metered, 0.1 if metered else 0.0)
    item_s, switch_s = ({system: both[i] for system, both in times.items()} for i in range(2))
    blocks = choose_number(items, measure, effort, item_s=item_s, switch_s=switch_s).blocks

    answering_s = {system: items * repeats * each_s for system, each_s in item_s.items()}
    turns_s = [max(each_s, blocks * effort.min_window_s) for each_s in answering_s.values()]
    asking_s = sum(turns_s) + blocks * sum(switch_s.values())
    asking_s *= 1.0 + (AGAIN if effort.asks_again else 0.0)
    promised_s = {
        "quick": sum(answering_s.values()) + QUICK_S,
        "normal": NORMAL_SHARE * sum(answering_s.values()) + NORMAL_S - AROUND_S,
    }[name]
    slow = sum(switch_s.values()) / len(switch_s) >= SLOW_SWITCH_S
    assert asking_s <= promised_s * (1 + 1e-9) or blocks <= (LEAST_OF_SLOW_SWITCHES if slow else LEAST)
