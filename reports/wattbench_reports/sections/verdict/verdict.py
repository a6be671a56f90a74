"""The verdict: which system to run, with what evidence, and the runner-up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.ranking import AccuracyOrder, AccuracyTradeOff, EnergyOrder, LeftOut, Ranking
from wattbench_reports.formatting import units
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.presenter.model import Cell, Column, Table
from wattbench_reports.sections.verdict.sentences import (
    Pick,
    accuracy_pick,
    blind_spots,
    choice,
    energy_pick,
    first,
    headline,
)
from wattbench_reports.stats import Interval
from wattbench_reports.tables.provenance import qualified


@dataclass(frozen=True)
class Recommendation:
    """The system to run, over all items or in one domain."""

    domain: str | None
    choice: str
    """The headline in a few words, for a table."""
    headline: str
    picks: tuple[Pick, ...]
    sentences: tuple[str, ...]


def verdicts(measured: Measured) -> tuple[Recommendation, ...]:
    """Make the verdict over all items, then one per domain where there are several, without repeated sentences.

    Yardsticks are excluded.
    """
    who, ranked = measured.contest, measured.rankings
    if who.why_none:
        return (Recommendation(None, "no verdict", who.why_none, (), ()),)
    overall = verdict(ranked[None], who.candidates, who.called)
    overall = replace(overall, sentences=(*overall.sentences, *who.apart))
    by_domain = {domain: ranking for domain, ranking in ranked.items() if domain is not None}
    each = []
    for domain, ranking in by_domain.items():
        figures = {name: measured.by_domain[domain][name] for name in who.candidates}
        of_domain = verdict(ranking, figures, who.called)
        new = tuple(sentence for sentence in of_domain.sentences if sentence not in overall.sentences)
        each.append(replace(of_domain, sentences=new))
    spots = blind_spots(ranked[None], by_domain, measured.by_domain) if by_domain else ""
    return (replace(overall, headline=overall.headline + spots), *each)


def choices_table(verdicts: Sequence[Recommendation]) -> Table | None:
    """Make a table with a row per domain; None where there are fewer than two.

    Args:
        verdicts: from `verdicts`: over all items first.
    """
    by_domain = verdicts[1:]
    if not by_domain:
        return None
    return Table(
        caption="Which system to run for which domain",
        columns=(
            Column("Domain"),
            Column("Run"),
            Column("Fewest joules per correct answer"),
            Column("Evidence"),
            Column("Most accurate"),
            Column("Evidence"),
        ),
        rows=tuple(
            (
                Cell(verdict.domain or ""),
                Cell(verdict.choice),
                *(
                    cell
                    for pick in verdict.picks
                    for cell in (Cell(f"{pick.answer}: {pick.figure}"), Cell(pick.how_sure))
                ),
            )
            for verdict in by_domain
            if len(verdict.picks) == 2
        ),
    )


def verdict(ranking: Ranking, measured: Mapping[str, Measures], called: Mapping[str, str]) -> Recommendation:
    """Put a ranking into sentences.

    Args:
        ranking: of some candidates.
        measured: the metrics that it is based on.
        called: each candidate's name with its kind.
    """
    sentences = []
    if not ranking.energy:
        sentences.append(
            "No system has both valid energy data and a correct answer, so no system can be ranked by energy."
        )
    if len(ranking.energy) > 1:
        labels = [order.provenance for order in ranking.energy]
        details = f"provenance: {units.named(labels)}" if _unlike(labels) else "see Validity"
        sentences.append(
            "Not all systems can be ranked against each other by energy, because their joules are not comparable "
            f"({details})."
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
    return Recommendation(ranking.domain, choice(ranking, called), headline(ranking, called), picks, tuple(sentences))


def _unlike(labels: Sequence[str]) -> bool:
    """Return whether all labels differ."""
    return len(set(labels)) == len(labels)


def _left_out(gaps: Sequence[LeftOut]) -> str:
    by_reason: dict[str, list[str]] = {}
    for gap in gaps:
        by_reason.setdefault(gap.reason, []).append(gap.system)
    return units.listed([f"{units.named(names)} ({reason})" for reason, names in by_reason.items()])


def _energy(order: EnergyOrder, measured: Mapping[str, Measures], *, alone: bool, unlike: bool) -> str:
    best, label = _joules(order.best, measured), qualified(order.provenance)
    accuracy = f"with an accuracy of {_share(order.best, measured)}"
    if not order.rivals:
        if alone:
            return f"Only {order.best} can be ranked by energy: {best} per correct answer ({label}), {accuracy}."
        return (
            f"{order.best} uses {best} per correct answer ({label}), {accuracy}; no other system has comparable joules."
        )
    names = first([order.best, *(rival.system for rival in order.rivals)])
    which = f"systems with joules of provenance {order.provenance}" if unlike else names
    among = "" if alone else f"Among {which}, "
    if len(order.contenders) == 1:
        rival = order.rivals[0]
        return (
            f"{among}{order.best} uses the fewest joules per correct answer: {best} ({label}), {accuracy}. The "
            f"runner-up is {_joules_and_share(rival.system, measured)}; over the same items {order.best} is lower "
            f"with a probability of {units.certainty(rival.probability)}. {_to_win(rival.system, order.best, measured)}"
        )
    equals = [rival for rival in order.rivals if not rival.beaten]
    close = [f"{_joules_and_share(rival.system, measured)} ({units.certainty(rival.probability)})" for rival in equals]
    factor = None if equals[0].detectable is None else units.digits(equals[0].detectable)
    return (
        f"{among}{'joules' if among else 'Joules'} per correct answer are a statistical tie: {order.best} uses {best} "
        f"({label}), {accuracy}, and is not distinguishable from {first(close)}; in brackets, the probability that "
        f"{order.best} is lower over the same items.{_detectable(equals[0].items, 'ratio', factor)}"
    )


def _to_win(rival: str, best: str, measured: Mapping[str, Measures]) -> str:
    """State what the runner-up needs in order to use as few joules per correct answer."""
    lowest, higher = measured[best].j_per_correct, measured[rival].j_per_correct
    per_request = measured[rival].j_per_request
    assert lowest is not None and higher is not None and per_request is not None  # else they would not be ranked
    level = units.part(lowest.estimate / higher.estimate)
    cut = f"{rival} would match it with {level} of its joules per request"
    needed = per_request.estimate / lowest.estimate if lowest.estimate > 0 else math.inf
    if needed > 1:
        return f"{cut}; at its present joules even an accuracy of 100% would not be enough."
    return f"{cut}, or at its present joules with an accuracy of {units.percent(needed)}."


def _detectable(items: int, change: str, smallest: str | None) -> str:
    """State the smallest difference to the runner-up that the items could have shown; empty where not known."""
    if smallest is None:
        return ""
    return f" With {units.plural(items, 'item')} the smallest {change} detectable with 80% power is {smallest}."


def _accuracy(order: AccuracyOrder, measured: Mapping[str, Measures]) -> str:
    best = _share(order.best, measured)
    if not order.rivals:
        return f"{order.best} has an accuracy of {best}; there is no other system to compare it with."
    if len(order.contenders) == 1:
        rival = order.rivals[0]
        next_best = _behind(rival.system, rival.difference, measured)
        shown = f", {units.p_value(rival.p_value)}" if rival.p_value is not None else ""
        tests = "" if len(order.rivals) == 1 else f", adjusted for all pairs of {len(order.rivals) + 1} systems"
        return f"{order.best} is the most accurate at {best}; the runner-up is {next_best}{shown}{tests}."
    equals = [rival for rival in order.rivals if not rival.beaten]
    close = [_behind(rival.system, rival.difference, measured) for rival in equals]
    smallest = None if equals[0].detectable is None else units.points(equals[0].detectable)
    return (
        f"Accuracy is a statistical tie: {order.best} has {best}, and is not distinguishable from {first(close)}."
        f"{_detectable(equals[0].items, 'difference', smallest)}"
    )


def _behind(system: str, difference: Interval | None, measured: Mapping[str, Measures]) -> str:
    apart = "no item in common" if difference is None else f"a difference of {units.points_interval(difference)}"
    return f"{system} at {_share(system, measured)} ({apart})"


def _trade(trade: AccuracyTradeOff) -> list[str]:
    if trade.difference is None or trade.times_the_joules is None:
        return []
    return [
        f"Compared with {trade.thrifty}, {trade.accurate} gains {units.points_interval(trade.difference)} of accuracy "
        f"for {units.digits(trade.times_the_joules)} times the joules per correct answer."
    ]


def _joules(system: str, measured: Mapping[str, Measures]) -> str:
    return units.quantity_interval(measured[system].j_per_correct, "J")


def _joules_and_share(system: str, measured: Mapping[str, Measures]) -> str:
    return f"{system} at {_joules(system, measured)} and {_share(system, measured)}"


def _share(system: str, measured: Mapping[str, Measures]) -> str:
    interval = measured[system].accuracy
    return units.percent(None if interval is None else interval.estimate)
