"""A schedule of wattbench's own: moments, documents, sessions, and a client that lags."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up.traces import azure, mooncake, write
from wattbench.config import Load
from wattbench.measure.ask_items import answer_row, no_replies
from wattbench.records import POISSON_ARRIVALS, TRACE_ARRIVALS
from wattbench.records.rate_bounds import Held
from wattbench.scenarios.open_loop import dispatch, schedule
from wattbench.scenarios.open_loop.dispatch import Offered
from wattbench.scenarios.open_loop.rate_row import load_row
from wattbench.scenarios.open_loop.rates import schedule_of
from wattbench.scenarios.open_loop.schedule import ScheduledRequest, offer_schedule, poisson_moments
from wattbench.systems import Reply
from wattbench.systems.base import Route
from wattbench.traces import TraceArrival, read_trace

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def load(**more) -> Load:
    return Load.model_validate({"trace": "a.csv", "deadline_s": 20.0, **more})


def go(engine, asks, planned, settings: Load) -> Offered:
    ended: list[int] = []
    advanced: list[int] = []
    offered = offer_schedule(
        engine, asks, settings, planned, ended=lambda: ended.append(1), advance=advanced.append
    )  # fmt: skip
    assert ended == [1]
    assert sum(advanced) == len(offered.queries) == len(planned)
    return offered


def rows(offered: Offered):
    return [
        replace(
            answer_row(
                query.ask, query.replies if query.failure is None else no_replies(query.ask), number,
                query.sent_s, query.finished_s, number, 1, "w0001",
            ),
            scheduled_s=due_s, failure=query.failure, offered_per_s=9.0, arrivals=TRACE_ARRIVALS,
            arrival={} if query.released_s is None else {"released_s": query.released_s},
        )
        for number, (query, due_s) in enumerate(zip(offered.queries, offered.due_s, strict=True))
    ]  # fmt: skip


def test_requests_are_sent_at_their_moments_and_never_before(served, asks) -> None:
    planned = [ScheduledRequest(n * 0.01, n % 11) for n in range(44)]
    offered = go(served(0.002), asks, planned, load())
    assert [due_s - offered.due_s[0] for due_s in offered.due_s] == pytest.approx([n * 0.01 for n in range(44)])
    for query, due_s in zip(offered.queries, offered.due_s, strict=True):
        assert query.failure is None
        assert query.started_s >= query.issued_s >= due_s
    row = load_row("system", "task", 100.0, load(), rows(offered), offered, slots=64, trace={"name": "a.csv"})
    assert row.here, row.reasons
    assert (row.loadgen_valid, row.loadgen, row.disagreement_s, row.arrivals) == (None, {}, None, TRACE_ARRIVALS)
    assert row.scheduled_per_s == pytest.approx(100.0)
    assert row.trace == {"name": "a.csv"}


class Clock:
    """The clock of the process, which a test can set forward as if the process had been stopped."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now_s(self) -> float:
        return 1_700_000_000.0 + time.perf_counter() + self.ahead_s


@pytest.fixture
def stopped_at(monkeypatch) -> Callable[[int, float], Clock]:
    """Have the thread that issues stand still for some seconds before a request."""

    def stop(number: int, seconds: float) -> Clock:
        clock = Clock()
        for module in (schedule, dispatch):
            monkeypatch.setattr(module, "now_s", clock.now_s)
        issue = dispatch.Dispatcher.issue

        def blocked(self, query, after=()):
            if len(self.queries) == number:
                time.sleep(0.05)  # so that those before it have ended
                clock.ahead_s += seconds
            issue(self, query, after)

        monkeypatch.setattr(dispatch.Dispatcher, "issue", blocked)
        return clock

    return stop


def test_a_planted_delay_of_12_s_in_the_client_is_named(monkeypatch, stopped_at, served, asks) -> None:
    clock = stopped_at(20, 12.0)
    planned = [ScheduledRequest(n * 0.005, n % 11) for n in range(44)]
    engine = served(0.001)
    monkeypatch.setattr(engine, "answer_live", _stamped(clock))
    for deadline_s, in_time in ((20.0, 44), (2.0, 20)):  # what is late is the client's, and nothing else is known
        clock.ahead_s = 0.0
        offered = go(engine, asks, planned, load(deadline_s=deadline_s))
        row = load_row("system", "task", 200.0, load(deadline_s=deadline_s), rows(offered), offered, slots=64)
        assert row.in_time == in_time
        assert (row.state, row.client_late) == (Held.NOT_KNOWN, True)
        assert "24 of 44 requests more than" in row.reasons[0]
        assert "s after it could have, the latest by 12" in row.reasons[0]
        assert "0.1 s after the first arrival" in row.reasons[0]
        assert row.sending["own_lag_largest_s"] == pytest.approx(12.0, abs=0.5)


def test_a_slow_system_does_not_hold_a_rate_whose_client_lagged(monkeypatch, stopped_at, alone, asks) -> None:
    clock = stopped_at(20, 0.3)
    planned = [ScheduledRequest(n * 0.005, n % 11) for n in range(44)]
    engine = alone(0.0)
    monkeypatch.setattr(engine, "answer_live", _stamped(clock, 0.05))
    offered = go(engine, asks, planned, load(deadline_s=0.2))
    row = load_row("system", "task", 200.0, load(deadline_s=0.2), rows(offered), offered, slots=1)
    assert (row.state, row.client_late) == (Held.NO, False)
    assert "missed the deadline of 0.2 s" in row.reasons[0]


