"""A server that adds numbers, and agents that ask it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.made_up.sums_server import SumsServer

AGENT = """
import json, os, sys, urllib.error, urllib.request


def ask(base_url, text, **fields):
    body = {"model": "sums", "messages": [{"role": "user", "content": text}], **fields}
    key = os.environ.get("OPENAI_API_KEY", "none")
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + key}
    request = urllib.request.Request(base_url + "/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]
"""


@pytest.fixture
def server() -> Iterator[SumsServer]:
    server = SumsServer()
    yield server
    server.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write an agent: code after that of `ask`."""

    def make(code: str) -> Path:
        path = tmp_path / "agent.py"
        path.write_text(AGENT + textwrap.dedent(code))
        return path

    return make
