"""Check what holds of a shard, and of a run that was merged of shards: it has its blocks, and names its machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from wattbench.records.rows.header import RunHeader
from wattbench.records.shards import blocks_in_words


def shard_problems(header: RunHeader, blocks: Collection[int | None], nodes: Collection[str | None]) -> Iterator[str]:
    """Yield a sentence for each thing that does not hold. Of any other run only its machine is known.

    Args:
        header: of the run.
        blocks: those of its answers.
        nodes: the machines of its windows and answers; empty or None in older records.
    """
    stated = Counter(_stated(header))
    if stated:
        if doubled := [number for number, times in stated.items() if times > 1]:
            yield f"block {blocks_in_words(doubled)} is of two shards"
        there = {number for number in blocks if number is not None}
        if missing := set(stated) - there:
            yield f"block {blocks_in_words(missing)} has no answers"
        if other := there - set(stated):
            yield f"answers are in block {blocks_in_words(other)}, which is not of this run"
    known = {*header.machines, header.node, "", None}
    unknown = sorted(str(node) for node in set(nodes) - known)
    if unknown and (header.node or header.machines):
        yield f"something was measured on the machine {unknown[0]!r:.30}, which the header does not name"


def _stated(header: RunHeader) -> list[int]:
    """Return the blocks that a run should have, of every shard; none if the header names none."""
    if header.shard is not None:
        return list(header.shard["blocks"])
    return [number for shard in header.merged or [] for number in shard["blocks"]]
