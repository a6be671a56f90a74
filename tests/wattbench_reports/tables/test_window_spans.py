"""The client's seconds: how long its slots were empty while a request was left to send."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records.client_lag import SentRequest, sending
from wattbench_reports.tables.window_spans import client_seconds, slots_of

TIMES = st.floats(0, 1e4, allow_nan=False)
SPANS = st.lists(st.tuples(TIMES, st.floats(0, 1e3)).map(lambda span: (span[0], span[0] + span[1])), min_size=1)


def of_one(spans: list[tuple[float, float]], slots: int) -> float:
    """Return the client's seconds of one window."""
    begun_s, ended_s = np.array(spans, dtype=np.float64).T
    return float(client_seconds(np.zeros(len(spans), dtype=np.int64), begun_s, ended_s, np.array([slots]))[0])


def span_s(spans: list[tuple[float, float]]) -> float:
    return max(end for _, end in spans) - min(begin for begin, _ in spans)


@given(SPANS, st.integers(1, 8))
def test_it_is_a_part_of_the_time_whatever_the_order(spans, slots) -> None:
    found = of_one(spans, slots)
    assert 0 <= found <= span_s(spans) * (1 + 1e-9)
    assert of_one(spans[::-1], slots) == found


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1), st.integers(1, 5))
def test_a_client_that_takes_its_time_between_requests_has_that_share(requests, slots) -> None:
    """A client of some slots sends the next request a pause after a slot is empty."""
    free_s, spans, paused_s = [0.0] * slots, [], 0.0
    sent_s = 0.0
    for number, (pause_s, seconds) in enumerate(requests):
        slot = free_s.index(min(free_s))
        begun_s = max(sent_s, free_s[slot] + (pause_s if number else 0.0))  # it sends them one after the other
        paused_s += begun_s - free_s[slot]
        sent_s, free_s[slot] = begun_s, begun_s + seconds
        spans.append((begun_s, free_s[slot]))
    assert of_one(spans, slots) == pytest.approx(paused_s / slots, abs=1e-9)
    lag_s = sending([SentRequest(0.0, 0.0, *span) for span in spans], slots).own_lag_s
    assert sum(lag_s) == pytest.approx(paused_s, abs=1e-9), "as it is recorded of a client under load"


def test_one_at_a_time_it_is_the_time_in_which_none_is_in_flight() -> None:
    assert of_one([(0, 1), (3, 4), (4, 9), (10, 12)], 1) == 3.0


def test_of_answers_of_ten_seconds_it_is_next_to_nothing() -> None:
    spans = [(10.0003 * number, 10.0003 * number + 10) for number in range(50)]
    assert of_one(spans, 1) / span_s(spans) < 1e-4


def test_a_slot_that_no_request_is_left_for_is_not_the_clients() -> None:
    """Three requests for eight slots, of which the last takes long."""
    assert of_one([(0, 1), (0, 1), (0, 100)], 8) == 0.0


def test_each_window_has_its_own_and_the_time_between_them_is_in_none() -> None:
    window = np.array([1, 0, 1, 0])
    begun_s, ended_s = np.array([100.0, 0.0, 103.0, 2.0]), np.array([101.0, 1.0, 104.0, 3.0])
    assert client_seconds(window, begun_s, ended_s, np.array([1, 1])).tolist() == [1.0, 2.0]
    assert client_seconds(window[:0], begun_s[:0], ended_s[:0], np.array([1, 1])).tolist() == [0.0, 0.0]


def test_items_that_one_call_answers_take_one_slot() -> None:
    """Batches of four and two in this process, half a second apart, and a server that is kept at four."""
    window, call = np.array([0] * 6 + [1] * 6), np.array([0, 0, 0, 0, 1, 1, 0, 1, 2, 3, 4, 5], dtype=np.float64)
    together = np.array([4, 4, 4, 4, 2, 2, 4, 4, 4, 4, 4, 4], dtype=np.float64)
    slots = slots_of(window, call, together, 2)
    assert slots.tolist() == [1, 4]
    begun_s, ended_s = np.array([0.0] * 4 + [1.5] * 2), np.array([1.0, 0.7, 0.9, 1.0, 2.0, 1.8])
    assert client_seconds(window[:6], begun_s, ended_s, slots[:1])[0] == 0.5
