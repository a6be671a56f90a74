"""How a gate does: false alarms, wrong passes, and whether it finds what it states.

A small sample of what `tox -e calibration` writes into docs/data. `WATTBENCH_GATES` says how many gates of
each kind are simulated (100).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from benchmarks.gates.document import FOUND, MOST_FAIL, MOST_PASS, NEAR, tables
from benchmarks.gates.figures import GateFigures, simulated
from benchmarks.gates.kinds import KINDS, Truth
from benchmarks.shares import Share

GATES = int(os.environ.get("WATTBENCH_GATES", "100"))


@pytest.mark.benchmark(group="gates")
def test_error_rates_and_items(benchmark: Any) -> None:
    """Simulate every kind of gate, print the tables, and hold the means over kinds to what is promised of each."""
    done: list[GateFigures] = []
    benchmark.pedantic(lambda: done.append(simulated(GATES, KINDS)), rounds=1)
    figures = done[0]
    print("\n" + "\n".join(each.text for each in tables(figures)))
    of = {truth: [figures.of(kind) for kind in KINDS if kind.truth is truth] for truth in Truth}
    fails, fails_error = _mean(rates.regressed for rates in of[Truth.NO_WORSE])
    passes, passes_error = _mean(rates.passed for rates in of[Truth.AT_THE_MARGIN])
    found, found_error = _mean(each.found for rates in of[Truth.NO_WORSE] for each in rates.stated)
    benchmark.extra_info |= {"no worse: fails": fails, "at the margin: passes": passes, "stated: found": found}
    print(
        f"means over the kinds: no worse fails {fails:.1%}; at the margin passes {passes:.1%}; stated found {found:.1%}"
    )
    assert fails <= MOST_FAIL + 2 * fails_error
    assert passes <= MOST_PASS + 2 * passes_error
    assert abs(found - FOUND) <= NEAR + 2 * found_error


def _mean(shares: Iterable[Share]) -> tuple[float, float]:
    """Return a mean over kinds, and its standard error."""
    every: Sequence[Share] = list(shares)
    return (
        sum(each.share for each in every) / len(every),
        math.hypot(*(each.error for each in every)) / len(every),
    )
