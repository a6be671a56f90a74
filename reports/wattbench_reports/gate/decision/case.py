"""Build a case for each metric of a gate: its evidence, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wattbench_reports.gate.bounds import MetricBounds, MetricEvidence
from wattbench_reports.gate.decision.looks import LookPlan, cap_of, look_plan
from wattbench_reports.gate.decision.metric_figures import accuracy_of, evidence_on
from wattbench_reports.gate.decision.outlook import accuracy_margin
from wattbench_reports.gate.evidence.missing import MODELLED
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.metrics import SEPARATOR
from wattbench_reports.gate.policy import Policy, Rule
from wattbench_reports.metrics.registry import ACCURACY, ENERGY, METRICS, MONEY, PEAK_MEMORY


@dataclass(frozen=True)
class Case:
    """One metric of a gate, between two systems."""

    rule: Rule
    """With its margin; of a domain, with that of the domain and its part of the weight."""
    pair: str = ""
    """Of several pairs in one gate, which: the benchmark's name."""
    domain: str = ""
    """Of accuracy in one domain, which; empty over all."""
    bounds: MetricBounds | None = None
    """None: there is nothing to judge yet, or one of `apart` and `missing` says why, or the figures are single ones."""
    baseline: float | None = None
    candidate: float | None = None
    provenance: str = ""
    apart: str | None = None
    missing: str | None = None
    waits: bool = False
    """There is nothing to judge yet, and there are items to come."""

    @property
    def name(self) -> str:
        """Return the name of the verdict: ``latency_mean``, ``test_parse · latency_mean``, ``accuracy · law``."""
        return SEPARATOR.join(filter(None, (self.pair, self.rule.metric, self.domain)))

    @property
    def blocks(self) -> bool:
        """Return whether the gate's verdict depends on the case."""
        return self.rule.blocks and not (self.rule.only_if_measured and self.missing is not None)

    @property
    def judged(self) -> bool:
        """Return whether the case is judged, now or once there are more items.

        It has its part of alpha from the start: a part that changes with what was seen so far would not be one.
        """
        return self.bounds is not None or self.waits

    @property
    def in_points(self) -> bool:
        """Return whether a worsening is in points; else it is a share."""
        return self.rule.metric == ACCURACY


def resolved(policy: Policy, items: int, *, in_turns: bool = True) -> Policy:
    """Return a policy in which an open margin of accuracy is chosen by the number of items."""
    margin = accuracy_margin(items, policy.beta, in_turns=in_turns)
    rules = tuple(replace(rule, margin=margin, auto=False) if rule.auto else rule for rule in policy.rules)
    return replace(policy, rules=rules)


def cases(evidence: Evidence, policy: Policy, pair: str = "") -> tuple[Case, ...]:
    """Build a case for every metric of the policy, in its order, and after accuracy one for each guarded domain.

    Costs that do not block are left out unless both systems have a price: the default policy names costs for those
    that have one.
    """
    policy = resolved(policy, evidence.scored_of(cap_of(evidence, policy)), in_turns=evidence.in_turns)
    plan = look_plan(evidence, policy)
    return tuple(
        replace(case, pair=pair)
        for rule in policy.rules
        if not _unpriced(evidence, rule)
        for case in (
            _accuracies(evidence, rule, plan) if rule.metric == ACCURACY else [_case(evidence, policy, rule, plan)]
        )
    )


def levels(every: Sequence[Case], blocks: Sequence[bool], alpha: float) -> list[float]:
    """Return the level at which each case fails: blocking cases share alpha by weight, others have all of it."""
    whole = math.fsum(
        case.rule.weight for case, blocking in zip(every, blocks, strict=True) if blocking and case.judged
    )
    return [
        alpha * case.rule.weight / whole if blocking and case.judged else alpha
        for case, blocking in zip(every, blocks, strict=True)
    ]


