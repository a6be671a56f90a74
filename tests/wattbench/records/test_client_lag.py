"""A client's own lag, apart from the wait for a slot or for an answer."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records.client_lag import SentRequest, sending


def sent(due_s: float, started_s: float, finished_s: float, ready_s: float | None = None) -> SentRequest:
    return SentRequest(due_s, due_s if ready_s is None else ready_s, started_s, finished_s)


def test_a_planted_delay_of_12_s_is_the_clients_and_has_its_moment() -> None:
    requests = [sent(each, each + 0.001, each + 0.5) for each in range(50)]
    requests[30] = sent(30.0, 42.0, 42.5)
    found = sending(requests, 64)
    assert found.largest_s == pytest.approx(12.0)
    assert found.largest_at_s == pytest.approx(30.0)
    record = found.as_record()
    assert record["own_lag_largest_s"] == pytest.approx(12.0)
    assert record["own_lag_p90_s"] == pytest.approx(0.001)
    assert record["punctual"] == pytest.approx(49 / 50)


def test_a_wait_for_a_slot_is_the_systems() -> None:
    # One at a time, 10 s each: the second waits 9 s for the first, and is sent 2 ms after its end.
    found = sending([sent(0, 0, 10), sent(1, 10.002, 20)], 1)
    assert list(found.own_lag_s) == pytest.approx([0, 0.002])
    assert list(found.for_a_slot_s) == pytest.approx([0, 9])
    assert found.as_record()["sent_on_stamp"] == 0.5
    assert (found.queue_peak, found.in_flight_peak) == (1, 1)
    # With two slots nothing kept it but the client.
    assert max(sending([sent(0, 0, 10), sent(1, 10.002, 20)], 2).own_lag_s) == pytest.approx(9.002)


def test_a_client_that_notices_a_free_slot_late_is_late() -> None:
    found = sending([sent(0, 0, 3), sent(0, 0, 9), sent(1, 9.5, 12)], 2)
    assert list(found.own_lag_s) == pytest.approx([0, 0, 6.5])  # a slot was free from 3 s on


def test_a_wait_for_an_answer_is_neither() -> None:
    found = sending([sent(0, 0, 5), sent(2, 5.001, 6, ready_s=5.0)], 8)
    assert list(found.own_lag_s) == pytest.approx([0, 0.001])
    assert list(found.for_answers_s) == pytest.approx([0, 3])
    assert found.queue_peak == 1


def test_what_was_never_sent_is_in_the_queue_alone() -> None:
    found = sending([sent(0, 0, 9)], 1, unsent=[sent(1, 8, 8), sent(2, 8, 8)])
    assert len(found.own_lag_s) == 1
    assert found.queue_peak == 2


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5), st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=40),
    st.integers(1, 5),
)
def test_the_three_waits_sum_to_that_from_due_to_sent(rows, slots: int) -> None:
    requests = [SentRequest(due, due + r, due + r + w, due + r + w + s) for due, r, w, s in rows]
    found = sending(requests, slots)
    parts = zip(found.own_lag_s, found.for_answers_s, found.for_a_slot_s, found.after_due_s, strict=True)
    for own, answers, slot, after in parts:
        assert min(own, answers, slot) >= 0
        # More can be under way than there are slots in made-up stamps alone: then the wait for a slot is the longer.
        assert own + answers + slot >= after - 1e-9


@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.floats(0, 2), st.sampled_from((0.0, 0.0, 0.0, 5.0))), min_size=1, max_size=40
    ),
    st.integers(1, 3),
)
def test_no_answer_is_later_for_the_lag_by_more_than_is_said(
    steps: list[tuple[float, float, float]], slots: int
) -> None:
    """Of queues with several places that work off what comes in order, with the lag and without."""
    due_s = list(itertools.accumulate(gap_s for gap_s, _, _ in steps))

    def ends(lags_s: list[float]) -> list[tuple[float, float]]:
        free_s, before_s, spans = [0.0] * slots, 0.0, []
        for at_s, (_, takes_s, _), lag_s in zip(due_s, steps, lags_s, strict=True):
            free_s.sort()
            before_s = max(at_s, free_s[0], before_s) + lag_s  # one thread sends them in turn
            free_s[0] = before_s + takes_s
            spans.append((before_s, free_s[0]))
        return spans

    late, punctual = ends([lag_s for _, _, lag_s in steps]), ends([0.0] * len(steps))
    client = sending([SentRequest(at_s, at_s, *span) for at_s, span in zip(due_s, late, strict=True)], slots)
    for with_lag, without, at_most_s in zip(late, punctual, client.at_most_s, strict=True):
        assert with_lag[1] - without[1] <= at_most_s + 1e-9
