"""The header of a run: what is known before anything is measured."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wattbench.records.rows.schema import FieldError, RecordRow

MOST_BLOCKS = 1_000_000
"""Of a suite that several runs share: what is missing is a set of their numbers."""


def utc_now() -> str:
    """Return the present time in the form that records use: ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_run_name(suite: str) -> str:
    """Return the name of a run that begins now: ``<UTC>-<suite>-<id>``."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{suite}-{secrets.token_hex(3)}"


@dataclass(frozen=True, kw_only=True)
class RunHeader(RecordRow):
    """`run.json`: what was to be run, on what machine, and the hashes that make two runs comparable."""

    schema_version: int
    """As it was written: a reader upgrades the rest of the header."""
    run: str
    """The run's identity: `<UTC>-<suite>-<id>`, the name of its directory."""
    suite: dict[str, Any]
    """The suite as resolved: every default filled in, every path absolute."""
    suite_sha256: str
    created_utc: str
    """ISO 8601."""
    command: list[str]
    environment: dict[str, Any]
    meters: dict[str, str]
    """Component to provenance, as found when the run began: ``{"gpu0": "counter", "cpu": "modelled"}``."""
    meter_details: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Component to ``{"meter", "reads", "step_s"}``: which meter, what it reads in words, how coarsely in time."""
    cells: list[dict[str, Any]]
    """The plan: ``{"system", "kind", "task", "domain", "items", "task_version", "docs_sha256", "task_sha256",
    "repeats"}`` per cell; where the system samples by its own settings ``"sampling": {"temperatures", "seeds"}``; where
    the task's settings do, ``"task_temperature"``. Older records lack the last ones."""
    imported: dict[str, Any] | None = None
    """For a run that another tool made: ``{"from", "version", "files": [{"name", "sha256"}], "left_out": {reason:
    number}, "scenario": {system: {what: value}}}``. It has no windows, and lacks what its source lacks. None: wattbench
    measured it."""
    gate: dict[str, Any] | None = None
    """For a gate that asks two systems in turns: ``{"baseline": {"name", "system"}, "candidate": {"name", "system"},
    "policy": {...}, "policy_source": str, "planted": {"delay": share, "drop@task": share} or None, "seed": int,
    "long_rounds": bool}``. `name` is what it is called in this record, `system` in the suite. Its cells say what could
    be asked, `rounds.jsonl` what was."""
    metered: dict[str, Any] | None = None
    """For a run of `wattbench meter` or `wattbench.gateway`, of the sessions of a program and of no suite:
    ``{"upstream": str, "command": [...] | None}``, the latter None of a program in Python. Its items are not scored."""
    night: dict[str, Any] | None = None
    """For a run of `wattbench nightly`: ``{"date": "2026-11-25", "commit": str | None, "backfilled": bool, "since":
    {"run", "commit", "commits": [{"commit", "subject"}], "commits_in_all", "files", "files_in_all"} | None}``: what was
    committed since the night before."""
    rescored: dict[str, Any] | None = None
    """For a run of `wattbench runs rescore`: ``{"from": the run whose answers these are, "command": [...],
    "created_utc", "forms": [...], "regex": str | None, "tasks": [...], "metrics": {task: metric},
    "tasks_from": str | None, "scores": {system: {"answers", "before", "after", "newly_right", "newly_wrong"}}}``:
    how they were scored anew, and the sums of scores of the tasks that were. Where a judge was asked anew:
    ``{"from", "command", "created_utc", "judges": {task: judge}, "tasks": [...]}``. All else in the record is of the
    run that it is from."""
    retried_from: str | None = None
    """For a copy of a finished run in which its failed requests were asked again: the run that it is from."""
    part_of: str | None = None
    """For a copy of the complete blocks of a run that was stopped: that run. `shard` says which blocks."""
    node: str = ""
    """The machine that measured, as `wattbench.machine.environment` names it. Empty in older records, in imported ones
    and in a run that several machines measured."""
    shard: dict[str, Any] | None = None
    """For a run of some blocks of a suite: ``{"blocks": [numbers from 0], "of": number of blocks, "seed": of the
    deal}``. Shards of one suite and plan, number of blocks and seed can be merged. With ``"handed_out": true`` it
    is a run on a cluster that is not finished: its blocks are asked in shards below `shards/`, which its end merges."""
    machines: dict[str, dict[str, Any]] = field(default_factory=dict)
    """For a run that several machines measured: node to its ``{"environment", "meters", "meter_details"}``. The fields
    of these names above are then of the first one. Empty: one machine measured all."""
    merged: list[dict[str, Any]] | None = None
    """For a run that was merged of shards: ``{"run", "node", "blocks", "created_utc", "sha256"}`` of each, the last
    being the digest of its `finished.json`."""

    journal: bool = False
    """Whether `journal.jsonl` has all that is written to it. False in older records, and in runs that are written at
    once: imported, merged, rescored ones, and copies of complete blocks."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return the system and the task of each cell, in the order of the plan."""
        return [(cell["system"], cell["task"]) for cell in self.cells]

    def repeats_of(self, cell: Mapping[str, Any]) -> Any:
        """Return how often each item of a cell is asked, as it is on record; older records have it once for all."""
        if "repeats" in cell:
            return cell["repeats"]
        settings: Any = self.suite
        for key in ("suite", "measure"):
            settings = settings.get(key, {}) if isinstance(settings, Mapping) else None
        return settings.get("repeats", 1) if isinstance(settings, Mapping) else None

    @property
    def tasks(self) -> list[str]:
        """Return the tasks, each once, in the order of the plan."""
        return list(dict.fromkeys(task for _, task in self.pairs))

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check the cells and the numbers of blocks."""
        super().check(raw)
        for number, cell in enumerate(raw["cells"]):
            for key in ("system", "task"):
                if not isinstance(cell.get(key), str):
                    raise FieldError(f"{key} of cell {number} is {cell.get(key)!r:.60}: it must be text")
        _check_shard(raw.get("shard"))
        for number, shard in enumerate(raw.get("merged") or []):
            _check_blocks(f"blocks of shard {number}", shard.get("blocks"))


def _check_shard(shard: Mapping[str, Any] | None) -> None:
    """Check that a shard names some of its blocks, in order, each once.

    Raises:
        FieldError: it does not.
    """
    if shard is None:
        return
    of, seed, blocks = (shard.get(key) for key in ("of", "seed", "blocks"))
    whole = all(isinstance(each, int) and not isinstance(each, bool) for each in (of, seed))
    if not whole or of is None or of > MOST_BLOCKS:
        raise FieldError(
            f"shard is {dict(shard)!r:.100}: of and seed must be whole numbers, of at most {MOST_BLOCKS:,}"
        )
    _check_blocks("shard.blocks", blocks, of)


def _check_blocks(name: str, blocks: Any, of: int | None = None) -> None:
    """Check that a field holds numbers of blocks, in order, each once.

    Raises:
        FieldError: it does not.
    """
    numbers = blocks if isinstance(blocks, list) else []
    whole = all(isinstance(each, int) and not isinstance(each, bool) for each in numbers)
    below = f" below {of}" if of is not None else ""
    if not numbers or not whole or numbers != sorted(set(numbers)) or numbers[0] < 0:
        raise FieldError(f"{name} is {blocks!r:.60}: it must be numbers of blocks{below}, in order")
    if of is not None and numbers[-1] >= of:
        raise FieldError(f"{name} is {blocks!r:.60}: it must be numbers of blocks{below}, in order")
