"""Which items a gate asks when, and of which system first: all of it drawn by the seed before anything is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from harness.records import SIDES


@dataclass(frozen=True)
class PlannedBlock:
    """Some documents of one task, in the order in which they are asked."""

    task: str
    doc_ids: tuple[int, ...]


@dataclass(frozen=True)
class PlannedRound:
    """Two blocks (one in the last round of an odd number), in the second of which the other system is asked first."""

    first: str
    """The side that begins."""
    blocks: tuple[PlannedBlock, ...]

    @property
    def items(self) -> int:
        """That each system is asked."""
        return sum(len(block.doc_ids) for block in self.blocks)

    def order(self, block: int) -> tuple[str, ...]:
        """Who is asked in a block, in order."""
        begins = self.first == SIDES[0]
        return SIDES if begins == (block % 2 == 0) else SIDES[::-1]


def plan_rounds(items: Mapping[str, int], *, block: int, seed: int, most: int | None = None) -> list[PlannedRound]:
    """Every document once: shuffled within its task, the tasks in turn, so that each soon has its share of the items.

    Args:
        items: task to how many documents it has.
        block: documents in a block; the last of a task may have fewer.
        seed: of the shuffles, and of who begins.
        most: documents in all; None: every one.
    """
    blocks = list(_first(most, _in_turn(items, block, seed)))
    draw = random.Random(f"{seed}: who begins")  # noqa: S311
    return [PlannedRound(draw.choice(SIDES), tuple(blocks[at : at + 2])) for at in range(0, len(blocks), 2)]


def not_begun(rounds: Sequence[PlannedRound], asked: Set[tuple[str, int]]) -> list[PlannedRound]:
    """The rounds of which no item was asked. A round that was cut off is left out: half of it has been seen.

    Args:
        rounds: all that were planned.
        asked: task and document of every answer on record.
    """
    return [
        each
        for each in rounds
        if not any((block.task, doc_id) in asked for block in each.blocks for doc_id in block.doc_ids)
    ]


def _in_turn(items: Mapping[str, int], block: int, seed: int) -> list[PlannedBlock]:
    """The blocks of all tasks. At any time each task has had the same share of its blocks, to within one of them."""
    placed = []
    for place, (task, number) in enumerate(items.items()):
        own = list(_blocks(task, number, block, seed))
        placed += [(index / len(own), place, each) for index, each in enumerate(own)]
    return [each for _, _, each in sorted(placed, key=lambda one: one[:2])]


def _blocks(task: str, items: int, block: int, seed: int) -> Iterator[PlannedBlock]:
    doc_ids = list(range(items))
    random.Random(f"{seed}: {task}").shuffle(doc_ids)  # noqa: S311
    return (PlannedBlock(task, tuple(doc_ids[at : at + block])) for at in range(0, items, block))


def _first(most: int | None, blocks: Sequence[PlannedBlock]) -> Iterator[PlannedBlock]:
    """Blocks of so many documents together: the last is cut to fit."""
    left = most
    for each in blocks:
        if left is None:
            yield each
            continue
        if left <= 0:
            return
        yield PlannedBlock(each.task, each.doc_ids[:left])
        left -= len(each.doc_ids)
