"""Judge two records of a million answers each: seconds of processor, and peak memory.

The records are made up (`tests.made_up.large_run`): one system in each, with prompts, outputs and joules of every
answer. A gate is a process of its own, from the files to the bounds of every metric and the verdict.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.large_run import make_run
from tests.made_up.large_systems import SYSTEMS

ANSWERS = 1_000_000
MOST_PROCESSOR_S = 60.0
MOST_PEAK_MB = 2000.0

# The highest resident memory of this process alone; what `getrusage` says of a child may be its parent's at the fork.
SCRIPT = """
import os, sys
from pathlib import Path
from wattbench.api.gates.judge_gate import judge_runs
result = judge_runs(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), baseline=None, candidate=None, across=[])
with open("/proc/self/status") as status:
    peak_kb = next(line.split()[1] for line in status if line.startswith("VmHWM"))
print(result.verdict, result.items, sum(os.times()[:2]), peak_kb)
"""

POLICY = (
    "metrics: {accuracy: {margin: 1 point}, latency_mean: {margin: 5%}, joules_per_request: {margin: 5%}}\ndrift: 2%\n"
)


@pytest.mark.benchmark(group="gate of two records")
def test_a_verdict_of_a_million_answers_each(benchmark: Any, tmp_path: Path) -> None:
    """Judge a candidate that is half a point worse and 1% slower."""
    baseline = SYSTEMS[0]
    candidate = replace(baseline, accuracy=baseline.accuracy - 0.005, request_s=1.01 * baseline.request_s)
    runs = [
        make_run(tmp_path, ANSWERS, (system,), name=name)
        for name, system in {"before": baseline, "after": candidate}.items()
    ]
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    outputs: list[str] = []

    def gate() -> None:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *map(str, (*runs, policy))], capture_output=True, check=True, text=True
        )
        outputs.append(done.stdout)

    benchmark.pedantic(gate, rounds=1)
    verdict, items, processor_s, peak_kb = outputs[0].split()
    benchmark.extra_info |= {"processor_s": float(processor_s), "peak_mb": float(peak_kb) / 1024}
    print(f"\n{verdict} of {items} items: {float(processor_s):.1f} s of processor, {float(peak_kb) / 1024:.0f} MB")
    assert (verdict, int(items)) == ("pass", ANSWERS)
    assert float(processor_s) <= MOST_PROCESSOR_S
    assert float(peak_kb) / 1024 <= MOST_PEAK_MB
