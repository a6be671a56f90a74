"""Judge every metric of a gate, and the whole gate, from its evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.decision.explain import expired, headline, reason
from wattbench_reports.gate.decision.metric_tests import Case, cases
from wattbench_reports.gate.decision.sequential_tests import EitherTrial, bounds
from wattbench_reports.gate.decision.stopping import Look, State, looks
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.metrics import ACCURACY, METRICS
from wattbench_reports.gate.policy import DeclaredTrade, Policy, Waiver
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict

_WIDEST = 4.0
"""A share beyond which no bound is looked for: five times as much."""

_DRAWN = 40
"""The most interim looks that a drawing shows."""

_ORDER = (Verdict.REGRESSED, Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED, Verdict.INCONCLUSIVE, Verdict.IMPROVED)
"""The whole gate's verdict is the first of these that a blocking metric has; else it passes."""


@dataclass(frozen=True)
class SequentialBounds:
    """The estimate of a metric's change and its bounds, round by round. All arrays have the shape (rounds,)."""

    items: NDArray[np.int64]
    change: NDArray[np.float64]
    """Candidate against baseline, as `MetricVerdict.change`. NaN in the next two: not bounded yet."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def known(evidence: Evidence, policy: Policy, *, today: date | None = None) -> bool:
    """Return whether no more items are needed: a metric fails, or all blocking ones are decided."""
    return _looked([*cases(evidence, policy)], policy, today)[-1].known


def judge(
    evidence: Evidence,
    policy: Policy,
    *,
    suite: str,
    runs: Sequence[str] = (),
    planted: Mapping[str, float] | None = None,
    today: date | None = None,
) -> GateResult:
    """Decide whether a candidate may replace the baseline.

    Args:
        evidence: of the two.
        policy: what is judged, and how surely.
        suite: its name, for the reader.
        runs: the names of the records behind it.
        planted: of a drill, what was planted in the candidate.
        today: for waivers; None: by this machine's clock, in UTC.
    """
    return _result({"": evidence}, policy, suite, runs, planted, today)


def judge_many(
    evidences: Mapping[str, Evidence],
    policy: Policy,
    *,
    suite: str,
    runs: Sequence[str] = (),
    today: date | None = None,
) -> GateResult:
    """Judge several pairs in one gate, by name, as `judge` does: the error rates hold for all of them together."""
    return _result(evidences, policy, suite, runs, None, today)


def sequential_bounds(evidence: Evidence, policy: Policy) -> Mapping[str, SequentialBounds]:
    """Return the bounds of each tested metric at some of the rounds: enough to draw them."""
    rows_of: dict[str, list[tuple[float, ...]]] = {}
    ends = np.unique(np.linspace(1, len(evidence.rounds), _DRAWN).round().astype(int))
    for end in ends.tolist() if evidence.rounds else ():
        for case in cases(replace(evidence, rounds=evidence.rounds[:end]), policy):
            if case.trial is not None and case.change is not None:
                points_of = rows_of.setdefault(case.rule.metric, [])
                low, high = (np.nan if bound is None else bound for bound in _bounds(case, policy))
                points_of.append((int(case.trial.items[-1]), case.change, low, high))
    return {
        metric: SequentialBounds(*(np.array(column) for column in zip(*rows, strict=True)))
        for metric, rows in rows_of.items()
    }


def _looked(every: Sequence[Case], policy: Policy, today: date | None) -> list[Look]:
    return looks(every, policy, frozenset(_waivers(policy, today)))


def _waivers(policy: Policy, today: date | None) -> dict[str, Waiver]:
    """Return each metric's waiver that is valid today; of several the one that lasts longest."""
    day = today or datetime.now(UTC).date()
    return {each.metric: each for each in sorted(policy.waivers, key=lambda one: one.until) if each.until >= day}


