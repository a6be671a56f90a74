"""Make gates of stretches of real ones: their pairs of rounds in their order, with their own coins.

What a machine does from minute to minute, and what differs between two loads of one system, stays in them. Drawn
singly, as if they were independent, the pairs would show neither. A stretch that reaches the end of its gate goes on at
the beginning (the circular block bootstrap of D. N. Politis and J. P. Romano, in "Exploring the Limits of Bootstrap",
1992), so that every pair is in equally many. Short pairs come first in every gate, and long ones after them: either
keep their part of the gate, and go round by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from wattbench_reports.gate.evidence.model import Evidence, Round

Pair = tuple[Round, ...]


def stretches(evidence: Evidence, *, items: int, most: int, swap: bool) -> Iterator[Evidence]:
    """Yield the evidence of gates that are stretches of a real gate.

    Args:
        evidence: of the real gate.
        items: of each stretch at most; a stretch is never longer than the gate.
        most: how many stretches at most; of more, every so many are left out, evenly.
        swap: yield each stretch twice, the second time with the two systems exchanged in all of it: of a system against
            itself, either is the candidate.
    """
    pairs = _whole_pairs(evidence.rounds)
    phases = [list(group) for _, group in groupby(pairs, key=_items)]
    starts = max(map(len, phases), default=0)
    number = min(starts, max(most // (2 if swap else 1), 1))
    for start in np.unique(np.linspace(0, starts, number, endpoint=False).astype(int)).tolist():
        turned = [pair for phase in phases for pair in _turned(phase, start * len(phase) // starts)]
        gate = replace(evidence, rounds=tuple(_first(turned, items)), items_left=0)
        yield gate
        if swap:
            yield replace(gate, rounds=tuple(exchanged(one) for one in gate.rounds))


def _whole_pairs(rounds: Sequence[Round]) -> list[Pair]:
    """Return the complete pairs of rounds, in order; a round without a pair counts by itself."""
    of_pair = [tuple(group) for _, group in groupby(rounds, key=lambda one: object() if one.pair is None else one.pair)]
    return [pair for pair in of_pair if len(pair) == 2 or pair[0].pair is None]


def exchanged(one: Round) -> Round:
    """Return a round with the two systems exchanged."""
    return replace(
        one,
        correct=one.correct[:, ::-1],
        seconds=one.seconds[:, ::-1],
        ttft_s=None if one.ttft_s is None else one.ttft_s[:, ::-1],
        energy_j=None if one.energy_j is None else (one.energy_j[1], one.energy_j[0]),
        money=None if one.money is None else (one.money[1], one.money[0]),
    )


def _turned(phase: Sequence[Pair], start: int) -> list[Pair]:
    return [*phase[start:], *phase[:start]]


def _first(pairs: Sequence[Pair], items: int) -> Iterator[Round]:
    """Yield the rounds of the first pairs that hold at most `items` items together; of one pair at least."""
    left = items
    for number, pair in enumerate(pairs):
        left -= _items(pair)
        if left < 0 and number:
            return
        yield from pair


def _items(pair: Pair) -> int:
    return sum(one.items for one in pair)
