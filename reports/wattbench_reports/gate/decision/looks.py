"""Plan the looks of a gate of two systems in turns, and group its rounds at each look.

A gate has few looks: each at twice the items of the one before, the last at the most that it may ask. Look by look it
spends the part of an error rate that its new items are of all (K. Kim and D. L. DeMets, "Design and analysis of group
sequential tests based on the type I error spending rate function", Biometrika 74, 1987, with the power 1), and the
bounds hold over all looks together by Bonferroni's inequality, whatever the looks have in common. When it is looked at
depends on the plan alone, not on what was seen.

What varies independently in seconds and joules are groups of rounds: the loads of the two systems, where there are
three or more, else eight stretches of the gate (`wattbench_reports.stats.grouped_ratio`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wattbench.records.schema.gate import gate_loads
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.policy import Policy

DOUBLINGS = 4
"""The number of looks before the last one; the first is at a sixteenth of the items."""
LEAST_LOADS = 3
"""Of each system, for seconds and joules to be judged by how loads differ: of two there is one difference."""
STRETCHES = 8
"""Of a gate that cannot load its systems often: enough for a t that is no wider than half as much again."""
LEAST_STRETCHES = 4

OF_THESE_INSTANCES = "It is of these two instances: each system was loaded once or twice, and loads of one may differ."


@dataclass(frozen=True)
class Look:
    """One look at a gate."""

    rounds: int
    """The number of rounds, from the first."""
    share: float
    """The planned share of the items that the gate may ask."""


@dataclass(frozen=True)
class LookPlan:
    """The looks of a gate so far."""

    looks: tuple[Look, ...]
    loads: int
    """How many loads of each system it plans."""


def look_plan(evidence: Evidence, policy: Policy) -> LookPlan:
    """Return the looks of a gate so far. Systems that were not asked in turns have one look, at all rounds."""
    cap = cap_of(evidence, policy)
    if not evidence.in_turns:
        return LookPlan((Look(len(evidence.rounds), 1.0),) if evidence.rounds else (), 1)
    loads = gate_loads(cap) if policy.reloads is None else policy.reloads + 1
    counts = np.cumsum([one.items for one in evidence.rounds])
    ends = _ends_of_pairs(evidence.rounds)
    if len(counts) and counts[-1] >= cap:  # a single round may be left over
        ends.append(len(counts))
    looks: list[Look] = []
    for share in [0.5**step for step in range(DOUBLINGS, -1, -1)]:
        at = next((end for end in ends if counts[end - 1] >= share * cap), None)
        if at is not None and at > 0:
            if looks and looks[-1].rounds == at:
                looks.pop()
            looks.append(Look(at, share))
    return LookPlan(tuple(looks), loads)


def cap_of(evidence: Evidence, policy: Policy) -> int:
    """Return the most items that a gate may ask of each system."""
    most = evidence.answered + evidence.items_left
    return most if policy.max_items is None else max(min(policy.max_items, most), evidence.answered)


def spent(shares: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of an error rate that each look spends, from the shares of the items seen until each look."""
    return np.diff(np.array([0.0, *shares]))


def groups_at(rounds: Sequence[Round], look: Look, plan: LookPlan) -> tuple[NDArray[np.int64], str] | None:
    """Group the rounds of a look, with a note on the groups.

    Args:
        rounds: of the gate.
        look: one of the plan's.
        plan: of the gate.

    Returns:
        The group of each round, from 0. None: there are too few yet, and more loads to come, or too few rounds.
    """
    seen = rounds[: look.rounds]
    loads, group = np.unique([one.load for one in seen], return_inverse=True)
    if len(loads) >= LEAST_LOADS:
        return group, ""
    if plan.loads * look.share < LEAST_LOADS <= plan.loads:
        return None
    group = _stretches(seen)
    return None if group.max() + 1 < LEAST_STRETCHES else (group, OF_THESE_INSTANCES)


def _stretches(rounds: Sequence[Round]) -> NDArray[np.int64]:
    """Divide rounds into stretches with about equal items, and keep the rounds of a pair together."""
    counts = np.cumsum([0, *(one.items for one in rounds)])
    middles = np.zeros(len(rounds))
    start = 0
    for end in (*_ends_of_pairs(rounds), len(rounds)):
        middles[start:end] = (counts[start] + counts[end]) / 2
        start = end
    stretch = np.minimum((STRETCHES * middles / counts[-1]).astype(np.int64), STRETCHES - 1)
    return np.unique(stretch, return_inverse=True)[1]


def _ends_of_pairs(rounds: Sequence[Round]) -> list[int]:
    """Return the number of rounds until the end of each complete pair."""
    last = [
        number
        for number, (one, two) in enumerate(pairwise(rounds), start=1)
        if one.pair is None or one.pair != two.pair
    ]
    whole = not rounds or rounds[-1].pair is None or (len(rounds) > 1 and rounds[-2].pair == rounds[-1].pair)
    return [*last, *([len(rounds)] if rounds and whole else [])]
