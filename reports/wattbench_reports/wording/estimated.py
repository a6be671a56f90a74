"""Word what was estimated of services, for every format."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench.records.provenance import ESTIMATED
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.estimated import EstimatedSystem, HeldAgainst, Range, held_against
from wattbench_reports.formatting import units

TITLE = "Estimated, not measured"

HEAD = ("system", "J per request", "J per correct answer", "CO2e per 1,000 requests", "water per 1,000 requests", "as")
"""Of the table; the last column says whose figures these are."""

EXPLAINED = (
    "Estimated from the tokens of answers, as no meter reads a service's machines. Each range is from the lowest to "
    "the highest figure that the tables allow; it is no confidence interval. CO2e includes manufacture, water does "
    "not. Estimates are in no ranking and no decision."
)

CROSSED = (
    f"Estimates are held against measured joules, because of --across {ESTIMATED}: one is said to use less only if its "
    "whole range is below the other's interval. The two are of different kinds: estimates have no joules of prompts, "
    "and measured ones are of another machine under another load."
)

_NAMES = {"energy_j": "joules", "co2_g": "grams of CO2e", "water_l": "litres of water"}


def rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Return a row of `HEAD` for each system with figures."""
    return [_row(each) for each in comparison.estimates if each.sums]


def lines(comparison: Comparison) -> Iterator[str]:
    """Yield sentences on reading the estimates, on missing ones and why, and on comparisons with measured joules."""
    if not comparison.estimates:
        return
    if any(each.sums for each in comparison.estimates):
        yield EXPLAINED
    for each in comparison.estimates:
        if not each.sums and not each.missing:
            yield f"{_whose(each)}: not estimated: {each.why_none or 'the record does not say why'}."
        elif each.estimated < each.requests:
            yield f"{_whose(each)}: {each.estimated:,} of {units.plural(each.requests, 'request')} were estimated."
        if each.missing:
            names = units.listed([_NAMES[name] for name in each.missing])
            yield f"{_whose(each)}: no {names}: the record lacks them for some of the requests that were estimated."
        if each.notes:
            yield f"{_whose(each)}: {' '.join(each.notes)}"
    if crosses(comparison):
        yield CROSSED
        yield from (_held(each) for each in held_against(comparison.estimates, comparison.systems))


def crosses(comparison: Comparison) -> bool:
    """Return whether the reader asked for estimates to be held against measured joules."""
    return comparison.ranked is not None and ESTIMATED in comparison.ranked.across


def _row(each: EstimatedSystem) -> tuple[str, ...]:
    return (
        _whose(each),
        shown(each.per_request("energy_j"), "J"),
        shown(each.j_per_correct, "J"),
        shown(each.per_request("co2_g"), "g", 1000),
        shown(each.per_request("water_l"), "L", 1000),
        f"{each.provider}/{each.model}, {each.zone} ({each.by})",
    )


def _whose(each: EstimatedSystem) -> str:
    return each.system if each.system == each.answered_by else f"{each.system}: requests to {each.answered_by}"


def shown(of: Range | None, unit: str, times: float = 1.0) -> str:
    """Format a range under one prefix: ``62.5 to 77.2 J``."""
    if of is None:
        return units.NONE
    low, high = (times * each for each in of)
    factor, letter = units.prefix(high)
    texts = dict.fromkeys(units.digits(each / factor) for each in (low, high))
    return f"{' to '.join(texts)} {letter}{unit}"


def _held(each: HeldAgainst) -> str:
    parts = [
        *([f"more than {units.named(each.less)}"] if each.less else []),
        *([f"less than {units.named(each.more)}"] if each.more else []),
    ]
    said = f"{each.system} ({shown(each.range, 'J')} per correct answer, {ESTIMATED})"
    if not parts and not each.unclear:
        return f"{said}: no system has valid measured joules to hold it against."
    uses = f"uses {units.listed(parts)}" if parts else "uses neither less nor more than any"
    unclear = f"; not distinguishable from {units.named(each.unclear)}" if each.unclear else ""
    return f"{said} {uses}{unclear}."
