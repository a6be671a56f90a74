"""The verdict in words: which system to run, how sure that is, and who comes next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.comparison.ranking import AccuracyOrder, EnergyOrder, LeftOut, Ranking, Trade
from wattbench_reports.formatting import units
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.sections.verdict.blind_spots import blind_spots
from wattbench_reports.stats import Interval
from wattbench_reports.tables.provenance import qualified
from wattbench_reports.wording.verdict import Pick, accuracy_pick, choice, energy_pick, first, headline


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
    who, ranked = analysis.contest, analysis.rankings
    if who.why_none:
        return (Verdict(None, "no verdict", who.why_none, (), ()),)
    overall = verdict(ranked[None], who.candidates, who.called)
    overall = replace(overall, sentences=(*overall.sentences, *who.apart))
    by_domain = {domain: ranking for domain, ranking in ranked.items() if domain is not None}
    each = []
    for domain, ranking in by_domain.items():
        figures = {name: analysis.by_domain[domain][name] for name in who.candidates}
        found = verdict(ranking, figures, who.called)
        new = tuple(sentence for sentence in found.sentences if sentence not in overall.sentences)
        each.append(replace(found, sentences=new))
    spots = blind_spots(ranked[None], by_domain, analysis.by_domain) if by_domain else ""
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
    picks = (energy_pick(ranking, measured, called), *accuracy_pick(ranking.accuracy, measured, called))
    return Verdict(ranking.domain, choice(ranking, called), headline(ranking, called), picks, tuple(sentences))


def _unlike(labels: Sequence[str]) -> bool:
    """Whether the labels tell all the orders apart."""
    return len(set(labels)) == len(labels)


def _left_out(gaps: Sequence[LeftOut]) -> str:
    by_reason: dict[str, list[str]] = {}
    for gap in gaps:
        by_reason.setdefault(gap.reason, []).append(gap.system)
    return units.listed([f"{units.listed(names)} ({reason})" for reason, names in by_reason.items()])


def _energy(order: EnergyOrder, measured: Mapping[str, Measures], *, alone: bool, unlike: bool) -> str:
    best, label = _joules(order.best, measured), qualified(order.provenance)
    at = f"at an accuracy of {_share(order.best, measured)}"
    if not order.rivals:
        if alone:
            return f"Only {order.best} can be ranked by energy: {best} per correct answer ({label}), {at}."
        return f"{order.best} needs {best} per correct answer ({label}), {at}; no other joules came about that way."
    names = first([order.best, *(rival.system for rival in order.rivals)])
    which = f"systems whose joules have the provenance {order.provenance}" if unlike else names
    among = "" if alone else f"Among {which}, "
    if len(order.contenders) == 1:
        rival = order.rivals[0]
        return (
            f"{among}{order.best} spends the fewest joules per correct answer: {best} ({label}), {at}. The runner-up "
            f"is {_joules_and_share(rival.system, measured)}; over the same items {order.best} is lower with a "
            f"probability of {units.certainty(rival.probability)}. {_to_win(rival.system, order.best, measured)}"
        )
    equals = [rival for rival in order.rivals if not rival.beaten]
    close = [f"{_joules_and_share(rival.system, measured)} ({units.certainty(rival.probability)})" for rival in equals]
    factor = equals[0].detectable
    seen = "" if factor is None else f" {_would_show(f'a factor of {units.digits(factor)}')}"
    start = f"{among}{'which' if among else 'Which'} system spends the fewest joules per correct answer can't be told"
    return (
        f"{start}: {order.best} needs {best} ({label}), {at}, and is not shown to be lower than {first(close)}; in "
        f"brackets the probability that it is, over the same items.{seen}"
    )


def _to_win(rival: str, best: str, measured: Mapping[str, Measures]) -> str:
    """What the runner-up would have to be to need as few joules per correct answer."""
    ours, theirs, each = measured[best].j_per_correct, measured[rival].j_per_correct, measured[rival].j_per_request
    assert ours is not None and theirs is not None and each is not None  # else they would not be in the order
    level = units.digits(100 * ours.estimate / theirs.estimate)
    cut = f"{rival} would draw level with {level}% of its joules per request"
    needed = each.estimate / ours.estimate if ours.estimate > 0 else math.inf
    if needed > 1:
        return f"{cut}; at its present joules not even if every answer were correct."
    return f"{cut}, or at its present joules with {units.percent(needed)} of its answers correct."


def _would_show(least: str) -> str:
    """What stands beside every difference that is not shown."""
    return f"Items like these show {least} or more between the two first of them four times out of five."


def _accuracy(order: AccuracyOrder, measured: Mapping[str, Measures]) -> str:
    best = _share(order.best, measured)
    if not order.rivals:
        return f"{order.best} answers {best} correctly; there is no other system to compare it with."
    if len(order.contenders) == 1:
        rival = order.rivals[0]
        next_best = _behind(rival.system, rival.difference, measured)
        shown = f", {units.p_value(rival.p_value)}" if rival.p_value is not None else ""
        tests = "" if len(order.rivals) == 1 else f", adjusted for {len(order.rivals)} comparisons"
        return f"{order.best} is the most accurate at {best}; the runner-up is {next_best}{shown}{tests}."
    equals = [rival for rival in order.rivals if not rival.beaten]
    close = [_behind(rival.system, rival.difference, measured) for rival in equals]
    least = equals[0].detectable
    seen = "" if least is None else f" {_would_show(units.points(least))}"
    return (
        f"Which system is the most accurate can't be told: {order.best} answers {best} correctly, and is not shown to "
        f"be ahead of {first(close)}.{seen}"
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


def _joules(system: str, measured: Mapping[str, Measures]) -> str:
    return units.quantity_interval(measured[system].j_per_correct, "J")


def _joules_and_share(system: str, measured: Mapping[str, Measures]) -> str:
    return f"{system} at {_joules(system, measured)} and {_share(system, measured)}"


def _share(system: str, measured: Mapping[str, Measures]) -> str:
    interval = measured[system].accuracy
    return units.percent(None if interval is None else interval.estimate)
