"""Merging a million answers in 64 shards: seconds and memory, next to a tenth of the answers in as many shards.

Each is the whole command in a process of its own, without the advice at its end, which `bench_report_scale` measures.
The shards are made up (`tests.made_up.large_shards`), outside what is timed.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.large_shards import make_shards

ROWS = (100_000, 1_000_000)
SHARDS = 64
MOST_PEAK_MB = 1000.0
MOST_TIMES = ROWS[1] / ROWS[0]
"""Time grows no faster than the answers."""
MOST_MORE_MB = 250.0
"""Memory of ten times the answers, beyond that of the fewer, whose shards fill no row group and few of the buffers; 180
to 220 were measured. More than a million answers were not."""

# The highest resident memory of this process alone; what `getrusage` says of a child may be its parent's at the fork.
SCRIPT = """
import os, sys
from pathlib import Path
from wattbench.distributed.merging import merge_shards
merge_shards([Path(sys.argv[1])], Path(sys.argv[2]), sys.argv)
with open("/proc/self/status") as status:
    peak_kb = next(line.split()[1] for line in status if line.startswith("VmHWM"))
print(sum(os.times()[:2]), peak_kb)
"""


@pytest.mark.benchmark(group="a million answers in shards")
def test_memory_does_not_grow_with_the_answers(benchmark: Any, tmp_path: Path) -> None:
    """Both sizes, taking turns; the fastest of each."""
    folders = {rows: make_shards(tmp_path / str(rows), rows, SHARDS) for rows in ROWS}
    costs: dict[int, list[tuple[float, float, float]]] = {rows: [] for rows in ROWS}
    numbers = itertools.count()

    def both() -> None:
        for rows, folder in folders.items():
            before_s = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT, str(folder), str(tmp_path / f"merged-{next(numbers)}")],
                capture_output=True, check=True, text=True,
            )  # fmt: skip
            processor_s, peak_kb = map(float, done.stdout.split())
            costs[rows].append((time.perf_counter() - before_s, processor_s, peak_kb / 1024))

    benchmark.pedantic(both, rounds=2)
    best = {rows: min(of_rows) for rows, of_rows in costs.items()}
    print()
    for rows, (seconds, processor_s, peak_mb) in best.items():
        benchmark.extra_info |= {
            f"{rows} seconds": seconds, f"{rows} processor seconds": processor_s, f"{rows} peak MB": peak_mb
        }  # fmt: skip
        print(
            f"merge of {rows:,} answers in {SHARDS} shards: {seconds:.1f} s ({processor_s:.1f} s of processor), "
            f"at most {peak_mb:,.0f} MB of memory"
        )
    few, many = (best[rows] for rows in ROWS)
    assert many[1] <= MOST_TIMES * few[1]
    assert many[2] <= few[2] + MOST_MORE_MB
    assert many[2] < MOST_PEAK_MB
