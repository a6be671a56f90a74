"""A real llama.cpp server: its own counts and timings beside ours, and a rate that it cannot hold."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from wattbench.clock import now_s
from wattbench.config import Load
from wattbench.measure.ask_items import ItemRequests, answer_row
from wattbench.measure.concurrency import keep_in_flight
from wattbench.scenarios.open_loop.loadgen import offer
from wattbench.scenarios.open_loop.rate_row import load_row
from wattbench.systems import Reply
from wattbench.systems.base import GENERATE
from wattbench.systems.endpoint.completion_stream import Assembly
from wattbench.systems.endpoint.engine import EndpointEngine

pytestmark = [pytest.mark.slow, pytest.mark.alone]
QUESTION = "The capital of France is"


@pytest.fixture
def engine(served_smol: EndpointEngine) -> EndpointEngine:
    return served_smol


@pytest.fixture
def stream(engine: EndpointEngine, monkeypatch) -> list[dict[str, Any]]:
    """Every event of our client's own streams, as the server sent it: its usage and its timings are in the last."""
    seen: list[dict[str, Any]] = []
    original = Assembly.add

    def add(self: Assembly, data: str, arrived_s: float) -> bool:
        if data.strip() != "[DONE]":
            seen.append(json.loads(data))
        return original(self, data, arrived_s)

    monkeypatch.setattr(Assembly, "add", add)
    return seen


def request(prompt: str, doc: int = 0, *, tokens: int) -> Instance:
    settings = {"until": ["###"], "max_gen_toks": tokens, "do_sample": False}
    return Instance(GENERATE, {}, (prompt, settings), 0, metadata=("task", doc, 1))


@dataclass(frozen=True)
class Seen:
    """What a client saw of one streamed answer."""

    late_ms: float
    """From sending the request to the first text, less what the server says reading the prompt took."""
    token_ms: float
    """From the first text to the second."""


def seen_plainly(engine: EndpointEngine, prompt: str) -> Seen:
    """The same request through the standard library's client, which does nothing but read lines."""
    ask = engine.lm.request_of(request(prompt, tokens=3))
    base = engine._client.base
    connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=120)
    began_s = now_s()
    connection.request(
        "POST", f"{base.path.rstrip('/')}/{ask.path}", json.dumps(ask.body), {"Content-Type": "application/json"}
    )
    events, text_s = [], []
    for line in connection.getresponse():
        arrived_s = now_s()
        if line.startswith(b"data: {"):
            events.append(json.loads(line[len(b"data: ") :]))
            if any(choice["text"] for choice in events[-1]["choices"]):
                text_s.append(arrived_s)
    connection.close()
    timings = next(event["timings"] for event in events if event.get("timings"))
    return Seen((text_s[0] - began_s) * 1e3 - timings["prompt_ms"], (text_s[1] - text_s[0]) * 1e3)


def test_tokens_are_the_servers_exactly_and_ttft_is_what_a_plain_client_sees(
    engine: EndpointEngine, stream: list
) -> None:
    ours_ms, plain = [], []
    for number in range(8):
        prompt = QUESTION * (1 + number % 4)
        stream.clear()
        told: list[float] = []
        began_s = now_s()
        [reply] = engine.answer_live(GENERATE, [request(prompt, tokens=3)], lambda told=told: told.append(now_s()))
        usage = next(event["usage"] for event in stream if event.get("usage"))
        timings = next(event["timings"] for event in stream if event.get("timings"))
        assert reply.output_tokens == usage["completion_tokens"] == timings["predicted_n"]
        assert reply.prompt_tokens == usage["prompt_tokens"] == timings["prompt_n"]
        assert len(told) == 1
        assert reply.first_token_s is not None
        assert began_s < reply.first_token_s <= told[0]
        # The server's clock runs from taking the request up to the first token being computed.
        ours_ms.append((reply.first_token_s - began_s) * 1e3 - timings["prompt_ms"])
        plain.append(seen_plainly(engine, prompt))
    assert min(ours_ms) > 0  # never before the server had it
    # What else a busy machine does comes on top of single requests: the best of each is what a client adds. Ours may
    # add a part of what the next token takes, however fast the machine is.
    most_ms = min(each.late_ms for each in plain) + min(each.token_ms for each in plain) / 2
    assert min(ours_ms) < most_ms, f"late by (ms): {ours_ms}; a plain client: {plain}"


def test_a_rate_that_it_cannot_hold_is_reported_as_not_held(engine: EndpointEngine, tmp_path: Path) -> None:
    asks = [ItemRequests(GENERATE, doc, (request(f"Count on: {doc},", doc, tokens=2),)) for doc in range(11)]
    alone_s = _seconds(engine, asks[0])
    rows = {}
    # Service times of this machine, now: one rate far below what two slots can do, one far above.
    for name, rate in (("slow", min(8.0, 0.7 / alone_s)), ("fast", 20.0 / alone_s)):
        load = Load.model_validate(
            {"rates_per_s": [rate], "min_duration_s": 0.5, "min_queries": 44, "max_in_flight": 8,
             "deadline_s": 120.0 if name == "slow" else 4 * alone_s}
        )  # fmt: skip
        offered = offer(
            engine, asks, load, rate, seed=11, folder=tmp_path / name, ended=lambda: None, advance=lambda _: None
        )
        answers = []
        for number, (query, due_s) in enumerate(zip(offered.queries, offered.due_s, strict=True)):
            replies = query.replies or [Reply("")]
            row = answer_row(query.ask, replies, 0, query.started_s, query.finished_s, number, 8, "w")
            answers.append(replace(row, scheduled_s=due_s, failure=query.failure))
        rows[name] = load_row("smol", "task", rate, load, answers, offered)
        if name == "slow":
            assert all(row.failure is None and row.output_tokens for row in answers)
            assert "result_first_token_90.00_percentile_latency_ns" in rows[name].loadgen
    assert rows["slow"].here, rows["slow"].reasons
    assert not rows["fast"].here
    assert any("missed the deadline" in reason for reason in rows["fast"].reasons)


def _seconds(engine: EndpointEngine, ask: ItemRequests) -> float:
    taken = []
    for _ in range(3):
        began_s = now_s()
        engine.answer(GENERATE, ask.requests)
        taken.append(now_s() - began_s)
    return sorted(taken)[1]


def test_a_server_is_kept_busy_at_a_fixed_concurrency(engine: EndpointEngine) -> None:
    # A long answer beside short ones: the short ones pass it by, where a batch would have waited.
    lengths = [48, 2, 2, 2, 2]
    calls = (
        partial(engine.answer, GENERATE, [request("Once upon a time", doc, tokens=n)]) for doc, n in enumerate(lengths)
    )
    counts = [replies[0].output_tokens for replies in keep_in_flight(calls, 2)]
    assert sorted(counts) == sorted(lengths)
    assert counts.index(48) > 1
