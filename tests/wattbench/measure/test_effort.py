"""How much a run asks for intervals and joules: by what can be metered, and by the effort that the suite names."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.config import Measure
from wattbench.measure.effort import AGAIN, AROUND_S, LEAST, NORMAL_S, NORMAL_SHARE, Effort, effort_of
from wattbench.meters.contention.proc_files import TICK_S
from wattbench.meters.windows.thresholds import MIN_STEPS

NAMES = ("quick", "normal", "thorough")
SENSORS = st.dictionaries(
    st.sampled_from(["cpu", "dram", "gpu0", "wall", "gpu0@far"]), st.sampled_from(["rapl", "counter", "integrated"]),
    min_size=1,
)  # fmt: skip
MODELS = st.dictionaries(st.sampled_from(["cpu", "dram"]), st.just("modelled"), min_size=1)
METERED = st.one_of(SENSORS, MODELS, st.builds(lambda a, b: a | b, SENSORS, MODELS), st.just(dict[str, str]()))
AUTOMATIC = st.one_of(st.just("auto"), st.floats(0.0, 60.0))
MEASURES = st.builds(Measure, effort=st.sampled_from(NAMES), min_window_s=AUTOMATIC, idle_s=AUTOMATIC)
SHORTEST_S = st.sampled_from([0.0, MIN_STEPS * TICK_S, 1.0, 10.0])
SECONDS = st.floats(0.0, 1e6)


@given(MODELS, st.sampled_from(NAMES))
def test_without_a_sensor_nothing_is_filled_beyond_ten_ticks_and_nothing_is_asked_again(
    metered: dict[str, str], name: str
) -> None:
    effort = effort_of(Measure(effort=name), metered, MIN_STEPS * TICK_S)
    assert effort.min_window_s == 10 * TICK_S
    assert not effort.asks_again
    assert effort.idle_s <= 1.0


@given(MEASURES)
def test_where_nothing_is_metered_there_is_no_idle_and_only_what_the_suite_sets_fills_a_window(
    measure: Measure,
) -> None:
    effort = effort_of(measure, {})
    assert (effort.idle_s, effort.min_window_s) == (0.0, measure.least_window_s)
    assert not effort.asks_again


@given(MEASURES, METERED, SHORTEST_S)
def test_what_the_suite_sets_holds_as_far_as_the_sensors_need_no_more(
    measure: Measure, metered: dict[str, str], shortest_s: float
) -> None:
    effort = effort_of(measure, metered, shortest_s)
    assert effort.watched_s >= effort.min_window_s >= shortest_s
    assert effort.idle_s == 0.0 or effort.idle_s >= shortest_s
    if measure.min_window_s != "auto":
        assert effort.min_window_s == max(measure.min_window_s, shortest_s)
    if measure.idle_s == 0.0:
        assert effort.idle_s == 0.0
    elif measure.idle_s != "auto" and metered:
        assert effort.idle_s == max(measure.idle_s, shortest_s)


@pytest.mark.parametrize(
    ("metered", "asks_again"),
    [
        ({"cpu": "rapl"}, True),
        ({"wall": "counter"}, True),
        ({"gpu0": "counter", "dram": "rapl"}, True),
        ({"gpu0": "counter"}, False),  # other work on the processor is not in a GPU's joules
        ({"gpu0": "integrated", "cpu": "modelled"}, False),
        ({"wall@far": "counter"}, False),  # other work here is not in those of another machine
        ({"cpu": "replayed"}, False),
    ],
)
def test_a_block_is_asked_again_only_where_a_sensor_counts_other_work(
    metered: dict[str, str], asks_again: bool
) -> None:
    assert [effort_of(Measure(effort=name), metered).asks_again for name in NAMES] == [False, asks_again, asks_again]


@given(MEASURES, METERED, SHORTEST_S, SECONDS, SECONDS)
def test_longer_answers_never_bring_a_smaller_budget(
    measure: Measure, metered: dict[str, str], shortest_s: float, answering_s: float, more_s: float
) -> None:
    effort = effort_of(measure, metered, shortest_s)
    assert effort.most_asking_s(answering_s + more_s) >= effort.most_asking_s(answering_s)
    assert effort.most_asking_s(answering_s) >= answering_s


@given(AUTOMATIC, AUTOMATIC, METERED, SHORTEST_S, SECONDS)
def test_quick_takes_no_more_than_normal_and_normal_no_more_than_thorough(
    min_window_s: Any, idle_s: Any, metered: dict[str, str], shortest_s: float, answering_s: float
) -> None:
    efforts = [
        effort_of(Measure(effort=name, min_window_s=min_window_s, idle_s=idle_s), metered, shortest_s) for name in NAMES
    ]

    def figures(effort: Effort) -> tuple[float, ...]:
        asking_s = effort.most_asking_s(answering_s)
        return (effort.min_window_s, effort.watched_s, effort.idle_s, effort.most_blocks, effort.asks_again, asking_s)

    for less, more in itertools.pairwise(efforts):
        assert all(a <= b for a, b in zip(figures(less), figures(more), strict=True))


@given(METERED, SECONDS)
def test_normal_keeps_its_promise_with_all_that_is_asked_again(metered: dict[str, str], answering_s: float) -> None:
    effort = effort_of(Measure(), metered)
    again = 1.0 + (AGAIN if effort.asks_again else 0.0)
    whole_s = again * effort.most_asking_s(answering_s) + AROUND_S
    assert whole_s <= (NORMAL_SHARE * answering_s + NORMAL_S) * (1.0 + 1e-9)


def test_thorough_has_all_the_time_and_quick_has_few_blocks() -> None:
    quick, normal, thorough = (effort_of(Measure(effort=name), {"cpu": "rapl"}) for name in NAMES)
    assert thorough.most_asking_s(1.0) == math.inf
    assert quick.most_blocks == LEAST < normal.most_blocks
    assert (quick.min_window_s, normal.min_window_s, thorough.min_window_s) == (0.5, 1.0, 5.0)
