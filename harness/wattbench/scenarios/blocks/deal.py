"""Deal items into blocks, and draw the order of systems, by a recorded seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Block:
    """A group of items of all tasks, which every system answers."""

    number: int
    """From 0."""
    items: tuple[tuple[str, int], ...]
    """Task and document of each, in the order in which they are asked."""

    @property
    def doc_ids(self) -> dict[str, list[int]]:
        """Return the documents of the block by task."""
        by_task: dict[str, list[int]] = {}
        for task, doc_id in self.items:
            by_task.setdefault(task, []).append(doc_id)
        return by_task


def deal(items: Mapping[str, int], blocks: int, seed: int) -> list[Block]:
    """Divide the documents of all tasks at random into blocks, each document once.

    Of each task two blocks have the same number of documents, to within one; so do they of all tasks together. Which
    documents come together, which blocks have one more, and the order within a block are drawn by the seed.

    Args:
        items: task to how many documents it has.
        blocks: into how many; not more than there are documents.
        seed: of the draws.
    """
    draw = random.Random(f"{seed}: deal")  # noqa: S311 - a draw to repeat, no secret
    dealt: list[list[tuple[str, int]]] = [[] for _ in range(blocks)]
    position = 0
    for task, number in items.items():
        doc_ids = list(range(number))
        draw.shuffle(doc_ids)
        for doc_id in doc_ids:
            dealt[position % blocks].append((task, doc_id))
            position += 1
    draw.shuffle(dealt)  # else the first blocks would always be those with one more
    for of_block in dealt:
        draw.shuffle(of_block)
    return [Block(number, tuple(of_block)) for number, of_block in enumerate(dealt)]


def deal_documents(documents: Mapping[str, Sequence[int]], blocks: int, seed: int) -> list[Block]:
    """Divide given documents of each task at random into blocks, as `deal` does.

    Args:
        documents: task to its documents.
        blocks: into how many.
        seed: of the draws.
    """
    return [
        Block(block.number, tuple((task, documents[task][position]) for task, position in block.items))
        for block in deal({task: len(of_task) for task, of_task in documents.items()}, blocks, seed)
    ]


def blocks_to_ask(blocks: Sequence[Block], shard: Mapping[str, Any] | None) -> list[Block]:
    """Return the blocks that a run asks: all, or those of a shard, as `RunHeader.shard` names them."""
    return [block for block in blocks if shard is None or block.number in shard["blocks"]]


def order_of(systems: Iterable[str], seed: int, block: int, attempt: int) -> list[str]:
    """Draw the order in which the systems are asked an attempt of a block."""
    names = list(systems)
    random.Random(f"{seed}: order of block {block}, attempt {attempt}").shuffle(names)  # noqa: S311 - as above
    return names
