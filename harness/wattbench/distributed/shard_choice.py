"""Choose the blocks of a suite that one of several runs asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wattbench.config import Resolved
from wattbench.errors import UserError
from wattbench.measure.plan import Cell
from wattbench.records.rows.header import MOST_BLOCKS
from wattbench.records.shards import blocks_in_words, part_in_words

_FORM = re.compile(r"(?a:(\d{1,9})(?:-(\d{1,9}))?/(\d{1,9}))")
_SEED_DIGITS = 8
"""Of the suite's hash, hexadecimal, that are the seed where none is given: 32 bits."""
LARGEST_SEED = 10**15


@dataclass(frozen=True)
class ShardChoice:
    """The blocks that one shard asks, out of all blocks of a suite."""

    blocks: tuple[int, ...]
    """Their numbers from 0, in order."""
    of: int
    """How many blocks all shards have together."""
    seed: int | None = None
    """Of the deal, the same for all shards; None: by the suite's hash."""

    def as_record(self, suite_sha256: str) -> dict[str, Any]:
        """Return the choice as the header of a run stores it."""
        seed = int(suite_sha256[:_SEED_DIGITS], 16) if self.seed is None else self.seed
        return {"blocks": list(self.blocks), "of": self.of, "seed": seed}

    @property
    def in_words(self) -> str:
        """Return which blocks these are: ``block 3 of 16``, ``blocks 1-4 of 16``."""
        return part_in_words(self.blocks, self.of)


def shard_choice(text: str, seed: int | None = None) -> ShardChoice:
    """Read the blocks of a shard, counted from 1, from a text such as ``3/16`` or ``1-4/16``.

    Raises:
        UserError: it is neither.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise UserError(f"block {text!r:.60}: write which block of how many, such as 3/16, or 1-4/16; counted from 1")
    first, of = int(match[1]), int(match[3])
    last = first if match[2] is None else int(match[2])
    if not 1 <= first <= last <= of:
        raise UserError(
            f"block {text!r:.60}: blocks are counted from 1 to {of}, and a range from its first to its last"
        )
    if of > MOST_BLOCKS:
        raise UserError(f"block {text!r:.60}: at most {MOST_BLOCKS:,} blocks")
    if seed is not None and not 0 <= seed <= LARGEST_SEED:
        raise UserError(f"seed {seed!r:.60}: it must be between 0 and {LARGEST_SEED:,}")
    return ShardChoice(tuple(range(first - 1, last)), of, seed)


def check_shard(resolved: Resolved, shard: ShardChoice | None, cells: Sequence[Cell] = ()) -> None:
    """Check that a suite can be asked in blocks by several runs.

    Args:
        resolved: the suite.
        shard: None: all of it is asked by one run.
        cells: its plan, where it is known.

    Raises:
        UserError: it cannot.
    """
    if shard is None:
        return
    measure, where = resolved.suite.measure, f"{resolved.path}: block {blocks_in_words(shard.blocks)}/{shard.of}"
    if measure.load is not None:
        raise UserError(
            f"{where}: under scenario: load there are no blocks, as requests arrive at the rates of the suite"
        )
    if not measure.in_blocks:
        raise UserError(f"{where}: the suite has blocks: 1. Leave that out, or set auto: the number is taken from here")
    items = {cell.choice.task: len(cell.doc_ids) for cell in cells}
    if cells and shard.of > sum(items.values()):
        raise UserError(f"{where}: the suite has {sum(items.values())} items, which make at most as many blocks")
