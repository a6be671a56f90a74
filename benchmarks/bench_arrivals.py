"""How punctual the client is: 50 requests per second on two cores, to a server in another process.

Arrivals are Poisson, or are those of a file that `WATTBENCH_BENCH_TRACE` names, at the speed that gives the
same mean rate. Each request takes the way of a run's: the schedule, the dispatcher, the engine of endpoints, its HTTP
client. Compared with its stamp are the moment at which the client began to write it (`started_s` of the record), and
the moment at which the server had read it, by the one clock of the machine. The server takes its share of the two
cores, as does what else runs on the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from lm_eval.api.instance import Instance

from wattbench.clock import machine_s
from wattbench.config import EndpointSystem, Load
from wattbench.measure.ask_items import ItemRequests
from wattbench.records.client_lag import PUNCTUAL_S, SentRequest, sending
from wattbench.scenarios.open_loop.dispatch import Offered
from wattbench.scenarios.open_loop.schedule import ScheduledRequest, offer_schedule, poisson_moments
from wattbench.systems.endpoint.engine import EndpointEngine
from wattbench.traces import read_trace

RATE_PER_S = float(os.environ.get("WATTBENCH_BENCH_RATE", "50"))
SECONDS = float(os.environ.get("WATTBENCH_BENCH_SECONDS", "60"))
TRACE = os.environ.get("WATTBENCH_BENCH_TRACE")
LEAST = 0.99
"""Of the requests, sent within 5 ms of their stamp."""
ANSWER_S = 0.2
CORES = 2
SERVER = Path(__file__).parent / "arrivals" / "server.py"


@pytest.fixture
def two_cores() -> Iterator[None]:
    """Let this process, and what it starts, use two cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:CORES])
    yield
    os.sched_setaffinity(0, before)


@pytest.fixture
def port(two_cores: None) -> Iterator[int]:
    """Start the server in a process of its own."""
    process = subprocess.Popen([sys.executable, str(SERVER), str(ANSWER_S)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield int(process.stdout.readline())
    process.kill()
    process.wait()


def moments() -> list[float]:
    """Return when requests are due, at the mean rate."""
    number = round(RATE_PER_S * SECONDS)
    if TRACE is not None:
        arrivals = read_trace(Path(TRACE)).arrivals[:number]
        speed = RATE_PER_S * arrivals[-1].at_s / (len(arrivals) - 1)
        return [arrival.at_s / speed for arrival in arrivals]
    return poisson_moments(number, (number - 1) / RATE_PER_S, seed=7)


def test_requests_are_sent_at_their_stamps(benchmark, port: int) -> None:
    """Send the requests, and compare the stamps."""
    base_url = f"http://127.0.0.1:{port}/v1"
    config = EndpointSystem.model_validate({"kind": "generalist", "engine": "endpoint", "base_url": base_url})
    planned = [ScheduledRequest(at_s, index) for index, at_s in enumerate(moments())]
    settings = {"until": [], "max_gen_toks": 8, "do_sample": False}
    asks = [
        ItemRequests(
            "generate_until",
            index,
            (Instance("generate_until", {}, (f"request {index}", settings), 0, metadata=("bench", index, 1)),),
        )
        for index in range(len(planned))
    ]
    load = Load.model_validate({"trace": "bench.csv", "deadline_s": 60.0, "max_in_flight": 256})
    before_s = time.process_time()
    with EndpointEngine.open("bench", config, batch=1, seed=1) as engine:
        offered: Offered = benchmark.pedantic(
            offer_schedule, (engine, asks, load, planned), {"ended": _nothing, "advance": _nothing}, rounds=1
        )
    cpu_s = time.process_time() - before_s
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stamps", timeout=60) as answer:
        read_s = dict(json.loads(answer.read()))
    assert all(query.failure is None for query in offered.queries), [query.failure for query in offered.queries][:3]
    sent = [
        SentRequest(due_s, due_s, query.sent_s, query.answered_s)
        for query, due_s in zip(offered.queries, offered.due_s, strict=True)
    ]
    client = sending(sent, load.max_in_flight)
    by_server = [
        read_s[f"request {query.index}"] - machine_s(due_s)
        for query, due_s in zip(offered.queries, offered.due_s, strict=True)
    ]
    figures = {
        "requests": len(sent),
        "rate_per_s": round((len(sent) - 1) / (offered.due_s[-1] - offered.due_s[0]), 2),
        "most_under_way": client.in_flight_peak,
        "sent_within_5_ms": _share(client.after_due_s),
        **{f"sent_p{p:g}_ms": _ms(client.after_due_s, p) for p in (50, 99, 100)},
        "read_by_server_within_5_ms": _share(by_server),
        **{f"read_by_server_p{p:g}_ms": _ms(by_server, p) for p in (50, 99, 100)},
        "cpu_ms_per_request": round(1e3 * cpu_s / len(sent), 3),
        "load_average": round(os.getloadavg()[0], 2),
    }
    benchmark.extra_info.update(figures)
    print("\n" + "\n".join(f"{name:28} {value}" for name, value in figures.items()))
    assert min(by_server) >= 0, "a request was sent before its stamp"
    assert figures["sent_within_5_ms"] >= LEAST


def _nothing(*_: object) -> None:
    """Do nothing."""


def _share(seconds: list[float]) -> float:
    return round(float(np.mean(np.asarray(seconds) <= PUNCTUAL_S)), 5)


def _ms(seconds: list[float], percentile: float) -> float:
    return round(float(np.percentile(seconds, percentile)) * 1e3, 3)
