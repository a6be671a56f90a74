"""Build a case for each metric of a gate: its figures and its sequential test, or why it is not tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.decision.sequential_tests import TAIL, EitherTrial, RatioTrial, ScoreTrial, TailTrial, Trial
from wattbench_reports.gate.evidence.model import Evidence, Pairs, Round
from wattbench_reports.gate.metrics import (
    ACCURACY,
    ENERGY,
    JOULES_PER_CORRECT,
    JOULES_PER_REQUEST,
    LATENCY_P50,
    LATENCY_P95,
    METRICS,
    PEAK_MEMORY,
    TTFT,
)
from wattbench_reports.gate.policy import Policy, Rule
from wattbench_reports.stats.percentiles import needed

UNIT_SCORE = 16.0
"""Joules per correct answer are compared over as many rounds as it takes for both systems' scores to sum to this: over
fewer right answers the logarithm of their number is too noisy and skewed."""

_NO_SCORE = 0.5
"""Added to each sum of scores, so that none is 0 (F. J. Anscombe, Biometrika 43, 1956)."""


@dataclass(frozen=True)
class Case:
    """One metric of a gate, between two systems."""

    rule: Rule
    pair: str = ""
    """Of several pairs in one gate, which: the benchmark's name."""
    trial: Trial | None = None
    """None: there is nothing to test, and one of `apart` and `missing` says why, or the figures are single ones."""
    baseline: float | None = None
    candidate: float | None = None
    change: float | None = None
    """As `wattbench_reports.gate.result.MetricVerdict` has it."""
    provenance: str = ""
    apart: str | None = None
    missing: str | None = None
    waits_for: int | None = None
    """Without a test: how many more items one needs at least."""
    slack: float = 0.0
    """The share by which the two may differ without any change (drift between runs)."""

    @property
    def blocks(self) -> bool:
        """Return whether the gate's verdict depends on it."""
        return self.rule.blocks and not (self.rule.only_if_measured and self.missing is not None)

    @property
    def beyond(self) -> float:
        """Return the margin that is left to rule out beyond the slack; with 0 or less none can be."""
        return (1 + self.rule.margin) / (1 + self.slack) - 1 if self.slack else self.rule.margin


@dataclass(frozen=True)
class _Figures:
    trial: Trial
    baseline: float
    candidate: float
    change: float


def cases(evidence: Evidence, policy: Policy, pair: str = "") -> tuple[Case, ...]:
    """Build the case of every metric of the policy, in its order."""
    return tuple(replace(_case(evidence, policy, rule), pair=pair) for rule in policy.rules)


def _case(evidence: Evidence, policy: Policy, rule: Rule) -> Case:
    metric = rule.metric
    joined = "+".join(sorted({part for each in evidence.provenance for part in each.split("+") if part}))
    provenance = joined if metric in ENERGY else ""
    if metric in evidence.apart:
        return Case(rule, provenance=provenance, apart=evidence.apart[metric])
    if metric in evidence.missing:
        return Case(rule, provenance=provenance, missing=evidence.missing[metric])
    if metric == PEAK_MEMORY:
        return _memory(evidence, rule)
    figures = _FIGURES[metric](evidence, rule)
    if figures is None:
        waits_for = _waits_for(evidence, policy, metric)
        missing = None if waits_for is not None else _NOTHING[METRICS[metric].figure]
        return Case(rule, provenance=provenance, waits_for=waits_for, missing=missing)
    trial: Trial = EitherTrial(figures.trial) if rule.either else figures.trial
    modelled = "modelled" in provenance and not policy.judge_modelled
    return Case(
        rule,
        trial=None if modelled else trial,
        baseline=figures.baseline,
        candidate=figures.candidate,
        change=figures.change,
        provenance=provenance,
        missing=_MODELLED if modelled else None,
        slack=0.0 if evidence.in_turns or metric == ACCURACY else _drift(policy),
    )


def _drift(policy: Policy) -> float:
    """Return what two runs may differ by without a change of the system: the policy's share, or a usual one."""
    return _USUAL_DRIFT if policy.drift is None else policy.drift


_USUAL_DRIFT = 0.03

_MODELLED = (
    "its joules are modelled from load, not measured by a sensor, so that a difference mostly reflects seconds. "
    "To judge them nevertheless: judge_modelled: true"
)
_NOTHING: Mapping[str, str] = {
    "accuracy": "no answer was scored",
    "latency": "no answer was timed",
    "joules": "no round has valid joules of both systems",
}


def _waits_for(evidence: Evidence, policy: Policy, metric: str) -> int | None:
    """Return how many more items a first test needs; None where more items do not help."""
    if metric == LATENCY_P95:
        timed = len(_by_round(evidence, lambda one: one.seconds, above_zero=True)[0])
        return needed(TAIL) - timed if timed else None
    if metric in ENERGY and (evidence.items_left or any(one.energy_j is not None for one in evidence.rounds)):
        return policy.block
    return None


def _memory(evidence: Evidence, rule: Rule) -> Case:
    ours, theirs = evidence.peak_memory_bytes
    if ours is None or theirs is None or ours <= 0:
        return Case(rule, missing="the memory of the two systems was not measured separately")
    return Case(rule, baseline=float(ours), candidate=float(theirs), change=theirs / ours - 1)


