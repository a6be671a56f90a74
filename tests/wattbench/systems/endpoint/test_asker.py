"""Refusals are waited for, within bounds, and no wait is latency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.records.rows.spending import SpentRow
from wattbench.records.token_bill import TokenPrices
from wattbench.systems.endpoint import asker, pacing
from wattbench.systems.spending import Spending, Tariff


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that sleeping moves on, and how long was slept."""
    naps: list[float] = []
    for of, name in ((asker, "now_s"), (pacing, "_now_s")):
        monkeypatch.setattr(of, name, lambda: sum(naps))
    monkeypatch.setattr(pacing, "_sleep", naps.append)
    return naps


def refusing(wire: Any, *refusals: Any) -> Callable[[Any], Any]:
    """Play refusals, one each, and then answers."""
    left = list(refusals)
    answer = wire.script([wire.chat("4", "stop"), wire.usage(30, 2, 10), wire.done])
    return lambda _: left.pop(0) if left else answer


def refusal(wire: Any, status: int = 429, body: bytes = b'{"error": {"message": "slow"}}', **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return wire.script([body], status=status, headers=named)


CHAT = {"prompt": {"chat": True}, "retries": 6}


def prompt(ask: Any) -> Any:
    return ask('{"messages": [{"role": "user", "content": "2+2"}], "begun": false}')


def test_a_refusal_is_waited_for_and_counted(scripted, wire, opened, ask, slept) -> None:
    scripted.script = refusing(wire, refusal(wire, Retry_After="7"), refusal(wire, 503), refusal(wire, 529))
    [reply] = opened(**CHAT).answer("generate_until", [prompt(ask)])
    assert (reply.value, reply.resent, reply.failure) == ("4", 3, None)
    assert sum(slept) == pytest.approx(7 + 2 + 4)  # as asked, then twice as long after each further refusal
    assert len(scripted.posts) == 4
    assert reply.waited_s > 0


def test_waiting_is_no_latency(scripted, wire, opened, ask, monkeypatch) -> None:
    """The first attempt takes 0.2 s until it is refused, and the answer none: the item took none."""
    from wattbench.measure.ask_items import ItemRequests, answer_row

    scripted.script = refusing(wire, wire.script([0.2, b"{}"], status=429, headers={"Retry-After": "0.1"}))
    engine = opened(**CHAT)
    item = ItemRequests("generate_until", 0, (prompt(ask),))
    started_s = now_s()
    replies = engine.answer("generate_until", item.requests)
    finished_s = now_s()
    row = answer_row(item, replies, 0, started_s, finished_s, 0, 1, "w0001")
    assert row.resent == 1
    assert row.waited_s >= 0.3
    assert row.started_s - started_s == pytest.approx(row.waited_s)
    assert row.finished_s - row.started_s == pytest.approx(finished_s - started_s - row.waited_s, abs=0.05)
    assert row.scheduled_s == row.started_s <= row.first_token_s <= row.finished_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry_After": value}, 1.0) for value in ("-5", "soon", "nan", "", "Thu, 01 Jan 1970 00:00:00 GMT")]
    + [({"x_ratelimit_reset_tokens": "1m2s"}, 62.0), ({"Retry_After_Ms": "250"}, 0.25)],
)
def test_what_asks_for_no_wait_is_backed_off_from(scripted, wire, opened, ask, slept, headers, seconds) -> None:
    scripted.script = refusing(wire, refusal(wire, **headers))
    opened(**CHAT).answer("generate_until", [prompt(ask)])
    assert sum(slept) == pytest.approx(seconds)


def test_a_wait_that_is_too_long_ends_the_run(scripted, wire, opened, ask, slept) -> None:
    scripted.script = refusing(wire, refusal(wire, Retry_After="1e9"), refusal(wire, Retry_After="1000000000"))
    with pytest.raises(UserError, match=r"wants a wait of 1000000000 s, longer than max_wait_s = 300\. Resume the run"):
        opened(**CHAT).answer("generate_until", [prompt(ask)])
    assert sum(slept) == 1.0  # 1e9 is no number that the header may have


def test_refusals_without_end_end_the_run(scripted, wire, opened, ask, slept) -> None:
    scripted.script = refusing(wire, *[refusal(wire)] * 3)
    with pytest.raises(UserError, match=r"HTTP 429: slow.*It was sent 3 times within \d+ s \(retries: 2\)"):
        opened(**CHAT | {"retries": 2}).answer("generate_until", [prompt(ask)])
    assert len(scripted.posts) == 3


def test_a_server_error_that_stays_is_a_failed_request(scripted, wire, opened, ask, slept) -> None:
    scripted.script = refusing(wire, *[refusal(wire, 500, b"oops")] * 3)
    [reply] = opened(**CHAT | {"retries": 2}).answer("generate_until", [prompt(ask)])
    assert reply.failure is not None
    assert "HTTP 500: oops; it was sent 3 times" in reply.failure
    assert reply.resent == 2


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"status": 400, "pieces": [b"no"]}, None),
        ({"status": 401, "pieces": [b"no"]}, "HTTP 401"),
        ({"status": 402, "pieces": [b"no"]}, "no credit left"),
        ({"status": 429, "pieces": [b'{"error": {"code": "insufficient_quota", "message": "empty"}}']}, "no credit"),
        ({"pieces": [], "breaks_off": True}, "broke"),
    ],
)
def test_what_no_wait_mends_is_not_sent_again(scripted, wire, opened, ask, slept, script, says) -> None:
    scripted.script = refusing(wire, wire.script(**script))
    engine = opened(**CHAT)
    if says is None:
        assert engine.answer("generate_until", [prompt(ask)])[0].failure
    else:
        with pytest.raises(UserError, match=says):
            engine.answer("generate_until", [prompt(ask)])
    assert len(scripted.posts) == 1
    assert not slept


