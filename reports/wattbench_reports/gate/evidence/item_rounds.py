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
    figures: dict[str, Pairs] = {name: both[[name, f"{name}_2"]].to_numpy(dtype=np.float64) for name in FIGURES}
    tasks = both["task"].to_numpy()
    rounds = []
    for number, part in enumerate(parts):
        joules, money = (figures[name][part].sum(axis=0).tolist() for name in ("energy_j", "money"))
        ttft_s = figures["ttft_s"][part]
        rounds.append(
            Round(
                correct=figures["correct"][part],
                seconds=figures["seconds"][part],
                ttft_s=None if np.isnan(ttft_s).all(axis=0).any() else ttft_s,
                energy_j=None if any(math.isnan(each) for each in joules) else (joules[0], joules[1]),
                tasks=tuple(tasks[part].tolist()),
                domains=tuple(domains.get(task, task) for task in tasks[part].tolist()),
                pair=number // 2 if paired else None,
                money=None if any(math.isnan(each) for each in money) else (money[0], money[1]),
            )
        )
    return tuple(rounds)
