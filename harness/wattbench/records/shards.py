"""Name the blocks and the windows of a shard: a run that asks some blocks of a suite."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_WINDOW = re.compile(r"b\d+(?=-w)")


def blocks_in_words(numbers: Iterable[int]) -> str:
    """Format block numbers, which count from 0, for people, who count from 1: ``1-3, 7``."""
    spans = spans_of(numbers)
    return ", ".join(f"{first + 1}" if first == last else f"{first + 1}-{last + 1}" for first, last in spans)


def part_in_words(numbers: Collection[int], of: int) -> str:
    """Return a text on which of all blocks these are: ``block 3 of 16``, ``blocks 1-4 of 16``."""
    return f"{'block' if len(numbers) == 1 else 'blocks'} {blocks_in_words(numbers)} of {of}"


def spans_of(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and last number of each sequence of consecutive numbers."""
    spans: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return spans


def window_prefix(blocks: Iterable[int]) -> str:
    """Return the prefix of the names of a shard's windows, made from its first block."""
    return f"b{min(blocks) + 1}"


def shard_of(window: str) -> str:
    """Return the prefix of the shard that measured a window; empty if the run is no shard."""
    match = _WINDOW.match(window)
    return "" if match is None else match[0]
