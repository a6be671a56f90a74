"""Judge every metric of a gate, and the whole gate, from its evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from wattbench.records.schema.gate import Waiver
from wattbench_reports.gate.decision.case import Case, cases, resolved
from wattbench_reports.gate.decision.explain import expired, headline, reason
from wattbench_reports.gate.decision.looks import LookPlan, cap_of, look_plan
from wattbench_reports.gate.decision.metric_figures import accuracy_of
from wattbench_reports.gate.decision.outlook import Question, accuracy_can_pass, detectable, more_items
from wattbench_reports.gate.decision.state import CaseState, GateState, bounds_of, questions, state_of
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.metrics import SEPARATOR
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import GateResult, LostDomain, MetricVerdict, Verdict
from wattbench_reports.metrics.registry import ACCURACY, MONEY


@dataclass(frozen=True)
class SequentialBounds:
    """The estimate of a metric's change and its bounds, round by round. All arrays have the shape (rounds,)."""

    items: NDArray[np.int64]
    change: NDArray[np.float64]
    """Candidate against baseline, as `MetricVerdict.change`. NaN in the next two: not bounded yet."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def known(evidence: Evidence, policy: Policy, *, today: date | None = None) -> bool:
    """Return whether no more items are needed: a metric fails, all blocking ones are decided, or no verdict is likely
    with the items left."""
    return current(evidence, policy, today=today).known


def current(evidence: Evidence, policy: Policy, *, today: date | None = None) -> GateState:
    """Return the state of a gate at its latest look."""
    left = evidence.answered < cap_of(evidence, policy)
    return state_of(cases(evidence, policy), policy, frozenset(_waivers(policy, today)), items_left=left)


def end_of(evidence: Evidence, policy: Policy) -> tuple[GateState, Evidence]:
    """Return the state of a gate at the look that ends it, and the evidence until then.

    That is the first look at which no more items are needed, else the last one.

    Args:
        evidence: of a gate that was not ended.
        policy: of the gate.

    Raises:
        ValueError: there is no look yet.
    """
    state, until = None, evidence
    for look in look_plan(evidence, policy).looks:
        until = evidence.until(look.rounds)
        state = current(until, policy)
        if state.known:
            break
    if state is None:
        raise ValueError("a gate that was not looked at has no end")
    return state, until


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
    return judge_many({"": evidence}, policy, suite=suite, runs=runs, planted=planted, today=today)


def sequential_bounds(evidence: Evidence, policy: Policy) -> Mapping[str, SequentialBounds]:
    """Return the bounds of each metric at every look so far, by name: enough to draw them."""
    every = cases(evidence, policy)
    decisions = state_of(every, policy, frozenset(), items_left=False).decisions
    drawn = {}
    for case, each in zip(every, decisions, strict=True):
        if case.bounds is not None:
            low, high = (np.where(np.isfinite(side), side, np.nan) for side in bounds_of(case, each.level, policy.beta))
            sign = -1.0 if case.in_points else 1.0
            bounds = (high, low) if case.in_points else (low, high)
            drawn[case.name] = SequentialBounds(
                case.bounds.items, sign * case.bounds.estimate, sign * bounds[0], sign * bounds[1]
            )
    return drawn


def _waivers(policy: Policy, today: date | None) -> dict[str, Waiver]:
    """Return the waiver of each metric that is valid today; of several the one that lasts longest."""
    day = today or datetime.now(UTC).date()
    return {each.metric: each for each in sorted(policy.waivers, key=lambda one: one.until) if each.until >= day}


def judge_many(
    evidences: Mapping[str, Evidence],
    policy: Policy,
    *,
    suite: str,
    runs: Sequence[str] = (),
    planted: Mapping[str, float] | None = None,
    today: date | None = None,
) -> GateResult:
    """Judge several pairs of systems in one gate, by name. The error rates hold for all pairs together."""
    every = [case for pair, evidence in evidences.items() for case in cases(evidence, policy, pair)]
    waivers = _waivers(policy, today)
    first = next(iter(evidences.values()))
    cap = sum(cap_of(each, policy) for each in evidences.values())
    items = sum(each.answered for each in evidences.values())
    state = state_of(every, policy, frozenset(waivers), items_left=items < cap)
    open_questions = questions(every, state.decisions, policy.beta)
    metrics = tuple(
        reason(_verdict(case, each, evidences[case.pair], question, waivers.get(case.rule.metric)), case)
        for case, each, question in zip(every, state.decisions, open_questions, strict=True)
    )
    joules = [each.energy_j for each in evidences.values() if each.energy_j is not None]
    notes = [f"{pair}: {note}" if pair else note for pair, each in evidences.items() for note in each.notes]
    return GateResult(
        verdict=state.verdict,
        headline=headline(
            state.verdict, metrics, first.baseline, first.candidate, no_verdict_in=cap if state.futile else 0
        ),
        baseline=first.baseline,
        candidate=first.candidate,
        suite=suite,
        runs=tuple(runs),
        metrics=metrics,
        policy=resolved(policy, first.scored_of(cap), in_turns=first.in_turns),
        items=items,
        rounds=sum(len(each.rounds) for each in evidences.values()),
        energy_j=sum(joules) if joules else None,
        energy_provenance="+".join(sorted({p for each in evidences.values() for p in each.provenance if p})),
        notes=(*notes, *(expired(each) for each in policy.waivers if waivers.get(each.metric) is None)),
        planted=planted,
        cap_items=cap,
        undecidable=_undecidable(every, first, cap, policy.beta),
        futile=state.futile,
        lost_domains=tuple(loss for each in evidences.values() for loss in _lost_domains(each, policy)),
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _undecidable(every: Sequence[Case], evidence: Evidence, cap: int, beta: float) -> tuple[str, ...]:
    """Return the names of the accuracies that even an unchanged candidate could not pass within the cap."""
    return tuple(
        case.name
        for case in every
        if case.in_points and case.blocks and case.judged and evidence.in_turns
        if not accuracy_can_pass(case.rule.margin, evidence.scored_of(cap, case.domain), beta)
    )


def _verdict(
    case: Case, decision: CaseState, evidence: Evidence, question: Question | None, waiver: Waiver | None
) -> MetricVerdict:
    worse = None if case.bounds is None else float(case.bounds.estimate[-1])
    if worse is None and case.baseline and case.candidate is not None:
        worse = case.candidate / case.baseline - 1
    low, high = (
        None if not math.isfinite(bound) or case.bounds is None else bound for bound in (decision.low, decision.high)
    )
    if case.in_points:
        worse, low, high = (None if each is None else -each for each in (worse, high, low))
    items = 0 if case.bounds is None else int(case.bounds.items[-1])
    is_open = decision.verdict is Verdict.INCONCLUSIVE
    return MetricVerdict(
        metric=case.name,
        verdict=decision.verdict,
        blocks=case.blocks and waiver is None,
        margin=case.rule.margin,
        reason="",
        baseline=case.baseline,
        candidate=case.candidate,
        change=worse,
        low=low,
        high=high,
        items=items,
        rounds=sum(1 for one in evidence.rounds if one.items) if items else 0,
        more_items=more_items(question) if is_open and question is not None else None,
        detects=None if question is None else detectable(question),
        provenance=case.provenance,
        validity=evidence.validity if case.provenance else "",
        currency=evidence.currency if case.rule.metric in MONEY else "",
        waived=waiver,
        allowed_by=decision.allowed_by,
    )


def _lost_domains(evidence: Evidence, policy: Policy) -> tuple[LostDomain, ...]:
    """Return the domains whose accuracy is shown to have fallen, the largest loss first.

    Accuracy over all items may hide that a gain in one domain pays for a loss in another. Where the policy guards none
    by itself (`each_domain`) that is allowed, and said: it is a description, from which no verdict follows.

    A fall of any size counts. The bounds of all domains hold together, at every look, in all but `Policy.alpha` of
    gates (Bonferroni over the domains and over both sides).
    """
    rule = next((rule for rule in policy.rules if rule.metric == ACCURACY), None)
    judged = rule is not None and ACCURACY not in evidence.apart and ACCURACY not in evidence.missing
    if rule is None or rule.each_domain is not None or not judged or len(evidence.domains) < 2:
        return ()
    level = policy.alpha / (2 * len(evidence.domains))
    return tuple(sorted(_losses(evidence, look_plan(evidence, policy), level), key=lambda each: each.change))


def _losses(evidence: Evidence, plan: LookPlan, level: float) -> Iterator[LostDomain]:
    for domain in evidence.domains:
        name = f"{ACCURACY}{SEPARATOR}{domain}"
        known = evidence.measured.get(name) if evidence.measured else accuracy_of(evidence, plan, domain)
        if known is not None and (least := float(known.bounds.low(level)[-1])) > 0:
            fell, most = float(known.bounds.estimate[-1]), float(known.bounds.high(level)[-1])
            yield LostDomain(domain, -fell, -most, -least, int(known.bounds.items[-1]))