def _result(
    evidences: Mapping[str, Evidence],
    policy: Policy,
    suite: str,
    runs: Sequence[str],
    planted: Mapping[str, float] | None,
    today: date | None,
) -> GateResult:
    every = [case for pair, evidence in evidences.items() for case in cases(evidence, policy, pair)]
    last = _looked(every, policy, today)[-1]
    waivers = _waivers(policy, today)
    metrics = tuple(
        _verdict(case, state, p, better, trade, evidences[case.pair], policy, waivers.get(case.rule.metric))
        for case, state, p, better, trade in zip(
            every, last.states, last.p_values, last.better, last.allowed_by, strict=True
        )
    )
    blocking = [each.verdict for each in metrics if each.blocks and each.allowed_by is None]
    verdict = next((each for each in _ORDER if each in blocking), Verdict.PASS)
    if not any(each.blocks for each in metrics):
        verdict = Verdict.NOT_MEASURED
    first = next(iter(evidences.values()))
    joules = [each.energy_j for each in evidences.values() if each.energy_j is not None]
    notes = [f"{pair}: {note}" if pair else note for pair, each in evidences.items() for note in each.notes]
    return GateResult(
        verdict=verdict,
        headline=headline(verdict, metrics, first.baseline, first.candidate),
        baseline=first.baseline,
        candidate=first.candidate,
        suite=suite,
        runs=tuple(runs),
        metrics=metrics,
        policy=policy,
        items=sum(sum(one.items for one in each.rounds) for each in evidences.values()),
        rounds=sum(len(each.rounds) for each in evidences.values()),
        energy_j=sum(joules) if joules else None,
        energy_provenance="+".join(sorted({p for each in evidences.values() for p in each.provenance if p})),
        notes=(*notes, *(expired(each) for each in policy.waivers if waivers.get(each.metric) is None)),
        planted=planted,
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _verdict(
    case: Case,
    state: State,
    p: float | None,
    better: bool,
    trade: DeclaredTrade | None,
    evidence: Evidence,
    policy: Policy,
    waiver: Waiver | None,
) -> MetricVerdict:
    low, high = (None, None) if case.trial is None else _bounds(case, policy)
    verdict = _word(case, state, better)
    items = 0 if case.trial is None or not len(case.trial.items) else int(case.trial.items[-1])
    more = more_items(case, policy) if verdict is Verdict.INCONCLUSIVE else None
    name = case.rule.metric if not case.pair else f"{case.pair} · {case.rule.metric}"
    judged = MetricVerdict(
        metric=name,
        verdict=verdict,
        blocks=case.blocks and waiver is None,
        margin=case.rule.margin,
        reason="",
        baseline=case.baseline,
        candidate=case.candidate,
        change=case.change,
        low=low,
        high=high,
        items=items,
        rounds=sum(1 for one in evidence.rounds if one.items) if items else 0,
        p_value=p,
        more_items=more,
        detectable=_ruled_out(case, low, high) if verdict in (Verdict.PASS, Verdict.IMPROVED) else None,
        provenance=case.provenance,
        waived=waiver,
        allowed_by=trade,
    )
    return reason(judged, case, policy, METRICS[case.rule.metric])


def _word(case: Case, state: State, better: bool) -> Verdict:
    if case.apart is not None:
        return Verdict.NOT_COMPARABLE
    if state is State.NOTHING:
        return Verdict.NOT_MEASURED
    if state in (State.WORSE, State.ALLOWED):
        return Verdict.REGRESSED
    if state is State.OPEN:
        return Verdict.INCONCLUSIVE
    return Verdict.IMPROVED if better else Verdict.PASS


def _bounds(case: Case, policy: Policy) -> tuple[float | None, float | None]:
    """Bound the change: for accuracy a worsening is a fall. None where the items do not bound it."""
    assert case.trial is not None
    trial = case.trial.one if isinstance(case.trial, EitherTrial) else case.trial
    if case.rule.metric == ACCURACY:
        low, high = bounds(trial, policy.beta, -1.0, 1.0)
        return None if high is None else -high, None if low is None else -low
    return bounds(trial, policy.beta, -1.0, _WIDEST)


def _ruled_out(case: Case, low: float | None, high: float | None) -> float:
    """Return the smallest worsening that the items rule out."""
    worse, better = (low, high) if case.rule.metric == ACCURACY else (high, low)
    if worse is None or (case.rule.either and better is None):
        return case.rule.margin
    worst = max(abs(worse), abs(better or 0.0)) if case.rule.either else worse
    worst = -worst if case.rule.metric == ACCURACY and not case.rule.either else worst
    return min(max((1 + worst) * (1 + case.slack) - 1 if case.slack else worst, 0.0), case.rule.margin)


def more_items(case: Case, policy: Policy) -> int | None:
    """Estimate how many more items an undecided case needs, if they are like those so far.

    Returns:
        None where neither a worsening nor its absence gains ground: the truth lies between none and the margin.
    """
    if case.trial is None:
        return case.waits_for
    estimates = []
    for worsening, worse, level in ((case.slack, True, policy.alpha), (case.beyond, False, policy.beta)):
        if not worse and case.beyond <= 0:
            continue
        path = case.trial.worse(worsening) if worse else case.trial.better(worsening)
        each = case.trial.growth(worsening, worse=worse)
        if each > 0:
            estimates.append(max(-math.log(level) - float(path[-1]), 0.0) / each)
    return max(1, math.ceil(min(estimates) / policy.block)) * policy.block if estimates else None