def _accuracy(evidence: Evidence, rule: Rule) -> _Figures | None:
    pairs, items = _by_round(evidence, lambda one: one.correct)
    if not len(pairs):
        return None
    ours, theirs = pairs.mean(axis=0).tolist()
    return _Figures(ScoreTrial(pairs[:, 1] - pairs[:, 0], items, rule.margin), ours, theirs, theirs - ours)


def _typical(evidence: Evidence, rule: Rule) -> _Figures | None:
    return _ratios_of_items(evidence, rule, [one.seconds for one in evidence.rounds])


def _first_token(evidence: Evidence, rule: Rule) -> _Figures | None:
    return _ratios_of_items(evidence, rule, [one.ttft_s for one in evidence.rounds])


def _ratios_of_items(evidence: Evidence, rule: Rule, values: list[Pairs | None]) -> _Figures | None:
    """Return each round's median ratio over its items: paired, so that their lengths cancel."""
    timed = [_known(pairs, above_zero=True) for pairs in values]
    d = [float(np.median(np.log(pairs[:, 1] / pairs[:, 0]))) if len(pairs) else None for pairs in timed]
    trial = _ratio_trial(d, [len(pairs) for pairs in timed], rule)
    if trial is None:
        return None
    ours, theirs = np.median(np.concatenate(timed), axis=0).tolist()
    return _Figures(trial, ours, theirs, float(np.expm1(np.median(trial.d))))


def _slowest(evidence: Evidence, rule: Rule) -> _Figures | None:
    pairs, items = _by_round(evidence, lambda one: one.seconds, above_zero=True)
    if len(pairs) < needed(TAIL):
        return None
    ours, theirs = np.quantile(pairs, TAIL, axis=0).tolist()
    return _Figures(TailTrial.of(pairs, items), ours, theirs, theirs / ours - 1)


def _per_request(evidence: Evidence, rule: Rule) -> _Figures | None:
    joules_of = [
        one.energy_j if one.energy_j is not None and min(one.energy_j) > 0 else None for one in evidence.rounds
    ]
    counts = [one.items if joules is not None else 0 for one, joules in zip(evidence.rounds, joules_of, strict=True)]
    d = [None if joules is None else float(np.log(joules[1] / joules[0])) for joules in joules_of]
    trial = _ratio_trial(d, counts, rule)
    if trial is None:
        return None
    ours, theirs = (np.sum([joules for joules in joules_of if joules is not None], axis=0) / sum(counts)).tolist()
    return _Figures(trial, ours, theirs, theirs / ours - 1)


def _per_correct(evidence: Evidence, rule: Rule) -> _Figures | None:
    """Combine rounds until they hold enough right answers, whichever system gave them."""
    d: list[float | None] = []
    counts: list[int] = []
    joules, scores, waiting = np.zeros(2), np.zeros(2), 0
    all_j, all_scores = np.zeros(2), np.zeros(2)
    for one in evidence.rounds:
        d.append(None)
        counts.append(0)
        if one.energy_j is None or min(one.energy_j) <= 0 or np.isnan(one.correct).any() or not one.items:
            continue
        joules, scores, waiting = joules + one.energy_j, scores + one.correct.sum(axis=0), waiting + one.items
        if scores.sum() >= UNIT_SCORE:
            per_correct = np.log(joules / (scores + _NO_SCORE))
            d[-1], counts[-1] = float(per_correct[1] - per_correct[0]), waiting
            all_j, all_scores = all_j + joules, all_scores + scores
            joules, scores, waiting = np.zeros(2), np.zeros(2), 0
    trial = _ratio_trial(d, counts, rule)
    if trial is None or min(all_scores) <= 0:
        return None
    ours, theirs = (all_j / all_scores).tolist()
    return _Figures(trial, ours, theirs, theirs / ours - 1)


def _ratio_trial(d: list[float | None], counts: list[int], rule: Rule) -> RatioTrial | None:
    known = np.array([value is not None for value in d], dtype=bool)
    if not known.any():
        return None
    values = np.array([value for value in d if value is not None])
    return RatioTrial(values, np.cumsum(known), np.cumsum(counts), rule.margin)


def _by_round(
    evidence: Evidence, figures: Callable[[Round], Pairs], *, above_zero: bool = False
) -> tuple[Pairs, NDArray[np.int64]]:
    """Return the items with both figures, and their number after each round."""
    known = [_known(figures(one), above_zero=above_zero) for one in evidence.rounds]
    counts = np.cumsum([len(pairs) for pairs in known], dtype=np.int64)
    return (np.concatenate(known) if known else np.empty((0, 2))), counts


def _known(pairs: Pairs | None, *, above_zero: bool = False) -> Pairs:
    if pairs is None:
        return np.empty((0, 2))
    usable = np.isfinite(pairs).all(axis=1) & ((pairs > 0).all(axis=1) if above_zero else True)
    return np.asarray(pairs[usable])


_FIGURES: Mapping[str, Callable[[Evidence, Rule], _Figures | None]] = {
    ACCURACY: _accuracy,
    LATENCY_P50: _typical,
    LATENCY_P95: _slowest,
    TTFT: _first_token,
    JOULES_PER_REQUEST: _per_request,
    JOULES_PER_CORRECT: _per_correct,
}
