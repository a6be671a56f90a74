"""What a server says of one request is a failure of that request; a server that cannot be asked is one of the run."""

from __future__ import annotations

from typing import Any

import pytest

from wattbench.errors import UserError
from wattbench.systems.base import failure_of

_NO_END = "its answer ended without a finish_reason"


@pytest.mark.parametrize("reason", ["content_filter", "tool_calls", "abort", "error"])
def test_another_end_than_that_of_an_answer_is_a_failure_of_its_request(
    wire: Any, scripted: Any, opened: Any, ask: Any, reason: str
) -> None:
    scripted.names = True
    good, bad = (wire.script([wire.text("4", end), wire.done]) for end in ("stop", reason))
    scripted.script = lambda body: bad if body["prompt"] == "1" else good
    replies = opened(batch=3).answer("generate_until", [ask(str(place)) for place in range(3)])
    assert [reply.value for reply in replies] == ["4", "", "4"]
    assert [reply.failure for reply in replies] == [
        None, f"it ended the answer with finish_reason {reason}", None,
    ]  # fmt: skip
    assert replies[1].finished_s is not None
    assert replies[1].token_s == ()
    assert failure_of(replies) == replies[1].failure
    assert len(scripted.posts) == 3


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ({"pieces": [b'{"error": {"message": "filtered"}}'], "status": 400}, "it answered HTTP 400: filtered"),
        ({"pieces": [b"too long"], "status": 413}, "it answered HTTP 413: too long"),
        ({"pieces": [b"no"], "status": 422}, "it answered HTTP 422: no"),
        ({"pieces": [b"oh"], "status": 500}, "it answered HTTP 500: oh"),
        (
            {"pieces": [b'data: {"error": "no memory"}\n\n']},
            "it reported an error in the middle of the answer: no memory",
        ),
        ({"pieces": [1.0]}, "its answer was not complete within timeout_s = 0.2"),
        ({"pieces": [b"event: error\ndata: no memory\n\n"]}, "it sent an event that is an error: no memory"),
        ({"pieces": [b"data: [DONE]\n\n"]}, f"{_NO_END} (content type: text/event-stream)"),
        ({"pieces": [b": ping\n\n"] * 9}, f"{_NO_END} (content type: text/event-stream)"),
        ({"pieces": [b"<html>"], "content_type": "text/html"}, f"{_NO_END} (content type: text/html)"),
        ({"pieces": [b"data: {oops\n\n"]}, "it sent a chunk that is not JSON: {oops"),
    ],
)
def test_what_may_be_of_one_request(
    wire: Any, scripted: Any, opened: Any, ask: Any, script: dict[str, Any], said: str
) -> None:
    scripted.script = wire.script(**script)
    (reply,) = opened(timeout_s=0.2).answer("generate_until", [ask("x")])
    assert reply.failure == said


@pytest.mark.parametrize(
    "script",
    [
        *({"pieces": [b"no"], "status": status} for status in (401, 403, 404, 418, 429, 502, 503, 504)),
        {"pieces": [], "breaks_off": True},
    ],
)
def test_what_is_of_the_server(wire: Any, scripted: Any, opened: Any, ask: Any, script: dict[str, Any]) -> None:
    scripted.script = wire.script(**script)
    with pytest.raises(UserError, match="system 'far'"):
        opened().answer("generate_until", [ask("x")])


def test_lm_eval_alone_is_given_no_text_of_a_failed_request(wire: Any, scripted: Any, opened: Any, ask: Any) -> None:
    scripted.script = wire.script([wire.text("4", "content_filter"), wire.done])
    with pytest.raises(UserError, match="content_filter"):
        opened().lm.generate_until([ask("x")])
