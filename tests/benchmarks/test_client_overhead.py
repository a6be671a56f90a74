"""The client bench: its server does what it says, requests find their partners, and no process goes uncounted."""

from __future__ import annotations

import io
import json
import sys
import threading
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import httpx
import pytest

from benchmarks.client_overhead.aiperf_profile import AIPerfProfile
from benchmarks.client_overhead.document import table
from benchmarks.client_overhead.figures import read
from benchmarks.client_overhead.guidellm_benchmark import GuideLLMBenchmark
from benchmarks.client_overhead.launched import ToolFailedError, run
from benchmarks.client_overhead.server import Delays, Served, Server
from benchmarks.client_overhead.tools import Load, Recorded, executable, overheads_s, unrecorded
from benchmarks.client_overhead.wattbench_run import WattbenchRun
from benchmarks.written_tables import stale
from wattbench.config import load_suite
from wattbench.systems.endpoint.client import OpenAIClient
from wattbench.systems.endpoint.request import EndpointRequest

RECORDED = read()
LOAD = Load("http://127.0.0.1:1", requests=3, in_flight=2, tokens=4)


class Lines(io.StringIO):
    """A log that hands each line on as it is written: after the client has its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.written: SimpleQueue[str] = SimpleQueue()

    def write(self, text: str) -> int:
        self.written.put(text)
        return len(text)


def served(number: int, request_id: str | None, own_s: float) -> Served:
    return Served(number, request_id, 10.0, 10.0 + own_s / 2, 10.0 + own_s)


def test_the_table_has_the_recorded_figures() -> None:
    assert stale([table(RECORDED)]) == [], "tox -e clients writes both"
    assert {(client.tool, client.in_flight) for client in RECORDED.clients} >= {("wattbench", 1), ("wattbench", 2)}


@pytest.mark.slow
def test_the_server_takes_its_delays_and_records_them() -> None:
    log = Lines()
    delays = Delays(first_token_s=0.004, token_s=0.002, tokens=5)
    server = Server(delays, log)
    threading.Thread(target=server.serve, daemon=True).start()
    url = f"http://127.0.0.1:{server.port}/v1"
    client = OpenAIClient(where="it", base_url=url, key=None, timeout_s=20)
    body = {
        "messages": [{"role": "user", "content": "Request 7 of a bench"}],
        "stream_options": {"include_usage": True},
    }
    chat = client.complete(EndpointRequest("chat/completions", body, (), ()))
    plain = client.complete(EndpointRequest("completions", {"prompt": "Request 8 of a bench"}, (), ()))
    assert client.get("models") == {
        "object": "list",
        "data": [{"id": "delays", "object": "model", "owned_by": "benchmark"}],
    }
    client.close()
    httpx.post(f"{url}/completions", json={"prompt": "none"}, headers={"X-Request-ID": "abc"}, timeout=20)
    lines = [Served(**json.loads(log.written.get(timeout=20))) for _ in range(3)]
    assert [(line.number, line.request_id) for line in lines] == [(7, None), (8, None), (-1, "abc")]
    assert chat.usage.output_tokens == 5
    assert plain.usage.output_tokens is None
    for completion, line in zip((chat, plain), lines, strict=False):
        assert completion.text == " word" * 5
        assert len(completion.token_s) == 5
        assert line.first_byte_s - line.arrived_s >= delays.first_token_s
        assert line.own_s >= delays.answer_s


def test_the_overhead_is_of_the_same_request() -> None:
    recorded = [Recorded(1, 0.5), Recorded("b", 0.25)]
    by_server = [served(2, "b", 0.125), served(1, None, 0.25), served(1, None, 0.375)]
    assert overheads_s(recorded, by_server) == [0.25, 0.125]  # what was asked again counts the first time
    with pytest.raises(ValueError, match="not answered by the server, such as 3"):
        overheads_s([Recorded(3, 0.5)], by_server)
    with pytest.raises(ValueError, match="recorded twice"):
        overheads_s([Recorded(1, 0.5), Recorded(1, 0.5)], by_server)


def test_what_a_tool_did_not_record_is_stated_and_may_not_be_much() -> None:
    recorded = [Recorded(number, 0.5) for number in range(59)]
    assert unrecorded("GuideLLM", recorded, 59) == 0
    assert unrecorded("GuideLLM", recorded, 60) == 1
    for requests in (58, 63):
        with pytest.raises(ValueError, match=f"GuideLLM recorded 59 of {requests} requests"):
            unrecorded("GuideLLM", recorded, requests)
    first, *others = RECORDED.clients
    shown = table(replace(RECORDED, clients=(replace(first, requests=59, lost=1), *others))).made
    assert f"Not compared, as the tool did not record them: 1 of 60 that {first.tool} sent with 1 in flight." in shown


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted by a call of Linux")
@pytest.mark.slow
def test_a_process_that_its_parent_has_left_is_counted(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    (tmp_path / "leaver.py").write_text(f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {burn!r}])\n")
    assert run([sys.executable, "leaver.py"], folder=tmp_path).total_s >= 0.3


@pytest.mark.slow
def test_a_tool_that_fails_says_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError, match="ended with 3:\nno such thing"):
        run([sys.executable, "-c", "print('no such thing'); raise SystemExit(3)"], folder=tmp_path)


@pytest.mark.parametrize(("in_flight", "scenario"), [(1, "single-stream"), (2, "throughput")])
def test_wattbench_is_given_a_suite_of_these_requests(tmp_path: Path, in_flight: int, scenario: str) -> None:
    command = WattbenchRun().prepare(tmp_path, replace(LOAD, in_flight=in_flight))
    measure = load_suite(str(tmp_path / "suite.yaml")).suite.measure
    assert (measure.scenario, measure.batch) == (scenario, in_flight)
    assert command[1:5] == ["-m", "wattbench", "run", "suite.yaml"]
    assert (tmp_path / "prompts.csv").read_text().count("Request ") == 3


def test_what_each_tool_recorded_is_read(tmp_path: Path) -> None:
    """In the form of AIPerf 0.13 and GuideLLM 0.8.1."""
    (tmp_path / "artifacts").mkdir()
    line = {"metadata": {"x_request_id": "abc"}, "metrics": {"request_latency": {"value": 125.0, "unit": "ms"}}}
    (tmp_path / "artifacts" / "profile_export.jsonl").write_text(json.dumps(line) + "\n")
    assert AIPerfProfile("aiperf").recorded(tmp_path) == [Recorded("abc", 0.125)]
    request = {"request_args": '{"body": {"messages": ["Request 2 of a bench"]}}', "request_latency": 0.25}
    (tmp_path / "report.json").write_text(json.dumps({"benchmarks": [{"requests": {"successful": [request]}}]}))
    assert GuideLLMBenchmark("guidellm").recorded(tmp_path) == [Recorded(2, 0.25)]
    row = {"prompt": "...Request 1 of a bench", "started_s": 1.0, "finished_s": 1.5}
    items = tmp_path / "runs" / "r" / "items" / "served"
    items.mkdir(parents=True)
    (items / "prompts.jsonl").write_text(json.dumps(row) + "\n")
    assert WattbenchRun().recorded(tmp_path) == [Recorded(1, 0.5)]


def test_a_tool_is_found_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "aiperf"
    tool.write_text("#!/bin/sh\necho 0.13.0\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("WATTBENCH_BENCH_AIPERF", raising=False)
    assert AIPerfProfile.find() is None
    monkeypatch.setenv("WATTBENCH_BENCH_AIPERF", str(tool))
    assert executable("WATTBENCH_BENCH_AIPERF", "aiperf") == str(tool)
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    found = AIPerfProfile.find()
    assert found.version() == "0.13.0"
