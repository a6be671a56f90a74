"""Build a case for each metric of a gate: its figures and its sequential test, or why it is not tested."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wattbench_reports.gate.decision.case import Case, Slack
from wattbench_reports.gate.decision.metric_figures import accuracy_of, figures_of, timed_items
from wattbench_reports.gate.decision.sequential_tests import TAIL
from wattbench_reports.gate.evidence.missing import MODELLED
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.evidence.sessions import NOT_KNOWN
from wattbench_reports.gate.metrics import ACCURACY, ENERGY, LATENCY_P95, METRICS, MONEY, PEAK_MEMORY
from wattbench_reports.gate.policy import Policy, Rule
from wattbench_reports.stats.another_run.session_variance import SessionVariance
from wattbench_reports.stats.percentiles import needed
from wattbench_reports.stats.student import t_quantile

SESSION_PART = 0.8
"""Of the error rates of two runs, the part that is kept for sessions that differ by more than the slack. Two runs have
items enough for stricter evidence, but only one session each."""


def cases(evidence: Evidence, policy: Policy, pair: str = "") -> tuple[Case, ...]:
    """Build the case of every metric of the policy, in its order, and after accuracy that of each guarded domain.

    Money that does not block is left out where not both systems have a price: the default policy names it for those
    that have.
    """
    every = [
        replace(case, pair=pair)
        for rule in policy.rules
        if not _unpriced(evidence, rule)
        for case in (_accuracies(evidence, rule) if rule.metric == ACCURACY else [_case(evidence, policy, rule)])
    ]
    return tuple(every if evidence.in_turns else _with_slack(every, evidence, policy))


def _unpriced(evidence: Evidence, rule: Rule) -> bool:
    return rule.metric in MONEY and not rule.blocks and not evidence.priced


def family_weight(every: Sequence[Case]) -> float:
    """Return the sum of the weights of the tested cases that block, among which the false-alarm rate is shared."""
    return math.fsum(case.rule.weight for case in every if case.blocks and case.tested)


def _accuracies(evidence: Evidence, rule: Rule) -> list[Case]:
    """Return the case of accuracy, and where the policy guards domains that of each, for half of its weight."""
    if rule.each_domain is None:
        return [_accuracy(evidence, rule)]
    domains = evidence.domains
    whole = replace(rule, weight=rule.weight / 2, each_domain=None)
    part = replace(whole, weight=whole.weight / max(len(domains), 1), margin=rule.each_domain)
    if not domains:
        return [_accuracy(evidence, whole), Case(part, domain="each domain", missing=_NO_DOMAINS)]
    return [_accuracy(evidence, whole), *(_accuracy(evidence, part, domain) for domain in domains)]


def _accuracy(evidence: Evidence, rule: Rule, domain: str | None = None) -> Case:
    name = domain or ""
    if ACCURACY in evidence.apart:
        return Case(rule, domain=name, apart=evidence.apart[ACCURACY])
    if ACCURACY in evidence.missing:
        return Case(rule, domain=name, missing=evidence.missing[ACCURACY])
    figures = accuracy_of(evidence, domain)
    if figures is None:
        waits = domain is not None or evidence.items_left > 0
        return Case(rule, domain=name, waits_for=1 if waits else None, missing=None if waits else _NOTHING["accuracy"])
    return Case(rule, "", name, figures.trial, figures.baseline, figures.candidate, figures.change)


def _case(evidence: Evidence, policy: Policy, rule: Rule) -> Case:
    metric = rule.metric
    provenance = _provenance(evidence, metric)
    if metric in evidence.apart:
        return Case(rule, provenance=provenance, apart=evidence.apart[metric])
    if metric in evidence.missing:
        return Case(rule, provenance=provenance, missing=evidence.missing[metric])
    if metric == PEAK_MEMORY:
        return _memory(evidence, rule)
    figures = figures_of(evidence, metric)
    if figures is None:
        waits_for = _waits_for(evidence, policy, metric)
        missing = None if waits_for is not None else _NOTHING["money" if metric in MONEY else METRICS[metric].figure]
        return Case(rule, provenance=provenance, waits_for=waits_for, missing=missing)
    modelled = "modelled" in provenance and not policy.judge_modelled
    return Case(
        rule,
        trial=None if modelled else figures.trial,
        baseline=figures.baseline,
        candidate=figures.candidate,
        change=figures.change,
        provenance=provenance,
        missing=MODELLED if modelled else None,
    )


def _provenance(evidence: Evidence, metric: str) -> str:
    """Return the provenance of the joules that a metric rests on; empty where it rests on none."""
    if metric not in ENERGY and not (metric in MONEY and evidence.money_of_machine.joules):
        return ""
    return "+".join(sorted({part for each in evidence.provenance for part in each.split("+") if part}))


def _with_slack(every: Sequence[Case], evidence: Evidence, policy: Policy) -> list[Case]:
    """Add what two runs may differ by: the policy's share, or by how much sessions of the machine do."""
    whole = family_weight(every)
    return [
        case
        if case.trial is None or not (part := _part_of_session(evidence, case))
        else _slackened(case, evidence.sessions, policy, whole, part)
        for case in every
    ]