def _unpriced(evidence: Evidence, rule: Rule) -> bool:
    return rule.metric in MONEY and not rule.blocks and not evidence.priced


def _accuracies(evidence: Evidence, rule: Rule, plan: LookPlan) -> list[Case]:
    """Return the case of accuracy. For a policy that guards domains, each domain has a case, with half the weight."""
    if rule.each_domain is None:
        return [_accuracy(evidence, rule, plan)]
    domains = evidence.domains
    whole = replace(rule, weight=rule.weight / 2, each_domain=None)
    part = replace(whole, weight=whole.weight / max(len(domains), 1), margin=rule.each_domain)
    if not domains:
        return [_accuracy(evidence, whole, plan), Case(part, domain="each domain", missing=_NO_DOMAINS)]
    return [_accuracy(evidence, whole, plan), *(_accuracy(evidence, part, plan, domain) for domain in domains)]


def _accuracy(evidence: Evidence, rule: Rule, plan: LookPlan, domain: str | None = None) -> Case:
    case = Case(rule, domain=domain or "")
    if ACCURACY in evidence.apart:
        return replace(case, apart=evidence.apart[ACCURACY])
    missing = evidence.missing.get(ACCURACY) or evidence.missing.get(case.name)
    if missing is not None:
        return replace(case, missing=missing)
    measured = evidence.measured.get(case.name) if evidence.measured else accuracy_of(evidence, plan, domain)
    return _measured(case, evidence, measured, waits=domain is not None and not evidence.measured)


def _case(evidence: Evidence, policy: Policy, rule: Rule, plan: LookPlan) -> Case:
    metric = rule.metric
    case = Case(rule, provenance=_provenance(evidence, metric))
    if metric in evidence.apart:
        return replace(case, apart=evidence.apart[metric])
    if metric in evidence.missing:
        return _shown(replace(case, missing=evidence.missing[metric]), evidence.measured.get(metric))
    if metric == PEAK_MEMORY:
        return _memory(evidence, case)
    measured = evidence.measured.get(metric) if evidence.measured else evidence_on(evidence, metric, plan, policy.beta)
    case = _measured(case, evidence, measured)
    if "modelled" in case.provenance and not policy.judge_modelled and measured is not None:
        return replace(case, bounds=None, missing=MODELLED)
    return case


def _shown(case: Case, measured: MetricEvidence | None) -> Case:
    """Add the figures of both systems to a case that is not judged."""
    return case if measured is None else replace(case, baseline=measured.baseline, candidate=measured.candidate)


def _measured(case: Case, evidence: Evidence, measured: MetricEvidence | None, *, waits: bool = False) -> Case:
    if measured is not None:
        return replace(case, bounds=measured.bounds, baseline=measured.baseline, candidate=measured.candidate)
    if evidence.items_left or waits:
        return replace(case, waits=True)
    figure = "money" if case.rule.metric in MONEY else METRICS[case.rule.metric].figure
    return replace(case, missing=_NOTHING[figure])


def _provenance(evidence: Evidence, metric: str) -> str:
    """Return the provenance of the joules that a metric is computed from; empty for a metric without joules."""
    if metric not in ENERGY and not (metric in MONEY and evidence.money_of_machine.joules):
        return ""
    return "+".join(sorted({part for each in evidence.provenance for part in each.split("+") if part}))


_NO_DOMAINS = "the record does not say of which domain the items are"
_NOTHING: Mapping[str, str] = {
    "accuracy": "no answer was scored, or too few were",
    "latency": "no answer was timed, or too few were",
    "joules": "too few rounds have valid joules of both systems",
    "money": "too few rounds have the money of both systems",
}


def _memory(evidence: Evidence, case: Case) -> Case:
    ours, theirs = evidence.peak_memory_bytes
    if ours is None or theirs is None or ours <= 0:
        return replace(case, missing="the memory of the two systems was not measured separately")
    return replace(case, baseline=float(ours), candidate=float(theirs))
