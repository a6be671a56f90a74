"""Judge a way to choose systems: its figures, its gain, and the reader's requirements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.model import SHARE, Qualifies
from wattbench_reports.metrics.decision_settings import Quantity, Requirement
from wattbench_reports.routing.answers.item_answers import GRAMS, JOULES, MONEY, SECONDS, ItemAnswers, RoutedItems
from wattbench_reports.routing.baseline import above_mix_values, gain_values
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.figures import item_figure
from wattbench_reports.routing.model import ChoiceKind, GainParts, RequirementMet, RoutingChoice
from wattbench_reports.routing.requirement_bounds import (
    BoundEvidence,
    mean_evidence,
    percentile_evidence,
    risk_of_each,
    share_evidence,
)
from wattbench_reports.stats import Interval

_AMOUNTS: dict[Quantity, str] = {"cost": MONEY, "joules": JOULES, "grams": GRAMS}


def judge(
    context: StudyContext, kind: ChoiceKind, name: str, setting: str, routed: RoutedItems, members: Sequence[str]
) -> RoutingChoice:
    """State the figures of a router.

    Args:
        context: of the study, over the items of `routed`.
        kind: as in `RoutingChoice`, like `name`, `setting` and `members`.
        name: empty unless it is of a system or a file.
        setting: which point of its curve.
        routed: the items as it has them answered.
        members: the systems between which it chooses.
    """
    answers, baseline = context.answers, context.baseline
    single = baseline.single
    known = {each: routed.amounts[each] for each in answers.amounts if each in routed.amounts}
    settings = context.settings
    met = tuple(requirement_met(answers, routed, each, settings.risk) for each in settings.requirements)
    requests = dict(zip(answers.systems, answers.mean(routed.requests).tolist(), strict=True))

    gain = item_figure(answers, gain_values(baseline, answers, routed))
    accuracy_gain = item_figure(answers, routed.score - answers.score[:, single])
    cost_gain = item_figure(answers, routed.cost - answers.cost[:, single])
    above_mix = item_figure(answers, above_mix_values(baseline, answers, routed))

    def interval(values: NDArray[np.float64]) -> Interval:
        return item_figure(answers, values).interval()

    return RoutingChoice(
        kind=kind,
        name=name,
        setting=setting,
        members=tuple(members),
        shares={each: requests[each] for each in members},
        accuracy=item_figure(answers, routed.score).share(),
        cost=interval(routed.cost),
        amounts={each: interval(values) for each, values in known.items()},
        accuracy_gain=accuracy_gain.interval(),
        cost_gain=cost_gain.interval(),
        amount_gains={each: interval(values - answers.amounts[each][:, single]) for each, values in known.items()},
        above_mix=None if len(baseline.hull) < 2 else above_mix.interval(),
        gain=gain.interval(),
        p95_s=None if SECONDS not in known else weighted_quantile(known[SECONDS], answers.weight, SHARE),
        met=met,
        qualifies=qualifies(met),
        gain_parts=GainParts(gain.parts, accuracy_gain.parts, cost_gain.parts, above_mix.parts),
    )


def requirement_met(answers: ItemAnswers, routed: RoutedItems, requirement: Requirement, risk: float) -> RequirementMet:
    """Judge the items by one requirement, with bounds at a risk. Memory is not known before a router runs."""
    quantity = requirement.quantity
    unknown = RequirementMet(requirement, None, None, None)
    if quantity == "accuracy":
        among = _domain_items(answers, requirement)
        if among is not None and not among.any():
            return unknown
        figure = item_figure(answers, routed.score, among)
        return _met(requirement, figure.estimate, share_evidence(figure), risk)
    if quantity == "p95":
        seconds = routed.amounts.get(SECONDS)
        if seconds is None:
            return unknown
        estimate = weighted_quantile(seconds, answers.weight, SHARE)
        return _met(requirement, estimate, percentile_evidence(answers, seconds, requirement.bound), risk)
    values = routed.amounts.get(_AMOUNTS.get(quantity, ""))
    if values is None:
        return unknown
    figure = item_figure(answers, values)
    return _met(requirement, figure.estimate, mean_evidence(figure), risk)


def _met(requirement: Requirement, estimate: float, evidence: BoundEvidence, risk: float) -> RequirementMet:
    return RequirementMet(requirement, estimate, *evidence.bounds_at(risk), evidence)


def _domain_items(answers: ItemAnswers, requirement: Requirement) -> NDArray[np.bool_] | None:
    """Return which items are in a requirement's domain; None if the requirement is over all domains."""
    if requirement.domain is None:
        return None
    number = answers.domains.index(requirement.domain) if requirement.domain in answers.domains else -1
    return np.asarray((answers.domain == number) & (answers.weight > 0))


def qualifies(met: Sequence[RequirementMet]) -> Qualifies:
    """Return whether a choice meets all requirements, each at the same risk.

    Intersection-union: R. L. Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24
    (1982).
    """
    outcomes = {each.outcome for each in met}
    if Qualifies.NO in outcomes:
        return Qualifies.NO
    return Qualifies.MAY if Qualifies.MAY in outcomes else Qualifies.YES


def with_shared_risk(choices: Sequence[RoutingChoice], risk: float) -> tuple[RoutingChoice, ...]:
    """Return choices with bounds of requirements widened to hold for all choices at once, as the best one is taken.

    Args:
        choices: with the same requirements.
        risk: of all bounds of a requirement.
    """
    if len(choices) < 2 or not choices[0].met:
        return tuple(choices)
    risks = []
    for same in zip(*(each.met for each in choices), strict=True):
        parts = [each.evidence.parts for each in same if each.evidence is not None]
        risks.append(risk_of_each(parts, risk))
    bounded = []
    for choice in choices:
        met = tuple(each.at_risk(of_each) for each, of_each in zip(choice.met, risks, strict=True))
        bounded.append(replace(choice, met=met, qualifies=qualifies(met)))
    return tuple(bounded)


def weighted_quantile(values: NDArray[np.float64], weight: NDArray[np.float64], share: float) -> float:
    """Return the weighted quantile: the least value that reaches a share of the weight."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    return float(values[order][min(int(np.searchsorted(reached, share - 1e-12)), len(values) - 1)])
