"""Write the figures of simulated gates as tables for docs/methodology.md."""

from __future__ import annotations

from benchmarks.gates.figures import GateFigures, Rates, Stated, label
from benchmarks.gates.kinds import KINDS, Kind, Truth
from benchmarks.gates.policies import THREE
from benchmarks.written_tables import Place, table

PLACE = Place("simulated gates")
MOST_FAIL, MOST_PASS = 0.05, 0.10
"""Limits: of candidates that are no worse, and of those that are worse by the margin. Figures beyond them are bold."""
FOUND, NEAR = 0.90, 0.05
"""What is stated to be found is found in this share of gates, within so much."""


def tables(figures: GateFigures) -> str:
    """Return the tables as Markdown."""
    gates = " or ".join(f"{number:,}" for number in sorted({each.gates for each in figures.rates}))
    return (
        f"For each line {gates} gates (version {figures.version}). After ± is the standard error, binomial.\n"
        "**Bold** is beyond its limit.\n\n"
        f"{_no_worse(figures)}\n{_at_the_margin(figures)}\n{_stated(figures)}"
    )


def _of(figures: GateFigures, truth: Truth) -> list[tuple[Kind, Rates]]:
    recorded = {each.kind for each in figures.rates}
    return [(kind, figures.of(kind)) for kind in KINDS if kind.truth is truth and label(kind) in recorded]


def _no_worse(figures: GateFigures) -> str:
    columns = [
        "candidate that is no worse", "policy", "fails", "passes", "ends early, no verdict likely", "median items",
        "fixed size",
    ]  # fmt: skip
    rows = [["*limit*", "", f"{MOST_FAIL:.0%}", "", "", "", ""]]
    for kind, rates in _of(figures, Truth.NO_WORSE):
        fixed = "" if rates.fixed is None else f"{max(rates.fixed.items.values()):,}"
        shares = [rates.regressed.text(most=MOST_FAIL), rates.passed.text(), rates.futile.text()]
        rows.append([kind.name, kind.policy, *shares, _items(rates), fixed])
    return table(columns, rows)


def _at_the_margin(figures: GateFigures) -> str:
    columns = [
        "candidate that is worse by the margin", "policy", "passes", "fails", "ends early, no verdict likely",
        "median items",
    ]  # fmt: skip
    rows = [["*limit*", "", f"{MOST_PASS:.0%}", "", "", ""]]
    for kind, rates in _of(figures, Truth.AT_THE_MARGIN):
        shares = [rates.passed.text(most=MOST_PASS), rates.regressed.text(), rates.futile.text()]
        rows.append([kind.name, kind.policy, *shares, _items(rates)])
    return table(columns, rows)


def _items(rates: Rates) -> str:
    return f"{rates.items[0]:.0f}"


def _stated(figures: GateFigures) -> str:
    """Return for each world the fault that gates say they find, and how often they find it."""
    rows = [["*limit*", *[f"{FOUND - NEAR:.0%} to {FOUND + NEAR:.0%}"] * len(THREE)]]
    for kind, rates in _of(figures, Truth.NO_WORSE):
        if kind.stated:
            by_metric = {each.metric: _found(each) for each in rates.stated}
            rows.append([kind.name.removeprefix("equal; "), *(by_metric.get(name, "") for name in THREE)])
    return table(["world", *(f"stated of {name}, and found" for name in THREE)], rows)


def _found(stated: Stated) -> str:
    unit = " points" if stated.metric == "accuracy" else "%"
    return f"{100 * stated.size:.1f}{unit}: {stated.found.text(FOUND - NEAR, FOUND + NEAR)}"


def with_tables(document: str, figures: GateFigures) -> str:
    """Return a document with the tables in their place."""
    return PLACE.filled(document, tables(figures))
