"""Held or not: the rule, and LoadGen's counting in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.made_up.rows import ANSWER
from wattbench.config import Load, Measure
from wattbench.records import AnswerRow
from wattbench.records.client_lag import SentRequest, sending
from wattbench.scenarios.open_loop.dispatch import Offered
from wattbench.scenarios.open_loop.held import NotHeld, Offer, RequestTimes, most_lag_s, why_not_held
from wattbench.scenarios.open_loop.loadgen_logs import Detail, read_detail, read_trace
from wattbench.scenarios.open_loop.rate_row import load_row, outcome

GOOD = Detail("6", True, {"result_perf_constraints_met": True, "early_stopping_met": True}, ())
LOAD = Load.model_validate({"rates_per_s": [1.0], "deadline_s": 2.0})


def judge(latencies: list[float | None], detail: Detail = GOOD, drain_s: float = 0.0) -> list[str]:
    outcomes = [RequestTimes(latency, None, None) for latency in latencies]
    return list(verdict(outcomes, LOAD, detail, drain_s).reasons)


def verdict(outcomes: list[RequestTimes], load: Load, detail: Detail = GOOD, drain_s: float = 0.0) -> NotHeld:
    offer = Offer(outcomes, [0.0] * len(outcomes), 100.0, 100.0 + drain_s)
    return why_not_held(offer, load, detail, sending([], 1))


def test_in_time_and_nothing_amiss_is_held() -> None:
    assert judge([0.5] * 100) == []
    assert judge([0.5] * 90 + [9.0] * 10, drain_s=9.0) == []  # a straggler or two are what the share is for


def test_each_reason_is_named() -> None:
    assert "20 of 100 requests missed the deadline of 2 s" in judge([0.5] * 80 + [3.0] * 20)[0]
    assert "5 of them without an answer" in judge([0.5] * 80 + [3.0] * 15 + [None] * 5)[0]
    assert any("served" in reason for reason in judge([0.5] * 100, drain_s=30.0))
    late = Detail("6", False, {"result_perf_constraints_met": False, "result_invalid_reason": "Reduce QPS. "}, ())
    assert judge([0.5] * 100, late) == ["LoadGen: INVALID, Reduce QPS"]
    unsure = Detail("6", False, {"result_perf_constraints_met": True, "early_stopping_met": False}, ())
    assert judge([0.5] * 100, unsure) == []  # that is of the long run
    broken = Detail("6", True, {}, ("Attempted to complete a sample twice.",))
    assert judge([0.5] * 100, broken) == ["LoadGen reports an error: Attempted to complete a sample twice."]


def test_deadlines_of_tokens_count_where_they_are_set() -> None:
    strict = LOAD.model_copy(update={"ttft_deadline_s": 0.1, "tpot_deadline_s": 0.05})
    assert RequestTimes(1.0, 0.05, 0.01).in_time(strict)
    assert not RequestTimes(1.0, 0.2, 0.01).in_time(strict)
    assert not RequestTimes(1.0, 0.05, 0.06).in_time(strict)
    assert not RequestTimes(None, None, None).in_time(strict)
    assert RequestTimes(1.0, 0.2, 0.06).in_time(LOAD)


def test_without_the_first_tokens_arrival_the_end_of_the_answer_counts() -> None:
    first = LOAD.model_copy(update={"ttft_deadline_s": 0.5})
    assert RequestTimes(0.4, None, None, 20).in_time(first)
    assert not RequestTimes(0.6, None, None, 20).in_time(first)
    assert RequestTimes(0.6, None, None, 0).in_time(first)  # nothing is generated


def test_an_answer_without_a_tpot_does_not_meet_a_tpot_deadline() -> None:
    later = LOAD.model_copy(update={"tpot_deadline_s": 10.0})
    for tokens in (None, 2, 20):
        assert not RequestTimes(0.1, 0.1, None, tokens).in_time(later)
        assert RequestTimes(0.1, 0.1, None, tokens).lacks_tpot(later)
        assert RequestTimes(0.1, 0.1, None, tokens).in_time(LOAD)
        assert not RequestTimes(0.1, 0.1, None, tokens).lacks_tpot(LOAD)
    for tokens in (0, 1):
        assert RequestTimes(0.1, 0.1, None, tokens).in_time(later)
        assert not RequestTimes(0.1, 0.1, None, tokens).lacks_tpot(later)
    assert not RequestTimes(0.1, 0.1, 11.0, 20).lacks_tpot(later)  # late, and known to be
    assert not RequestTimes(None, None, None).lacks_tpot(later)  # no answer at all


def test_a_rate_answered_in_one_chunk_is_not_held_and_the_reason_says_so() -> None:
    later = LOAD.model_copy(update={"tpot_deadline_s": 0.05})
    chunks = [RequestTimes(0.5, 0.5, None, 20)] * 95 + [RequestTimes(None, None, None)] * 5
    assert verdict(chunks, later).reasons == [
        "100 of 100 requests missed the deadline of 2 s or 0.05 s per token, 5 of them without an answer, 95 of them "
        "without a TPOT to check: 90% have to be in time"
    ]
    streamed = [RequestTimes(0.5, 0.1, 0.02, 20)] * 100
    assert verdict(streamed, later).reasons == []


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        ({"scenario": "load"}, "needs the rates"),
        ({"load": {"rates_per_s": [1], "deadline_s": 1}}, "belongs to scenario: load"),
        ({"scenario": "load", "batch": 2, "load": {"rates_per_s": [1], "deadline_s": 1}}, "takes no batch"),
        ({"scenario": "load", "load": {"rates_per_s": [1, 1], "deadline_s": 1}}, "name each rate once"),
        ({"scenario": "load", "load": {"rates_per_s": [], "deadline_s": 1}}, "at least 1 item"),
        ({"scenario": "load", "load": {"rates_per_s": [0], "deadline_s": 1}}, "greater than 0"),
        (
            {
                "scenario": "load",
                "min_window_s": 3,
                "load": {"rates_per_s": [1], "deadline_s": 1, "min_duration_s": 2},
            },
            "min_window_s",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(measure, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Measure.model_validate(measure)


@given(st.floats(0.01, 100), st.integers(1, 500))
def test_queries_cover_every_document_equally(rate: float, documents: int) -> None:
    load = Load.model_validate({"rates_per_s": [rate], "deadline_s": 1.0})
    asked = load.queries(rate, documents)
    assert asked % documents == 0
    assert asked >= max(load.min_queries, rate * load.min_duration_s)


@given(st.lists(st.text(max_size=60), max_size=20))
def test_hostile_logs_end_in_a_sentence_or_a_verdict(tmp_path_factory, lines: list[str]) -> None:
    from wattbench.errors import UserError
    from wattbench.scenarios.open_loop.loadgen_logs import DETAIL, TRACE

    folder = tmp_path_factory.mktemp("logs")
    (folder / DETAIL).write_text("\n".join(":::MLLOG " + line for line in lines), errors="replace")
    body = "\n".join('{"name":"Sample","cat":"default","ph":"b",' + line for line in lines)
    (folder / TRACE).write_text(body, errors="replace")
    with pytest.raises(UserError):
        read_detail(folder)
    try:
        read_trace(folder)
    except UserError as error:
        assert str(folder) in str(error)  # noqa: PT017  # a text that is whole by chance is read


def answered(due_s: float, token_s: list[float], tokens: int | None, request_type: str = "generate_until") -> AnswerRow:
    return replace(
        ANSWER, request_type=request_type, output_tokens=tokens, scheduled_s=due_s, started_s=due_s,
        first_token_s=token_s[0] if token_s else None, finished_s=due_s + 0.5, token_s=token_s, offered_per_s=1.0,
    )  # fmt: skip


NO_TPOT = (
    "50 of 50 requests have no TPOT (the answer came in one chunk, or the engine does not report when tokens arrive): "
    "they count as late"
)


@pytest.mark.parametrize(
    ("arrivals_s", "tokens", "in_time", "remarks"),
    [
        ([0.1, 0.5], 20, 50, []),
        ([0.5], 1, 50, []),
        (
            [0.5],
            20,
            0,
            [NO_TPOT],
        ),
        (
            [],
            20,
            0,
            [
                "the engine does not report when its first token arrives, so there is no TTFT",
                "the deadline of the first token was applied to the whole answer",
                NO_TPOT,
            ],
        ),
    ],
)
def test_a_row_of_a_rate_says_which_answers_have_no_tpot(arrivals_s, tokens, in_time, remarks) -> None:
    load = LOAD.model_copy(update={"ttft_deadline_s": 1.0, "tpot_deadline_s": 0.05})
    answers = [answered(due_s, [due_s + each for each in arrivals_s], tokens) for due_s in map(float, range(50))]
    row = load_row("system", "task", 1.0, load, answers, Offered([], [], [], GOOD))
    assert row.in_time == in_time
    assert (row.held, row.here) == (False, in_time == 50)
    assert row.remarks == remarks


def test_a_request_that_generates_nothing_has_no_token_to_be_late() -> None:
    load = LOAD.model_copy(update={"ttft_deadline_s": 0.01, "tpot_deadline_s": 0.01})
    assert outcome(answered(0.0, [], None, "loglikelihood")).in_time(load)
    assert not outcome(answered(0.0, [], None)).in_time(load)


def judge_sent(stamps: list[SentRequest]) -> NotHeld:
    client = sending(stamps, 64)
    outcomes = [RequestTimes(each.finished_s - each.due_s, None, None) for each in stamps]
    return why_not_held(Offer(outcomes, client.at_most_s, 100.0, 100.0), LOAD, None, client)


def test_of_a_lagging_client_nothing_is_known_and_its_largest_lag_has_a_moment() -> None:
    stamps = [SentRequest(each, each, each, each + 0.5) for each in range(100)]
    assert judge_sent(stamps) == NotHeld([], client_late=False)
    stamps[70] = SentRequest(70, 70, 70.15, 70.6)  # within a tenth of the deadline of 2 s
    assert judge_sent(stamps) == NotHeld([], client_late=False)
    stamps[70] = SentRequest(70, 70, 82, 82.5)
    judged = judge_sent(stamps)
    assert judged.client_late
    assert judged.reasons == [
        "the client lagged: it sent 1 of 100 requests more than 0.2 s after it could have, the latest by 12.0 s, "
        "70.0 s after the first arrival. Their latency is the client's, not the system's: give the client more "
        "processors, or send fewer at once (a lower rate, a lower max_in_flight)"
    ]
    assert most_lag_s(LOAD.model_copy(update={"ttft_deadline_s": 0.2})) == 0.1


def test_a_slow_system_behind_a_lagging_client_is_still_slow() -> None:
    quick = [SentRequest(each, each, each + 5.0, each + 5.5) for each in range(100)]
    slow = [SentRequest(each, each, each + 5.0, each + 8.5) for each in range(100)]
    assert judge_sent(quick).client_late  # all are late, by the client's lag alone
    assert not judge_sent(slow).client_late  # late by 3.5 s without it
    assert judge_sent(slow).reasons[0].startswith("100 of 100 requests missed the deadline of 2 s")
    assert "the client lagged" in judge_sent(slow).reasons[1]
    growing = [SentRequest(each, each, each, 2.0 * each + 2.0) for each in range(100)]
    growing[0] = SentRequest(0, 0, 3, 3.5)
    assert not judge_sent(growing).client_late  # by up to 100 s, of which no more than 3 can be the client's


def test_what_was_never_sent_behind_a_lag_says_nothing_of_the_system() -> None:
    failed = RequestTimes(None, None, None)
    client = sending([SentRequest(each, each, each + 5.0, each + 5.5) for each in range(80)], 64)
    for lag_s, known in ((float("inf"), False), (0.0, True)):  # given up, or refused by the system
        offer = Offer(
            [RequestTimes(5.5, None, None)] * 80 + [failed] * 20, [*client.at_most_s, *[lag_s] * 20], 100, 100
        )
        assert why_not_held(offer, LOAD, GOOD, client).client_late is not known


def test_constraints_of_first_tokens_are_spoken_of_only_where_one_is_set() -> None:
    said = {
        "result_perf_constraints_met": False,
        "result_invalid_reason": "TTFT constrain not met: Reduce target QPS. ",
    }
    late = Detail("6", False, said, ())
    (why,) = judge([0.5] * 100, late)
    assert why == "LoadGen: INVALID, too many requests missed the deadline of 2 s"
    first = LOAD.model_copy(update={"ttft_deadline_s": 0.5})
    outcomes = [RequestTimes(0.4, 0.1, None)] * 100
    (why,) = verdict(outcomes, first, late).reasons
    assert "TTFT" in why
