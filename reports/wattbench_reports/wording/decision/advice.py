"""Advise in one sentence which system to run, or what a further right answer costs where nothing is required."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from wattbench_reports.decision.model import FAILS, Check, Decision, HullStep, Qualifies, SystemDecision
from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.stats import Interval
from wattbench_reports.wording.decision.costs import CostWords, benefit_words, request_words, right_words
from wattbench_reports.wording.decision.phrases import ASK, PHRASES, STEPS
from wattbench_reports.wording.decision.requirements import (
    bound_text,
    figure_text,
    full_text,
    quantity_text,
    required_text,
)

MOST_CHECKS = 2
"""With more requirements than this, the advice states the probability that all are met."""

MOST_MAYBE = 2
"""The number of systems that may be worth their cost and are named in the advice; the table marks them all."""

OPEN = 0.05
"""A system may be worth its cost if at some worth of a right answer it is best with this probability."""


def advice(decision: Decision, called: Mapping[str, str], *, provenance: str = "", ask: str = ASK) -> str:
    """Advise in one sentence.

    Args:
        decision: from `wattbench_reports.decision.decide`.
        called: the name by which to call each system; a system that is not in it has its own.
        provenance: of the joules compared; modelled joules are called so.
        ask: what the reader can do where nothing is required, as a clause.
    """
    names = {each.system: called.get(each.system, each.system) for each in decision.systems}
    judged = taking_part(decision)
    if not judged:
        return PHRASES["none"].format(reason=decision.why_none or PHRASES["nothing"])
    if decision.objective == "prices" and decision.hull:
        return _prices(decision, names, provenance, ask)
    chosen = selected(decision)
    if chosen is None:
        return _none(decision, judged, names)
    fits, rest = _fits(decision, chosen, provenance), _rest(decision, chosen, names, ask)
    if len(tied_for_best(decision)) > 1:
        goal = PHRASES[f"goal_{decision.objective}"]
        tied = units.named([names[name] for name in tied_for_best(decision)], "or")
        return PHRASES["tied"].format(names=tied, goal=goal, name=names[chosen.system], fits=fits, rest=rest)
    return PHRASES["run"].format(name=names[chosen.system], fits=fits, rest=rest)


def taking_part(decision: Decision) -> list[SystemDecision]:
    """List the systems that are judged."""
    return [each for each in decision.systems if not each.apart]


def selected(decision: Decision) -> SystemDecision | None:
    """Return the system that is advised; without requirements, the one that no other is worth its cost next to."""
    if decision.chosen is not None:
        return decision.of(decision.chosen)
    if decision.objective != "prices" or decision.hull:
        return None
    judged = taking_part(decision)
    leaders = () if decision.acceptability is None else decision.acceptability.leaders
    name = leaders[-1].system if leaders else judged[0].system if len(judged) == 1 else ""
    return next((each for each in judged if each.system == name and not each.useless), None)


def tied_for_best(decision: Decision) -> tuple[str, ...]:
    """List the systems that are not distinguishable from the advised one, which is the first, and qualify as surely."""
    level = {each.system: each.qualifies for each in decision.systems}
    return tuple(name for name in decision.best if level[name] is level[decision.best[0]])


def open_for_best(decision: Decision) -> tuple[str, ...]:
    """List the systems that would be as good as the advised one or better, if they qualify, which they may."""
    return tuple(name for name in decision.best if name not in tied_for_best(decision))


def currency_of(decision: Decision) -> str:
    """Return the currency of a decision about money; empty where it is about joules or grams."""
    return decision.label if decision.unit is CostUnit.MONEY else ""


def _fits(decision: Decision, chosen: SystemDecision, provenance: str) -> str:
    """Say what the chosen system is like, to follow ``it``."""
    if decision.objective == "accuracy" and not chosen.checks:
        return _most_accurate(decision, chosen)
    cost = _cost(decision, chosen, provenance)
    if decision.objective == "prices" and chosen.accuracy is not None and cost and len(taking_part(decision)) > 1:
        return PHRASES["best_of_both"].format(accuracy=units.percent(chosen.accuracy.estimate), cost=cost)
    clauses = _required(decision, chosen)
    if decision.objective == "benefit" and chosen.benefit is not None:
        clauses.append(_benefit(decision, chosen.benefit))
    elif cost and clauses and chosen.accuracy is not None:  # the first clause is about accuracy
        clauses[0] = PHRASES["at_cost"].format(fits=clauses[0], cost=cost)
    elif cost:
        clauses.append(PHRASES["costs"].format(cost=cost))
    return units.listed(clauses)


def _most_accurate(decision: Decision, chosen: SystemDecision) -> str:
    accuracy = units.percent(None if chosen.accuracy is None else chosen.accuracy.estimate)
    alone = len(decision.best) < 2 and len(taking_part(decision)) > 1
    return PHRASES["most_accurate" if alone else "is_accurate"].format(accuracy=accuracy)


def _cost(decision: Decision, chosen: SystemDecision, provenance: str) -> str:
    """Say what a request costs; empty where it is not known, or said already as it is required."""
    said = {each.requirement.quantity for each in chosen.checks} if len(chosen.checks) <= MOST_CHECKS else set()
    if chosen.cost_per_request is None or decision.unit is None or _QUANTITIES.get(decision.unit) in said:
        return ""
    words = request_words(decision, provenance)
    return words.qualified(words.of_requests(words.amount(chosen.cost_per_request.estimate)))


_QUANTITIES = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "grams", CostUnit.MONEY: "cost"}
"""What a requirement on costs in a unit is called."""


def _benefit(decision: Decision, benefit: Interval) -> str:
    words = benefit_words(decision)
    text = words.of_requests(words.bounds(benefit))
    return PHRASES["has_loss" if benefit.estimate < 0 else "has_benefit"].format(benefit=text)


def _required(decision: Decision, chosen: SystemDecision) -> list[str]:
    """Say how accurate the chosen system is, and how it meets what is required; with worths only the latter."""
    overall = next((each for each in chosen.checks if _is_overall_accuracy(each)), None)
    many = len(chosen.checks) > MOST_CHECKS and chosen.p_qualifies is not None
    clauses = []
    if chosen.accuracy is not None and decision.objective != "benefit" and (overall is None or many):
        clauses.append(PHRASES["is_accurate"].format(accuracy=units.percent(chosen.accuracy.estimate)))
    if many:
        sure = units.certainty(chosen.p_qualifies or 0.0)
        return [*clauses, PHRASES["meets_all"].format(count=len(chosen.checks), sure=sure)]
    return clauses + [_met(each, currency_of(decision)) for each in chosen.checks]


def _is_overall_accuracy(check: Check) -> bool:
    return check.requirement.quantity == "accuracy" and check.requirement.domain is None


def _met(check: Check, currency: str) -> str:
    figure = figure_text(check, currency)
    if check.estimate is None or check.p_met is None:
        return PHRASES["has_none"].format(figure=figure)
    required, sure = required_text(check.requirement, currency), units.certainty(check.p_met)
    if _is_overall_accuracy(check):
        return PHRASES["is_required"].format(accuracy=units.percent(check.estimate), required=required, sure=sure)
    return PHRASES["has_required"].format(figure=figure, required=required, sure=sure)


def _rest(decision: Decision, chosen: SystemDecision, names: Mapping[str, str], ask: str) -> str:
    """Say what is with the other systems, as a clause that begins with its own punctuation."""
    others = [each for each in taking_part(decision) if each is not chosen]
    if not others:
        return PHRASES["only_one" if len(decision.systems) == 1 else "only_comparable"]
    if decision.objective == "benefit":
        also = _may_too(decision, chosen, names) if open_for_best(decision) else ""
        return also + _best_with(chosen)
    if decision.objective == "prices":
        return _maybe(decision, others, names, "may_be_else") or PHRASES["nothing_else"]
    reason = decision.why_no_cost or REASONS["no_two"]
    unknown = PHRASES["costs_unknown"].format(reason=reason) if decision.objective == "accuracy" else ""
    if open_for_best(decision):
        return unknown + _may_too(decision, chosen, names)
    rivals = [each for each in others if each.qualifies is not Qualifies.NO and not each.useless]
    if not rivals:
        return unknown + _none_meets(chosen, currency_of(decision))
    untied = [each for each in rivals if each.system not in decision.best]
    return unknown + (_next(decision, untied[0], names) if untied else "")


def _may_too(decision: Decision, chosen: SystemDecision, names: Mapping[str, str]) -> str:
    """Name the systems that may qualify, too, and would then be as good or better."""
    others = [decision.of(name) for name in open_for_best(decision)]
    cheaper = decision.objective == "cost" and all(
        each.cost_per_request is not None
        and chosen.cost_per_request is not None
        and each.cost_per_request.estimate < chosen.cost_per_request.estimate
        for each in others
    )
    key = "may_too_cheaper" if cheaper else "may_too"
    return PHRASES[key].format(names=units.named([names[each.system] for each in others], "or"))


def _best_with(chosen: SystemDecision) -> str:
    return "" if chosen.p_best is None else PHRASES["best_with"].format(sure=units.certainty(chosen.p_best))


def _none_meets(chosen: SystemDecision, currency: str) -> str:
    if len(chosen.checks) == 1:
        only = chosen.checks[0]
        if _is_overall_accuracy(only):
            return PHRASES["none_reaches"].format(bound=bound_text(only.requirement, currency))
        return PHRASES["none_meets_it"]
    return PHRASES["none_meets_them"] if chosen.checks else ""


def _next(decision: Decision, rival: SystemDecision, names: Mapping[str, str]) -> str:
    if decision.objective == "cost" and rival.cost_per_request is not None:
        words = request_words(decision)
        figure = words.of_requests(words.amount(rival.cost_per_request.estimate))
    elif decision.objective == "accuracy" and rival.accuracy is not None:
        figure = units.percent(rival.accuracy.estimate)
    else:
        return ""
    return PHRASES["next"].format(name=names[rival.system], figure=figure)


def _none(decision: Decision, judged: Sequence[SystemDecision], names: Mapping[str, str]) -> str:
    """Say that no system is advised: by what each fails, and which comes nearest."""
    failing = [each for each in judged if each.checks and each.p_qualifies is not None and not each.useless]
    if not failing:
        unscored = all(each.accuracy is None for each in judged)
        reason = decision.why_none or PHRASES["unscored" if unscored else "nothing"]
        return PHRASES["none"].format(reason=reason)
    currency = currency_of(decision)
    near = nearest(failing)
    figures = units.listed([figure_text(each, currency) for each in near.checks])
    requirements = [each.requirement for each in near.checks]
    name = names[near.system]
    likely = _likelihood(near) > 0
    if likely:
        figures = PHRASES["with_sure"].format(figures=figures, sure=units.certainty(_likelihood(near)))
    if len(requirements) == 1:
        required = full_text(requirements[0], currency)
        return PHRASES["none_may" if likely else "none_has"].format(required=required, name=name, figures=figures)
    others = [each for each in failing if each is not near]
    rest = PHRASES["others_fail"].format(clauses=failures(others, names)) if others else ""
    key = "none_may_meet" if likely else "none_meets"
    return PHRASES[key].format(count=len(requirements), name=name, figures=figures, rest=rest)


def nearest(failing: Sequence[SystemDecision]) -> SystemDecision:
    """Return the system that comes nearest to the requirements.

    The one that most probably meets them all; of those that do not meet them, the one whose figures together are the
    smallest share away from their bounds. A figure that is not known is as far away as its bound.
    """
    return min(failing, key=lambda each: (-_likelihood(each), sum(map(_shortfall, each.checks))))


def _likelihood(system: SystemDecision) -> float:
    """Return the probability that all requirements are met; 0 where they are not met."""
    return 0.0 if system.p_qualifies is None or system.p_qualifies < FAILS else system.p_qualifies


def _shortfall(check: Check) -> float:
    """How far a figure is from its bound on the wrong side, as a share of the bound."""
    bound = check.requirement.bound
    if check.estimate is None:
        return 1.0
    above = check.estimate - bound
    short = -above if check.requirement.quantity == "accuracy" else above
    return max(0.0, short) / bound if bound > 0 else max(0.0, short)


def failing_checks(system: SystemDecision) -> list[Check]:
    """List the requirements that a system fails by: those not met; where none is alone, the least probable."""
    failed = [each for each in system.checks if each.outcome is Qualifies.NO]
    known = [each for each in system.checks if each.p_met is not None]
    return failed or sorted(known, key=lambda each: each.p_met or 0.0)[:1]


def failures(systems: Sequence[SystemDecision], names: Mapping[str, str]) -> str:
    """List by what systems fail: ``a and b fail by accuracy, c fails by accuracy and p95``."""
    by: dict[str, list[str]] = {}
    for each in systems:
        quantities = units.listed([quantity_text(check.requirement) for check in failing_checks(each)])
        by.setdefault(quantities, []).append(names[each.system])
    return ", ".join(
        PHRASES["fails" if len(group) == 1 else "fail"].format(names=units.named(group), quantities=quantities)
        for quantities, group in by.items()
    )


def _prices(decision: Decision, names: Mapping[str, str], provenance: str, ask: str) -> str:
    """Say what each further right answer costs, along the hull."""
    words = right_words(decision, provenance)
    first, *more = decision.hull
    useless = {each.system: each.useless for each in decision.systems}
    text = PHRASES["price_many" if words.many else "price"].format(
        many=words.many,
        price=words.qualified(words.bounds(first.price)),
        dearer=names[first.dearer],
        cheaper=names[first.cheaper],
    )
    if useless[first.cheaper]:
        text += PHRASES["gap"].format(useless=useless[first.cheaper])
        text += _below(decision, words, names)
    for step in more[: STEPS - 1]:
        text += PHRASES["next_price"].format(
            price=words.bounds(step.price), dearer=names[step.dearer], cheaper=names[step.cheaper]
        )
    if len(more) >= STEPS:
        text += PHRASES["last_price"].format(price=words.bounds(more[-1].price), dearer=names[more[-1].dearer])
    return f"{text}{_off_hull(decision, names)}{PHRASES['ask'].format(ask=ask)}."


def _below(decision: Decision, words: CostWords, names: Mapping[str, str]) -> str:
    """Name the systems that are the choice in place of a useless one, which costs less than any of them."""
    others = leaders_off_hull(decision)
    if not others:
        return ""
    price = words.of_right_answers(words.amount(others[-1][2]))
    return PHRASES["below"].format(names=units.named([names[name] for name, _, _ in others], "or"), price=price)


def leaders_off_hull(decision: Decision) -> list[tuple[str, float, float]]:
    """List the systems off the hull that are the best that is not useless, with the worths of a right answer from and
    up to which they are."""
    leaders = () if decision.acceptability is None else decision.acceptability.leaders
    line = on_hull(decision.hull)
    return [
        (one.system, one.from_worth, following.from_worth)
        for one, following in pairwise(leaders)
        if one.system not in line
    ]


def _off_hull(decision: Decision, names: Mapping[str, str]) -> str:
    named = {*on_hull(decision.hull), *(name for name, _, _ in leaders_off_hull(decision))}
    others = [each for each in taking_part(decision) if each.system not in named]
    if not others:
        return ""
    return _maybe(decision, others, names, "maybe_worth") or PHRASES["none_worth"]


def _maybe(decision: Decision, others: Sequence[SystemDecision], names: Mapping[str, str], key: str) -> str:
    """Name those of some systems that may be worth their cost; empty where none may."""
    maybe = [names[each.system] for each in others if may_be_worth(decision, each)]
    return PHRASES[key].format(names=units.named(maybe, "or", MOST_MAYBE)) if maybe else ""


def on_hull(hull: Sequence[HullStep]) -> tuple[str, ...]:
    """List the systems along the hull, the cheapest first."""
    return (hull[0].cheaper, *(step.dearer for step in hull)) if hull else ()


def may_be_worth(decision: Decision, system: SystemDecision) -> bool:
    """Whether a system off the hull can be the best choice at some worth of a right answer, as far as is known."""
    if system.useless:
        return False
    if decision.acceptability is not None:
        return max(decision.acceptability.probabilities.get(system.system, ()), default=0.0) >= OPEN
    return bool(system.not_excluded_from_front)
