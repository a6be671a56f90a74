"""Give the path of everything in a run directory."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_LONGEST = 255 - len(".jsonl")
"""Bytes of a file's name without its ending: 255 are what common file systems have room for."""


def _safe(name: str) -> str:
    """Encode a system's or task's name as one path segment: never empty, a dot, a way out of the folder, or too long.

    Every byte but those of ASCII's letters and digits takes three. A name for which there is no room is cut, and ends
    in its digest after ``%~``, which no encoded name has.
    """
    quoted = quote(name, safe="", errors="surrogatepass")
    if not quoted.strip("."):
        quoted = quoted.replace(".", "%2E")
    if len(quoted) > _LONGEST:
        digest = hashlib.sha256(quoted.encode()).hexdigest()[:32]
        return f"{re.sub('%.?$', '', quoted[:200])}%~{digest}"
    return quoted


@dataclass(frozen=True)
class RunLayout:
    """The paths of one run. Creates nothing."""

    root: Path

    @property
    def header(self) -> Path:
        """`run.json`: what was to be run, on what. Written first."""
        return self.root / "run.json"

    @property
    def finished(self) -> Path:
        """`finished.json`: written last; a run without it is resumable, not complete."""
        return self.root / "finished.json"

    @property
    def lock(self) -> Path:
        """`run.lock`: held by the one process that may append."""
        return self.root / "run.lock"

    @property
    def journal(self) -> Path:
        """`journal.jsonl`: what was written to the run, in order, with digests."""
        return self.root / "journal.jsonl"

    @property
    def signature(self) -> Path:
        """`finished.json.sig`: a signature of `finished.json`, of a run that was signed."""
        return self.root / "finished.json.sig"

    @property
    def systems(self) -> Path:
        """`systems.jsonl`: what each system is and what loading it cost."""
        return self.root / "systems.jsonl"

    @property
    def windows(self) -> Path:
        """`windows.jsonl`: every window, judged."""
        return self.root / "windows.jsonl"

    @property
    def open_windows(self) -> Path:
        """`open-windows.jsonl`: windows as they open, so that they can be closed from their traces after a kill."""
        return self.root / "open-windows.jsonl"

    @property
    def rounds(self) -> Path:
        """`rounds.jsonl`: for a gate, every round that both systems completed."""
        return self.root / "rounds.jsonl"

    @property
    def block_plan(self) -> Path:
        """`blocks.json`: how many blocks the run has, and why; written before the first block is asked."""
        return self.root / "blocks.json"

    @property
    def blocks(self) -> Path:
        """`blocks.jsonl`: every attempt of a block that all systems have been asked; the last attempt counts."""
        return self.root / "blocks.jsonl"

    @property
    def passes(self) -> Path:
        """`passes.jsonl`: every pass of the windows whose items were asked several times."""
        return self.root / "passes.jsonl"

    @property
    def phases(self) -> Path:
        """`phases.jsonl`: each cell's joules by prefill and decode; the last line per component of a cell counts."""
        return self.root / "phases.jsonl"

    @property
    def items_table(self) -> Path:
        """`items.parquet`: every item, scored and with its energy; written when the run ends."""
        return self.root / "items.parquet"

    @property
    def windows_table(self) -> Path:
        """`windows.parquet`: every window; written when the run ends."""
        return self.root / "windows.parquet"

    def answers(self, system: str, task: str) -> Path:
        """`items/<system>/<task>.jsonl`: one line per item, as it is answered."""
        return self.root / "items" / _safe(system) / f"{_safe(task)}.jsonl"

    def scores(self, system: str, task: str) -> Path:
        """`scores/<system>/<task>.jsonl`: lm-eval's scores; its presence says that the cell is complete."""
        return self.root / "scores" / _safe(system) / f"{_safe(task)}.jsonl"

    def experts(self, system: str, task: str) -> Path:
        """`experts/<system>/<task>.jsonl`: for a mixture, which experts were used; written before the scores."""
        return self.root / "experts" / _safe(system) / f"{_safe(task)}.jsonl"

    @property
    def spending(self) -> Path:
        """`spending.jsonl`: what each request of a priced system cost, as it ends; the last line of a number counts."""
        return self.root / "spending.jsonl"

    @property
    def estimates(self) -> Path:
        """`estimates.jsonl`: joules, grams and water that were estimated of requests to services; the last line of a
        system, a task and a service counts."""
        return self.root / "estimates.jsonl"

    @property
    def summaries(self) -> Path:
        """`summaries.jsonl`: of an imported run, figures that its source states over requests that it does not list."""
        return self.root / "summaries.jsonl"

    @property
    def loads(self) -> Path:
        """`loads.jsonl`: under load, the results of each rate; the answers of a rate count with its line."""
        return self.root / "loads.jsonl"

    def load_logs(self, system: str, task: str, offered_per_s: float, window: str) -> Path:
        """`loads/<system>/<task>/<rate>/<window>/`: LoadGen's own logs."""
        return self.root / "loads" / _safe(system) / _safe(task) / f"{offered_per_s:g}" / _safe(window)

    def trace(self, system: str, task: str | None, block: int | None = None, *, shard: str = "") -> Path:
        """`power/<system>/<task>.csv`: the readings behind a cell's windows; with a block `%block-<n>.csv`: behind the
        system's windows in it; without either `%load.csv`: behind the system's loading, and its windows in the rounds
        of a gate; of a shard `%load-<prefix of its windows>.csv`, as several machines load it."""
        load = f"%load-{shard}" if shard else "%load"
        name = _safe(task) if task is not None else load if block is None else f"%block-{block}"
        return self.root / "power" / _safe(system) / f"{name}.csv"  # no quoted name holds a bare %

    def top_files(self) -> list[Path]:
        """Return all files in the run's own folder, in the order of their names, whether they are there or not."""
        return sorted(getattr(self, name) for name, each in vars(RunLayout).items() if isinstance(each, property))

    def load_traces(self, system: str) -> list[Path]:
        """Return the traces behind a system's loading that are there: one, or of a merged run one of each shard."""
        return sorted((self.root / "power" / _safe(system)).glob("%load*.csv"))
