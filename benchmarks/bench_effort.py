"""What a run takes beyond its answers, alone and next to busy loops; and what busy loops do to CPU seconds.

Three systems answer 400 items in 16 seconds. `effort: normal` promises an end within twice that and two minutes. The
modelled joules of a run next to busy loops are those of the run alone, to within what their lower bound allows for.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wattbench
from wattbench.measure.effort import NORMAL_S, NORMAL_SHARE
from wattbench_reports.metrics.other_work import LONGER

LOOPS = (0, 1, 2)
PAIRS = 5
SYSTEMS = {"rule": (0, 0.75), "small": (120_000, 0.86), "large": (1_000_000, 0.94)}
"""System to how many steps it computes for an answer, and how often it is right."""
CODE = """
import zlib

LABELS = ["billing", "technical", "account", "shipping"]

def answer(prompt, steps, right):
    total = 0
    for step in range(steps):
        total += step * step % 7
    luck = zlib.crc32(f"{steps} {prompt}".encode()) % 1000 / 1000
    known = [label for label in LABELS if f"about {label}" in prompt]
    return known[0] if luck < right else LABELS[int(luck * 1000) % 4]

"""


@contextlib.contextmanager
def busy(loops: int) -> Iterator[None]:
    """Keep processors busy."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


@pytest.mark.parametrize("loops", LOOPS[1:])
def test_a_thread_uses_about_as_many_cpu_seconds_next_to_busy_loops(benchmark: Any, loops: int) -> None:
    """Compare the median of `PAIRS` pairs, each of the same work alone and next to the loops."""

    def ratio() -> float:
        alone_s = _cpu_s()
        with busy(loops):
            return _cpu_s() / alone_s

    ratios = benchmark.pedantic(lambda: [ratio() for _ in range(PAIRS)], rounds=1)
    benchmark.extra_info["cpu seconds next to busy loops, as a share of those alone"] = ratios
    assert statistics.median(ratios) <= 1.0 + LONGER


def _cpu_s() -> float:
    started_s, total = time.process_time(), 0
    for step in range(12_000_000):
        total += step * step % 7
    return time.process_time() - started_s


def test_a_run_ends_in_time_with_the_same_joules(benchmark: Any, tmp_path: Path) -> None:
    """Run once for each number of busy loops."""
    suite = _written(tmp_path)
    measured: dict[str, Any] = {}

    def runs() -> None:
        for loops in LOOPS:
            with busy(loops):
                started_s = time.perf_counter()
                # In a process of its own: loops that it had started would be its own work.
                command = [sys.executable, "-m", "wattbench", "run", suite, "--out", tmp_path / "runs"]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                whole_s = time.perf_counter() - started_s
            run = wattbench.read(done.stdout.strip())
            items = run.items()
            measured[str(loops)] = {
                "run_s": whole_s,
                "answering_s": float(items["seconds"].sum()),
                "joules_per_request": {
                    name: (figures.j_per_request.low, figures.j_per_request.estimate, figures.j_per_request.high)
                    for name, figures in run.analysis.measured.systems.items()
                    if figures.j_per_request is not None
                },
                "accuracy": {
                    name: figures.accuracy.estimate
                    for name, figures in run.analysis.measured.systems.items()
                    if figures.accuracy is not None
                },
            }

    benchmark.pedantic(runs, rounds=1)
    benchmark.extra_info["by busy loops"] = measured
    for each in measured.values():
        assert each["run_s"] <= NORMAL_SHARE * each["answering_s"] + NORMAL_S
        assert each["accuracy"] == measured["0"]["accuracy"]
        for name in ("small", "large"):  # those of a rule of microseconds are the harness's
            ratio = each["joules_per_request"][name][1] / measured["0"]["joules_per_request"][name][1]
            assert 1.0 / (1.0 + LONGER) <= ratio <= 1.0 + LONGER


def _written(folder: Path) -> Path:
    functions = [
        f"def {name}(prompt):\n    return answer(prompt, {steps}, {right})\n"
        for name, (steps, right) in SYSTEMS.items()
    ]
    (folder / "systems.py").write_text(CODE + "\n".join(functions))
    labels = ["billing", "technical", "account", "shipping"]
    rows = [f"Ticket {number}: I write about {labels[number % 4]},{labels[number % 4]}" for number in range(400)]
    (folder / "tickets.csv").write_text("\n".join(["text,label", *[row.replace(": I", " I") for row in rows]]) + "\n")
    systems = "\n".join(
        f'    {name}: {{kind: specialist, domain: tickets, engine: python, call: "./systems.py:{name}", sees: input}}'
        for name in SYSTEMS
    )
    suite = folder / "suite.yaml"
    suite.write_text(
        "name: tickets\ntasks:\n  select:\n"
        "    - {file: ./tickets.csv, input: text, target: label, score: label, domain: tickets}\n"
        f"systems:\n  define:\n{systems}\n"
    )
    return suite
