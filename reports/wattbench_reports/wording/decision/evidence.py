"""Give the evidence of a decision in a few short sentences."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.decision.model import Check, Decision, Qualifies, SystemDecision, WhichRun
from wattbench_reports.formatting import units
from wattbench_reports.wording.decision.advice import currency_of, more_items, taking_part
from wattbench_reports.wording.decision.costs import right_words
from wattbench_reports.wording.decision.phrases import ASK, PHRASES
from wattbench_reports.wording.decision.requirements import bad_side_text, figure_text, range_text, required_text


def evidence(decision: Decision, ask: str = ASK) -> tuple[str, ...]:
    """Return short sentences: what decides, ties, the risk, who may qualify, and who is not judged.

    Args:
        decision: from `wattbench_reports.decision.decide`.
        ask: what the reader can do where nothing is required, as a clause.
    """
    sentences = [PHRASES["ask"].format(ask=ask)] if decision.between is not None else []
    return (*sentences, *(sentence for part in _PARTS for sentence in part(decision)))


def _ties(decision: Decision) -> Iterator[str]:
    if len(decision.best) > 1:
        items = "" if decision.items_to_decide is None else more_items(decision.items_to_decide)
        goal, names = PHRASES[f"goal_{decision.objective}"], units.named(decision.best)
        yield PHRASES["tie_items" if items else "tie"].format(goal=goal, names=names, items=items)


def _risk(decision: Decision) -> Iterator[str]:
    """Say the risk of the requirements, and the bounds of the chosen or surest system as one chosen from several."""
    if not decision.settings.requirements:
        return
    yield PHRASES["risk"].format(risk=units.percent_of(decision.settings.risk))
    name = decision.chosen or decision.surest
    system = None if name is None else decision.of(name)
    if system is not None and system.qualifies is not Qualifies.NO and decision.choice_of > 1:
        pairs = zip(system.checks, system.counted_bounds, strict=True)
        counted = units.listed([bad_side_text(check, bound, currency_of(decision)) for check, bound in pairs])
        yield PHRASES["counted"].format(count=decision.choice_of, name=system.system, counted=counted)


def _open(decision: Decision) -> Iterator[str]:
    for each in [each for each in taking_part(decision) if each.qualifies is Qualifies.MAY][: units.NAMED]:
        figures = [_figure(check, currency_of(decision)) for check in each.checks if check.outcome is Qualifies.MAY]
        if figures:
            yield PHRASES["may_meet"].format(name=each.system, figures=units.listed(figures))


def _of_which_run(decision: Decision) -> Iterator[str]:
    """Say whether bounds on energy and time hold for this run alone, or for another run too."""
    for machine, phrase in ((WhichRun.THIS_RUN, "of_this_run"), (WhichRun.ANOTHER_RUN, "of_another_run")):
        checks = (check for each in taking_part(decision) for check in each.checks if check.machine is machine)
        bounds = list(dict.fromkeys(PHRASES[f"quantity_{check.requirement.quantity}"] for check in checks))
        if bounds:
            yield PHRASES[phrase].format(bounds=units.listed(bounds), sessions=decision.sessions)


def _figure(check: Check, currency: str) -> str:
    figure = figure_text(check, currency)
    if check.low is None:
        return figure if not check.reason else PHRASES["because"].format(names=figure, reason=check.reason)
    values = {"figure": figure, "bounds": range_text(check, currency), "required": _required(check, currency)}
    if check.items_to_decide is None:
        return PHRASES["with"].format(**values)
    return PHRASES["with_items"].format(**values, items=more_items(check.items_to_decide))


def _required(check: Check, currency: str) -> str:
    if check.within is not None:
        return PHRASES["at_least"].format(bound=PHRASES["share_needed"])
    return required_text(check.requirement, currency)


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
    """Name the better choice once a right answer is worth more, where accuracy is not required."""
    if decision.objective != "cost" or any(each.quantity == "accuracy" for each in decision.settings.requirements):
        return
    leaders = [leader.system for leader in decision.leaders]
    if decision.chosen in leaders[:-1]:
        after = decision.leaders[leaders.index(decision.chosen) + 1]
        words = right_words(decision)
        price = words.of_right_answers(words.amount(after.from_worth))
        yield PHRASES["no_accuracy"].format(name=after.system, price=price)


def _leaders(decision: Decision) -> Iterator[str]:
    """Say from which worth of a right answer each system is the best by estimate."""
    if decision.objective != "prices" or len(decision.leaders) < 2:
        return
    words = right_words(decision)
    first, *more = decision.leaders
    clauses = [PHRASES["leads_first"].format(name=first.system)]
    for leader in more:
        price = words.of_right_answers(words.amount(leader.from_worth))
        clauses.append(PHRASES["leads_from"].format(name=leader.system, price=price))
    yield PHRASES["leads"].format(clauses=", ".join(clauses))


def _no_costs(decision: Decision) -> Iterator[str]:
    if decision.objective == "accuracy" and decision.why_no_cost:
        yield PHRASES["no_costs"].format(reason=decision.why_no_cost)


def _apart(decision: Decision) -> Iterator[str]:
    """Name the systems that are not judged, and why, where the table has no column for it."""
    if decision.settings.requirements or decision.objective == "prices":
        return
    by: dict[str, list[str]] = {}
    apart: list[SystemDecision] = [each for each in decision.systems if each.apart]
    for each in apart:
        by.setdefault(each.apart, []).append(each.system)
    if by:
        clauses = [PHRASES["because"].format(names=units.named(names), reason=reason) for reason, names in by.items()]
        yield PHRASES["not_judged"].format(clauses="; ".join(clauses))


_PARTS = (_ties, _risk, _no_accuracy, _open, _of_which_run, _useless, _leaders, _no_costs, _apart)
