"""What a client adds to a request over the wire, and takes of the processor: wattbench, AIPerf and GuideLLM in one run.

A local server streams answers with known delays and records, by the machine's monotonic clock, when each request's last
byte came and when the last bytes of its answer left. A client's overhead is the latency that it records less the
server's own seconds for that request: the way there and back, and what lies between the client's stamps and the socket.
Processor time is that of all processes of the client, less what it takes to start and to end: the difference of a long
run and a short one. wattbench's is of all of `wattbench run`: scoring, records with an fsync for every item, windows.

    pytest benchmarks/bench_client_overhead.py --benchmark-only -s      # the limits, and the others next to them
    tox -e clients                                                      # the same, written into docs/data

AIPerf and GuideLLM are tools of their own: on the PATH, or named by `WATTBENCH_BENCH_AIPERF` and
`WATTBENCH_BENCH_GUIDELLM`. What is not installed is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks.client_overhead.document import table
from benchmarks.client_overhead.figures import Figures
from benchmarks.client_overhead.measure import IN_FLIGHT, INSTALL, LENGTHS, installed, measure
from benchmarks.client_overhead.server import Delays

ROUNDS = int(os.environ.get("WATTBENCH_BENCH_ROUNDS", "1"))
MOST_OVERHEAD_S = 1e-3
"""The median."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Figures]:
    """Return a function that measures all installed tools, in turns, once."""
    tools, absent = installed()

    @cache
    def figures() -> Figures:
        folder: Path = tmp_path_factory.mktemp("clients")
        found = measure(folder, tools, delays=Delays(), lengths=LENGTHS, rounds=ROUNDS, absent=absent)
        print(f"\n\n{table(found).text}")
        return found

    return figures


def test_wattbench_adds_at_most_a_millisecond(benchmark: Any, measured: Callable[[], Figures]) -> None:
    """At 1 and at 2 in flight."""
    figures = benchmark.pedantic(measured, rounds=1)
    for in_flight in IN_FLIGHT:
        ours = figures.client("wattbench", in_flight)
        benchmark.extra_info[f"{in_flight} in flight"] = [ours.overhead_median_s, ours.processor_median_s]
        assert ours.overhead_median_s <= MOST_OVERHEAD_S


@pytest.mark.parametrize("tool", sorted(INSTALL))
def test_next_to(benchmark: Any, measured: Callable[[], Figures], tool: str) -> None:
    """Print what wattbench takes as a share of what another tool takes, in the same run."""
    if tool in installed()[1]:
        pytest.skip(f"{tool} is not installed: {INSTALL[tool]}")
    figures = benchmark.pedantic(measured, rounds=1)
    for in_flight in IN_FLIGHT:
        ours, theirs = figures.client("wattbench", in_flight), figures.client(tool, in_flight)
        assert ours is not None
        assert theirs is not None
        shares = {
            "overhead": ours.overhead_median_s / theirs.overhead_median_s,
            "processor time": ours.processor_median_s / theirs.processor_median_s,
        }
        benchmark.extra_info[f"{in_flight} in flight"] = shares
        print(f"\nwattbench to {tool}, {in_flight} in flight: " + ", ".join(f"{k} {v:.2f}" for k, v in shares.items()))
