"""Joules of a window, divided among model calls: they add up by every rule, whatever overlaps what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.meters.windows.calls import Divided, InFlight, PhaseRates, agents_share, divide, scaled
from wattbench.meters.windows.series import Point
from wattbench.records import CallRow

BEGIN_S, END_S = 100.0, 110.0
CURVE = [(100.0, 0.0), (103.0, 60.0), (104.0, 60.0), (110.0, 200.0)]
CALL = CallRow(
    call="c", session="s", system="x", protocol="chat", path="/v1/chat/completions", started_s=101.0,
    first_byte_s=102.0, finished_s=105.0, streamed=True, prompt_tokens=100, cached_tokens=40, output_tokens=30,
)  # fmt: skip

RULES = ("tokens_j", "time_j", "equal_j")


def flight(
    start_s: float, end_s: float, first_s: float | None = None, weights: tuple[float, float] = (1, 1)
) -> InFlight:
    return InFlight(start_s, end_s if first_s is None else first_s, end_s, *weights)


moments = st.floats(95.0, 115.0)
weights = st.one_of(st.just(0.0), st.floats(1e-3, 1e3))
flights = st.builds(
    lambda times, own: InFlight(*sorted(times), *own),
    st.tuples(moments, moments, moments),
    st.tuples(weights, weights),
)
calls_in_flight = st.lists(st.one_of(flights, moments.map(lambda at_s: InFlight(at_s, at_s, at_s))), max_size=25)
curves = st.lists(st.tuples(st.floats(0.001, 9.999), st.floats(0.0, 500.0)), max_size=12).map(
    lambda points: list(
        zip(
            [BEGIN_S, *sorted(BEGIN_S + at_s for at_s, _ in points), END_S],
            sorted([0.0, *(joules for _, joules in points), 500.0]),
            strict=True,
        )
    )
)


def sums(made: Divided) -> list[float]:
    return [math.fsum([*getattr(made, rule), made.idle_j]) for rule in RULES]


@given(curves, calls_in_flight)
def test_calls_and_idle_are_the_joules_of_the_window_by_every_rule(curve: list[Point], calls: list[InFlight]) -> None:
    made = divide([curve], calls, BEGIN_S, END_S)
    if any(call.finished_s > BEGIN_S and call.started_s < END_S and call.finished_s > call.started_s for call in calls):
        assert sums(made) == pytest.approx([500.0] * 3, rel=1e-12)
    else:  # a moment takes no joules
        assert made.idle_j == pytest.approx(500.0, rel=1e-12)
    assert min([0.0, *made.tokens_j, *made.time_j, *made.equal_j, *made.tokens_s, made.idle_j]) >= 0.0
    assert made.tokens_s.sum() <= END_S - BEGIN_S + 1e-9


@given(curves, calls_in_flight, st.randoms())
def test_the_order_of_calls_changes_nothing_at_all(curve: list[Point], calls: list[InFlight], draw: object) -> None:
    order = list(range(len(calls)))
    draw.shuffle(order)  # type: ignore[attr-defined]
    made = divide([curve], calls, BEGIN_S, END_S)
    again = divide([curve], [calls[at] for at in order], BEGIN_S, END_S)
    assert again.idle_j == made.idle_j
    for rule in RULES:
        assert getattr(again, rule).tolist() == [getattr(made, rule)[at] for at in order]


@given(curves, calls_in_flight, st.floats(BEGIN_S, END_S))
def test_a_window_split_at_any_moment_gives_the_same_by_time(
    curve: list[Point], calls: list[InFlight], at_s: float
) -> None:
    whole = divide([curve], calls, BEGIN_S, END_S)
    parts = [divide([curve], calls, *span) for span in ((BEGIN_S, at_s), (at_s, END_S))]
    assert sum(part.idle_j for part in parts) == pytest.approx(whole.idle_j, abs=1e-9)
    assert sum(part.time_j for part in parts) == pytest.approx(whole.time_j, abs=1e-9)
    assert sum(part.tokens_j for part in parts) == pytest.approx(whole.tokens_j, abs=1e-9)


@given(curves, calls_in_flight, flights, st.integers(2, 5))
def test_equal_calls_get_equal_shares(curve: list[Point], others: list[InFlight], same: InFlight, times: int) -> None:
    made = divide([curve], [*others, *[same] * times], BEGIN_S, END_S)
    for rule in RULES:
        assert len(set(getattr(made, rule)[len(others) :])) == 1


@given(curves, calls_in_flight)
def test_several_components_are_divided_as_their_sum(curve: list[Point], calls: list[InFlight]) -> None:
    one = divide([curve], calls, BEGIN_S, END_S)
    two = divide([curve, CURVE], calls, BEGIN_S, END_S)
    rest = divide([CURVE], calls, BEGIN_S, END_S)
    assert two.tokens_j == pytest.approx(one.tokens_j + rest.tokens_j, abs=1e-9)
    assert two.idle_j == pytest.approx(one.idle_j + rest.idle_j, abs=1e-9)


def test_a_slice_belongs_to_those_in_flight_in_it_and_else_to_none() -> None:
    # 20 J/s until 103, nothing until 104, then 70/3 J/s.
    made = divide([CURVE], [flight(101.0, 104.0), flight(102.0, 107.0)], BEGIN_S, END_S)
    assert made.time_j == pytest.approx([20.0 + 10.0, 10.0 + 70.0])
    assert made.idle_j == pytest.approx(20.0 + 70.0)
    assert made.equal_j == pytest.approx([55.0, 55.0])
    assert made.tokens_s == pytest.approx([1.0 + 1.0, 1.0 + 3.0])


def test_by_tokens_a_call_weighs_in_each_phase_what_it_has_there() -> None:
    constant = [(BEGIN_S, 0.0), (END_S, 100.0)]
    prefilling, decoding = flight(100.0, 104.0, 102.0, (3.0, 1.0)), flight(100.0, 104.0, 100.0, (9.0, 1.0))
    made = divide([constant], [prefilling, decoding], BEGIN_S, END_S)
    assert made.tokens_j == pytest.approx([20.0 * 3 / 4 + 20.0 / 2, 20.0 / 4 + 20.0 / 2])
    assert made.time_j == pytest.approx([20.0, 20.0])


def test_calls_without_weight_share_evenly_what_no_other_takes() -> None:
    constant = [(BEGIN_S, 0.0), (END_S, 100.0)]
    cached = flight(100.0, 102.0, 102.0, (0.0, 1.0))
    made = divide([constant], [cached, cached, flight(101.0, 102.0)], BEGIN_S, END_S)
    assert made.tokens_j == pytest.approx([5.0, 5.0, 10.0])


def test_a_call_counts_equally_with_its_part_inside_of_the_window() -> None:
    made = divide([CURVE], [flight(98.0, 102.0), flight(101.0, 103.0), flight(90.0, 99.0)], BEGIN_S, END_S)
    assert made.equal_j == pytest.approx([60.0 / 3, 60.0 * 2 / 3, 0.0])


def test_no_call_takes_nothing() -> None:
    made = divide([CURVE], [], BEGIN_S, END_S)
    assert (made.idle_j, len(made.tokens_j)) == (200.0, 0)


def test_weights_are_relative_to_the_mean_of_their_phase() -> None:
    fast = replace(CALL, prompt_tokens=160, output_tokens=60)
    rates = PhaseRates.of([CALL, fast])
    assert rates == PhaseRates(prefill=(60 + 120) / 2.0, decode=(30 + 60) / 6.0)
    assert InFlight.of(CALL, rates) == InFlight(101.0, 102.0, 105.0, 60 / 90, 10 / 15)
    assert InFlight.of(fast, rates) == InFlight(101.0, 102.0, 105.0, 120 / 90, 20 / 15)


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt_tokens": None, "output_tokens": None},
        {"streamed": False, "first_byte_s": 104.9},
        {"streamed": False, "first_byte_s": 102.0},
        {"first_byte_s": 104.99},
        {"first_byte_s": None, "output_tokens": None, "error": "the client went away"},
        {"started_s": 102.0, "output_tokens": 0},
    ],
    ids=["no tokens", "not streamed", "slow body", "at once", "no answer", "no tokens of an answer"],
)
def test_what_is_not_known_weighs_as_an_average_call(changes: dict[str, object]) -> None:
    unknown = replace(CALL, **changes)  # type: ignore[arg-type]
    rates = PhaseRates.of([CALL, unknown])
    assert rates == PhaseRates.of([CALL])
    made = InFlight.of(unknown, rates)
    assert (made.prefill, made.decode) == (1.0, 1.0)
    assert made.finished_s == unknown.finished_s


def test_without_any_rate_all_weigh_the_same() -> None:
    rates = PhaseRates.of([replace(CALL, streamed=False)])
    assert rates == PhaseRates(None, None)
    assert InFlight.of(CALL, rates).prefill == 1.0


@pytest.mark.parametrize("curve", [[], [(BEGIN_S, 0.0), (END_S, 0.0)]], ids=["none", "flat"])
def test_without_a_course_power_is_constant(curve: Sequence[Point]) -> None:
    assert scaled(curve, 30.0, BEGIN_S, END_S) == [(BEGIN_S, 0.0), (END_S, 30.0)]


def test_a_course_ends_at_the_joules_of_its_window() -> None:
    assert scaled(CURVE, 50.0, BEGIN_S, END_S) == [(100.0, 0.0), (103.0, 15.0), (104.0, 15.0), (110.0, 50.0)]


@pytest.mark.parametrize(
    ("agent_s", "own_s", "share"),
    [(0.0, None, 0.0), (1.0, None, None), (1.0, 4.0, 0.25), (5.0, 4.0, 1.0), (1.0, 0.0, 1.0)],
)
def test_agents_take_their_part_of_the_processor_time_at_most_all(
    agent_s: float, own_s: float | None, share: float | None
) -> None:
    assert agents_share(agent_s, own_s) == share
