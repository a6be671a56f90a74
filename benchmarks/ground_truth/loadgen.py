"""Percentiles of MLPerf LoadGen next to those of wattbench's report, of the same requests.

LoadGen schedules the requests and stamps them itself; wattbench computes from its own record. A local server answers
after a fixed time.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import wattbench
from benchmarks.ground_truth.line import Line, NotHereError, Sources
from benchmarks.kills.server import start
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.metrics.arrival_rates import LoadFigures

TASKS = Path(__file__).parents[2] / "tests" / "data" / "tasks"
ANSWER_S = 0.05
PERCENTILES = (0.5, 0.9, 0.99)
SUITE = """
name: arrivals
tasks:
  include: [{tasks}]
  select: [{{task: sums, domain: arithmetic}}]
systems:
  define:
    served: {{kind: generalist, engine: endpoint, base_url: "http://127.0.0.1:{port}/v1", model: sums}}
measure:
  scenario: load
  idle_s: 0
  warmup: 2
  min_window_s: 0
  seed: 1
  load: {{rates_per_s: [60], min_duration_s: 8, min_queries: 480, deadline_s: 10, max_in_flight: 32}}
"""
"""480 requests: a p99 needs 459."""


def lines(sources: Sources) -> Iterator[Line]:
    """Yield the percentiles of latency and of the first token, the rate, and the number of requests.

    Raises:
        NotHereError: LoadGen is not installed.
    """
    if importlib.util.find_spec("mlperf_loadgen") is None:
        raise NotHereError("MLPerf's LoadGen is not installed: pip install 'wattbench[load]'")
    server = start(answer_s=ANSWER_S)
    try:
        suite = sources.folder / "suite.yaml"
        suite.write_text(SUITE.format(tasks=TASKS, port=server.server_port), encoding="utf-8")
        root = wattbench.run(suite, out=sources.folder / "runs", wait=True).path
    finally:
        server.shutdown()
    run = read_run(root)
    (row,) = run.loads()
    load = analyse(run).comparison.load
    if load is None or row.disagreement_s is None:
        raise RuntimeError(f"{root}: a run without arrivals, or without LoadGen's percentiles")
    (figures,) = load.rates[0].systems
    yield from _of_run(row.loadgen, figures, f"`disagreement_s` is {row.disagreement_s:.6f}")


def _of_run(loadgen: Mapping[str, Any], ours: LoadFigures, note: str) -> Iterator[Line]:
    of = f"{ours.queries} requests at {ours.offered_per_s:g} per second"
    for name, what, key, seconds in (
        ("latency", "latency", "result_{:.2f}_percentile_latency_ns", ours.latency_s),
        ("first-token", "time to first token", "result_first_token_{:.2f}_percentile_latency_ns", ours.ttft_s),
    ):
        for share in PERCENTILES:
            known = loadgen[key.format(100 * share)] / 1e9
            found = seconds[share]
            yield Line(f"{name}-p{100 * share:g}", f"{of}: p{100 * share:g} of {what}", "s", known, found, note=note)
            note = ""
    rate = loadgen["result_completed_samples_per_sec"]
    note = "LoadGen divides one request less by the same time"
    yield Line("rate", f"{of}: answers per second", "requests/s", rate, ours.served_per_s, note=note)
    yield Line("requests", f"{of}: requests", "requests", loadgen["result_query_count"], ours.queries)
