"""Simulate gates: judge stretches of real ones as gates are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wattbench_reports.gate.calibration.stretches import stretches
from wattbench_reports.gate.decision.judge import end_of
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import Verdict
from wattbench_reports.stats import Interval
from wattbench_reports.stats.intervals import clustered_share


@dataclass(frozen=True)
class Rates:
    """The share of gates with each verdict, with bounds of 95% confidence over other restarts of the systems.

    Each restart counts once: its gates overlap, and are alike.
    """

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
    """Return the verdict on the metrics that were measured, and the items until the verdict."""
    state, until = end_of(evidence, policy)
    counted = [each.verdict for each in state.decisions if each.counts]
    return next((v for v in (Verdict.REGRESSED, Verdict.INCONCLUSIVE) if v in counted), Verdict.PASS), until.answered


def single_metric_policy(policy: Policy, metric: str, margin: float) -> Policy:
    """Return a policy that judges one metric only, with a margin."""
    rule = replace(policy.rule(metric), margin=margin, auto=False, blocks=True, only_if_measured=False)
    return replace(policy, rules=(rule,), trades=(), waivers=())


def planted_in_words(planted: Mapping[str, float]) -> str:
    """Write what was planted: ``20% delay``, ``20% gain in sums``."""
    return ", ".join(f"{100 * share:.3g}% {harm.replace('@', ' in ')}" for harm, share in planted.items())
