"""Draw the order of items of a gate, and which system is asked first, by its seed before anything is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from wattbench.records import SIDES
from wattbench.records.schema.gate import GATE_SHORT_PAIRS, GATE_SHORT_ROUND_ITEMS

Item = tuple[str, int]
"""Task and document."""


@dataclass(frozen=True)
class PlannedRound:
    """Some items, asked of both systems."""

    pair: int
    """The pair that it belongs to, from 0."""
    items: tuple[Item, ...]
    """In the order in which they are asked."""
    first: str
    """The side that is asked first."""
    long: bool = False
    """Whether its windows must be long enough for joules."""

    @property
    def later(self) -> bool:
        """Return whether the round comes after the first, short rounds."""
        return self.pair >= GATE_SHORT_PAIRS

    @property
    def order(self) -> tuple[str, ...]:
        """Return the sides in the order in which they are asked."""
        return SIDES if self.first == SIDES[0] else SIDES[::-1]


def plan_rounds(
    items: Mapping[str, int],
    *,
    seed: int,
    block: int,
    joules: bool,
    short: int = GATE_SHORT_ROUND_ITEMS,
    most: int | None = None,
    answered: Set[Item] = frozenset(),
    pairs: int = 0,
) -> list[PlannedRound]:
    """Plan every item once: in one random order of all items of all tasks.

    The order is a simple random permutation. With any other one, such as the tasks in turn, the next item's task would
    be predictable, and so would the difference of two systems that are better at different tasks: the tests of accuracy
    assume that it is not. Two rounds of equal size make a pair; a coin is thrown for each pair, independently of
    others, and says who is first in its first round. In its second round it is the other one.

    Args:
        items: task to how many documents it has.
        seed: of the permutation, and of the coins.
        block: items of a round after the first `GATE_SHORT_PAIRS` pairs: a switch of systems costs a request each time.
        joules: whether joules are judged, so that the windows of these rounds have to be long.
        short: items of a round of the first pairs, from which seconds are soon known.
        most: items in all; None: every one.
        answered: items that are left out: a gate that was resumed asked them before.
        pairs: how many pairs that part began.
    """
    left = [item for item in _permuted(items, seed)[:most] if item not in answered]
    planned: list[PlannedRound] = []
    number, at = pairs, 0
    while at < len(left):
        later = number >= GATE_SHORT_PAIRS
        size = min(block if later else short, max((len(left) - at) // 2, 1))
        for first in _coin(seed, number):
            if at < len(left):  # an odd item at the end is a round without a partner
                planned.append(PlannedRound(number, tuple(left[at : at + size]), first, long=joules and later))
                at += size
        number += 1
    return planned


def reload_points(left: Sequence[PlannedRound], times: int, *, before: int = 0) -> list[int]:
    """Return the pairs before which both systems are loaded again, spread evenly over the items.

    Args:
        left: the rounds of this process, before the first of which they are loaded anyway.
        times: how often, over the whole gate.
        before: items that processes asked which were interrupted.
    """
    pairs = list(pairs_of(left))
    counts = before + np.cumsum([0, *(sum(len(one.items) for one in pair) for pair in pairs)])
    at = {int(np.searchsorted(counts, counts[-1] * step / (times + 1))) for step in range(1, times + 1)}
    return [pairs[number][0].pair for number in sorted(at) if 0 < number < len(pairs)]


def load_order(seed: int, load: int) -> list[str]:
    """Draw the order in which the two sides are loaded."""
    sides = list(SIDES)
    random.Random(f"{seed}: load {load}").shuffle(sides)  # noqa: S311 - a draw to repeat, no secret
    return sides


def pairs_of(rounds: Sequence[PlannedRound]) -> Iterator[list[PlannedRound]]:
    """Yield the rounds of each pair."""
    of_pair: list[PlannedRound] = []
    for planned in rounds:
        if of_pair and of_pair[-1].pair != planned.pair:
            yield of_pair
            of_pair = []
        of_pair.append(planned)
    if of_pair:
        yield of_pair


def _permuted(items: Mapping[str, int], seed: int) -> list[Item]:
    every = [(task, doc_id) for task, number in items.items() for doc_id in range(number)]
    random.Random(f"{seed}: items").shuffle(every)  # noqa: S311 - a draw to repeat, no secret
    return every


def _coin(seed: int, pair: int) -> tuple[str, ...]:
    """Draw the side that is asked first, for each of the two rounds of a pair."""
    heads = random.Random(f"{seed}: pair {pair}").random() < 0.5  # noqa: S311 - as above
    return SIDES if heads else SIDES[::-1]
