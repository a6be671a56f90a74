"""`wattbench run` of a suite with one system behind the endpoint engine."""

from __future__ import annotations

import csv
import json
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.client_overhead.server import NUMBER
from benchmarks.client_overhead.tools import Load, Recorded

# As many blocks in a short run as in a long one, and nothing asked twice: a window with modelled joules is filled by
# asking its items again where they take less than a second, as 24 of two in flight do not.
SUITE = """
name: client-overhead
tasks: {{select: [{{file: prompts.csv, input: prompt, target: target, score: exact, domain: bench}}]}}
systems:
  define:
    served:
      kind: generalist
      engine: endpoint
      base_url: "{url}/v1"
      prompt: {{chat: true}}
      max_output_tokens: {tokens}
measure: {{scenario: {scenario}, batch: {batch}, blocks: 5, idle_s: 0, warmup: 0, min_window_s: 0.1, busy: mark}}
"""


class WattbenchRun:
    """The suite at one in flight is single-stream, and at more it is throughput."""

    name = "wattbench"

    def version(self) -> str:
        """Return that of the package."""
        return version("wattbench")

    def prepare(self, folder: Path, load: Load) -> list[str]:
        """Write a suite and its documents."""
        with (folder / "prompts.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("prompt", "target"))
            writer.writerows((prompt, "word") for prompt in load.prompts)
        scenario = "single-stream" if load.in_flight == 1 else "throughput"
        suite = SUITE.format(url=load.url, tokens=load.tokens, scenario=scenario, batch=load.in_flight)
        (folder / "suite.yaml").write_text(suite, encoding="utf-8")
        return [sys.executable, "-m", "wattbench", "run", "suite.yaml", "--out", "runs"]

    def recorded(self, folder: Path) -> list[Recorded]:
        """Read the answers of the run."""
        lines = [
            json.loads(line)
            for path in folder.glob("runs/*/items/*/*.jsonl")
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        return [Recorded(int(NUMBER.findall(row["prompt"])[-1]), row["finished_s"] - row["started_s"]) for row in lines]
