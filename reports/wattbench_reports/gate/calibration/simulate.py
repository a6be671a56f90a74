"""Simulate gates: judge stretches of real ones as gates are judged.

A simulated gate is a stretch of a real one: its pairs of rounds in their order, with their own coins. What a machine
does from minute to minute, and what differs between two loads of one system, stays in them. Drawn singly, as if they
were independent, the pairs would show neither. A stretch that reaches the end of its gate goes on at the beginning (the
circular block bootstrap of D. N. Politis and J. P. Romano, in "Exploring the Limits of Bootstrap", 1992), so that every
pair is in equally many. Short pairs come first in every gate, and long ones after them: either keep their part of the
gate, and go round by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from wattbench_reports.gate.decision.judge import end_of
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import Verdict
from wattbench_reports.stats import Interval
from wattbench_reports.stats.intervals import clustered_share

Pair = tuple[Round, ...]


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
