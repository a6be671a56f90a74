"""docs/apis.md against a local server that behaves like a service: price, cached tokens, refusals and budget."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.made_up.http_server import LocalServer
from wattbench.config import SERVICES, EndpointSystem
from wattbench.records import read_run
from wattbench.records.line_checks import line_problems
from wattbench_reports.comparison.analysis import compare

KEY = "sk-test-0123456789abcdef"
REASONING = 6
"""Tokens of thoughts before each answer."""


@dataclass(frozen=True)
class Refused:
    """An answer in place of an answer."""

    status: int = 429
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=lambda: {"error": {"message": "slow down", "code": "rate_limit"}})


@dataclass
class FakeApi:
    """A service that streams, counts and caches tokens, limits and bills, by rules of its own."""

    refusals: deque[Refused] = field(default_factory=deque)
    """What the next requests get, one each."""
    billed: float = 0.0
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                api.reply(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = LocalServer(Handler)
        self.base_url = self._http.base_url

    def close(self) -> None:
        self._http.close()

    def reply(self, http: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        with self._lock:
            refused = self.refusals.popleft() if self.refusals else None
        if refused is None and http.headers.get("Authorization") != f"Bearer {KEY}":
            refused = Refused(401, {}, {"error": {"message": "wrong key"}})
        if refused is not None:
            self._send(http, refused.status, json.dumps(refused.body).encode(), refused.headers, "application/json")
            return
        counts = self._bill(body)
        events = [{"choices": [{"index": 0, "delta": {"content": part}}]} for part in ("Bi", "lling")]
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if body.get("stream_options", {}).get("include_usage"):
            events.append({"choices": [], "usage": counts})
        stream = b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in events) + b"data: [DONE]\n\n"
        self._send(http, 200, stream, {}, "text/event-stream")

    def _bill(self, body: dict[str, Any]) -> dict[str, Any]:
        """Count as services do: a prompt's first message is cached from its second time on."""
        prompt = sum(len(each["content"].split()) + 4 for each in body["messages"])
        first = body["messages"][0]["content"]
        output = 1 + REASONING
        with self._lock:
            cached = len(first.split()) if first in self._seen else 0
            self._seen.add(first)
            self.billed += ((prompt - cached) * 2.0 + cached * 0.5 + output * 8.0) / 1e6
        return {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": REASONING},
        }

    @staticmethod
    def _send(http: BaseHTTPRequestHandler, status: int, data: bytes, headers: dict[str, str], kind: str) -> None:
        http.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            http.send_header(name, value)
        http.end_headers()
        http.wfile.write(data)


PAGE = (Path(__file__).parents[2] / "docs" / "apis.md").read_text()
QUICK = "measure: {idle_s: 0, warmup: 1, min_window_s: 0, blocks: 2, busy: mark}\n"
PRICES = ("0.15", "2.0"), ("0.075", "0.5"), ("0.60", "8.0")
"""Those of the page to those of the local server."""


@pytest.fixture
def api() -> Iterator[FakeApi]:
    api = FakeApi()
    yield api
    api.close()


@pytest.fixture
def suite(api: FakeApi, tmp_path: Path, environment: dict[str, str]) -> Callable[..., Path]:
    """The page's suite, sent to the local server."""

    def write(max_cost: str, *changes: tuple[str, str]) -> Path:
        [text] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[:1]
        limit = "limit: {requests_per_minute: 400, tokens_per_minute: 200000}"
        for old, new in (
            *PRICES, (limit, 'prompt: {system: "You sort tickets into teams."}'), ("2 USD", max_cost),
            ("service: openai", f"service: openai\n      base_url: {api.base_url}\n     "), *changes,
        ):  # fmt: skip
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / "suite.yaml"
        path.write_text(text + QUICK)
        rows = [f"Invoice {n} is wrong,{'Billing' if n % 3 else 'Sales'}" for n in range(12)]
        (tmp_path / "tickets.csv").write_text("\n".join(["message,team", *rows]))
        environment["OPENAI_API_KEY"] = KEY
        return path

    return write


def test_price_cached_tokens_429_and_budget_come_out_as_they_must(
    api: FakeApi, suite: Callable[..., Path], wattbench: Any, tmp_path: Path
) -> None:
    """It refuses some requests, and the budget is reached: money, tokens and latencies are those of the answers."""
    late = formatdate(usegmt=True)
    api.refusals += [Refused(429, {"Retry-After": "1"}), Refused(503), Refused(429, {"Retry-After": late})]
    done = wattbench("run", suite("0.002 USD"))
    assert done.returncode == 4, done.stderr
    [run] = (tmp_path / "runs").iterdir()
    said = re.search(
        r"max_cost: ([\d.]+) USD of 0\.00200 USD are spent.* (\d+) of 12 answers are recorded, (\d+)", done.stderr
    )
    assert said, done.stderr
    assert int(said[2]) + int(said[3]) == 12
    assert float(said[1]) == pytest.approx(api.billed, rel=5e-3)
    assert api.billed <= 0.002
    assert f"wattbench run --resume runs/{run.name} --max-cost 'AMOUNT USD'" in done.stderr
    done = wattbench("run", "--resume", run, "--max-cost", "5 USD")
    assert done.returncode == 0, done.stderr
    rows = read_run(run).spending()
    assert sum(row.cost for row in rows) == pytest.approx(api.billed)
    assert all(row.known for row in rows)

    items = pd.read_parquet(run / "items.parquet")
    assert len(items) == 12
    assert (items["cached_tokens"] == 5).all()  # the words of the instruction, which the warm-up sent first
    assert (items["reasoning_tokens"] == REASONING).all()
    assert (items["output_tokens"] == REASONING + 1).all()
    assert (items["finished_s"] - items["started_s"]).max() < 1
    assert items["energy_j"].isna().all()
    comparison = compare(read_run(run))
    [system] = comparison.systems
    [estimate] = comparison.estimates
    assert (estimate.provider, estimate.model, estimate.estimated) == ("openai", "gpt-4o-mini", 12)
    prompt, cached = items["prompt_tokens"].mean(), items["cached_tokens"].mean()
    paid = ((prompt - cached) * 2.0 + cached * 0.5 + (REASONING + 1) * 8.0) / 1e6
    assert system.cost_per_request == pytest.approx(paid)
    assert [*line_problems(read_run(run))] == []
    everything = b"".join(path.read_bytes() for path in run.rglob("*") if path.is_file())
    assert KEY.encode() not in everything


def test_fragments_of_the_page_are_settings_of_a_system() -> None:
    """The first block is a suite, which the test above runs."""
    _, *fragments = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert fragments
    for fragment in fragments:
        settings = {"kind": "generalist", "engine": "endpoint", "service": "groq", "model": "m"}
        EndpointSystem.model_validate(settings | yaml.safe_load(fragment))
    services = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\w+) \| (?:`(\w+)` )?\|$", PAGE, re.MULTILINE)
    assert services == [
        (name, each.key_env, "yes" if each.logprobs else "no", each.estimated_as or "")
        for name, each in SERVICES.items()
    ]
