"""A plan asks a server what it serves, in a few seconds and without its key."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from wattbench.config import EndpointSystem
from wattbench.errors import MissingHereError, UserError
from wattbench.systems.endpoint import engine as engine_file
from wattbench.systems.endpoint.engine import EndpointEngine

TWO = {"data": [{"id": "tiny"}, {"id": "large"}]}


def probe(base_url: str, *, network: bool = True, keys: bool = False, **config: Any) -> list[str]:
    fields = {"kind": "generalist", "engine": "endpoint", "base_url": base_url, **config}
    return EndpointEngine.probe("far", EndpointSystem.model_validate(fields), network=network, keys=keys)


def test_a_server_that_serves_the_model_is_not_mentioned(scripted: Any) -> None:
    assert probe(scripted.base_url) == probe(scripted.base_url, model="tiny") == []
    scripted.pages["/v1/models"] = TWO
    assert probe(scripted.base_url, model="large") == []
    scripted.pages.clear()  # no list: it cannot be checked
    assert probe(scripted.base_url, model="large") == []
    assert scripted.posts == []


def test_a_model_that_it_does_not_serve_is_an_error_or_a_note(scripted: Any) -> None:
    with pytest.raises(UserError, match="the server does not serve the model 'tinny'; did you mean 'tiny'"):
        probe(scripted.base_url, model="tinny")
    scripted.pages["/v1/models"] = TWO  # may take names that it does not list
    assert probe(scripted.base_url, model="lage") == [
        "its server does not list the model 'lage'; did you mean 'large'?"
    ]
    with pytest.raises(UserError, match=r"lists several models \(tiny, large\)"):
        probe(scripted.base_url)


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_an_error_unless_offline() -> None:
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
        with pytest.raises(UserError, match=r"system 'far': .*cannot connect.*Start the server, or correct base_url"):
            probe(url)
        assert probe(url, network=False) == []


def test_a_server_that_stays_silent_is_waited_for_briefly(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_file, "PROBE_S", 0.1)
    refused = threading.Event()
    scripted.pages["/v1/models"] = lambda: refused.wait(10) and None
    with pytest.raises(UserError, match=r"no data within timeout_s = 0\.1"):
        probe(scripted.base_url)
    refused.set()


def test_no_key_is_sent_unless_the_suite_is_trusted(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAR_KEY", "sesame")
    scripted.key = "sesame"
    assert probe(scripted.base_url, api_key_env="FAR_KEY") == [
        "its server answers; what it serves was not read, as a plan sends no key (plan --load does)"
    ]
    assert scripted.got == [("/v1/models", None)]
    assert probe(scripted.base_url, api_key_env="FAR_KEY", keys=True) == []
    scripted.key = "another"
    with pytest.raises(UserError, match="HTTP 401") as wrong:
        probe(scripted.base_url, api_key_env="FAR_KEY", keys=True)
    assert "sesame" not in str(wrong.value)
    with pytest.raises(UserError, match="Set api_key_env"):
        probe(scripted.base_url)
    monkeypatch.delenv("FAR_KEY")
    with pytest.raises(MissingHereError, match="FAR_KEY"):
        probe(scripted.base_url, api_key_env="FAR_KEY", keys=True)


def test_a_server_that_wattbench_starts_is_not_asked() -> None:
    serve = {"command": "wattbench-no-such-program --port {port}"}
    assert probe("http://127.0.0.1:{port}/v1", serve=serve) == []
