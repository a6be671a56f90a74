"""Plan which items a gate asks when, and of which system first: all drawn by the seed before anything is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from wattbench.records import SIDES

_Block = tuple[str, tuple[int, ...]]
"""A task, and the documents of a round."""


@dataclass(frozen=True)
class PlannedRound:
    """Some documents of one task, asked of both systems."""

    task: str
    doc_ids: tuple[int, ...]
    """In the order in which they are asked."""
    first: str
    """The side that is asked first."""

    @property
    def items(self) -> int:
        """How many each system is asked."""
        return len(self.doc_ids)

    @property
    def order(self) -> tuple[str, ...]:
        """Return the sides in the order in which they are asked."""
        return SIDES if self.first == SIDES[0] else SIDES[::-1]


def plan_rounds(items: Mapping[str, int], *, block: int, seed: int, most: int | None = None) -> list[PlannedRound]:
    """Plan every document once: shuffled within its task, the tasks in turn, so that each soon has its share of the
    items.

    Which system is first is drawn for each round, independently of other rounds.

    Args:
        items: task to how many documents it has.
        block: documents in a round; the last of a task may have fewer.
        seed: of the shuffles, and of the coins.
        most: documents in all; None: every one.
    """
    coin = random.Random(f"{seed}: who is first")  # noqa: S311 - a draw to repeat, no secret
    blocks = _capped(most, _in_turn(items, block, seed))
    return [PlannedRound(task, doc_ids, coin.choice(SIDES)) for task, doc_ids in blocks]


def not_begun(rounds: Sequence[PlannedRound], answered: Set[tuple[str, int]]) -> list[PlannedRound]:
    """Return the rounds of which no item was asked. An interrupted round is left out: part of it has been seen.

    Args:
        rounds: all that were planned.
        answered: task and document of every recorded answer.
    """
    return [each for each in rounds if not any((each.task, doc_id) in answered for doc_id in each.doc_ids)]


def _in_turn(items: Mapping[str, int], block: int, seed: int) -> list[_Block]:
    """Return the blocks of all tasks. At any time each task has had the same share of its blocks, to within one of
    them."""
    placed = []
    for position, (task, number) in enumerate(items.items()):
        blocks = list(_blocks(task, number, block, seed))
        placed += [(index / len(blocks), position, each) for index, each in enumerate(blocks)]
    return [each for _, _, each in sorted(placed, key=lambda one: one[:2])]


def _blocks(task: str, items: int, block: int, seed: int) -> Iterator[_Block]:
    doc_ids = list(range(items))
    random.Random(f"{seed}: {task}").shuffle(doc_ids)  # noqa: S311 - a draw to repeat, no secret
    return ((task, tuple(doc_ids[at : at + block])) for at in range(0, items, block))


def _capped(most: int | None, blocks: Sequence[_Block]) -> Iterator[_Block]:
    """Yield blocks up to a number of documents: the last is cut to fit."""
    left = most
    for task, doc_ids in blocks:
        if left is None:
            yield task, doc_ids
            continue
        if left <= 0:
            return
        yield task, doc_ids[:left]
        left -= len(doc_ids)
