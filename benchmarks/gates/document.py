"""Write the figures of simulated gates as tables of docs/data."""

from __future__ import annotations

from benchmarks.gates.figures import GateFigures, Rates, label
from benchmarks.gates.kinds import KINDS, Kind, Truth
from benchmarks.gates.policies import THREE
from benchmarks.written_tables import RATE_COLUMNS, Table, rate_row

MOST_FAIL, MOST_PASS = 0.05, 0.10
"""Limits: of candidates that are no worse, and of those that are worse by the margin."""
FOUND, NEAR = 0.90, 0.05
"""What is stated to be found is found in this share of gates, within so much."""
BROKEN = ("wanders", "loaded once", "on 2%")
"""Parts of the names of worlds in which the assumption fails: systems stray for longer than a group lasts, one load
stands for all, or a rare answer costs more than all others together."""


def tables(figures: GateFigures) -> tuple[Table, ...]:
    """Return the rates of verdicts, and the sizes: items, and the faults that gates say they find."""
    gates = " or ".join(f"{number:,}" for number in sorted({each.gates for each in figures.rates}))
    made = f"Made by tox -e calibration, version {figures.version}: {gates} gates in each world. error: binomial"
    rows: list[tuple[str, ...]] = []
    sizes: list[tuple[str, ...]] = []
    for kind, rates in _recorded(figures):
        limits = (MOST_FAIL, 1.0) if kind.truth is Truth.NO_WORSE else (1.0, MOST_PASS)
        worse = "no worse" if kind.truth is Truth.NO_WORSE else "worse by the margin"
        for claim, rate, least, most in (
            (f"{worse}: fails", rates.regressed, 0.0, limits[0]),
            (f"{worse}: passes", rates.passed, 0.0, limits[1]),
            (f"{worse}: ends early, no verdict likely", rates.futile, 0.0, 1.0),
            *(
                (f"a fault of {each.metric} as large as stated is found", each.found, FOUND - NEAR, FOUND + NEAR)
                for each in rates.stated
            ),
        ):
            rows.append(rate_row(claim, label(kind), _holds(kind), rates.gates, rate, least, most))
        stated = {each.metric: f"{100 * each.size:.1f}" for each in rates.stated}
        fixed = "" if rates.fixed is None else str(max(rates.fixed.items.values()))
        sizes.append((label(kind), f"{rates.items[0]:.0f}", fixed, *(stated.get(name, "") for name in THREE)))
    columns = ("world", "median items", "items of a test of fixed size", *(f"stated of {name}, %" for name in THREE))
    return Table("gates", made, RATE_COLUMNS, tuple(rows)), Table("gate-sizes", made, columns, tuple(sizes))


def _recorded(figures: GateFigures) -> list[tuple[Kind, Rates]]:
    recorded = {each.kind for each in figures.rates}
    return [(kind, figures.of(kind)) for kind in KINDS if label(kind) in recorded]


def _holds(kind: Kind) -> bool:
    return not any(part in kind.name for part in BROKEN)
