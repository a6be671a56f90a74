"""Requests pass at most as fast as a limit allows, and not while the server wants to be left alone."""

from __future__ import annotations

import pytest

from wattbench.config.apis import Limit
from wattbench.systems.endpoint import pacing
from wattbench.systems.endpoint.pacing import Pacer, backoff_s


class Clock:
    """A clock that only sleeping moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        monkeypatch.setattr(pacing, "_now_s", lambda: self.now_s)
        monkeypatch.setattr(pacing, "_sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_without_a_limit_nothing_waits(clock: Clock) -> None:
    free = Pacer()
    assert [free.admit(10**6) for _ in range(100)] == [0.0] * 100


def test_requests_are_spread_over_the_minute(clock: Clock) -> None:
    paced = Pacer(Limit(requests_per_minute=30))
    waits = [paced.admit(1) for _ in range(31)]
    assert waits == pytest.approx([0.0] + [2.0] * 30)
    clock.now_s += 3600  # what was not sent makes no burst
    assert [paced.admit(1) for _ in range(3)] == pytest.approx([0.0, 2.0, 2.0])


def test_no_window_of_a_minute_has_more_than_the_limit_and_one(clock: Clock) -> None:
    paced = Pacer(Limit(requests_per_minute=20))
    sent = []
    for pause in [0, 0, 7, 0, 90, 0, 0, 0, 1, 0] * 20:
        clock.now_s += pause
        paced.admit(1)
        sent.append(clock.now_s)
    assert max(sum(start <= each < start + 60 for each in sent) for start in sent) <= 21


def test_tokens_that_were_not_used_are_given_back(clock: Clock) -> None:
    paced = Pacer(Limit(tokens_per_minute=6000))
    assert paced.admit(1000) == 0.0
    assert paced.admit(1000) == pytest.approx(10.0)  # a thousand tokens are ten seconds of them
    paced.give_back(900)
    assert paced.admit(1000) == pytest.approx(1.0)
    paced.give_back(-500)  # a service that counted more than could be has its answer; nothing is taken for it
    assert paced.admit(1) == pytest.approx(10.0)


def test_a_pause_holds_every_request(clock: Clock) -> None:
    paced = Pacer()
    paced.pause(42.5)
    paced.pause(3.0)  # the longer one counts
    assert paced.admit(1) == pytest.approx(42.5)
    assert paced.admit(1) == 0.0


def test_each_refusal_doubles_the_wait_up_to_a_minute() -> None:
    assert [backoff_s(n) for n in (1, 2, 3, 7, 8, 10_000)] == [1.0, 2.0, 4.0, 60.0, 60.0, 60.0]
