"""A real llama.cpp server behind the gateway: its own counts, and no call lost to connections that it closes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from wattbench.config import LlamaCppServe
from wattbench.gateways import Gateway, Upstream
from wattbench.records import CallRow
from wattbench.systems.endpoint.serving.llamacpp import LlamaCppServer

pytestmark = [pytest.mark.slow, pytest.mark.alone]
CALLS = 40
QUESTION = {"model": "smol", "messages": [{"role": "user", "content": "What is 2+2?"}], "max_tokens": 6}


@pytest.fixture(scope="module")
def server(smol_gguf: Path) -> Iterator[LlamaCppServer]:
    config = LlamaCppServe.model_validate({"weights": {"path": smol_gguf}, "threads": 1, "context": 512})
    with LlamaCppServer("smol", config, timeout_s=120.0) as server:
        yield server


def test_its_counts_are_recorded_in_every_protocol_and_no_call_is_lost(server: LlamaCppServer) -> None:
    rows: list[CallRow] = []
    with Gateway(Upstream(server.base_url), system="agent", keep=rows.append) as gateway, httpx.Client() as client:
        session = gateway.open_session()

        def ask(path: str, **more: Any) -> httpx.Response:
            answer = client.post(f"{session.base_url}/{path}", json={**QUESTION, **more}, timeout=60.0)
            assert answer.status_code == 200, answer.text
            return answer

        said = ask("chat/completions").json()
        for _ in range(CALLS):
            assert ask("chat/completions", stream=True).text.endswith("data: [DONE]\n\n")
        message = ask("messages").json()
        calls = session.close()
    usage = said["usage"]
    assert len(calls) == CALLS + 2
    for call in calls:
        assert (call.error, call.status) == (None, 200)
        assert (call.prompt_tokens, call.output_tokens) == (usage["prompt_tokens"], usage["completion_tokens"])
        assert call.tool_calls == 0
    assert calls[1].streamed
    assert (calls[1].first_byte_s or 0.0) < calls[1].finished_s
    assert (calls[-1].protocol, calls[-1].finish_reason) == ("messages", message["stop_reason"])
