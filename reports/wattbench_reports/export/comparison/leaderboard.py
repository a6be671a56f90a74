"""Write rankings as lines of text, for the terminal and Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.comparability.rules import ACCURACY, JOULES, LATENCY
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.leaderboard_model import MONEY, RANKED, Ranked, RankedGroup, RankedSystem
from wattbench_reports.formatting import units
from wattbench_reports.metrics.throughput import OUTPUT_TOKENS_PER_S, RATES, REQUESTS_PER_S
from wattbench_reports.wording.comparison import cost_scale

TITLES = {
    ACCURACY: "Accuracy, highest first",
    LATENCY: "Latency p50, lowest first",
    REQUESTS_PER_S: "Request throughput, highest first",
    OUTPUT_TOKENS_PER_S: "Output token throughput, highest first",
    JOULES: "Joules per correct answer, lowest first",
    MONEY: "Cost per correct answer, lowest first",
}

NOTE = (
    "~: statistically tied with the first, over the same items: with 95% confidence the marked ones and the first hold "
    "the best. Throughputs are ordered by value, as are latencies of different runs; their differences are not tested."
)


def rank_note(comparison: Comparison) -> str:
    """Explain the marks of a ranking; of several runs, also how joules of different runs are compared."""
    ranked = comparison.ranked
    if ranked is None or len(ranked.runs) < 2:
        return NOTE
    if comparison.sessions is None:
        between = "is not known (one session), so that none of them is shown to need more"
    else:
        between = f"is known from {units.plural(comparison.sessions.sessions, 'session')}"
    return f"{NOTE} Joules of different runs: how much another run on this machine would differ {between}."


def rank_lines(comparison: Comparison) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield a title per metric, with a line per group of systems that may be ranked by it.

    Nothing where there are fewer than two systems.
    """
    ranked = comparison.ranked
    if ranked is None or len(comparison.systems) < 2:
        return
    for figure in RANKED:
        groups = [each for each in ranked.standings if each.figure == figure]
        if groups:
            note = "" if len(groups) == 1 else f" (in {len(groups)} groups that are not ranked against each other)"
            yield f"{TITLES[figure]}{note}{_across(figure, ranked)}", tuple(_line(each, comparison) for each in groups)


def _across(figure: str, ranked: Ranked) -> str:
    forbidden = LATENCY if figure in RATES else figure
    parts = [each.part for each in ranked.divides if each.overridden and forbidden in each.forbids]
    return f" (across {units.listed(parts)}, as requested)" if parts else ""


def _line(standing: RankedGroup, comparison: Comparison) -> str:
    if standing.figure == MONEY:
        return _money_line(standing, comparison)
    return ", ".join(_ranked_system(system, standing.figure) for system in standing.places)


def _money_line(standing: RankedGroup, comparison: Comparison) -> str:
    factor, many = cost_scale(comparison)
    currency = next(each.cost_currency for each in comparison.systems if each.cost_currency is not None)
    places = (f"{_unsure(each)}{each.system} {units.money(factor * each.value, currency)}" for each in standing.places)
    return f"{', '.join(places)} (per {many})"


def _unsure(system: RankedSystem) -> str:
    return "~ " if system.beaten is False else ""


def _ranked_system(system: RankedSystem, figure: str) -> str:
    if figure == ACCURACY:
        shown = units.percent(system.value)
    elif figure in RATES:
        shown = f"{units.digits(system.value)}/s"
    else:
        shown = units.quantity(system.value, _UNIT[figure])
    return f"{_unsure(system)}{system.system} {shown}"


_UNIT = {LATENCY: "s", JOULES: "J"}