def _stamped(clock: Clock, seconds: float = 0.0):
    def answer_live(request_type, requests, first_token):
        time.sleep(seconds)
        first_token()
        now = clock.now_s()
        return [Reply("4", (now, now), now, prompt_tokens=10, output_tokens=2) for _ in requests]

    return answer_live


def test_a_delay_on_the_way_to_the_wire_is_the_clients_and_a_routers_time_the_systems(asks) -> None:
    query = dispatch.Query(1, 0, asks[0], 10.0, started_s=10.0, finished_s=25.0)
    assert query.sent_s == 10.0  # a system in this process
    query.replies = [Reply("4", finished_s=24.0, sent_s=22.0)]
    assert (query.sent_s, query.answered_s) == (22.0, 24.0)
    query.replies = [Reply("4", finished_s=24.0, sent_s=22.0, route=Route("a", None, 12.0, ("a",)))]
    assert query.sent_s == 10.0


def test_a_busy_system_is_not_a_lagging_client(alone, asks) -> None:
    planned = [ScheduledRequest(n * 0.001, n % 11) for n in range(22)]
    offered = go(alone(0.02), asks, planned, load())
    row = load_row("system", "task", 1000.0, load(), rows(offered), offered, slots=1)
    assert not [reason for reason in row.reasons if "client lagged" in reason]
    assert row.sending["for_a_slot_largest_s"] > 0.2
    assert row.sending["queue_peak"] >= 10
    assert row.sending["in_flight_peak"] == 1


class Recording:
    """Notes when each document is asked and answered; fails some."""

    def __init__(self, served, fails=()):
        self.engine = served(0.02, fails=fails)
        self.log: list[tuple[str, int]] = []
        self.lock = threading.Lock()
        self.concurrent = True

    def answer_live(self, request_type, requests, first_token):
        doc = int(requests[0].doc_id)
        with self.lock:
            self.log.append(("sent", doc))
        try:
            return self.engine.answer_live(request_type, requests, first_token)
        finally:
            with self.lock:
                self.log.append(("answered", doc))


@pytest.mark.parametrize("fails", [(), (0,)])
def test_a_turn_is_never_sent_before_the_answers_it_follows(fails, served, asks) -> None:
    engine = Recording(served, fails)
    planned = [
        ScheduledRequest(0.0, 0),
        ScheduledRequest(0.0, 1),
        ScheduledRequest(0.001, 2, (0, 1)),
        ScheduledRequest(0.002, 3, (2,)),
        ScheduledRequest(0.3, 4, (3,)),
    ]
    offered = go(engine, asks, planned, load())
    place = {event: number for number, event in enumerate(engine.log)}
    for request in planned:
        for before in request.after:
            assert place["answered", planned[before].index] < place["sent", request.index]
    queries = offered.queries
    assert queries[0].released_s is None
    assert queries[2].released_s == pytest.approx(max(queries[0].finished_s, queries[1].finished_s), abs=0.01)
    assert queries[4].released_s < queries[4].started_s
    assert queries[4].started_s >= offered.due_s[4]  # an early answer lets nothing go before its moment
    row = load_row("system", "task", 9.0, load(), rows(offered), offered, slots=64)
    assert row.sending["for_answers_largest_s"] > 0.01
    assert row.sending["own_lag_largest_s"] < 1.0


def test_an_interruption_ends_a_schedule_at_once(served, asks) -> None:
    def interrupted(ended: int) -> None:
        if ended:
            raise KeyboardInterrupt

    planned = [ScheduledRequest(0.0, 0), ScheduledRequest(3600.0, 1)]
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        offer_schedule(served(0.0), asks, load(max_in_flight=2), planned, ended=print, advance=interrupted)
    until_s = time.monotonic() + 60
    while threading.active_count() > before + 2:  # the two that ask wait for work, and end with the process
        assert time.monotonic() < until_s
        time.sleep(0.01)


def test_each_document_is_asked_equally_often_and_alike_under_both(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path / "a.csv", azure([n * n / 100 for n in range(44)])))
    settings = load(speed=4)
    planned = {
        kind: schedule_of(settings, kind, trace.arrivals, 11, seed=3) for kind in (TRACE_ARRIVALS, POISSON_ARRIVALS)
    }
    traced, poisson = planned.values()
    assert [each.index for each in traced] == [each.index for each in poisson]
    assert set(Counter(each.index for each in traced).values()) == {4}
    assert [each.at_s for each in traced] == pytest.approx([n * n / 400 for n in range(44)])
    assert (poisson[0].at_s, poisson[-1].at_s) == (0.0, pytest.approx(traced[-1].at_s))
    assert [each.at_s for each in poisson] == sorted(each.at_s for each in poisson)
    assert schedule_of(settings, POISSON_ARRIVALS, trace.arrivals, 11, seed=3) == poisson
    assert schedule_of(settings, POISSON_ARRIVALS, trace.arrivals, 11, seed=4) != poisson


def test_turns_wait_only_where_the_suite_keeps_sessions(tmp_path: Path) -> None:
    text = mooncake((0, 512, 1, [1]), (2000, 1024, 1, [1, 2]))
    arrivals: tuple[TraceArrival, ...] = read_trace(write(tmp_path / "m.jsonl", text)).arrivals
    asked = {
        keep: schedule_of(load(sessions=keep), TRACE_ARRIVALS, arrivals, 2, seed=1)[1].after for keep in (True, False)
    }
    assert asked == {True: (0,), False: ()}


def test_moments_of_poisson_arrivals_are_spread_as_they_should_be() -> None:
    from scipy.stats import kstest

    moments = poisson_moments(4_000, 100.0, 7)
    assert len(moments) == 4_000
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert kstest(gaps, "expon", args=(0, 100.0 / 3_999)).pvalue > 0.01
