"""Write the figures as tables, and put them into docs/methodology.md."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from benchmarks.decisions.figures import (
    BEST_BENEFIT,
    BEST_COST,
    COST,
    EDGES,
    EQUAL,
    ITEMS,
    LONG_RUN,
    REQUIREMENT,
    STILL,
    Bin,
    Calibration,
    Kind,
)
from benchmarks.written_tables import Place, table

PLACE = Place("decisions")
FEWEST = 50
"""Fewer outcomes than these are no share."""
OFF = 0.05
"""Limit: a share that is further than this and two of its errors from what was said is marked."""
MOST_CALLED, LEAST_HELD = 0.07, 0.92
"""Limits of the other shares."""


def tables(figures: Calibration) -> str:
    """Return the tables as Markdown."""
    few, many = (next(kind.runs for kind in figures.kinds if kind.setup.items == items) for items in ITEMS)
    return (
        f"For each line {few:,} runs of up to {ITEMS[0]} items, {many:,} of more (version {figures.version}). A cell\n"
        "has the mean probability that was said, and how often it was so with its standard error, clustered by run.\n"
        f"**Bold** was too sure, by more than {OFF:.0%} + two errors; *italic* not sure enough, by as much.\n"
        f"Empty: said fewer than {FEWEST} times.\n\n"
        f"P(met), of a required accuracy and of a highest cost. Of one session the cost is held against that of other\n"
        "items on the machine as it was in the run; with earlier sessions on record against that of the long run:\n\n"
        f"{_bins(figures.kinds, (REQUIREMENT, COST))}\n"
        f"{_long_run(figures.kinds)}\n\n"
        "P(best), by the least cost among those that meet an accuracy, and by net benefit:\n\n"
        f"{_bins(figures.kinds, (BEST_COST, BEST_BENEFIT))}\n"
        "Systems held against exactly their true accuracy, prices along the hull, runs in which one system is said to\n"
        "be the best by net benefit with 95% or more, and the regret of choosing by it, in units of a mean cost:\n\n"
        f"{_others(figures.kinds)}"
    )


def _bins(kinds: Sequence[Kind], said: Sequence[str]) -> str:
    names = [f"{low:.0%} to {high:.0%}" for low, high in itertools.pairwise(EDGES)]
    rows = [
        [*_head(kind), name, *(_cell(each) for each in kind.bins[name])]
        for name in said
        for kind in kinds
        if kind.setup.spread != EQUAL
    ]
    return table(["systems", "machine", "items", "of", *names], rows)


def _long_run(kinds: Sequence[Kind]) -> str:
    """Say how far what one session says of a cost is from what is true in the long run, which it does not know."""
    found = [
        (abs(each.said - each.true.share), kind, each)
        for kind in kinds
        if kind.setup.noise != STILL and not kind.setup.earlier and kind.setup.spread != EQUAL
        for each in kind.bins[LONG_RUN]
        if each is not None and each.number >= FEWEST and too_sure(each)
    ]
    if not found:
        return "Held against the long run, what one session says of a cost is not too sure in any of these kinds."
    most, kind, each = max(found, key=lambda one: one[0])
    systems, machine, items = _head(kind)
    return (
        "What one session does not know: held against the long run its P(met) of a cost is too sure in\n"
        f"{len(found)} cells of {len({id(kind) for _, kind, _ in found})} kinds, by up to {100 * most:.0f} points "
        f"({systems}; {machine}; {items} items:\n{100 * each.said:.1f}% said, {each.true.text()} true)."
    )


def _head(kind: Kind) -> list[str]:
    setup = kind.setup
    more = [", a domain of few items"] * setup.few + [", exact prices"] * setup.priced
    known = [f", {setup.blocks} blocks"] * (setup.blocks > 1) + [f", {setup.earlier} sessions known"] * bool(
        setup.earlier
    )
    return [f"{setup.systems} {setup.spread}{''.join(more)}", f"{setup.noise}{''.join(known)}", str(setup.items)]


def _cell(each: Bin | None) -> str:
    if each is None or each.number < FEWEST:
        return ""
    if too_sure(each):
        return f"{100 * each.said:.1f}: **{each.true.text()}**"
    off = abs(each.true.share - each.said) > OFF + 2 * each.true.error
    return f"{100 * each.said:.1f}: " + (f"*{each.true.text()}*" if off else each.true.text())


def too_sure(each: Bin, errors: float = 2) -> bool:
    """Return whether what was said is further from one half than how often it was so, by more than it may be."""
    over = each.said - each.true.share if each.said > 0.5 else each.true.share - each.said
    return over > OFF + errors * each.true.error


def _others(kinds: Sequence[Kind]) -> str:
    columns = [
        "systems", "machine", "items", "said to meet it", "said not to", "prices hold", "one is best",
        "regret expected", "realised",
    ]  # fmt: skip
    rows = [["*limit*", "", "", f"{MOST_CALLED:.0%}", f"{MOST_CALLED:.0%}", f"{LEAST_HELD:.0%}", "", "", ""]]
    for kind in kinds:
        called = [each.text(most=MOST_CALLED) for each in (kind.called_met, kind.called_not_met)]
        regret = [f"{kind.regret:.3f}", f"{kind.realised:.3f} ± {kind.realised_error:.3f}"]
        rows.append([*_head(kind), *called, kind.price_held.text(least=LEAST_HELD), kind.one_best.text(), *regret])
    return table(columns, rows)


def with_tables(document: str, figures: Calibration) -> str:
    """Return a document with the tables in their place."""
    return PLACE.filled(document, tables(figures))