def test_a_server_of_ones_own_and_requests_that_arrive_are_never_sent_again(scripted, wire, opened, ask, slept) -> None:
    scripted.script = refusing(wire, *[refusal(wire, Retry_After="1")] * 9)
    with pytest.raises(UserError, match="a retry would falsify the latency"):
        opened(**{**CHAT, "retries": None}).answer("generate_until", [prompt(ask)])
    with pytest.raises(UserError, match="HTTP 429"):
        opened(**CHAT).answer_live("generate_until", [prompt(ask)], lambda: None)
    assert len(scripted.posts) == 2
    assert not slept


def test_a_limit_shapes_sending(scripted, wire, opened, ask, slept) -> None:
    scripted.script, scripted.names = refusing(wire), True
    engine = opened(**CHAT, limit={"requests_per_minute": 30})
    replies = [engine.answer("generate_until", [prompt(ask)])[0] for _ in range(3)]
    assert sum(slept) == pytest.approx(4.0)
    assert [reply.resent for reply in replies] == [0, 0, 0]
    assert [reply.waited_s for reply in replies] == pytest.approx([0.0, 2.0, 2.0])


def test_refused_requests_cost_nothing_and_broken_ones_their_most(scripted, wire, opened, ask, slept) -> None:
    rows: list[SpentRow] = []
    tariff = Tariff(TokenPrices(input=1.0, cached_input=0.5, output=10.0), 0.0, "USD")
    spending = Spending({"far": tariff}, most=1.0, spent=0.0, first_number=0, record=rows.append, now_s=now_s)
    scripted.names = True
    scripted.script = refusing(wire, refusal(wire), refusal(wire))
    engine = opened(**CHAT)
    engine.bill_to(spending)
    engine.answer("generate_until", [prompt(ask)])
    assert spending.spent == pytest.approx((20 * 1.0 + 10 * 0.5 + 2 * 10.0) / 1e6)
    before = spending.spent
    scripted.script = refusing(wire, wire.script([wire.chat("4")], breaks_off=True))
    with pytest.raises(UserError, match="broke"):
        engine.answer("generate_until", [prompt(ask)])
    most = spending.spent - before
    assert most == pytest.approx((3 + 16 + 16) / 1e6 + 8 * 10 / 1e6)
    assert [row.known for row in rows if row.number == rows[-1].number] == [False, False]


def test_requests_under_way_together_all_wait_and_each_is_answered_once(scripted, wire, opened, ask, slept) -> None:
    left, scripted.names = [refusal(wire, Retry_After="3"), refusal(wire, 503)], True
    answer = wire.script([wire.chat("4", "stop"), wire.usage(30, 2), wire.done])
    scripted.script = lambda _: left.pop() if left else answer
    replies = opened(batch=6, **CHAT).answer("generate_until", [prompt(ask)] * 6)
    assert [reply.value for reply in replies] == ["4"] * 6
    assert sum(reply.resent for reply in replies) == 2
    assert len(scripted.posts) == 8
    assert sum(slept) >= 3


def test_a_hybrid_counts_no_wait_of_its_members(scripted, wire, ask, monkeypatch) -> None:
    """A member is refused for 0.3 s, and answers at once: neither the item nor what the hybrid records took that."""
    from wattbench.config import EndpointSystem, HybridSystem
    from wattbench.measure.ask_items import ItemRequests, answer_row
    from wattbench.systems import open_engine

    member = EndpointSystem.model_validate(
        {"kind": "generalist", "engine": "endpoint", "base_url": scripted.base_url, **CHAT}
    )
    hybrid = HybridSystem.model_validate(
        {
            "kind": "hybrid", "engine": "hybrid", "members": {"a": "far"}, "router": {"type": "always", "member": "a"},
            "prompt": {"chat": True}, "pool": {"far": member},
        }
    )  # fmt: skip
    scripted.script = refusing(wire, wire.script([0.2, b"{}"], status=429, headers={"Retry-After": "0.1"}))
    with open_engine("mixed", hybrid, batch=1, seed=1) as engine:
        item = ItemRequests("generate_until", 0, (prompt(ask),))
        started_s = now_s()
        replies = engine.answer("generate_until", item.requests)
        finished_s = now_s()
    row = answer_row(item, replies, 0, started_s, finished_s, 0, 1, "w0001")
    took_s = finished_s - started_s
    assert row.resent == 1
    assert 0.3 <= row.waited_s <= took_s
    assert row.finished_s - row.started_s == pytest.approx(took_s - row.waited_s, abs=0.05)
    [used] = row.usage
    assert used.seconds <= took_s - 0.29


def test_what_a_budget_takes_is_no_latency(scripted, wire, opened, ask) -> None:
    """Its record of a request takes 0.1 s, before and after the request."""
    import time

    tariff = Tariff(TokenPrices(input=1.0, output=1.0), 0.0, "USD")
    spending = Spending(
        {"far": tariff}, most=1.0, spent=0.0, first_number=0, record=lambda _: time.sleep(0.1), now_s=now_s
    )
    scripted.script = refusing(wire)
    engine = opened(**CHAT)
    engine.bill_to(spending)
    started_s = now_s()
    [reply] = engine.answer("generate_until", [prompt(ask)])
    took_s = now_s() - started_s
    assert took_s >= 0.2
    assert 0.1 <= reply.waited_s <= took_s - 0.1
    assert reply.finished_s is not None
    assert reply.finished_s - started_s <= took_s - 0.1
