"""Write the figures as tables, and put them into docs/methodology.md."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from benchmarks.decisions.figures import (
    BEST_BENEFIT,
    BEST_COST,
    COST,
    EDGES,
    ITEMS,
    REQUIREMENT,
    Bin,
    Calibration,
    Kind,
)
from benchmarks.written_tables import Place, table

PLACE = Place("decisions")
FEWEST = 50
"""Fewer outcomes than these are no share."""
OFF = 0.05
"""Limit: a share that is further than this from what was said, and further than two of its errors, is bold."""
MOST_CALLED, LEAST_HELD = 0.07, 0.92
"""Limits of the other shares."""


def tables(figures: Calibration) -> str:
    """Return the tables as Markdown."""
    runs = ", ".join(
        f"{next(kind.runs for kind in figures.kinds if kind.items == items):,} runs of {items} items" for items in ITEMS
    )
    return (
        f"For each line {runs}, of eight systems each (version {figures.version}). A cell has\n"
        "the mean probability that was said, and how often it was so with its standard error, clustered by run.\n"
        f"**Bold** is off by more than {OFF:.0%} and two errors. Empty: said fewer than {FEWEST} times.\n\n"
        f"P(met), of a required accuracy and of a highest cost:\n\n{_bins(figures.kinds, (REQUIREMENT, COST))}\n"
        "P(best), by the least cost among those that meet an accuracy, and by net benefit:\n\n"
        f"{_bins(figures.kinds, (BEST_COST, BEST_BENEFIT))}\n"
        "Systems held against exactly their true accuracy, prices along the hull, and the regret of choosing by net\n"
        "benefit, in units of a mean cost:\n\n"
        f"{_others(figures.kinds)}"
    )


def _bins(kinds: Sequence[Kind], said: Sequence[str]) -> str:
    names = [f"{low:.0%} to {high:.0%}" for low, high in itertools.pairwise(EDGES)]
    rows = [[*_head(kind), name, *(_cell(each) for each in kind.bins[name])] for name in said for kind in kinds]
    return table(["systems", "machine", "items", "blocks", "of", *names], rows)


def _head(kind: Kind) -> list[str]:
    return [kind.spread, kind.noise, str(kind.items), str(kind.blocks) if kind.blocks > 1 else "none"]


def _cell(each: Bin | None) -> str:
    if each is None or each.number < FEWEST:
        return ""
    off = max(OFF, 2 * each.true.error)
    return f"{100 * each.said:.1f}: {each.true.text(each.said - off, each.said + off)}"


def _others(kinds: Sequence[Kind]) -> str:
    columns = [
        "systems", "machine", "items", "blocks", "said to meet it", "said not to", "prices hold", "regret expected",
        "realised",
    ]  # fmt: skip
    rows = [["*limit*", "", "", "", f"{MOST_CALLED:.0%}", f"{MOST_CALLED:.0%}", f"{LEAST_HELD:.0%}", "", ""]]
    for kind in kinds:
        called = [each.text(most=MOST_CALLED) for each in (kind.called_met, kind.called_not_met)]
        regret = [f"{kind.regret:.3f}", f"{kind.realised:.3f} ± {kind.realised_error:.3f}"]
        rows.append([*_head(kind), *called, kind.price_held.text(least=LEAST_HELD), *regret])
    return table(columns, rows)


def with_tables(document: str, figures: Calibration) -> str:
    """Return a document with the tables in their place."""
    return PLACE.filled(document, tables(figures))
