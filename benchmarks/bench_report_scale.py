"""The report of a run of a million answers: seconds, memory and the size of the page, beside a run a tenth as large;
and the memory of ten million and of a hundred million, of which the latter are not held in memory.

Each is the whole command in a process of its own, as a person starts it: the interpreter, the imports, the reading and
the drawing. The run is made up (`tests.made_up.large_run`), outside what is timed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.large_import import make_import
from tests.made_up.large_run import make_run

ROWS = (100_000, 1_000_000)
MOST_TIMES = ROWS[1] / ROWS[0]
"""Time grows no faster than the answers."""
MOST_PEAK_MB = 2000.0
WORDS = {what: ["runs", what] for what in ("compare", "verify", "report", "export")} | {"route": ["route"]}
IMPORTED_ROWS = 10_000_000
"""Of an import: scores, seconds, joules and costs without texts."""
STREAMED_ROWS, STREAMED_SYSTEMS = 100_000_000, 12
"""Of an import that is streamed: 6 GB on disk."""
MOST_PAGE_MB = 28.0
"""A page holds 100,000 answers, of at most 250 bytes each; in this run they are short."""

# The highest resident memory of this process, and of a second one that it forks: what both share counts twice.
SCRIPT = """
import os, resource, sys
from wattbench.cli import main
sys.argv[0] = "wattbench"
try:
    main()
finally:
    with open("/proc/self/status") as status:
        peak_kb = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    second_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(sum(os.times()[:4]), int(peak_kb) + second_kb, file=sys.stderr)
"""


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    seconds: float
    processor_s: float
    """Much less than the seconds: the machine had other work to do."""
    peak_mb: float
    out_mb: float
    """Of what it wrote."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Write a run of each size: number of answers to its directory."""
    return {rows: make_run(tmp_path_factory.mktemp("made-up"), rows) for rows in ROWS}


def command(arguments: list[str], out: Path) -> Cost:
    """Run a command of wattbench that writes `out`."""
    before_s = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, check=False, text=True, cwd=out.parent
    )
    seconds = time.perf_counter() - before_s
    assert done.returncode == 0, done.stderr
    if not out.exists():
        out.write_text(done.stdout)
    processor_s, peak_kb = done.stderr.split()[-2:]
    return Cost(seconds, float(processor_s), int(peak_kb) / 1024, out.stat().st_size / 1e6)


@pytest.mark.benchmark(group="a million answers")
@pytest.mark.parametrize("what", ["report", "compare"])
def test_it_grows_no_faster_than_the_answers(benchmark: Any, runs: dict[int, Path], tmp_path: Path, what: str) -> None:
    """Compare the fastest of each size, measured in turns."""
    found: dict[int, list[Cost]] = {rows: [] for rows in ROWS}

    def both() -> None:
        for rows in ROWS:
            out = tmp_path / f"{rows}-{len(found[rows])}"
            options = ["-o", str(out)] if what == "report" else ["--format", "json"]
            found[rows].append(command([*WORDS[what], str(runs[rows]), *options], out))

    benchmark.pedantic(both, rounds=3)
    best = {rows: min(costs, key=lambda cost: cost.seconds) for rows, costs in found.items()}
    times = best[ROWS[1]].seconds / best[ROWS[0]].seconds
    print()
    for rows, cost in best.items():
        benchmark.extra_info |= {
            f"{rows} seconds": cost.seconds, f"{rows} processor seconds": cost.processor_s,
            f"{rows} peak MB": cost.peak_mb, f"{rows} MB written": cost.out_mb,
        }  # fmt: skip
        print(
            f"{what} of {rows:,} answers: {cost.seconds:.1f} s ({cost.processor_s:.1f} s of processor), "
            f"at most {cost.peak_mb:,.0f} MB of memory, "
            f"{cost.out_mb:.2f} MB written"
        )
    benchmark.extra_info["ratio"] = times
    print(f"{what}: {times:.1f} times as long for {MOST_TIMES:g} times the answers")
    assert times <= MOST_TIMES
    assert max(cost.peak_mb for cost in found[ROWS[1]]) < MOST_PEAK_MB
    assert best[ROWS[1]].out_mb < MOST_PAGE_MB


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an imported run of `IMPORTED_ROWS`."""
    return make_import(tmp_path_factory.mktemp("imported"), IMPORTED_ROWS)


@pytest.mark.benchmark(group="ten million answers")
@pytest.mark.parametrize("what", ["compare", "verify", "route", "report", "export"])
def test_memory_of_ten_million_answers(benchmark: Any, imported: Path, tmp_path: Path, what: str) -> None:
    """Report once: it takes minutes, and the study of routers takes the most memory."""
    options = ["-o", str(tmp_path / "out")] if what in ("report", "export") else []
    options += ["--to", "parquet", "--what", "items"] if what == "export" else []
    cost = benchmark.pedantic(command, args=([*WORDS[what], str(imported), *options], tmp_path / "out"), rounds=1)
    benchmark.extra_info |= {"processor seconds": cost.processor_s, "peak MB": cost.peak_mb}
    print()
    print(
        f"{what} of {IMPORTED_ROWS:,} imported answers: {cost.processor_s:.0f} s of processor, at most "
        f"{cost.peak_mb:,.0f} MB of memory"
    )
    assert cost.peak_mb < MOST_PEAK_MB


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an imported run of `STREAMED_ROWS`."""
    return make_import(tmp_path_factory.mktemp("streamed"), STREAMED_ROWS, systems=STREAMED_SYSTEMS)


@pytest.mark.benchmark(group="a hundred million answers")
@pytest.mark.parametrize("what", ["compare", "report"])
def test_memory_of_a_hundred_million_answers(benchmark: Any, streamed: Path, tmp_path: Path, what: str) -> None:
    """Compare once: it takes minutes. Memory does not grow with the answers."""
    options = ["-o", str(tmp_path / "out")] if what == "report" else []
    cost = benchmark.pedantic(command, args=([*WORDS[what], str(streamed), *options], tmp_path / "out"), rounds=1)
    benchmark.extra_info |= {"seconds": cost.seconds, "processor seconds": cost.processor_s, "peak MB": cost.peak_mb}
    print()
    print(
        f"{what} of {STREAMED_ROWS:,} imported answers: {cost.seconds:.0f} s ({cost.processor_s:.0f} s of processor), "
        f"at most {cost.peak_mb:,.0f} MB of memory"
    )
    assert cost.peak_mb < MOST_PEAK_MB
