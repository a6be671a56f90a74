"""How a gate does: false alarms, what it finds, and how many items that takes, next to a test of fixed size.

A small sample of what `tox -e calibration` writes into docs/methodology.md. `WATTBENCH_GATES` says how many gates of
each kind are simulated (100).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from benchmarks.gates.document import LEAST_FOUND, MOST_FAIL, MOST_ITEMS, MOST_PASS, tables
from benchmarks.gates.figures import GateFigures, Rates, simulated
from benchmarks.gates.kinds import KINDS, Kind, Truth
from benchmarks.shares import Share

GATES = int(os.environ.get("WATTBENCH_GATES", "100"))


@pytest.mark.benchmark(group="gates")
def test_error_rates_and_items(benchmark: Any) -> None:
    """Simulate every kind of gate, print the tables, and hold the means over kinds to what is promised of each."""
    done: list[GateFigures] = []
    benchmark.pedantic(lambda: done.append(simulated(GATES, KINDS)), rounds=1)
    figures = done[0]
    print(f"\n{tables(figures)}")
    of = {truth: [(kind, figures.of(kind)) for kind in KINDS if kind.truth is truth] for truth in Truth}
    fails, fails_error = _mean(rates.regressed for _, rates in of[Truth.NO_WORSE])
    passes, passes_error = _mean(rates.passed for _, rates in [*of[Truth.WORSE], *of[Truth.HARD_TO_FIND]])
    found, found_error = _mean(rates.regressed for _, rates in of[Truth.WORSE])
    benchmark.extra_info |= {"no worse: fails": fails, "worse: passes": passes, "worse: fails": found}
    print(f"means over the kinds: no worse fails {fails:.1%}; worse passes {passes:.1%}, fails {found:.1%}")
    assert fails <= MOST_FAIL + 2 * fails_error
    assert passes <= MOST_PASS + 2 * passes_error
    assert found >= LEAST_FOUND - 2 * found_error
    for kind, rates in of[Truth.WORSE]:
        _compare_with_fixed_size(benchmark, kind, rates)


def _compare_with_fixed_size(benchmark: Any, kind: Kind, rates: Rates) -> None:
    """Compare the items of a gate with those of a fixed-size test of the same null hypothesis, and of that of 0."""
    if rates.fixed is None:
        return
    same, of_0 = max(rates.fixed.same_null.values()), max(rates.fixed.null_of_0.values())
    print(
        f"  {rates.kind}: median {rates.items[0]:.0f} items, {rates.items[0] / same:.2f} of the fixed {same:,}, "
        f"{rates.items[0] / of_0:.2f} of the {of_0:,} against no difference at all"
    )
    benchmark.extra_info[rates.kind] = {"median": rates.items[0], "fixed": same, "fixed, null of 0": of_0}
    assert kind.policy != "four metrics" or rates.items[0] <= MOST_ITEMS * same


def _mean(shares: Iterable[Share]) -> tuple[float, float]:
    """Return a mean over kinds, and its standard error."""
    every: Sequence[Share] = list(shares)
    return (
        sum(each.share for each in every) / len(every),
        math.hypot(*(each.error for each in every)) / len(every),
    )
