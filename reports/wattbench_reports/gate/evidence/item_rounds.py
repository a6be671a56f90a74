"""Group the paired items of two runs into rounds, in a random order over all tasks.

Runs are asked task by task or block by block, and what a task or a busy hour does to the difference of two systems
could be foreseen from the items before. A test that is looked at item by item needs the opposite: given what came
before, any item that is left is as likely to come next. One random permutation of all items gives that (sampling
without replacement). Its seed comes of the names of both runs, so that it is drawn anew for each gate, and is the same
for a gate that is judged again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.gate.evidence.model import Pairs, Round

FIGURES = ("correct", "seconds", "ttft_s", "energy_j", "money")
"""Columns of the paired items; those of the candidate end in ``_2``."""

MOST_ROUNDS = 256
"""Rounds are as small as this allows: 128 pairs say as much as more would, and few items are decided by single ones."""


def seed_of(runs: Sequence[str]) -> int:
    """Return the seed of the order of items, from the names of the runs."""
    return int.from_bytes(hashlib.sha256("\n".join(runs).encode()).digest()[:6])


def item_rounds(both: pd.DataFrame, domains: Mapping[str, str], seed: int) -> tuple[Round, ...]:
    """Group paired items into rounds, two rounds of equal size to a pair.

    Args:
        both: a row per item that both systems answered, in an order that does not depend on the answers: columns `task`
            and `FIGURES`, and `FIGURES` with ``_2``.
        domains: task to its domain.
        seed: from `seed_of`.
    """
    if both.empty:
        return ()
    order = np.random.default_rng(seed).permutation(len(both))
    size = math.ceil(len(both) / MOST_ROUNDS)
    parts = [order[start : start + size] for start in range(0, len(both), size)]
    return rounds_of(both, parts, domains, paired=True)


def rounds_of(
    both: pd.DataFrame, parts: Sequence[NDArray[np.int64]], domains: Mapping[str, str], *, paired: bool
) -> tuple[Round, ...]:
    """Make a round of each part of the items.

    Args:
        both: as of `item_rounds`.
        parts: the rows of each round, in the order in which they count.
        domains: task to its domain.
        paired: two rounds make a pair; else each is one by itself.
    """
    if not parts:
        return ()
    order, ends = np.concatenate(parts), np.cumsum([len(part) for part in parts])
    starts = np.concatenate([[0], ends[:-1]])
    figures = {name: _both_of(both, name)[order] for name in FIGURES}
    joules, money = (_sums(figures[name], starts) for name in ("energy_j", "money"))
    silent = np.isnan(np.fmin.reduceat(figures["ttft_s"], starts) @ np.ones(2))  # a system without any first token
    tasks = both["task"].to_numpy()[order].tolist()
    domain_of = [domains.get(task, task) for task in tasks]
    return tuple(
        Round(
            correct=figures["correct"][start:end],
            seconds=figures["seconds"][start:end],
            ttft_s=None if silent[number] else figures["ttft_s"][start:end],
            energy_j=joules[number],
            tasks=tuple(tasks[start:end]),
            domains=tuple(domain_of[start:end]),
            pair=number // 2 if paired else None,
            money=money[number],
        )
        for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True))
    )


def _both_of(both: pd.DataFrame, name: str) -> Pairs:
    return np.column_stack([both[each].to_numpy(dtype=np.float64) for each in (name, f"{name}_2")])


def _sums(figure: Pairs, starts: NDArray[np.int64]) -> list[tuple[float, float] | None]:
    """Sum a figure over the items of each round; None where that of an item is not known."""
    sums = np.add.reduceat(figure, starts).tolist()
    return [None if math.isnan(one) or math.isnan(two) else (one, two) for one, two in sums]
