"""Judge a way to choose systems: its figures, its gain, and the reader's requirements."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.model import SHARE, Qualifies
from wattbench_reports.metrics.decision_settings import Quantity, Requirement
from wattbench_reports.routing.answers.item_answers import GRAMS, JOULES, MONEY, SECONDS, ItemAnswers
from wattbench_reports.routing.answers.routed import RoutedItems
from wattbench_reports.routing.baseline import above_mix_values, gain_values
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.figures import item_figure, p_above
from wattbench_reports.routing.model import ChoiceKind, RequirementMet, RoutingChoice
from wattbench_reports.stats import Interval
from wattbench_reports.stats.share_above import probability_above

_AMOUNTS: dict[Quantity, str] = {"cost": MONEY, "joules": JOULES, "grams": GRAMS}


def judge(
    context: StudyContext, kind: ChoiceKind, name: str, setting: str, routed: RoutedItems, members: Sequence[str]
) -> RoutingChoice:
    """State what a router gives.

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
    met = tuple(requirement_met(answers, routed, each) for each in context.settings.requirements)
    requests = dict(zip(answers.systems, answers.mean(routed.requests).tolist(), strict=True))

    gain = item_figure(answers, gain_values(baseline, answers, routed))

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
        accuracy_gain=interval(routed.score - answers.score[:, single]),
        cost_gain=interval(routed.cost - answers.cost[:, single]),
        amount_gains={each: interval(values - answers.amounts[each][:, single]) for each, values in known.items()},
        above_mix=None if len(baseline.hull) < 2 else interval(above_mix_values(baseline, answers, routed)),
        gain=gain.interval(),
        p95_s=None if SECONDS not in known else weighted_quantile(known[SECONDS], answers.weight, SHARE),
        met=met,
        qualifies=qualifies(met),
        gain_parts=gain.parts,
    )


def requirement_met(answers: ItemAnswers, routed: RoutedItems, requirement: Requirement) -> RequirementMet:
    """Hold the items against one requirement. Memory is not known before a router runs."""
    quantity, bound = requirement.quantity, requirement.bound
    if quantity == "accuracy":
        return _accuracy(answers, routed, requirement)
    if quantity == "p95":
        return _within(answers, routed, requirement)
    values = routed.amounts.get(_AMOUNTS.get(quantity, ""))
    if values is None:
        return RequirementMet(requirement, None, None)
    figure = item_figure(answers, -values)
    return RequirementMet(requirement, -figure.estimate, p_above(figure, -bound))


def _accuracy(answers: ItemAnswers, routed: RoutedItems, requirement: Requirement) -> RequirementMet:
    among = None
    if requirement.domain is not None:
        if requirement.domain not in answers.domains:
            return RequirementMet(requirement, None, None)
        among = (answers.domain == answers.domains.index(requirement.domain)) & (answers.weight > 0)
        if not among.any():
            return RequirementMet(requirement, None, None)
    figure = item_figure(answers, routed.score, among)
    return RequirementMet(requirement, figure.estimate, p_above(figure, requirement.bound, share=True))


def _within(answers: ItemAnswers, routed: RoutedItems, requirement: Requirement) -> RequirementMet:
    """Ask whether 95% of the items keep a limit, with the design effect of blocks, as a decision does."""
    seconds = routed.amounts.get(SECONDS)
    if seconds is None:
        return RequirementMet(requirement, None, None)
    figure = item_figure(answers, (seconds <= requirement.bound).astype(np.float64))
    share = min(max(figure.estimate, 0.0), 1.0)
    trials = figure.items
    if share * (1 - share) > 0 and figure.df > 0 and figure.se > 0:
        trials = min(trials, max(share * (1 - share) / figure.se**2, 1.0))
    estimate = weighted_quantile(seconds, answers.weight, SHARE)
    return RequirementMet(requirement, estimate, probability_above(share * trials, trials, SHARE))


def p_qualifies(met: Sequence[RequirementMet]) -> float | None:
    """Return the probability that all requirements are met together, as if they were independent; None where one is
    not known. Those that go together (cost and joules) have a higher one."""
    if any(each.p_met is None for each in met):
        return None
    return math.prod(each.p_met or 0.0 for each in met)


MEETS, FAILS = 0.95, 0.05


def outcome_of(probability: float | None) -> Qualifies:
    """Return what a probability of meeting requirements comes to; without one, it may."""
    if probability is None:
        return Qualifies.MAY
    if probability >= MEETS:
        return Qualifies.YES
    return Qualifies.NO if probability < FAILS else Qualifies.MAY


def qualifies(met: Sequence[RequirementMet]) -> Qualifies:
    """Return whether all requirements are met."""
    if any(outcome_of(each.p_met) == Qualifies.NO for each in met):
        return Qualifies.NO
    return outcome_of(p_qualifies(met))


def weighted_quantile(values: NDArray[np.float64], weight: NDArray[np.float64], share: float) -> float:
    """Return the smallest value at or below which at least a share of the weight is."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    return float(values[order][min(int(np.searchsorted(reached, share - 1e-12)), len(values) - 1)])
