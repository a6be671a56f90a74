"""How many items a test of fixed size needs, for the same error rates, to find what a gate finds.

It asks all of its items and then looks once. Its null hypothesis is the gate's, "worse by no more than a quarter of the
margin", or "not worse at all", which is easier to reject and rejected by any difference between two instances. Each
metric has the part of alpha that the gate gives it, and a test of the gate has to suffice for every metric.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from benchmarks.gates.kinds import Kind, Truth
from benchmarks.gates.policies import POLICIES
from benchmarks.gates.simulate import rounds_of
from wattbench.records.suite_defaults import GATE_SHORT_PAIRS, NULL_SHARE
from wattbench_reports.gate.evidence.model import Round
from wattbench_reports.gate.metrics import ACCURACY, JOULES_PER_CORRECT, JOULES_PER_REQUEST, LATENCY_P50
from wattbench_reports.gate.policy import Policy, Rule
from wattbench_reports.stats import items_needed

GATES = 40
"""Gates of a kind from which the variances of its world are taken."""

Pair = Sequence[Round]
"""Two rounds, one with either system first."""


@dataclass(frozen=True)
class FixedSize:
    """Items for each metric of a gate's policy."""

    same_null: Mapping[str, int]
    """Against the gate's null hypothesis."""
    null_of_0: Mapping[str, int]
    """Against that of no difference at all."""


def fixed_size(kind: Kind) -> FixedSize | None:
    """Return the sizes in a kind's world.

    Accuracy by a test of paired proportions against a difference that is allowed (J. Liu et al., Statistics in Medicine
    21, 2002), or by exact McNemar against none; all others by a test of the log-ratios of pairs of rounds that are
    taken to be normal with a known variance, which flatters them, in the layout (short rounds or long ones) that needs
    fewer items.

    Returns:
        None where nothing is worse by a margin, or a metric has no such test.
    """
    policy = POLICIES[kind.policy]
    metrics = {rule.metric for rule in policy.rules}
    if kind.truth is Truth.NO_WORSE or kind.on_record or not metrics <= {ACCURACY, *_LOG_RATIOS}:
        return None
    if any(rule.each_domain for rule in policy.rules):
        return None
    gates = [_pairs(rounds_of(kind, number)) for number in range(GATES)]
    return FixedSize(
        same_null={rule.metric: _items(rule, policy, gates, NULL_SHARE) for rule in policy.rules},
        null_of_0={rule.metric: _items(rule, policy, gates, 0.0) for rule in policy.rules},
    )


def _items(rule: Rule, policy: Policy, gates: Sequence[Sequence[Pair]], null_share: float) -> int:
    level = policy.alpha * rule.weight / sum(each.weight for each in policy.rules)
    if rule.metric == ACCURACY:
        scores = np.concatenate([each.correct for pairs in gates for pair in pairs for each in pair])
        discordant = float(np.abs(scores[:, 1] - scores[:, 0]).mean())
        if not null_share:
            needed = items_needed(rule.margin, discordant, 2 * level, 1 - policy.beta)
            assert needed is not None
            return needed
        null, variance = null_share * rule.margin, discordant - rule.margin**2
        return _normal(rule.margin - null, variance, level, policy.beta)
    distance = math.log1p(rule.margin) - math.log1p(null_share * rule.margin)
    return _normal(distance, _variance(rule.metric, gates), level, policy.beta)


def _normal(distance: float, variance: float, alpha: float, beta: float) -> int:
    """Return the items of a one-sided test of a mean, from the variance of an item's figure."""
    quantile = NormalDist().inv_cdf
    return math.ceil((quantile(1 - alpha) + quantile(1 - beta)) ** 2 * variance / distance**2)


def _variance(metric: str, gates: Sequence[Sequence[Pair]]) -> float:
    """Return the variance of a log-ratio for one item: that of a pair times its items, in the better layout."""
    by_items: dict[int, list[NDArray[np.float64]]] = {}
    for pairs in gates:
        for items in {_count(pair) for pair in pairs}:
            of_size = [pair for pair in pairs if _count(pair) == items]
            if len(of_size) >= GATE_SHORT_PAIRS and len(figures := _LOG_RATIOS[metric](of_size)):
                by_items.setdefault(items, []).append(figures)
    return min(items * float(np.mean([part.var(ddof=1) for part in parts])) for items, parts in by_items.items())


def _pairs(rounds: Sequence[Round]) -> list[Pair]:
    return [pair for pair in zip(rounds[::2], rounds[1::2], strict=False) if pair[0].pair == pair[1].pair]


def _count(pair: Pair) -> int:
    return sum(each.items for each in pair)


def _medians(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    return np.array(
        [np.mean([np.median(np.log(each.seconds[:, 1] / each.seconds[:, 0])) for each in pair]) for pair in pairs]
    )


def _joules(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    return np.array(
        [
            np.mean([math.log(each.energy_j[1] / each.energy_j[0]) for each in pair])
            for pair in pairs
            if all(each.energy_j is not None for each in pair)
        ]
    )


def _joules_per_correct(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Return the joules' log-ratios, with the accuracies' share by linearisation (W. G. Cochran, 1977, chapter 6)."""
    counted = [pair for pair in pairs if all(each.energy_j is not None for each in pair)]
    if not counted:
        return np.empty(0)
    right = np.array([np.sum([each.correct.sum(axis=0) for each in pair], axis=0) for pair in counted])
    share = right / right.mean(axis=0)
    return _joules(counted) - (share[:, 1] - share[:, 0])


_LOG_RATIOS = {
    LATENCY_P50: _medians,
    JOULES_PER_REQUEST: _joules,
    JOULES_PER_CORRECT: _joules_per_correct,
}
