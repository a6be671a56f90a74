"""Find the shards to merge, and the blocks of each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records import BlockRow, RunHeader, RunLayout, RunRecords, read_run
from wattbench.records.rows.blocks import counted_attempts
from wattbench.records.shards import blocks_in_words, window_prefix


@dataclass(frozen=True)
class Shard:
    """A run of some blocks of a suite."""

    records: RunRecords
    numbers: tuple[int, ...]
    """Its blocks, from 0, in order."""

    @classmethod
    def of(cls, records: RunRecords) -> Shard:
        """Make a shard of a run.

        Raises:
            UserError: the run is none.
        """
        header, root = records.header, records.layout.root
        if header.shard is None:
            raise UserError(f"{root}: it is no shard: it asked all blocks of its suite (run SUITE --block makes one)")
        if header.part_of is not None:
            raise UserError(f"{root}: it is a part of {header.part_of}, which was stopped: finish and merge that run")
        if header.rescored is not None:
            raise UserError(f"{root}: it is rescored: merge the shard that it was made of, and rescore the merged run")
        for cell in header.cells:
            _check_count(records.layout, f"items of {cell['system']} on {cell['task']}", cell.get("items"))
            of_cell = f"repeats of {cell['system']} on {cell['task']}" if "repeats" in cell else "suite.measure.repeats"
            _check_count(records.layout, of_cell, header.repeats_of(cell))
        return cls(records, tuple(header.shard["blocks"]))

    @property
    def header(self) -> RunHeader:
        """Return the shard's header."""
        return self.records.header

    @property
    def root(self) -> Path:
        """Return the shard's directory."""
        return self.records.layout.root

    @property
    def prefix(self) -> str:
        """Return how the names of its windows begin."""
        return window_prefix(self.numbers)

    @property
    def finished(self) -> bool:
        """Return whether the shard was completed."""
        return self.records.finished

    @cached_property
    def blocks(self) -> tuple[BlockRow, ...]:
        """Return all complete attempts of the shard's blocks, in the order in which they were asked."""
        return tuple(self.records.blocks())

    @cached_property
    def counted(self) -> dict[int, BlockRow]:
        """Map each block to the attempt that counts, in the order in which the attempts were asked."""
        last = counted_attempts(self.blocks)
        return {row.number: row for row in self.blocks if row.attempt == last[row.number]}

    @cached_property
    def windows(self) -> tuple[str, ...]:
        """Return the names of the shard's windows, in the order in which the windows closed."""
        return tuple(row.window for row in self.records.windows())

    @property
    def in_order(self) -> bool:
        """Return whether the shard's blocks were asked in order, so that its table is in the same order."""
        return list(self.counted) == sorted(self.counted)


@dataclass(frozen=True)
class Shards:
    """The shards of one run, each block in one of them."""

    every: tuple[Shard, ...]
    """In the order of their first blocks."""
    owner: Mapping[int, Shard]
    """Block to the shard that has it, in the order of the blocks."""

    @property
    def first(self) -> Shard:
        """Return the shard with the first block, from which common facts are read."""
        return self.every[0]

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Return the systems and tasks, in the order of the plan."""
        return self.first.header.pairs

    @cached_property
    def repeats(self) -> Mapping[tuple[str, str], int]:
        """Map each system and task to how often each item is asked."""
        header = self.first.header
        return {pair: int(header.repeats_of(cell)) for pair, cell in zip(self.cells, header.cells, strict=True)}


def _check_count(layout: RunLayout, name: str, value: Any) -> None:
    """Check that a number in a header, with which rows are compared, is a count.

    Raises:
        UserError: it is no count.
    """
    if not isinstance(value, int) or value < 0:
        raise UserError(f"{layout.header}: {name} is {value!r:.60}: it must be a whole number; the record is damaged")


def find_shards(paths: Iterable[Path]) -> list[Shard]:
    """Return the shards in some directories: each a run, or a folder of runs, in which other runs are left out.

    Of a shard whose failed requests were asked again in a copy, the copy alone.

    Raises:
        UserError: there is none, or one is damaged.
    """
    roots: dict[Path, Path] = {}
    for path in paths:
        for root in _runs_of(path):
            roots.setdefault(root.resolve(), root)
    shards = [Shard.of(read_run(root)) for root in roots.values()]
    if not shards:
        raise UserError("name the shards to merge: their directories, or a folder of them")
    replaced = {shard.header.retried_from for shard in shards if shard.finished}
    kept = [shard for shard in shards if shard.header.run not in replaced]
    return sorted(kept, key=lambda shard: (shard.numbers, shard.header.created_utc, shard.header.run))


def _runs_of(path: Path) -> list[Path]:
    """Return the run at a path, or the shards in the folder."""
    try:
        if os.path.lexists(path / "run.json"):
            return [path]
        below = [each for each in sorted(path.iterdir()) if not each.name.startswith(".")]
        runs = [each for each in below if os.path.lexists(each / "run.json")]
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: no run, and no folder of runs ({getattr(error, 'strerror', None) or error})"
        ) from error
    if not runs:
        raise UserError(f"{path}: no run, and no folder of runs (it has no run.json, and nothing in it has one)")
    headers = [(root, read_run(root).header) for root in runs]
    return [root for root, header in headers if header.shard is not None and header.part_of is None]


def check_disjoint(shards: Sequence[Shard]) -> dict[int, Shard]:
    """Return the shard that has each block, in the order of the blocks.

    Raises:
        UserError: two have the same.
    """
    owner: dict[int, Shard] = {}
    for shard in shards:
        for number in shard.numbers:
            if (other := owner.get(number)) is not None:
                both = blocks_in_words(set(shard.numbers) & set(other.numbers))
                raise UserError(
                    f"block {both} is there twice, in {other.root} and in {shard.root}: name one of the two"
                )
            owner[number] = shard
    return dict(sorted(owner.items()))
