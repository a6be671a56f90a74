"""Give the evidence of a decision in a few short sentences."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.decision.best import FEWEST_ITEMS
from wattbench_reports.decision.model import Check, Decision, Qualifies, SystemDecision, WhichRun
from wattbench_reports.formatting import units
from wattbench_reports.wording.decision.advice import currency_of, taking_part, tied_for_best
from wattbench_reports.wording.decision.costs import benefit_words, request_words, right_words
from wattbench_reports.wording.decision.phrases import PHRASES
from wattbench_reports.wording.decision.requirements import figure_text, required_text

FEW_ITEMS = 10


def evidence(decision: Decision) -> tuple[str, ...]:
    """Return short sentences: ties, probability of being best, regret, who may qualify, and who is not judged."""
    return tuple(sentence for part in _PARTS for sentence in part(decision))


def _ties(decision: Decision) -> Iterator[str]:
    items = "" if decision.items_to_decide is None else more_items(decision.items_to_decide)
    if len(decision.best) > 1 and len(tied_for_best(decision)) == len(decision.best):
        goal, names = PHRASES[f"goal_{decision.objective}"], units.named(decision.best)
        yield PHRASES["tie_items" if items else "tie"].format(goal=goal, names=names, items=items)
    elif len(decision.best) > 1 and items:
        yield PHRASES["leave_one"].format(names=units.named(decision.best), items=items)


def _sure(decision: Decision) -> Iterator[str]:
    chosen = next((each for each in decision.systems if each.system == decision.chosen), None)
    others = [each for each in taking_part(decision) if each is not chosen]
    if chosen is None or chosen.regret is None or not others:
        return
    if decision.objective == "accuracy":
        regret = units.points(chosen.regret)
    else:
        words = benefit_words(decision) if decision.objective == "benefit" else request_words(decision)
        regret = words.of_requests(words.amount(chosen.regret))
    if chosen.p_best is None:
        yield PHRASES["regret"].format(name=chosen.system, regret=regret, fewest=FEWEST_ITEMS)
    else:
        yield PHRASES["sure"].format(name=chosen.system, sure=units.certainty(chosen.p_best), regret=regret)
    if decision.machine is WhichRun.ANOTHER_RUN:
        yield PHRASES["sure_of_another_run"].format(sessions=decision.sessions)


def _open(decision: Decision) -> Iterator[str]:
    for each in [each for each in taking_part(decision) if each.qualifies is Qualifies.MAY][: units.NAMED]:
        figures = [_figure(check, currency_of(decision)) for check in each.checks if check.outcome is Qualifies.MAY]
        if figures:
            yield PHRASES["may_meet"].format(name=each.system, figures=units.listed(figures))


def _of_which_run(decision: Decision) -> Iterator[str]:
    """Say of which machine it is whether a bound on energy or time is kept: as it was in this run, or in another."""
    for machine, phrase in ((WhichRun.THIS_RUN, "of_this_run"), (WhichRun.ANOTHER_RUN, "of_another_run")):
        checks = (check for each in taking_part(decision) for check in each.checks if check.machine is machine)
        bounds = list(dict.fromkeys(PHRASES[f"quantity_{check.requirement.quantity}"] for check in checks))
        if bounds:
            yield PHRASES[phrase].format(bounds=units.listed(bounds), sessions=decision.sessions)


def _figure(check: Check, currency: str) -> str:
    figure = figure_text(check, currency)
    if check.estimate is None or check.p_met is None:
        return figure if not check.reason else PHRASES["because"].format(names=figure, reason=check.reason)
    required, sure = required_text(check.requirement, currency), units.certainty(check.p_met)
    if check.items_to_decide is None:
        return PHRASES["with"].format(figure=figure, required=required, sure=sure)
    items = more_items(check.items_to_decide)
    return PHRASES["with_items"].format(figure=figure, required=required, sure=sure, items=items)


def more_items(count: int) -> str:
    """Say how many more items, with three digits at most: ``about 70,700 more items``; of fewer than ten, a few."""
    if count < FEW_ITEMS:
        return PHRASES["few_items"]
    return PHRASES["more_items"].format(count=f"{count:,}" if count < 1000 else units.roughly(count))


def _useless(decision: Decision) -> Iterator[str]:
    by: dict[str, list[str]] = {}
    for each in taking_part(decision):
        if each.useless:
            by.setdefault(each.useless, []).append(each.system)
    for useless, names in by.items():
        yield PHRASES["useless_one" if len(names) == 1 else "useless_several"].format(
            names=units.named(names), useless=useless
        )


def _no_accuracy(decision: Decision) -> Iterator[str]:
    """Say what the least cost leaves out where accuracy is not required: which system a right answer may be worth."""
    if decision.objective != "cost" or decision.acceptability is None:
        return
    if any(each.quantity == "accuracy" for each in decision.settings.requirements):
        return
    leaders = [leader.system for leader in decision.acceptability.leaders]
    if decision.chosen in leaders[:-1]:
        after = decision.acceptability.leaders[leaders.index(decision.chosen) + 1]
        words = right_words(decision)
        price = words.of_right_answers(words.amount(after.from_worth))
        yield PHRASES["no_accuracy"].format(name=after.system, price=price)


def _leaders(decision: Decision) -> Iterator[str]:
    """Say from which worth of a right answer on each system is the best by estimate."""
    if decision.objective != "prices" or decision.acceptability is None or len(decision.acceptability.leaders) < 2:
        return
    words = right_words(decision)
    first, *more = decision.acceptability.leaders
    clauses = [PHRASES["leads_first"].format(name=first.system)]
    for leader in more:
        price = words.of_right_answers(words.amount(leader.from_worth))
        clauses.append(PHRASES["leads_from"].format(name=leader.system, price=price))
    yield PHRASES["leads"].format(clauses=", ".join(clauses))


def _apart(decision: Decision) -> Iterator[str]:
    """Say who is not judged, and why, where the table has no column that says it."""
    if decision.settings.requirements or decision.objective == "prices":
        return
    by: dict[str, list[str]] = {}
    apart: list[SystemDecision] = [each for each in decision.systems if each.apart]
    for each in apart:
        by.setdefault(each.apart, []).append(each.system)
    if by:
        clauses = [PHRASES["because"].format(names=units.named(names), reason=reason) for reason, names in by.items()]
        yield PHRASES["not_judged"].format(clauses="; ".join(clauses))


_PARTS = (_ties, _sure, _no_accuracy, _open, _of_which_run, _useless, _leaders, _apart)