def _part_of_session(evidence: Evidence, case: Case) -> float:
    """Return which part of a figure another session changes: of accuracy, and of money for tokens, none."""
    if case.in_points:
        return 0.0
    machine = evidence.money_of_machine
    return min(machine.seconds + machine.joules, 1.0) if case.rule.metric in MONEY else 1.0


def _slackened(
    case: Case, sessions: Mapping[str, SessionVariance], policy: Policy, whole: float, part_of_session: float
) -> Case:
    measured = sessions.get(case.rule.metric)
    if policy.drift is not None:
        drift = policy.drift * part_of_session
        return replace(case, slack=Slack(drift, drift))
    if measured is None:
        return replace(case, trial=None, missing=NOT_KNOWN)
    part = case.rule.weight / whole if case.blocks else 1.0
    return replace(case, slack=session_slack(measured, part * policy.alpha, policy.beta))


def session_slack(measured: SessionVariance, false_alarms: float, misses: float) -> Slack:
    """Return what two sessions of one system may differ by without any change.

    The difference of the two logarithms over sqrt(2) times the sessions' standard deviation has Student's t with the
    degrees of freedom of that, if sessions are normal, independent and alike: the prediction interval of one further
    difference (G. J. Hahn, "Factors for calculating two-sided prediction intervals", JASA 64, 1969). It is within the
    slack in all but `SESSION_PART` of the error rate; the evidence of the items has the rest, so that the two together
    err no more often than the rate (the sum of both, whatever their dependence).

    Args:
        measured: between sessions of the same items on the same machine.
        false_alarms: the metric's part of the gate's rate.
        misses: the miss rate.
    """
    sd = math.sqrt(2 * measured.log_variance)
    rates = (SESSION_PART * false_alarms, SESSION_PART * misses)
    failing, passing = (math.expm1(t_quantile(measured.df, 1 - 2 * rate) * sd) for rate in rates)
    return Slack(failing, passing, *rates, sessions=measured.sessions)


_NO_DOMAINS = "the record does not say of which domain the items are"
_NOTHING: Mapping[str, str] = {
    "accuracy": "no answer was scored",
    "latency": "no answer was timed",
    "joules": "no pair of rounds has valid joules of both systems",
    "money": "no pair of rounds has the money of both systems",
}


def _waits_for(evidence: Evidence, policy: Policy, metric: str) -> int | None:
    """Return how many more items a first test needs; None where more items do not help."""
    if metric == LATENCY_P95:
        timed = timed_items(evidence)
        return needed(TAIL) - timed if timed or evidence.items_left else None
    if evidence.items_left or _some_spent(evidence, metric):
        return policy.block
    return None


def _some_spent(evidence: Evidence, metric: str) -> bool:
    """Return whether rounds have some joules, or money, of which there are too few yet."""
    if metric in MONEY:
        return any(one.money is not None for one in evidence.rounds)
    return metric in ENERGY and any(one.energy_j is not None for one in evidence.rounds)


def _memory(evidence: Evidence, rule: Rule) -> Case:
    ours, theirs = evidence.peak_memory_bytes
    if ours is None or theirs is None or ours <= 0:
        return Case(rule, missing="the memory of the two systems was not measured separately")
    return Case(rule, baseline=float(ours), candidate=float(theirs), change=theirs / ours - 1)
