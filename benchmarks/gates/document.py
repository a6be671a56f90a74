"""Write the figures of simulated gates as tables for docs/methodology.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.gates.figures import GateFigures, Rates, label
from benchmarks.gates.kinds import KINDS, SLOWER, Kind, Truth
from benchmarks.gates.policies import FOUR
from benchmarks.written_tables import Place, table
from tests.made_up.noisy_machine import NOISES

PLACE = Place("simulated gates")
MOST_FAIL, MOST_PASS, LEAST_FOUND = 0.05, 0.10, 0.90
"""Limits: of candidates that are no worse, and of those that are worse by a margin. Figures beyond them are bold."""
MOST_ITEMS = 0.5
"""Limit of the median items as a share of a fixed-size test's, for the policy of four metrics."""


def tables(figures: GateFigures) -> str:
    """Return the tables as Markdown."""
    gates = " or ".join(f"{number:,}" for number in sorted({each.gates for each in figures.rates}))
    return (
        f"For each line {gates} gates (version {figures.version}). After ± is the standard error, binomial.\n"
        "**Bold** is beyond its limit.\n\n"
        f"{_no_worse(figures)}\n{_worse(figures)}\n{_sizes(figures)}"
    )


def _of(figures: GateFigures, *truths: Truth) -> list[tuple[Kind, Rates]]:
    recorded = {each.kind for each in figures.rates}
    return [(kind, figures.of(kind)) for kind in KINDS if kind.truth in truths and label(kind) in recorded]


def _no_worse(figures: GateFigures) -> str:
    rows = [["*limit*", "", f"{MOST_FAIL:.0%}", "", "", ""]]
    for kind, rates in _of(figures, Truth.NO_WORSE):
        passed, open_ = rates.passed.text(), rates.inconclusive.text()
        rows.append([kind.name, kind.policy, rates.regressed.text(most=MOST_FAIL), passed, open_, _items(rates)])
    return table(["candidate that is no worse", "policy", "fails", "passes", "inconclusive", "median items"], rows)


def _worse(figures: GateFigures) -> str:
    columns = [
        "candidate that is worse by a margin", "policy", "passes", "fails", "inconclusive", "median items",
        "fixed size", "median / fixed size",
    ]  # fmt: skip
    rows = [["*limit*", "", f"{MOST_PASS:.0%}", f"{LEAST_FOUND:.0%}", "", "", "", f"{MOST_ITEMS}"]]
    for kind, rates in _of(figures, Truth.WORSE, Truth.HARD_TO_FIND):
        least = LEAST_FOUND if kind.truth is Truth.WORSE else 0.0
        shares = [rates.passed.text(most=MOST_PASS), rates.regressed.text(least=least), rates.inconclusive.text()]
        rows.append([kind.name, kind.policy, *shares, _items(rates), *_against_fixed(kind, rates)])
    return table(columns, rows)


def _items(rates: Rates) -> str:
    return f"{rates.items[0]:.0f}"


def _against_fixed(kind: Kind, rates: Rates) -> Sequence[str]:
    if rates.fixed is None:
        return ["", ""]
    size = max(rates.fixed.same_null.values())
    ratio = f"{rates.items[0] / size:.2f}"
    too_many = kind.policy == "four metrics" and rates.items[0] > MOST_ITEMS * size
    return [f"{size:,}", f"**{ratio}**" if too_many else ratio]


def _sizes(figures: GateFigures) -> str:
    """Say, for each machine, what a test of fixed size needs, metric by metric."""
    rows = []
    for kind, rates in _of(figures, Truth.WORSE):
        machine = kind.name.removeprefix(f"{SLOWER}; ")
        if rates.fixed is not None and machine in NOISES:
            each = [f"{rates.fixed.same_null[name]:,} / {rates.fixed.null_of_0[name]:,}" for name in FOUR]
            rows.append([machine, *each])
    return table(["machine", *(f"fixed size for {name}" for name in FOUR)], rows)


def with_tables(document: str, figures: GateFigures) -> str:
    """Return a document with the tables in their place."""
    return PLACE.filled(document, tables(figures))
