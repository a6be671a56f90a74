"""The verdict's sentences and its two answers, and domains in which a recommended system fails.

The page's script states the same for other settings with the same sentences: the page embeds `PHRASES`, and the
decisions made here are repeated in `reports/wattbench_reports/html/whatif/script/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.comparison.ranking import AccuracyOrder, EnergyOrder, Ranking
from wattbench_reports.formatting import units
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.tables.provenance import is_modelled, qualified

LISTED = 3
"""The number of names that a sentence lists at most."""

PHRASES = {
    "run": "{name}: {why}.",
    "both": "fewest joules per correct answer and highest accuracy",
    "thriftiest": "fewest joules per correct answer, statistically tied for highest accuracy",
    "most_accurate": "highest accuracy, statistically tied for fewest joules per correct answer",
    "neither": "statistically tied for fewest joules per correct answer and for highest accuracy",
    "close": "Statistical tie on joules per correct answer and on accuracy: {names}.",
    "split": "Fewest joules per correct answer: {thrifty}; highest accuracy: {accurate}.",
    "only": "Only {name} can be ranked by energy: there is no other system to compare it with.",
    "no_energy": "No energy verdict, because {reason}; {name} is the most accurate.",
    "no_verdict": "No energy verdict, because {reason}; accuracy is a statistical tie between {names}.",
    "below": "{best} is lower than {next} with a probability of {sure}",
    "ahead": "{best} is ahead of {next} by {points}",
    "alone_by_energy": "no other system can be ranked",
    "alone": "no other system to compare with",
    "any_of": "{name} or any of {count} others",
    "others": "{count} others",
    "not_available": "Not available",
    "several": "joules of different provenance",
    "without": "no valid energy data",
    "none_correct": "none correct",
    "choose": " {clauses}: choose by domain.",
}


@dataclass(frozen=True)
class Pick:
    """One question of the summary and its answer."""

    question: str
    answer: str
    """A system, or those that are statistically tied."""
    figure: str
    """The metric of the first of them, with its confidence interval."""
    how_sure: str


def headline(ranking: Ranking, called: Mapping[str, str]) -> str:
    """Say which system has the fewest joules per correct answer and which the highest accuracy, in a sentence or two.

    Args:
        ranking: of some candidates.
        called: each candidate's name with its kind.
    """
    return _headline(ranking, called) + reservation(ranking)


def _headline(ranking: Ranking, called: Mapping[str, str]) -> str:
    accuracy = ranking.accuracy
    if accuracy is None:
        return "No system answered any item, so there is nothing to choose from."
    if len(ranking.energy) != 1:
        reason, accurate = why_no_energy(ranking), accuracy.contenders
        if len(accurate) == 1:
            return PHRASES["no_energy"].format(reason=reason, name=called[accuracy.best])
        return PHRASES["no_verdict"].format(reason=reason, names=first([called[name] for name in accurate]))
    energy = ranking.energy[0]
    if not energy.rivals:
        return PHRASES["only"].format(name=called[energy.best])
    choices = ranking.choices
    if len(choices) > 1:
        return PHRASES["close"].format(names=first([called[name] for name in choices]))
    if not choices:
        thrifty, precise = either(energy.contenders, called), either(accuracy.contenders, called)
        return PHRASES["split"].format(thrifty=thrifty, accurate=precise)
    return PHRASES["run"].format(name=called[choices[0]], why=PHRASES[_why(choices[0], energy, accuracy)])


def why_no_energy(ranking: Ranking) -> str:
    """Say why there is no single ranking by energy."""
    return "the joules are not comparable" if ranking.energy else "no system has valid energy data"


def reservation(ranking: Ranking) -> str:
    """Say that the joules are modelled, where they are; empty otherwise."""
    if len(ranking.energy) != 1 or not is_modelled(ranking.energy[0].provenance):
        return ""
    partly = "" if ranking.energy[0].provenance == "modelled" else "partly "
    return f" The joules are {partly}modelled, not measured."


def _why(choice: str, energy: EnergyOrder, accuracy: AccuracyOrder) -> str:
    thriftiest, most_accurate = energy.contenders == (choice,), accuracy.contenders == (choice,)
    if thriftiest and most_accurate:
        return "both"
    if thriftiest:
        return "thriftiest"
    return "most_accurate" if most_accurate else "neither"


def choice(ranking: Ranking, called: Mapping[str, str]) -> str:
    """Shorten the headline to a few words, for a table."""
    if len(ranking.energy) != 1 or ranking.accuracy is None or not ranking.energy[0].rivals:
        return "no verdict"
    if ranking.choices:
        return either(ranking.choices, called)
    energy, accuracy = ranking.energy[0].contenders, ranking.accuracy.contenders
    return f"{either(energy, called)} for energy, {either(accuracy, called)} for accuracy"


def energy_pick(ranking: Ranking, measured: Mapping[str, Measures], called: Mapping[str, str]) -> Pick:
    """Name the system with the fewest joules per correct answer."""
    question = "Fewest joules per correct answer"
    if len(ranking.energy) != 1:
        why = PHRASES["several"] if ranking.energy else PHRASES["without"]
        return Pick(question, PHRASES["not_available"], units.NONE, why)
    order = ranking.energy[0]
    joules = units.quantity_interval(measured[order.best].j_per_correct, "J")
    figure = f"{joules}, {qualified(order.provenance)}"
    if not order.rivals:
        return Pick(question, called[order.best], figure, PHRASES["alone_by_energy"])
    rival = order.rivals[0]
    sure = PHRASES["below"].format(best=order.best, next=rival.system, sure=units.certainty(rival.probability))
    return Pick(question, either(order.contenders, called), figure, sure)


def accuracy_pick(
    order: AccuracyOrder | None, measured: Mapping[str, Measures], called: Mapping[str, str]
) -> tuple[Pick, ...]:
    """Name the most accurate system; empty where nothing was answered."""
    if order is None:
        return ()
    figure = units.percent_interval(measured[order.best].accuracy)
    if not order.rivals or order.rivals[0].difference is None:
        return (Pick("Most accurate", called[order.best], figure, PHRASES["alone"]),)
    rival = order.rivals[0]
    points = units.points_interval(order.rivals[0].difference)
    sure = PHRASES["ahead"].format(best=order.best, next=rival.system, points=points)
    return (Pick("Most accurate", either(order.contenders, called), figure, sure),)


def either(names: Sequence[str], called: Mapping[str, str]) -> str:
    """List alternatives, such as ``a, b or c``; if there are many, the first and a count of the others."""
    if len(names) > LISTED:
        return PHRASES["any_of"].format(name=called[names[0]], count=len(names) - 1)
    return units.listed([called[name] for name in names], "or")


def first(clauses: Sequence[str]) -> str:
    """List the first few names and count the others."""
    if len(clauses) <= LISTED:
        return units.listed(clauses)
    return units.listed([*clauses[: LISTED - 1], PHRASES["others"].format(count=len(clauses) - LISTED + 1)])


WEAK = 0.5
"""A system below this share of the best accuracy in a domain is weak there, if it is shown to be less accurate."""

NAMED = 3
"""With more systems in the headline than this, their weak domains are not listed."""


def blind_spots(
    ranking: Ranking, by_domain: Mapping[str, Ranking], measured: Mapping[str, Mapping[str, Measures]]
) -> str:
    """Name the domains in which systems of the headline fail; empty without any.

    Args:
        ranking: over all items.
        by_domain: the ranking in each domain.
        measured: each domain's metrics.
    """
    if len(ranking.energy) != 1 or ranking.accuracy is None or not ranking.energy[0].rivals:
        return ""
    named = ranking.choices or (*ranking.energy[0].contenders, *ranking.accuracy.contenders)
    if len(named) > NAMED:
        return ""
    clauses = [clause for name in named if (clause := fails(name, by_domain, measured))]
    return PHRASES["choose"].format(clauses="; ".join(clauses)) if clauses else ""


def fails(name: str, by_domain: Mapping[str, Ranking], measured: Mapping[str, Mapping[str, Measures]]) -> str:
    """Name the domains in which a system fails, as a clause; empty if it fails in none or in all."""
    blind, weak = [], []
    for domain, ranking in by_domain.items():
        accuracy, order = measured[domain][name].accuracy, ranking.accuracy
        if accuracy is None or order is None:
            continue
        best = measured[domain][order.best].accuracy
        if accuracy.estimate == 0:
            blind.append(domain)
        elif best is not None and accuracy.estimate < WEAK * best.estimate and name not in order.contenders:
            weak.append(domain)
    if len(blind) + len(weak) == len(by_domain):  # no better in one domain than in another: nothing to choose by
        return ""
    clauses = [f"answers no item correctly in {units.named(blind)}"] if blind else []
    if weak:
        clauses.append(f"has less than half the accuracy of the best system in {units.named(weak)}")
    return f"{name} {' and '.join(clauses)}" if clauses else ""
