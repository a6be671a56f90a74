"""Whatever a server does wrong ends in one message that names the system, the URL and what to do."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from wattbench.config import EndpointSystem
from wattbench.errors import UserError
from wattbench.systems.endpoint import client as openai_client
from wattbench.systems.endpoint.engine import EndpointEngine


@pytest.fixture
def failure(scripted: Any, opened: Any, ask: Any) -> Callable[..., str]:
    """Ask the scripted server once, and give back the message that comes of it."""

    def fail(script: Any, **config: Any) -> str:
        scripted.script = script
        with pytest.raises(UserError) as caught:
            opened(**config).lm.generate_until([ask("What is 3+4?")])
        message = str(caught.value)
        assert message.startswith(f"system 'far': {scripted.base_url}/completions: ")
        assert len(scripted.posts) == 1, "a request must not be sent twice"
        assert message.replace("\n", "").isprintable()
        return message

    return fail


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        (400, "the prompt is too long", "See the server's log"),
        (401, "who are you", "api_key_env"),
        (404, "no such model", "base_url"),
        (429, "slow down", "a retry would falsify the latency"),
        (500, "oh no", "See the server's log"),
        (503, "Loading model", "wait until it is ready"),
    ],
)
def test_http_errors_quote_what_the_server_said(wire: Any, failure: Any, status: int, said: str, hint: str) -> None:
    body = b'{"error": {"message": "%b"}}' % said.encode()
    message = failure(wire.script([body], status=status, headers={"Retry-After": "0"}))
    assert f"it answered HTTP {status}: {said}" in message
    assert hint in message


def test_an_error_body_cannot_write_to_the_terminal_and_is_shortened(wire: Any, failure: Any) -> None:
    message = failure(wire.script([b"\x1b[2J\x07evil\r\n" + "\u202e".encode() + b"x" * 9000], status=500))
    assert "[2J evil xxx" in message
    assert len(message) < 700


def test_the_key_is_sent_and_never_shown(
    wire: Any, scripted: Any, failure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAR_KEY", "sk-secret")
    body = b"x" * 395 + b" wrong key sk-secret" + b" sk-secret" * 50
    message = failure(wire.script([body], status=401), api_key_env="FAR_KEY")
    assert scripted.headers[0]["authorization"] == "Bearer sk-secret"
    assert "sk-" not in message


def test_user_and_password_in_the_url_are_not_shown(scripted: Any, opened: Any) -> None:
    url = scripted.base_url.replace("//", "//me:hunter2@").replace("/v1", "/nowhere") + "?token=hunter2"
    scripted.pages["/nowhere/models?token=hunter2"] = "nothing"
    with pytest.raises(UserError, match="not a JSON object") as caught:
        opened(base_url=url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_does_not_stream(wire: Any, failure: Any) -> None:
    whole = b'{"choices": [{"text": "4", "finish_reason": "stop"}]}'
    message = failure(wire.script([whole], content_type="application/json"))
    assert "(content type: application/json)" in message
    assert "must stream" in message


def test_an_endless_answer(wire: Any, failure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_client, "MAX_STREAM_BYTES", 10_000)
    assert "more than 10000 bytes" in failure(wire.script([wire.text("a")] * 1000))


@pytest.mark.parametrize("pieces", [[3.0], [b": ping\n\n", 3.0]], ids=["before", "within"])
def test_a_server_that_hangs(wire: Any, failure: Any, pieces: list[Any]) -> None:
    began_s = time.monotonic()
    assert "not complete within timeout_s = 0.3. Raise timeout_s" in failure(wire.script(pieces), timeout_s=0.3)
    assert time.monotonic() - began_s < 5.0


@pytest.mark.slow
def test_nobody_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    config = EndpointSystem(kind="generalist", engine="endpoint", base_url=url)
    with pytest.raises(UserError, match=r"far.*/v1/models: cannot connect .* Start the server, or correct base_url"):
        EndpointEngine.open("far", config, batch=1, seed=7)


@pytest.mark.parametrize("url", ["http://", "http://a b/v1", "http://host:port/v1", "http://[::1/v1"])
def test_what_is_no_url(url: str) -> None:
    config = EndpointSystem(kind="generalist", engine="endpoint", base_url=url)
    with pytest.raises(UserError, match=r"base_url"):
        EndpointEngine.open("far", config, batch=1, seed=7)


def test_a_failing_request_among_several_is_the_one_named(wire: Any, scripted: Any, opened: Any, ask: Any) -> None:
    all_there = threading.Barrier(3, timeout=20).wait  # none comes on a used connection, where it may be sent again
    good = wire.script([all_there, wire.text("a", "stop"), wire.done])
    bad = wire.script([all_there, b"no"], status=418)
    scripted.script = lambda body: bad if body["prompt"] == "1" else good
    with pytest.raises(UserError, match="HTTP 418: no"):
        opened(batch=3).answer("generate_until", [ask(str(place)) for place in range(3)])
    assert len(scripted.posts) == 3


CLIENT = """
    import sys
    from lm_eval.api.instance import Instance
    from wattbench.config import EndpointSystem
    from wattbench.systems.endpoint.engine import EndpointEngine
    config = EndpointSystem(kind="generalist", engine="endpoint", base_url=sys.argv[1])
    requests = [Instance("generate_until", {}, (prompt, {"until": []}), 0) for prompt in "ab"]
    with EndpointEngine.open("far", config, batch=2, seed=7) as engine:
        engine.answer("generate_until", requests)
"""


def test_ctrl_c_does_not_wait_for_the_server(wire: Any, scripted: Any) -> None:
    scripted.script = wire.script([30.0])
    client = subprocess.Popen([sys.executable, "-c", textwrap.dedent(CLIENT), scripted.base_url])
    until_s = time.monotonic() + 60
    while len(scripted.posts) < 2:
        assert time.monotonic() < until_s
        time.sleep(0.02)
    client.send_signal(signal.SIGINT)
    assert client.wait(timeout=10) != 0
