"""The verdict in words: which system to run, how sure that is, and who comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports import units
from reports.comparability import ACCURACY, groups
from reports.compare import Analysis
from reports.measures import Measures
from reports.panels.blindspots import blind_spots
from reports.provenance import is_modelled, qualified
from reports.ranking import AccuracyOrder, EnergyOrder, LeftOut, Ranking, Trade, rank
from reports.stats import Interval

_LISTED = 3
"""So many names a sentence can hold."""


@dataclass(frozen=True)
class Pick:
    """One question and its answer, for those who read nothing else."""

    question: str
    answer: str
    """A system, or those that cannot be told apart."""
    figure: str
    """The figure of the first of them, with its interval."""
    how_sure: str


@dataclass(frozen=True)
class Verdict:
    """What to run, over all items or in one domain."""

    domain: str | None
    choice: str
    """The headline in a few words, for a table."""
    headline: str
    picks: tuple[Pick, ...]
    sentences: tuple[str, ...]


def verdicts(analysis: Analysis) -> tuple[Verdict, ...]:
    """The verdict over all items first, then one per domain where there are several. What is said there of all items
    is not said again in each domain. Yardsticks take no part."""
    eligible = {name: each for name, each in analysis.measured.items() if name not in analysis.yardsticks}
    if not eligible:
        return (Verdict(None, units.NONE, "Only yardsticks took part, so there is nothing to choose.", (), ()),)
    candidates = {name: each for name, each in eligible.items() if name not in analysis.not_held}
    if not candidates:
        return (Verdict(None, "no verdict", "No system holds any rate that was offered: none is ranked.", (), ()),)
    candidates, apart = _same_work(analysis, candidates)
    called = _called({name: analysis.kinds[name] for name in candidates})
    ranking = rank(analysis.pairs(), candidates, analysis.judged, groups=analysis.energy_groups)
    overall = verdict(ranking, candidates, called)
    overall = replace(overall, sentences=(*overall.sentences, *apart))
    if len(analysis.by_domain) < 2:
        return (overall,)
    each, rankings = [], {}
    for domain, everyone in analysis.by_domain.items():
        figures = {name: everyone[name] for name in candidates}
        rankings[domain] = rank(analysis.pairs(domain), figures, analysis.judged, domain, groups=analysis.energy_groups)
        found = verdict(rankings[domain], figures, called)
        new = tuple(sentence for sentence in found.sentences if sentence not in overall.sentences)
        each.append(replace(found, sentences=new))
    spots = blind_spots(ranking, rankings, analysis.by_domain)
    return (replace(overall, headline=overall.headline + spots), *each)


def verdict(ranking: Ranking, measured: Mapping[str, Measures], called: Mapping[str, str]) -> Verdict:
    """A ranking in sentences.

    Args:
        ranking: of some candidates.
        measured: the figures that it rests on.
        called: each candidate's name with its kind.
    """
    sentences = []
    if not ranking.energy:
        sentences.append(
            "No system has both valid energy figures and a correct answer, so none can be ranked by energy."
        )
    if len(ranking.energy) > 1:
        labels = [order.provenance for order in ranking.energy]
        told = f" ({units.listed(labels)})" if _unlike(labels) else "; the section on validity says in which"
        sentences.append(
            "The systems may not all be ranked by energy against each other, because their joules came about in "
            f"different ways{told}."
        )
    alone, unlike = len(ranking.energy) == 1, _unlike([order.provenance for order in ranking.energy])
    sentences += [_energy(order, measured, alone=alone, unlike=unlike) for order in ranking.energy]
    if ranking.accuracy is not None:
        sentences.append(_accuracy(ranking.accuracy, measured))
    if ranking.trade is not None:
        sentences += _trade(ranking.trade)
    if ranking.left_out:
        sentences.append(f"Not ranked by energy: {_left_out(ranking.left_out)}.")
    picks = (_energy_pick(ranking, measured, called), *_accuracy_pick(ranking.accuracy, measured, called))
    headline = _headline(ranking, called) + _reservation(ranking)
    return Verdict(ranking.domain, _choice(ranking, called), headline, picks, tuple(sentences))


def _same_work(analysis: Analysis, candidates: Mapping[str, Measures]) -> tuple[dict[str, Measures], tuple[str, ...]]:
    """The most candidates that answered the same documents, and a sentence for those that did not."""
    sides = [[name for name in group if name in candidates] for group in groups(analysis.prints, ACCURACY)]
    most = max(sides, key=len)
    others = [name for side in sides if side is not most for name in side]
    said = (f"Not ranked at all, as the documents answered are not the same: {units.listed(others)}.",)
    return {name: candidates[name] for name in candidates if name in most}, said if others else ()


def _unlike(labels: Sequence[str]) -> bool:
    """Whether the labels tell all the orders apart."""
    return len(set(labels)) == len(labels)


def _called(kinds: Mapping[str, str]) -> dict[str, str]:
    """Each name with its kind behind it, where there are several kinds and the name does not say it already."""
    if len(set(kinds.values())) < 2:
        return {name: name for name in kinds}
    return {name: name if kind in name.casefold() else f"{name} ({kind})" for name, kind in kinds.items()}


def _left_out(gaps: Sequence[LeftOut]) -> str:
    by_reason: dict[str, list[str]] = {}
    for gap in gaps:
        by_reason.setdefault(gap.reason, []).append(gap.system)
    return units.listed([f"{units.listed(names)} ({reason})" for reason, names in by_reason.items()])


def _choice(ranking: Ranking, called: Mapping[str, str]) -> str:
    if len(ranking.energy) != 1 or ranking.accuracy is None or not ranking.energy[0].rivals:
        return "no verdict"
    if ranking.choices:
        return _either(ranking.choices, called)
    energy, accuracy = ranking.energy[0].contenders, ranking.accuracy.contenders
    return f"{_either(energy, called)} to save energy, {_either(accuracy, called)} for accuracy"


def _headline(ranking: Ranking, called: Mapping[str, str]) -> str:
    accuracy = ranking.accuracy
    if accuracy is None:
        return "Nothing was answered, so there is nothing to choose."
    if len(ranking.energy) != 1:
        reason = "joules came about in different ways" if ranking.energy else "no system has valid energy figures"
        accurate = accuracy.contenders
        if len(accurate) == 1:
            return f"No verdict on energy, as {reason}; {called[accuracy.best]} is the most accurate."
        undecided = _first([called[name] for name in accurate])
        return f"No verdict on energy, as {reason}; accuracy does not decide between {undecided}."
    energy = ranking.energy[0]
    if not energy.rivals:
        return f"Only {called[energy.best]} can be judged on energy: there is nothing to set beside it."
    choices = ranking.choices
    if len(choices) > 1:
        close = f"Too close to call between {_first([called[name] for name in choices])}"
        return f"{close}: neither joules per correct answer nor accuracy tells them apart."
    if not choices:
        thrifty, precise = _either(energy.contenders, called), _either(accuracy.contenders, called)
        return f"To save energy run {thrifty}; for accuracy run {precise}."
    return f"Run {called[choices[0]]}: {_why(choices[0], energy, accuracy)}."


def _reservation(ranking: Ranking) -> str:
    """A second sentence for a headline that rests on a formula."""
    if len(ranking.energy) != 1 or not is_modelled(ranking.energy[0].provenance):
        return ""
    partly = "" if ranking.energy[0].provenance == "modelled" else "partly "
    return f" The joules are {partly}modelled, not measured."


def _why(choice: str, energy: EnergyOrder, accuracy: AccuracyOrder) -> str:
    thriftiest, most_accurate = energy.contenders == (choice,), accuracy.contenders == (choice,)
    if thriftiest and most_accurate:
        return "the fewest joules per correct answer, and the most accurate"
    if thriftiest:
        return "the fewest joules per correct answer, and none is shown to be more accurate"
    if most_accurate:
        return "the most accurate, and none is shown to need fewer joules per correct answer"
    return "none is shown to need fewer joules per correct answer, and none to be more accurate"


def _energy(order: EnergyOrder, measured: Mapping[str, Measures], *, alone: bool, unlike: bool) -> str:
    best, label = _joules(order.best, measured), qualified(order.provenance)
    at = f"at an accuracy of {_share(order.best, measured)}"
    if not order.rivals:
        if alone:
            return f"Only {order.best} can be ranked by energy: {best} per correct answer ({label}), {at}."
        return f"{order.best} needs {best} per correct answer ({label}), {at}; no other joules came about that way."
    names = _first([order.best, *(rival.system for rival in order.rivals)])
    which = f"systems whose joules have the provenance {order.provenance}" if unlike else names
    among = "" if alone else f"Among {which}, "
    if len(order.contenders) == 1:
        rival = order.rivals[0]
        return (
            f"{among}{order.best} spends the fewest joules per correct answer: {best} ({label}), {at}. The runner-up "
            f"is {_joules_and_share(rival.system, measured)}; over the same items {order.best} is lower with a "
            f"probability of {units.certainty(rival.probability)}."
        )
    close = [
        f"{_joules_and_share(rival.system, measured)} ({units.certainty(rival.probability)})"
        for rival in order.rivals
        if not rival.beaten
    ]
    start = f"{among}{'which' if among else 'Which'} system spends the fewest joules per correct answer can't be told"
    return (
        f"{start}: {order.best} needs {best} ({label}), {at}, and is not shown to be lower than {_first(close)}; in "
        "brackets the probability that it is, over the same items."
    )


def _accuracy(order: AccuracyOrder, measured: Mapping[str, Measures]) -> str:
    best = _share(order.best, measured)
    if not order.rivals:
        return f"{order.best} answers {best} correctly; there is no other system to compare it with."
    if len(order.contenders) == 1:
        rival = order.rivals[0]
        next_best = _behind(rival.system, rival.difference, measured)
        return f"{order.best} is the most accurate at {best}; the runner-up is {next_best}."
    close = [_behind(rival.system, rival.difference, measured) for rival in order.rivals if not rival.beaten]
    return (
        f"Which system is the most accurate can't be told: {order.best} answers {best} correctly, and is not shown to "
        f"be ahead of {_first(close)}."
    )


def _behind(system: str, difference: Interval | None, measured: Mapping[str, Measures]) -> str:
    apart = "no item in common" if difference is None else f"a difference of {units.points_interval(difference)}"
    return f"{system} at {_share(system, measured)} ({apart})"


def _trade(trade: Trade) -> list[str]:
    if trade.difference is None or trade.times_the_joules is None:
        return []
    return [
        f"Against {trade.thrifty}, {trade.accurate} gains {units.points_interval(trade.difference)} of accuracy for "
        f"{units.digits(trade.times_the_joules)} times the joules per correct answer."
    ]


def _energy_pick(ranking: Ranking, measured: Mapping[str, Measures], called: Mapping[str, str]) -> Pick:
    question = "Fewest joules per correct answer"
    if len(ranking.energy) != 1:
        why = "joules of different provenance" if ranking.energy else "no valid energy figures"
        return Pick(question, "Cannot be told", units.NONE, why)
    order = ranking.energy[0]
    figure = f"{_joules(order.best, measured)}, {qualified(order.provenance)}"
    if not order.rivals:
        return Pick(question, called[order.best], figure, "no other system can be ranked")
    next_best = order.rivals[0]
    sure = f"{order.best} is below {next_best.system} with a probability of {units.certainty(next_best.probability)}"
    return Pick(question, _either(order.contenders, called), figure, sure)


def _accuracy_pick(
    order: AccuracyOrder | None, measured: Mapping[str, Measures], called: Mapping[str, str]
) -> tuple[Pick, ...]:
    if order is None:
        return ()
    figure = units.percent_interval(measured[order.best].accuracy)
    if not order.rivals or order.rivals[0].difference is None:
        return (Pick("Most accurate", called[order.best], figure, "no other system to compare with"),)
    next_best = order.rivals[0]
    sure = f"{order.best} is ahead of {next_best.system} by {units.points_interval(order.rivals[0].difference)}"
    return (Pick("Most accurate", _either(order.contenders, called), figure, sure),)


def _either(names: Sequence[str], called: Mapping[str, str]) -> str:
    """``a``, ``a or b``, ``a, b or c``; the best and a count where a list would no longer be read."""
    if len(names) > _LISTED:
        return f"{called[names[0]]} or any of {len(names) - 1} others"
    return units.listed([called[name] for name in names], "or")


def _first(clauses: Sequence[str]) -> str:
    """A list short enough to be read in a sentence; the tables hold the rest."""
    if len(clauses) <= _LISTED:
        return units.listed(clauses)
    return units.listed([*clauses[: _LISTED - 1], f"{len(clauses) - _LISTED + 1} others"])


def _joules(system: str, measured: Mapping[str, Measures]) -> str:
    return units.quantity_interval(measured[system].j_per_correct, "J")


def _joules_and_share(system: str, measured: Mapping[str, Measures]) -> str:
    return f"{system} at {_joules(system, measured)} and {_share(system, measured)}"


def _share(system: str, measured: Mapping[str, Measures]) -> str:
    interval = measured[system].accuracy
    return units.percent(None if interval is None else interval.estimate)
