"""Advise in one sentence which system to run: of at most 30 words, what to do first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from wattbench_reports.decision.model import Between, Check, Decision, HullStep, Qualifies, SystemDecision
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.stats import Interval
from wattbench_reports.wording.decision.costs import CostWords, benefit_words, cost_words, request_words, right_words
from wattbench_reports.wording.decision.phrases import IF_DROPPED, PHRASES
from wattbench_reports.wording.decision.requirements import (
    bad_side_text,
    bound_text,
    bounded_text,
    full_text,
    needs_text,
    quantity_text,
    shown_text,
)

FEW_ITEMS = 10
"""Fewer items than these are a few."""


def advice(decision: Decision, called: Mapping[str, str], *, provenance: str = "", dropped: bool = False) -> str:
    """Advise in one sentence.

    Args:
        decision: from `wattbench_reports.decision.decide`.
        called: the name by which to call each system; a system that is not in it has its own.
        provenance: of the joules compared; modelled joules are called so.
        dropped: whether the run dropped systems, which are not in the decision.
    """
    phrases = IF_DROPPED if dropped else PHRASES
    names = {each.system: called.get(each.system, each.system) for each in decision.systems}
    chosen = selected(decision)
    if decision.between is not None:
        return _choose(decision, decision.between, names, provenance)
    if chosen is None:
        return _none(decision, names, phrases)
    values = {"name": names[chosen.system], "fits": _fits(decision, chosen, provenance)}
    if len(decision.best) < 2:
        return PHRASES["run"].format(**values, rest=_rest(decision, chosen, names, phrases))
    tied = units.named([names[name] for name in decision.best], "or")
    values["rest"] = _costs_unknown(decision)
    return PHRASES["tied"].format(names=tied, goal=PHRASES[f"goal_{decision.objective}"], **values)


def taking_part(decision: Decision) -> list[SystemDecision]:
    """List the systems that are judged."""
    return [each for each in decision.systems if not each.apart]


def selected(decision: Decision) -> SystemDecision | None:
    """Return the advised system; None where none is advised."""
    return None if decision.chosen is None else decision.of(decision.chosen)


def open_rivals(decision: Decision) -> list[SystemDecision]:
    """List the systems that may qualify and would then be better than the advised one, by estimate."""
    chosen = selected(decision)
    if chosen is None or not decision.settings.requirements:
        return []
    return [
        each
        for each in taking_part(decision)
        if not each.useless
        and not each.counted
        and each.qualifies is not Qualifies.NO
        and _loss(decision, each) < _loss(decision, chosen)
    ]


def cheaper_in_doubt(decision: Decision) -> list[SystemDecision]:
    """List the systems in doubt that cost less per right answer than the advised one."""
    chosen = selected(decision)
    if chosen is None or chosen.cost_per_correct is None:
        return []
    least = chosen.cost_per_correct.estimate
    return [
        each
        for each in taking_part(decision)
        if each.useless and each.cost_per_correct is not None and each.cost_per_correct.estimate < least
    ]


def _loss(decision: Decision, system: SystemDecision) -> float:
    if decision.objective == "benefit":
        return float("inf") if system.benefit is None else -system.benefit.estimate
    if decision.objective == "accuracy":
        return float("inf") if system.accuracy is None else -system.accuracy.estimate
    return float("inf") if system.cost_per_request is None else system.cost_per_request.estimate


def currency_of(decision: Decision) -> str:
    """Return the currency of a decision about money; empty where it is about joules or grams."""
    return decision.label if decision.unit is CostUnit.MONEY else ""


def more_items(count: int) -> str:
    """Say how many more items, with three digits at most: ``about 70,700 more items``; of fewer than ten, a few."""
    if count < FEW_ITEMS:
        return PHRASES["few_items"]
    return PHRASES["more_items"].format(count=f"{count:,}" if count < 1000 else units.roughly(count))


def _choose(decision: Decision, pair: Between, names: Mapping[str, str], provenance: str) -> str:
    """Name the two systems between which a reader chooses, and the price of a right answer that decides."""
    words = right_words(decision, provenance)

    def amount(name: str) -> str:
        cost = decision.of(name).cost_per_correct
        return words.amount(None if cost is None else cost.estimate)

    def choice(name: str, cost: str) -> str:
        accuracy = decision.of(name).accuracy
        right = units.percent(None if accuracy is None else accuracy.estimate)
        return PHRASES["choice"].format(name=names[name], accuracy=right, cost=cost)

    text = _price(words, pair.first.estimate, pair.last.estimate)
    others = [
        _price(cost_words(each.unit, each.label, ()), each.first * words.factor, each.last * words.factor)
        for each in pair.others
    ]
    if others:
        text = PHRASES["or_in"].format(price=text, others=", ".join(others))
    return PHRASES["choose"].format(
        cheaper=choice(pair.cheaper, words.of_right_answers(amount(pair.cheaper))),
        dearer=choice(pair.dearer, amount(pair.dearer)),
        further=PHRASES["further_many" if words.many else "further"].format(many=words.many),
        price=words.qualified(text),
    )


def _price(words: CostWords, first: float, last: float) -> str:
    low, high = words.amount(first), words.amount(last)
    if low == high:
        return low
    if low.rpartition(" ")[2] == high.rpartition(" ")[2]:  # the unit is said once
        low = low.rpartition(" ")[0]
    return PHRASES["from_to"].format(low=low, high=high)


def _fits(decision: Decision, chosen: SystemDecision, provenance: str) -> str:
    """Describe how the chosen system fits, in words that follow ``it``."""
    accuracy = units.percent(None if chosen.accuracy is None else chosen.accuracy.estimate)
    alone = len(taking_part(decision)) < 2 or len(decision.best) > 1
    if decision.objective == "prices":
        words = right_words(decision, provenance)
        cost = None if chosen.cost_per_correct is None else chosen.cost_per_correct.estimate
        of_right = words.qualified(words.of_right_answers(words.amount(cost)))
        fits = PHRASES["is_accurate" if alone else "most_accurate"].format(accuracy=accuracy)
        best = not alone and not cheaper_in_doubt(decision)
        return PHRASES["best_of_both" if best else "at_cost"].format(fits=fits, accuracy=accuracy, cost=of_right)
    if decision.objective == "benefit" and chosen.benefit is not None:
        return _benefit(decision, chosen.benefit)
    fits = _required(decision, chosen, accuracy, alone=alone)
    if chosen.cost_per_request is None or decision.unit is None or _says_cost(decision, chosen.checks):
        return fits
    words = request_words(decision, provenance)
    cost_text = words.qualified(words.of_requests(words.amount(chosen.cost_per_request.estimate)))
    return PHRASES["at_cost"].format(fits=fits, cost=cost_text)


def _required(decision: Decision, chosen: SystemDecision, accuracy: str, *, alone: bool) -> str:
    """Say how the chosen system meets the requirements."""
    currency = currency_of(decision)
    if len(chosen.checks) > 1:
        return PHRASES["meets_both" if len(chosen.checks) == 2 else "meets_all"].format(count=len(chosen.checks))
    if not chosen.checks:
        return PHRASES["is_accurate" if alone else "most_accurate"].format(accuracy=accuracy)
    only = chosen.checks[0]
    needed = PHRASES["share_needed"] if only.within is not None else bound_text(only.requirement, currency)
    if only.requirement.quantity in _QUANTITIES.values():
        return needs_text(only, currency)
    if _is_overall_accuracy(only):
        return PHRASES["is_required"].format(accuracy=accuracy, shown=bad_side_text(only, only.low), needed=needed)
    return PHRASES["has_required"].format(figure=bounded_text(only, currency), needed=needed)


_QUANTITIES = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "grams", CostUnit.MONEY: "cost"}
"""What a requirement on costs in a unit is called."""


def _says_cost(decision: Decision, checks: Sequence[Check]) -> bool:
    return (
        len(checks) == 1
        and decision.unit in _QUANTITIES
        and checks[0].requirement.quantity == _QUANTITIES[decision.unit]
    )


def _is_overall_accuracy(check: Check) -> bool:
    return check.requirement.quantity == "accuracy" and check.requirement.domain is None


def _benefit(decision: Decision, benefit: Interval) -> str:
    words = benefit_words(decision)
    text = words.of_requests(words.bounds(benefit))
    return PHRASES["has_loss" if benefit.estimate < 0 else "has_benefit"].format(benefit=text)


def _rest(decision: Decision, chosen: SystemDecision, names: Mapping[str, str], phrases: Mapping[str, str]) -> str:
    """Describe the other systems, in a clause that begins with its punctuation."""
    others = [each for each in taking_part(decision) if each is not chosen]
    if not others:
        return phrases["only_one" if len(decision.systems) == 1 else "only_comparable"]
    unknown = _costs_unknown(decision)
    rivals = open_rivals(decision)
    if rivals:
        key = "may_too_cheaper" if decision.objective == "cost" else "may_too"
        return unknown + PHRASES[key].format(names=units.named([names[each.system] for each in rivals], "or", 1))
    if decision.objective == "prices":
        doubted = [names[each.system] for each in cheaper_in_doubt(decision)]
        key = "but_in_doubt" if len(doubted) == 1 else "but_several_in_doubt"
        return PHRASES[key].format(names=units.named(doubted, "and", 1)) if doubted else ""
    if decision.objective == "benefit":
        return unknown
    counted = [each for each in others if each.counted and not each.useless]
    if not counted:
        return unknown + (phrases["none_meets_it" if len(chosen.checks) == 1 else "none_meets_them"])
    untied = [each for each in counted if each.system not in decision.best]
    return unknown + (_next(decision, untied[0], names, phrases) if untied else "")


def _costs_unknown(decision: Decision) -> str:
    return PHRASES["costs_unknown"] if decision.objective == "accuracy" and decision.why_no_cost else ""


def _next(decision: Decision, rival: SystemDecision, names: Mapping[str, str], phrases: Mapping[str, str]) -> str:
    if decision.objective == "cost" and rival.cost_per_request is not None:
        figure = request_words(decision).amount(rival.cost_per_request.estimate)
    elif decision.objective == "accuracy" and rival.accuracy is not None:
        figure = units.percent(rival.accuracy.estimate)
    else:
        return ""
    return phrases["next"].format(name=names[rival.system], figure=figure)


def _none(decision: Decision, names: Mapping[str, str], phrases: Mapping[str, str]) -> str:
    """Say that no system is advised, which one is surest, and how many more items would decide."""
    if decision.surest is None:
        unscored = all(each.accuracy is None for each in taking_part(decision))
        reason = decision.why_none or PHRASES["unscored" if unscored else "nothing"]
        return PHRASES["none"].format(reason=reason)
    surest, currency = decision.of(decision.surest), currency_of(decision)
    failed = surest.qualifies is Qualifies.NO
    first = PHRASES["run_none"] if decision.items_to_decide is None else PHRASES["ask_more"].format(
        items=more_items(decision.items_to_decide)
    )  # fmt: skip
    if len(surest.checks) == 1:
        only = surest.checks[0]
        shown = ""
        if _is_overall_accuracy(only):
            bound = shown_text(only) if failed else bad_side_text(only, surest.counted_bounds[0])
            if not failed and decision.choice_of > 1:
                bound = PHRASES["chosen_among"].format(shown=bound, count=decision.choice_of)
            shown = PHRASES["in_brackets"].format(figure=units.percent(only.estimate), bound=bound)
        return phrases["none_has" if failed else "none_shown"].format(
            first=first, required=full_text(only.requirement, currency), name=names[surest.system], shown=shown
        )
    lacking = [each for each in surest.checks if each.outcome is (Qualifies.NO if failed else Qualifies.MAY)]
    quantities = units.listed([quantity_text(each.requirement) for each in lacking or surest.checks])
    return phrases["none_meets" if failed else "none_shown_all"].format(
        first=first, count=len(surest.checks), name=names[surest.system], quantities=quantities
    )


def leaders_off_hull(decision: Decision) -> list[tuple[str, float, float]]:
    """List the systems off the hull that lead in a range of worths of a right answer, each with the range's ends."""
    line = on_hull(decision.hull)
    return [
        (one.system, one.from_worth, following.from_worth)
        for one, following in pairwise(decision.leaders)
        if one.system not in line
    ]


def on_hull(hull: Sequence[HullStep]) -> tuple[str, ...]:
    """List the systems along the hull, the cheapest first."""
    return (hull[0].cheaper, *(step.dearer for step in hull)) if hull else ()


def may_be_worth(decision: Decision, system: SystemDecision) -> bool:
    """Return whether a system off the hull can be the best choice at some worth of a right answer, as far as is known.

    It is not, where it is excluded from the Pareto front, or where the printed intervals of another system are better
    in accuracy and in cost per right answer.
    """
    others = [each for each in taking_part(decision) if each is not system and not each.useless]
    return (
        not system.useless
        and bool(system.not_excluded_from_front)
        and not any(
            _is_above(each.accuracy, system.accuracy) and _is_above(system.cost_per_correct, each.cost_per_correct)
            for each in others
        )
    )


def _is_above(one: Interval | None, other: Interval | None) -> bool:
    return one is not None and other is not None and one.low >= other.high
