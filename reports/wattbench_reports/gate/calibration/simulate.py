"""Simulate gates from real ones: stretches of them, judged as gates are, or with a computed regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.calibration.stretches import stretches
from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.decision.stopping import looks
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.metrics import ACCURACY, ENERGY, MONEY
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import Verdict
from wattbench_reports.stats import Interval
from wattbench_reports.stats.clustered_shares import clustered_share


@dataclass(frozen=True)
class Rates:
    """The share of gates with each verdict. The bounds are of 95% confidence over other restarts of the systems, each
    of which counts once: its gates overlap, and are alike."""

    gates: int
    regressed: Interval
    passed: Interval
    inconclusive: Interval
    median_items: float
    """Items until the verdict; all of the stretch for an inconclusive one."""


def simulate(restarts: Sequence[Evidence], policy: Policy, *, gates: int, items: int, swap: bool) -> Rates:
    """Judge stretches of real gates, one gate for each restart of the systems.

    Args:
        restarts: the evidence of each real gate.
        policy: of the gates.
        gates: how many stretches at most, of all restarts together.
        items: after which each is inconclusive.
        swap: judge each with the two systems exchanged too.
    """
    each = max(gates // len(restarts), 1)
    ends = [[_end(gate, policy) for gate in stretches(one, items=items, most=each, swap=swap)] for one in restarts]
    used = [items_used for of_restart in ends for _, items_used in of_restart]
    return Rates(
        gates=len(used),
        regressed=_share(ends, Verdict.REGRESSED),
        passed=_share(ends, Verdict.PASS),
        inconclusive=_share(ends, Verdict.INCONCLUSIVE),
        median_items=float(np.median(used)),
    )


def _share(ends: Sequence[Sequence[tuple[Verdict, int]]], verdict: Verdict) -> Interval:
    return clustered_share(np.array([np.mean([end is verdict for end, _ in of_restart]) for of_restart in ends]))


def _end(evidence: Evidence, policy: Policy) -> tuple[Verdict, int]:
    counts: NDArray[np.int64] = np.cumsum([one.items for one in evidence.rounds])
    known = looks(cases(evidence, policy), policy)
    at = known.first_known()
    if at is None:
        return Verdict.INCONCLUSIVE, int(counts[-1])
    return (Verdict.REGRESSED if known[at].fails else Verdict.PASS), int(counts[at])


def worse_by(evidence: Evidence, metric: str, by: float, seed: int) -> Evidence:
    """Return the same rounds with a candidate that is worse in one metric only.

    Args:
        evidence: of two systems.
        metric: any but peak memory. For joules, or cost, per correct answer it is the joules, or the money, that rise.
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
    if metric in MONEY:
        paid = one.money
        return one if paid is None else replace(one, money=(paid[0], paid[1] * (1 + by)))
    slower = np.array([1.0, 1 + by])
    return replace(one, seconds=one.seconds * slower, ttft_s=None if one.ttft_s is None else one.ttft_s * slower)


def _mean_score(evidence: Evidence) -> float:
    scores = np.concatenate([one.correct[:, 1] for one in evidence.rounds])
    return float(np.nanmean(scores)) if len(scores) and not np.isnan(scores).all() else 0.0


def single_metric_policy(policy: Policy, metric: str, margin: float) -> Policy:
    """Return a policy that judges one metric only, with a margin."""
    rule = replace(policy.rule(metric), margin=margin, blocks=True, only_if_measured=False)
    return replace(policy, rules=(rule,), trades=(), waivers=())


def planted_in_words(planted: Mapping[str, float]) -> str:
    """Write what was planted: ``20% delay``, ``20% gain in sums``."""
    return ", ".join(f"{100 * share:.3g}% {harm.replace('@', ' in ')}" for harm, share in planted.items())
