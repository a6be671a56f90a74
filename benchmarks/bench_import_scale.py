"""Import a million answers and ten million: seconds of processor, peak memory, and what of it is the advice.

The answers are made up: ten systems, a plain table as CSV and as Parquet, and a tenth of them with prompts and answers.
Every import is a process of its own; peak memory is that of the process, the spool is a file and not in it.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

SYSTEMS = 10
ANSWERS = (1_000_000, 10_000_000)
MOST_TIMES = 1.2 * ANSWERS[1] / ANSWERS[0]
"""Time grows no faster than the answers, but for their sorting."""
MOST_PEAK_MB = 2000.0
MOST_PROCESSOR_S = 120.0

# The highest resident memory of this process alone; what `getrusage` says of a child may be its parent's at the fork.
SCRIPT = """
import os, sys
from pathlib import Path
from wattbench.importers import read_sources, write_run

def print_used(what):
    with open("/proc/self/status") as status:
        peak_kb = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    print(what, sum(os.times()[:2]), peak_kb)

out = Path(sys.argv[2])
imported = read_sources([Path(sys.argv[1])], scratch=out)
print_used("read")
root = write_run(imported, out, "scale", [])
print_used("written")
if sys.argv[3:] == ["--advice"]:
    from wattbench.cli._ending import end_of_run
    end_of_run(root, None, open_page=False)
    print_used("advised")
"""


@dataclass(frozen=True)
class Used:
    """The resources that a process had used at a moment."""

    processor_s: float
    peak_mb: float


def make_table(path: Path, answers: int, *, words: int = 0) -> Path:
    """Write a table of `SYSTEMS` systems, with prompts of `words` words and answers of half as many."""
    rng = np.random.default_rng(answers)
    vocabulary = np.array(["copper", "meadow", "lantern", "harbour", 'thi"stle', "granite,", "orchard\n", "violet"])
    items = answers // SYSTEMS
    writer: Any = None

    def texts(number: int) -> pa.Array:
        drawn = vocabulary[rng.integers(0, len(vocabulary), (items, number))]
        return pa.array([" ".join(row) for row in drawn])

    for system in range(SYSTEMS):
        table = pa.table(
            {
                "system": pa.repeat(f"system-{system}", items), "item": np.arange(items),
                "score": (rng.random(items) < 0.5 + system / 30).astype(np.int64),
                "seconds": np.round(rng.lognormal(0.0, 0.5, items), 4),
                "joules": np.round(rng.lognormal(3.0, 0.5, items), 3), "cost": np.round(rng.random(items) / 1000, 7),
                **({"prompt": texts(words), "answer": texts(words // 2)} if words else {}),
            }
        )  # fmt: skip
        if writer is None:
            kind = pq.ParquetWriter if path.suffix == ".parquet" else pyarrow.csv.CSVWriter
            writer = kind(str(path), table.schema)
        writer.write(table)
    writer.close()
    return path


def run_import(source: Path, out: Path, *options: str) -> dict[str, Used]:
    """Import in a process of its own; return what it had used after each step."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(source), str(out), *options], capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    steps = [line.split() for line in done.stdout.splitlines()]
    return {name: Used(float(processor_s), int(peak_kb) / 1024) for name, processor_s, peak_kb in steps}


def note(benchmark: Any, what: str, steps: dict[str, Used]) -> None:
    """Print what was used, and keep it with the benchmark."""
    for name, used in steps.items():
        benchmark.extra_info |= {f"{what}: {name}, s": used.processor_s, f"{what}: {name}, MB": used.peak_mb}
        print(f"{what}, {name}: {used.processor_s:.1f} s of processor, at most {used.peak_mb:,.0f} MB of memory")


@pytest.mark.benchmark(group="import")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_it_grows_no_faster_than_the_answers(benchmark: Any, tmp_path: Path, suffix: str) -> None:
    """Import a plain table of each size, once: ten million answers vary little."""
    found: dict[int, dict[str, Used]] = {}

    def both() -> None:
        for answers in ANSWERS:
            source = make_table(tmp_path / f"{answers}.{suffix}", answers)
            found[answers] = run_import(source, tmp_path / "runs")

    benchmark.pedantic(both, rounds=1)
    print()
    for answers, steps in found.items():
        note(benchmark, f"{answers:,} answers of {suffix}", steps)
    few, many = (found[answers]["written"] for answers in ANSWERS)
    assert many.processor_s <= MOST_TIMES * few.processor_s
    assert many.peak_mb < MOST_PEAK_MB
    assert many.processor_s < MOST_PROCESSOR_S


@pytest.mark.benchmark(group="import")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_texts_are_not_in_memory(benchmark: Any, tmp_path: Path, suffix: str) -> None:
    """Import a million answers with texts of about 1 kB each: more than a GB on disk."""
    source = make_table(tmp_path / f"texts.{suffix}", ANSWERS[0], words=100)
    steps: list[dict[str, Used]] = []
    benchmark.pedantic(lambda: steps.append(run_import(source, tmp_path / "runs")), rounds=1)
    print()
    note(benchmark, f"{ANSWERS[0]:,} answers with texts of {suffix}", steps[0])
    assert steps[0]["written"].peak_mb < MOST_PEAK_MB / 2


@pytest.mark.benchmark(group="import")
def test_the_advice_is_of_the_same_size(benchmark: Any, tmp_path: Path) -> None:
    """Run the whole command, with its final advice."""
    source = make_table(tmp_path / "advice.csv", ANSWERS[0])
    steps: list[dict[str, Used]] = []
    benchmark.pedantic(lambda: steps.append(run_import(source, tmp_path / "runs", "--advice")), rounds=1)
    print()
    note(benchmark, f"{ANSWERS[0]:,} answers", steps[0])
    assert steps[0]["advised"].peak_mb < MOST_PEAK_MB
