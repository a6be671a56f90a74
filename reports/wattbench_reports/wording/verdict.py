"""The verdict's headline and its two answers, in words. The page's script says the same for other settings, in the
same words: `PHRASES` are carried by the page, and what is decided here is decided there
(`reports/wattbench_reports/html/whatif/whatif.js`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.comparison.ranking import AccuracyOrder, EnergyOrder, Ranking
from wattbench_reports.formatting import units
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.tables.provenance import is_modelled, qualified

LISTED = 3
"""So many names a sentence can hold."""

PHRASES = {
    "run": "Run {name}: {why}.",
    "both": "the fewest joules per correct answer, and the most accurate",
    "thriftiest": "the fewest joules per correct answer, and none is shown to be more accurate",
    "most_accurate": "the most accurate, and none is shown to need fewer joules per correct answer",
    "neither": "none is shown to need fewer joules per correct answer, and none to be more accurate",
    "close": "Too close to call between {names}: neither joules per correct answer nor accuracy tells them apart.",
    "split": "To save energy run {thrifty}; for accuracy run {accurate}.",
    "only": "Only {name} can be judged on energy: there is nothing to set beside it.",
    "no_energy": "No verdict on energy, as {reason}; {name} is the most accurate.",
    "no_verdict": "No verdict on energy, as {reason}; accuracy does not decide between {names}.",
    "below": "{best} is below {next} with a probability of {sure}",
    "ahead": "{best} is ahead of {next} by {points}",
    "alone_by_energy": "no other system can be ranked",
    "alone": "no other system to compare with",
    "any_of": "{name} or any of {count} others",
    "others": "{count} others",
    "untold": "Cannot be told",
    "several": "joules of different provenance",
    "without": "no valid energy figures",
    "none_correct": "none correct",
    "choose": " {clauses}: choose by domain.",
}


@dataclass(frozen=True)
class Pick:
    """One question and its answer, for those who read nothing else."""

    question: str
    answer: str
    """A system, or those that cannot be told apart."""
    figure: str
    """The figure of the first of them, with its interval."""
    how_sure: str


def headline(ranking: Ranking, called: Mapping[str, str]) -> str:
    """What to run, in a sentence or two.

    Args:
        ranking: of some candidates.
        called: each candidate's name with its kind.
    """
    return _headline(ranking, called) + reservation(ranking)


def _headline(ranking: Ranking, called: Mapping[str, str]) -> str:
    accuracy = ranking.accuracy
    if accuracy is None:
        return "Nothing was answered, so there is nothing to choose."
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
    """Why there is not one order by energy."""
    return "joules came about in different ways" if ranking.energy else "no system has valid energy figures"


def reservation(ranking: Ranking) -> str:
    """A second sentence for a headline that rests on a formula."""
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
    """The headline in a few words, for a table."""
    if len(ranking.energy) != 1 or ranking.accuracy is None or not ranking.energy[0].rivals:
        return "no verdict"
    if ranking.choices:
        return either(ranking.choices, called)
    energy, accuracy = ranking.energy[0].contenders, ranking.accuracy.contenders
    return f"{either(energy, called)} to save energy, {either(accuracy, called)} for accuracy"


def energy_pick(ranking: Ranking, measured: Mapping[str, Measures], called: Mapping[str, str]) -> Pick:
    """Who needs the fewest joules per correct answer."""
    question = "Fewest joules per correct answer"
    if len(ranking.energy) != 1:
        why = PHRASES["several"] if ranking.energy else PHRASES["without"]
        return Pick(question, PHRASES["untold"], units.NONE, why)
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
    """Who is the most accurate; nobody where nothing was answered."""
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
    """``a``, ``a or b``, ``a, b or c``; the best and a count where a list would no longer be read."""
    if len(names) > LISTED:
        return PHRASES["any_of"].format(name=called[names[0]], count=len(names) - 1)
    return units.listed([called[name] for name in names], "or")


def first(clauses: Sequence[str]) -> str:
    """A list short enough to be read in a sentence; the tables hold the rest."""
    if len(clauses) <= LISTED:
        return units.listed(clauses)
    return units.listed([*clauses[: LISTED - 1], PHRASES["others"].format(count=len(clauses) - LISTED + 1)])
