"""Runs with a model that thinks before it answers: the limit that is sent, and replies that were cut."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.made_up.http_server import LocalServer
from tests.made_up.progress import Quiet
from wattbench.config import load_suite
from wattbench.measure.answer_limits import answer_limits
from wattbench.measure.measuring_context import measuring
from wattbench.measure.plan import plan
from wattbench.measure.preview import preview
from wattbench.measure.resume import new_run
from wattbench.meters import Chosen
from wattbench.records import RunRecords, read_run
from wattbench.scenarios.blocks import run_blocks
from wattbench.scenarios.closed_loop import run_cells
from wattbench.tasks.output_limit import CHAT_TOKENS, PLAIN_TOKENS
from wattbench_reports.comparability.cut_replies import cut_replies
from wattbench_reports.comparison.analysis import analyse

pytestmark = pytest.mark.slow


@dataclass
class ThinkingServer:
    """Answers `POST /v1/completions` and `/v1/chat/completions`, a word per token."""

    answer: Callable[[str], str]
    """The prompt to the answer of one token."""
    thoughts: int = 40
    """Tokens before it."""
    limits: list[int] = field(default_factory=list)
    """The limit of tokens that each request named, in the order in which they came."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.send(self, json.dumps({"data": [{"id": "thinker", "owned_by": "someone"}]}), "application/json")

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.send(self, server.stream(body), "text/event-stream")

            def log_message(self, *_: Any) -> None:
                pass

        self._http = LocalServer(Handler)
        self.base_url = self._http.base_url

    def close(self) -> None:
        self._http.close()

    def stream(self, body: dict[str, Any]) -> str:
        """Return the events of an answer, cut at the limit that the request names."""
        limit = body["max_tokens"]
        with self._lock:
            self.limits.append(limit)
        prompt = body.get("prompt") or body["messages"][-1]["content"]
        words = ["hmm"] * self.thoughts + [self.answer(prompt)]
        reason, text = "length" if limit < len(words) else "stop", " ".join(words[:limit])
        piece = {"delta": {"content": text}} if "messages" in body else {"text": text}
        usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": min(limit, len(words))}
        events = [{"choices": [{"index": 0, **piece, "finish_reason": reason}]}, {"choices": [], "usage": usage}]
        return "".join(f"data: {json.dumps(each)}\n\n" for each in events) + "data: [DONE]\n\n"

    @staticmethod
    def send(http: BaseHTTPRequestHandler, text: str, kind: str) -> None:
        http.send_response(200)
        http.send_header("Content-Type", kind)
        http.send_header("Content-Length", str(len(text.encode())))
        http.end_headers()
        http.wfile.write(text.encode())


ROWS = 6
SUITE = """
name: thinking
tasks: {{select: [{{file: sums.csv, input: sum, target: total, score: number, name: sums{task}}}]}}
systems:
  define:
    thinker: {{kind: generalist, engine: endpoint, base_url: "{url}"{system}}}
    {more}
measure: {{idle_s: 0.01, warmup: 0, min_window_s: 0.01, blocks: {blocks}}}
"""


def total(prompt: str) -> str:
    first, _, second = prompt.rpartition("Input: ")[2].split("\n")[0].partition(" + ")
    return str(int(first) + int(second))


@pytest.fixture
def server() -> Iterator[ThinkingServer]:
    server = ThinkingServer(total)
    yield server
    server.close()


@pytest.fixture
def run(
    tmp_path: Path, server: ThinkingServer, make_steady: Any, quiet: Quiet
) -> Callable[..., tuple[RunRecords, pd.DataFrame]]:
    """Run a suite of one file and a model behind the server; return its record and its items."""

    def make(task: str = "", system: str = "", more: str = "", blocks: int = 1) -> tuple[RunRecords, pd.DataFrame]:
        (tmp_path / "sums.csv").write_text("sum,total\n" + "".join(f"{n} + {n},{2 * n}\n" for n in range(1, ROWS + 1)))
        path = tmp_path / "suite.yaml"
        path.write_text(SUITE.format(url=server.base_url, task=task, system=system, more=more, blocks=blocks))
        resolved = load_suite(str(path))
        cells = plan(resolved)
        with new_run(tmp_path / "runs", resolved, cells, {"cpu": "rapl"}, []) as writer:
            with measuring(writer, resolved, Chosen([make_steady()]), quiet) as context:
                (run_blocks if blocks > 1 else run_cells)(context, cells)
            records = read_run(writer.layout.root)
        seen = preview(resolved)
        planned = {(each.system, each.answered_by): each.tokens for each in answer_limits(seen.cells, seen.scores)}
        items = pd.read_parquet(records.layout.items_table)
        routes = items["route"].fillna(items["system"])
        sent = set(zip(items["system"], routes, items["output_limit"], strict=True))
        assert sent <= {(*key, tokens) for key, tokens in planned.items()}, "as `plan` said"
        return records, items

    return make


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize(
    ("task", "system", "limit"),
    [
        ("", "", PLAIN_TOKENS),
        ("", ", prompt: {chat: true}", CHAT_TOKENS),
        (", max_tokens: 50", "", 50),
        (", max_tokens: 50", ", max_output_tokens: 70", 70),
        ("", ", max_output_tokens: 70", 70),
    ],
)
def test_the_limit_on_the_wire_is_that_of_the_rule(
    run: Any, server: ThinkingServer, task: str, system: str, limit: int, blocks: int
) -> None:
    records, items = run(task, system, blocks=blocks)
    assert set(server.limits) == {limit} == set(items["output_limit"])
    assert set(items["finish_reason"]) == {"stop"}
    assert items["correct"].mean() == 1, "a model that answers all rightly"
    [counted] = cut_replies(analyse(records).measured.frames).values()
    assert counted[:2] == (0, ROWS)


def test_members_of_a_hybrid_have_their_own_limits(run: Any, server: ThinkingServer) -> None:
    more = (
        f'short: {{kind: specialist, engine: endpoint, base_url: "{server.base_url}", max_output_tokens: 9}}\n'
        "    both: {kind: hybrid, engine: hybrid, members: {a: thinker, b: short}, router: {type: always, member: b}}"
    )
    records, items = run(", max_tokens: 50", more=more)
    by_system = items.groupby("system")["output_limit"].agg(set).to_dict()
    assert by_system == {"thinker": {50}, "short": {9}, "both": {9}}
    assert set(server.limits) == {50, 9}
    counted = cut_replies(analyse(records).measured.frames)
    assert counted["both"].cut_systems == ("short",)
    assert {name: each.cut for name, each in counted.items()} == {"thinker": 0, "short": ROWS, "both": ROWS}


@pytest.mark.parametrize("chat", ["", ", prompt: {chat: true}"])
def test_replies_that_were_cut_are_counted_with_the_key_to_change(run: Any, chat: str) -> None:
    records, items = run(system=f", max_output_tokens: 32{chat}")
    assert set(items["finish_reason"]) == {"length"}
    analysis = analyse(records)
    [counted] = cut_replies(analysis.measured.frames).values()
    assert (counted[:2], counted.wrong, counted.too_many) == ((ROWS, ROWS), ROWS, True)
    [caveat] = [each for each in analysis.comparison.caveats if each.code == "cut-replies"]
    assert caveat.text == (
        "thinker: 6 of 6 replies were cut at 32 tokens: raise systems.thinker.max_output_tokens (none of them right)."
        " More than 5.0% were cut and are not right: it is not advised by its accuracy."
    )
