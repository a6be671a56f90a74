"""Define the record of a run's blocks: `blocks.json`, how they were laid out, and the lines of `blocks.jsonl`.

A block is a set of items, dealt at random from all tasks in proportion, that all systems are asked in a random order,
each in windows of its own; all but those that a look (`looks.jsonl`) dropped before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from wattbench.records.rows.schema import Amount, Count, RecordRow, Seed, Signed

SpoiledBy = Literal["other work", "interruption"]
"""Why joules of an attempt of a block are not valid, or its latencies marked."""


@dataclass(frozen=True, kw_only=True)
class BlockPlan(RecordRow):
    """`blocks.json`: how many blocks a run has, and why. Written before the first block is asked, and never changed."""

    blocks: Count
    seed: Seed
    """Of the deal and of the orders. Drawn anew for each run; the same for all shards of one."""
    resident: str
    """``all``: every system stays loaded for the whole run. ``one``: one system is loaded at a time."""
    chosen_by: str
    """Who chose the number of blocks: ``suite``, ``auto``, or ``shards`` (as many for every shard of the suite)."""
    why: str
    """Why this number of blocks, in a sentence."""
    why_resident: str = ""
    switch_s: dict[str, Signed] = field(default_factory=dict)
    """System to the seconds that its turn in a block costs beyond its items: loading or activation, warm-up and the
    edges of windows, as measured before the first block."""
    item_s: dict[str, Amount] = field(default_factory=dict)
    """System to its seconds per item, as measured in its warm-up without the first call. A system that was not warmed
    up is missing."""
    variance_ratio: Amount | None = None
    """The variance between items over that between blocks, both of the relative figure. None: it was not needed."""


@dataclass(frozen=True, kw_only=True)
class BlockRow(RecordRow):
    """A line of `blocks.jsonl`: an attempt of a block that all systems have been asked. The last attempt counts."""

    number: Count
    """From 0."""
    attempt: Count
    """0: as first asked. 1 and more: asked again, as a window of the attempt before was contended or interrupted."""
    order: list[str]
    """The systems, in the order in which they were asked."""
    doc_ids: dict[str, list[Count]]
    """Task to the documents of the block."""
    windows: dict[str, list[str]]
    """System to the ids of its measured windows."""
    node: str = ""
    """The machine that asked it, as `wattbench.machine.environment` names it; empty in older records."""
    contended: dict[str, list[str]] = field(default_factory=dict)
    """System to the signals that were over their limit in one of its windows; empty if none was."""
    interrupted: list[str] = field(default_factory=list)
    """Systems with a window whose joules are not valid because it was interrupted; empty in older records."""

    @property
    def signals(self) -> list[str]:
        """Return the signals of contention that were over their limit for any system, each once."""
        return list(dict.fromkeys(signal for signals in self.contended.values() for signal in signals))

    @property
    def spoiled_by(self) -> SpoiledBy | None:
        """Return what spoiled the attempt; None if nothing did."""
        return "other work" if self.contended else "interruption" if self.interrupted else None


def attempts_by_block(rows: Iterable[BlockRow]) -> list[list[BlockRow]]:
    """Return the complete attempts of each block, in order: the last one of each counts."""
    by_number: dict[int, list[BlockRow]] = {}
    for row in rows:
        by_number.setdefault(row.number, []).append(row)
    return [sorted(attempts, key=lambda row: row.attempt) for attempts in by_number.values()]


def counted_attempts(rows: Iterable[BlockRow]) -> Mapping[int, int]:
    """Return the number of the attempt that counts for each block: its last complete one."""
    return {attempts[-1].number: attempts[-1].attempt for attempts in attempts_by_block(rows)}
