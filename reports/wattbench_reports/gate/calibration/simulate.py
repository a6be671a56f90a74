"""Simulate gates from the rounds of a real one: resampled, with sides swapped, or with a computed regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.decision.metric_figures import whole_pairs
from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.decision.stopping import looks
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.metrics import ACCURACY, ENERGY
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import Verdict
from wattbench_reports.stats import Interval, wilson_interval


@dataclass(frozen=True)
class Rates:
    """The share of gates with each verdict. The bounds are of 95% confidence, over gates drawn from the same rounds."""

    gates: int
    regressed: Interval
    passed: Interval
    inconclusive: Interval
    median_items: float
    """Items until the verdict; the cap for an inconclusive one."""


def simulate(evidence: Evidence, policy: Policy, *, gates: int, items: int, swap: bool, seed: int) -> Rates:
    """Simulate gates from pairs of rounds that are drawn from those of one, with replacement.

    Args:
        evidence: with rounds.
        policy: of the gates.
        gates: how many.
        items: after which each is inconclusive.
        swap: a coin says for each pair which side is the candidate's: of a system against itself, either is.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    ends = [_end(_drawn(evidence, rng, items, swap), policy, items) for _ in range(gates)]

    def share(verdict: Verdict) -> Interval:
        return wilson_interval(sum(1 for end, _ in ends if end is verdict) / gates, gates)

    return Rates(
        gates=gates,
        regressed=share(Verdict.REGRESSED),
        passed=share(Verdict.PASS),
        inconclusive=share(Verdict.INCONCLUSIVE),
        median_items=float(np.median([items_used for _, items_used in ends])),
    )


def worse_by(evidence: Evidence, metric: str, by: float, seed: int) -> Evidence:
    """Return the same rounds with a candidate that is worse in one metric only.

    Args:
        evidence: of two systems.
        metric: any but peak memory. For joules per correct answer it is the joules that rise.
        by: of accuracy points, which right answers are turned wrong for by chance; of all others a share.
        seed: which answers.

    Raises:
        ValueError: fewer answers are right than are to be turned wrong.
    """
    rng = np.random.default_rng(seed)
    right = _mean_score(evidence)
    if metric == ACCURACY and not right >= by:
        raise ValueError(f"an accuracy of {right} cannot fall by {by}")
    return replace(evidence, rounds=tuple(_harmed(one, metric, by, right, rng) for one in evidence.rounds))


def _harmed(one: Round, metric: str, by: float, right: float, rng: np.random.Generator) -> Round:
    if metric == ACCURACY:
        kept = rng.random(one.items) >= by / right
        return replace(one, correct=np.stack([one.correct[:, 0], one.correct[:, 1] * kept], axis=1))
    if metric in ENERGY:
        spent = one.energy_j
        return one if spent is None else replace(one, energy_j=(spent[0], spent[1] * (1 + by)))
    slower = np.array([1.0, 1 + by])
    return replace(one, seconds=one.seconds * slower, ttft_s=None if one.ttft_s is None else one.ttft_s * slower)


def _mean_score(evidence: Evidence) -> float:
    scores = np.concatenate([one.correct[:, 1] for one in evidence.rounds])
    return float(np.nanmean(scores)) if len(scores) and not np.isnan(scores).all() else 0.0


def _drawn(evidence: Evidence, rng: np.random.Generator, items: int, swap: bool) -> Evidence:
    pairs = whole_pairs(evidence.rounds)
    rounds: list[Round] = []
    items_drawn = number = 0
    while items_drawn < items and pairs:
        drawn = [evidence.rounds[place] for place in pairs[int(rng.integers(len(pairs)))]]
        swapped = swap and rng.random() < 0.5
        own_pair = number if len(drawn) > 1 else None
        rounds += [replace(_swapped(one) if swapped else one, pair=own_pair) for one in drawn]
        items_drawn += sum(one.items for one in drawn)
        number += 1
    return replace(evidence, rounds=tuple(rounds), items_left=0)


def _swapped(one: Round) -> Round:
    return replace(
        one,
        correct=one.correct[:, ::-1],
        seconds=one.seconds[:, ::-1],
        ttft_s=None if one.ttft_s is None else one.ttft_s[:, ::-1],
        energy_j=None if one.energy_j is None else (one.energy_j[1], one.energy_j[0]),
    )


def _end(evidence: Evidence, policy: Policy, items: int) -> tuple[Verdict, int]:
    every = cases(evidence, policy)
    counts: NDArray[np.int64] = np.cumsum([one.items for one in evidence.rounds])
    known = looks(every, policy)
    at = known.first_known()
    if at is None:
        return Verdict.INCONCLUSIVE, items
    return (Verdict.REGRESSED if known[at].fails else Verdict.PASS), int(counts[at])


def single_metric_policy(policy: Policy, metric: str, margin: float) -> Policy:
    """Return a policy that judges one metric only, with a margin."""
    rule = replace(policy.rule(metric), margin=margin, blocks=True, only_if_measured=False)
    return replace(policy, rules=(rule,), trades=(), waivers=())


def planted_in_words(planted: Mapping[str, float]) -> str:
    """Write what was planted: ``20% delay``."""
    return ", ".join(f"{100 * share:.3g}% {harm}" for harm, share in planted.items())
