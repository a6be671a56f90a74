"""Items sum to their window, whatever overlaps what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import rows
from tests.made_up.rows import ANSWER
from wattbench.measure.item_rows import attribute, attribute_cpu
from wattbench.meters.windows.in_flight import alone_s, shares

WINDOW = replace(
    rows.WINDOW, started_s=0.0, finished_s=4.0, energy_j={"gpu0": 30.0, "cpu": 10.0},
    provenance={"gpu0": "counter", "cpu": "modelled"}, idle_w={"gpu0": 2.0, "cpu": 1.0},
)  # fmt: skip

spans = st.lists(
    st.tuples(st.floats(0, 1e4), st.floats(0, 1e3)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    min_size=1,
    max_size=40,
)


@given(spans)
def test_shares_sum_to_one_and_none_is_negative(items: list[tuple[float, float]]) -> None:
    own = shares(np.array([start for start, _ in items]), np.array([end for _, end in items]))
    assert own.sum() == pytest.approx(1.0)
    assert (own >= 0).all()


@given(spans)
def test_shares_do_not_depend_on_the_order_of_items(items: list[tuple[float, float]]) -> None:
    starts, ends = np.array([start for start, _ in items]), np.array([end for _, end in items])
    assert shares(starts[::-1], ends[::-1])[::-1] == pytest.approx(shares(starts, ends), abs=1e-9)


def test_what_overlaps_is_split_by_the_moment() -> None:
    # 0-2 alone, 2-4 shared with a second item, 4-6 the second alone.
    assert shares(np.array([0.0, 2.0]), np.array([4.0, 6.0])) == pytest.approx([0.5, 0.5])
    # A batch of two, then one alone for as long: a quarter each, then a half.
    assert shares(np.array([0.0, 0.0, 1.0]), np.array([1.0, 1.0, 2.0])) == pytest.approx([0.25, 0.25, 0.5])


@given(spans)
def test_seconds_alone_sum_to_those_in_which_anything_was_in_flight(items: list[tuple[float, float]]) -> None:
    starts, ends = np.array([start for start, _ in items]), np.array([end for _, end in items])
    covered, until = 0.0, 0.0
    for start, end in sorted(items):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    own = alone_s(starts, ends)
    assert own.sum() == pytest.approx(covered, abs=1e-6)
    assert (own <= ends - starts + 1e-6).all()


def test_pauses_are_spread_over_the_items_in_proportion() -> None:
    assert shares(np.array([0.0, 100.0]), np.array([1.0, 103.0])) == pytest.approx([0.25, 0.75])


def test_items_that_took_no_time_share_evenly() -> None:
    assert shares(np.zeros(4), np.zeros(4)) == pytest.approx([0.25] * 4)


def test_no_figure_where_the_window_cannot_be_believed() -> None:
    assert attribute([ANSWER], {}) == [(None, None)]
    assert attribute([ANSWER], {WINDOW.window: replace(WINDOW, valid=False)}) == [(None, None)]
    assert attribute([ANSWER], {WINDOW.window: replace(WINDOW, energy_j={})}) == [(None, None)]
    assert attribute([ANSWER], {WINDOW.window: replace(WINDOW, idle_w={})}) == [(40.0, None)]


@pytest.mark.slow
@given(passes=st.integers(1, 1000), spans=spans, valid=st.booleans())
def test_own_cpu_seconds_are_divided_as_joules_are_whatever_the_window_is_worth(
    passes: int, spans: list[tuple[float, float]], valid: bool
) -> None:
    answers = [replace(ANSWER, started_s=start, finished_s=end) for start, end in spans]
    window = replace(WINDOW, passes=passes, own_cpu_s=8.0)
    seconds = [
        each for each in attribute_cpu(answers, {WINDOW.window: replace(window, valid=valid)}) if each is not None
    ]
    assert len(seconds) == len(answers)
    assert sum(seconds) * passes == pytest.approx(8.0)
    joules = [total for total, _ in attribute(answers, {WINDOW.window: window})]
    assert seconds == pytest.approx([total / 5.0 for total in joules if total is not None])


def test_own_cpu_seconds_that_are_not_known_are_none() -> None:
    assert attribute_cpu([ANSWER], {}) == [None]
    assert attribute_cpu([ANSWER], {WINDOW.window: WINDOW}) == [None]
