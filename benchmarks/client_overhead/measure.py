"""Send the same requests with every tool, in turns, and compare their records with the server's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil

from benchmarks.client_overhead.aiperf_profile import AIPerfProfile
from benchmarks.client_overhead.figures import Client, Figures
from benchmarks.client_overhead.guidellm_benchmark import GuideLLMBenchmark
from benchmarks.client_overhead.launched import run
from benchmarks.client_overhead.server import Delays, read
from benchmarks.client_overhead.tools import Load, Tool, overheads_s, unrecorded
from benchmarks.client_overhead.wattbench_run import WattbenchRun
from benchmarks.written_tables import note

IN_FLIGHT = (1, 2)
LENGTHS = (400, 1600)
"""Requests of a short run and of a long one, for each that is in flight: both take as long at any number in flight. In
much shorter ones wattbench asks its requests again to fill windows, and has too few readings to divide their joules
between prefill and decode, which it does once at the end of longer ones: a difference would hold all of that."""
INSTALL = {
    "AIPerf": "python -m venv aiperf && aiperf/bin/pip install aiperf==0.13.0; then export "
    "WATTBENCH_BENCH_AIPERF=$PWD/aiperf/bin/aiperf",
    "GuideLLM": "python -m venv guidellm && guidellm/bin/pip install guidellm==0.8.1; then export "
    "WATTBENCH_BENCH_GUIDELLM=$PWD/guidellm/bin/guidellm",
}
"""How to install what is absent: neither tool can share wattbench's environment."""


@dataclass(frozen=True)
class _Run:
    """One run of a tool."""

    overhead_s: list[float]
    answered: int
    """Requests that the server answered: those that were asked again count, too."""
    lost: int
    """Those that the tool did not record."""
    tool_s: float
    server_s: float
    """Processor seconds."""


@dataclass
class _Rounds:
    """What one tool has taken so far at one number in flight."""

    overhead_s: list[float] = field(default_factory=list)
    processor_s: list[float] = field(default_factory=list)
    lost: int = 0


def installed() -> tuple[list[Tool], list[str]]:
    """Return the tools that are installed, and the names of the others."""
    found: dict[str, Tool | None] = {"AIPerf": AIPerfProfile.find(), "GuideLLM": GuideLLMBenchmark.find()}
    tools: list[Tool] = [WattbenchRun(), *(tool for tool in found.values() if tool is not None)]
    return tools, [name for name, tool in found.items() if tool is None]


def measure(
    folder: Path, tools: Sequence[Tool], *, delays: Delays, lengths: tuple[int, int], rounds: int, absent: Sequence[str]
) -> Figures:
    """Run each tool `rounds` times at each length and number in flight; which goes first changes from round to round.

    Overheads are of the long runs. Processor seconds per request are the difference of a long run and a short one, over
    the difference of the requests that the server answered: what a tool takes to start and to end is not in them.

    Raises:
        ToolFailedError: a tool failed.
        ValueError: what a tool recorded is not what the server answered.
    """
    taken = {(tool.name, number): _Rounds() for tool in tools for number in IN_FLIGHT}
    own_s, before, began_s = 0.0, _busy_s(), time.monotonic()
    for round_ in range(rounds):
        for in_flight in IN_FLIGHT:
            for tool in tools if round_ % 2 == 0 else reversed(tools):
                short, long = (
                    _once(folder / f"{round_}-{in_flight}-{tool.name}-{length}", tool, delays, length, in_flight)
                    for length in lengths
                )
                rounds_of = taken[tool.name, in_flight]
                rounds_of.overhead_s += long.overhead_s
                rounds_of.lost += long.lost
                rounds_of.processor_s.append((long.tool_s - short.tool_s) / (long.answered - short.answered))
                own_s += sum(each.tool_s + each.server_s for each in (short, long))
                note(
                    f"{tool.name}, {in_flight} in flight: {1000 * float(np.median(long.overhead_s)):.2f} ms, "
                    f"{1000 * rounds_of.processor_s[-1]:.2f} ms of the processor"
                )
    cores = os.cpu_count() or 1
    whole_s = cores * (time.monotonic() - began_s)
    versions = {tool.name: tool.version() for tool in tools}
    return Figures(
        date=datetime.now(UTC).date().isoformat(),
        cores=cores,
        other_work=max(_busy_s() - before - own_s, 0.0) / whole_s,
        first_token_s=delays.first_token_s,
        token_s=delays.token_s,
        tokens=delays.tokens,
        lengths=lengths,
        clients=tuple(
            Client(
                tool=name,
                version=versions[name],
                in_flight=in_flight,
                requests=len(of.overhead_s),
                overhead_median_s=float(np.median(of.overhead_s)),
                overhead_p95_s=float(np.quantile(of.overhead_s, 0.95)),
                processor_s=tuple(of.processor_s),
                lost=of.lost,
            )
            for (name, in_flight), of in taken.items()
        ),
        absent=tuple(absent),
    )


def _once(folder: Path, tool: Tool, delays: Delays, length: int, in_flight: int) -> _Run:
    """Run a tool once, against a server of its own."""
    folder.mkdir(parents=True)
    requests = length * in_flight
    log = folder / "served.jsonl"
    with _serving(log, delays) as server:
        url = f"http://127.0.0.1:{(folder / 'port').read_text()}"
        command = tool.prepare(folder, Load(url, requests, in_flight, delays.tokens))
        spent = run(command, folder=folder, environment={"WATTBENCH_LOCKS": str(folder / "locks")})
        server_times = server.cpu_times()
    served, recorded = read(log), tool.recorded(folder)
    lost = unrecorded(tool.name, recorded, requests)
    if lost:
        note(f"{tool.name}: its record lacks {lost} of {requests} requests")
    if len(served) > requests:
        note(f"{tool.name}: it sent {len(served)} requests for {requests}: take longer runs")
    server_s = server_times.user + server_times.system
    return _Run(overheads_s(recorded, served), len(served), lost, spent.total_s, server_s)


@contextmanager
def _serving(log: Path, delays: Delays) -> Iterator[psutil.Process]:
    """Serve in a process of its own; its port is in the file `port` next to the log."""
    port = log.with_name("port")
    command = [
        sys.executable, "-m", "benchmarks.client_overhead.server", str(log), "--port-file", str(port),
        "--first-token-s", str(delays.first_token_s), "--token-s", str(delays.token_s), "--tokens", str(delays.tokens),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    try:
        for _ in range(600):
            if port.exists() or process.poll() is not None:
                break
            time.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _busy_s() -> float:
    """Return the processor seconds that this machine has spent on work, since it started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))
