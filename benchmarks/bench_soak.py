"""Whether a long run stays as it began: 20,000 items through `wattbench run`, of a callable and of a server.

Memory, open files, threads, and the processor's and the wall's time per item, of the last quarter of the items against
those of the second: the first is left out, as it loads and warms up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pytest

from benchmarks.kills.server import start

ITEMS = 20_000
SYSTEMS = 2
MOST = {"memory": 1.10, "files": 1.0, "threads": 1.0, "processor time per item": 1.15, "wall time per item": 1.5}
"""The last quarter against the second. The wall's time is also that of other work and of the disk."""
EVERY_S = 0.2

TASK = """
task: sums
dataset_path: json
dataset_kwargs: {data_files: {test: DOCUMENTS}}
output_type: generate_until
test_split: test
doc_to_text: "What is {{a}} + {{b}}?"
doc_to_target: "{{a + b}}"
generation_kwargs: {until: ["\\n"], do_sample: false, max_gen_toks: 8}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
metadata: {version: 1.0}
"""
SUITE = """
name: soak
tasks: {include: [tasks], select: [{task: sums, domain: arithmetic}]}
systems:
  define:
    adder: {kind: specialist, engine: python, call: "./adder.py:add"}
    remote: {kind: generalist, engine: endpoint, base_url: "URL"}
measure: {idle_s: 1, min_window_s: 1, blocks: 10, busy: mark}
"""
ADDER = """
import re

def add(prompt):
    return str(sum(map(int, re.findall(r"\\d+", prompt))))
"""


@dataclass(frozen=True)
class Sample:
    """The process of the run at one moment."""

    at_s: float
    items: int
    """Answers on record."""
    memory_bytes: int
    files: int
    threads: int
    processor_s: float


@dataclass
class Watched:
    """The answers on record, counted as the files grow."""

    folder: Path
    _read: dict[Path, int] = field(default_factory=dict)
    _lines: int = 0

    def items(self) -> int:
        """Return how many lines of answers there are."""
        for path in self.folder.glob("runs/*/items/*/*.jsonl"):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                new = file.read()
            self._read[path] = self._read.get(path, 0) + len(new)
            self._lines += new.count(b"\n")
        return self._lines


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A suite of 10,000 documents, and a server that answers it."""
    server = start(answer_s=0.0)
    (tmp_path / "tasks").mkdir()
    documents = tmp_path / "documents.jsonl"
    documents.write_text("".join(json.dumps({"a": n, "b": n % 7}) + "\n" for n in range(ITEMS // SYSTEMS)))
    (tmp_path / "tasks" / "sums.yaml").write_text(TASK.replace("DOCUMENTS", str(documents)))
    (tmp_path / "suite.yaml").write_text(SUITE.replace("URL", f"http://127.0.0.1:{server.server_port}/v1"))
    (tmp_path / "adder.py").write_text(ADDER)
    yield tmp_path
    server.shutdown()


def test_a_run_of_twenty_thousand_items_stays_as_it_began(benchmark: Any, folder: Path) -> None:
    """Run it, watch its process, and compare two quarters."""
    samples = benchmark.pedantic(_samples, args=(folder,), rounds=1)
    second, last = (_quarter(samples, number) for number in (1, 3))
    ratios = {name: last[name] / second[name] for name in MOST}
    peak = max(sample.memory_bytes for sample in samples)
    print(f"\n\n{'':<26} {'2nd quarter':>12} {'4th quarter':>12} {'ratio':>7} {'limit':>7}")
    for name, ratio in ratios.items():
        print(f"{name:<26} {second[name]:12.6g} {last[name]:12.6g} {ratio:7.3f} {MOST[name]:7.2f}")
    print(f"{'most memory, to the end':<26} {'':>12} {peak / 2**20:9.0f} MB")
    benchmark.extra_info |= {"second": second, "last": last, "ratios": ratios, "most_memory_bytes": peak}
    assert samples[-1].items == ITEMS
    assert {name: ratio for name, ratio in ratios.items() if ratio > MOST[name]} == {}


def _samples(folder: Path) -> list[Sample]:
    """Run the suite to its end, and sample its process."""
    environment = os.environ | {"WATTBENCH_LOCKS": str(folder / "locks"), "HF_HUB_OFFLINE": "1"}
    watched, samples = Watched(folder), []
    with (folder / "messages.txt").open("w") as messages:
        run = subprocess.Popen(
            [sys.executable, "-m", "wattbench", "run", "suite.yaml"],
            cwd=folder, env=environment, stdout=messages, stderr=messages,
        )  # fmt: skip
        process = psutil.Process(run.pid)
        while run.poll() is None:
            time.sleep(EVERY_S)
            try:
                samples.append(_sample(process, watched.items()))
            except psutil.Error:  # it has ended
                break
    assert run.wait(60) == 0, (folder / "messages.txt").read_text()[-2000:]
    return samples


def _sample(process: psutil.Process, items: int) -> Sample:
    with process.oneshot():
        spent = process.cpu_times()
        return Sample(
            time.monotonic(), items, process.memory_info().rss, process.num_fds(), process.num_threads(),
            spent.user + spent.system,
        )  # fmt: skip


def _quarter(samples: list[Sample], number: int) -> dict[str, float]:
    """Return the figures of a quarter of the items, counted from 0."""
    low, high = ITEMS * number // 4, ITEMS * (number + 1) // 4
    own = [sample for sample in samples if low <= sample.items <= high]
    own = own[: next((at + 1 for at, sample in enumerate(own) if sample.items == ITEMS), len(own))]
    first, final = own[0], own[-1]
    items = final.items - first.items
    return {
        "memory": float(median(sample.memory_bytes for sample in own)),
        "files": float(median(sample.files for sample in own)),
        "threads": float(median(sample.threads for sample in own)),
        "processor time per item": (final.processor_s - first.processor_s) / items,
        "wall time per item": (final.at_s - first.at_s) / items,
    }
