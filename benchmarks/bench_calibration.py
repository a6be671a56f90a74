"""How often runs in blocks are wrong on machines whose speed strays, next to runs of one block, and what blocks cost.

A small sample of what `tox -e calibration` writes into docs/data. `WATTBENCH_BENCH_RUNS` says how many runs
of 64 items are simulated for each machine and layout (60; of 512 items half of them).
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest

from benchmarks.calibration.document import MOST_CALLED_DIFFERENT, tables
from benchmarks.calibration.figures import BLOCKS, ITEMS, TODAY, Calibration, calibration

RUNS = int(os.environ.get("WATTBENCH_BENCH_RUNS", "60"))


@pytest.mark.benchmark(group="calibration")
def test_alike_systems_called_different(benchmark: Any) -> None:
    """Simulate every machine and layout, print the tables, and compare the layouts."""
    done: list[Calibration] = []
    benchmark.pedantic(
        lambda: done.append(calibration({items: RUNS // (1 + place) for place, items in enumerate(ITEMS)})), rounds=1
    )
    figures = done[0]
    print("\n" + "\n".join(each.text for each in tables(figures)))
    of_layout = {blocks: [kind for kind in figures.kinds if kind.blocks == blocks] for blocks in (BLOCKS, TODAY)}
    rate = {blocks: float(np.mean([kind.called_different.share for kind in of_layout[blocks]])) for blocks in of_layout}
    error = math.hypot(*(kind.called_different.error for kind in of_layout[BLOCKS])) / len(of_layout[BLOCKS])
    times = rate[TODAY] / rate[BLOCKS]
    benchmark.extra_info |= {f"{blocks} blocks": share for blocks, share in rate.items()}
    benchmark.extra_info["1 block / 8 blocks"] = times
    print(
        f"alike systems called different, over all machines: {rate[BLOCKS]:.1%} in {BLOCKS} blocks, "
        f"{rate[TODAY]:.1%} in {TODAY}: {times:.1f} times as often"
    )
    assert rate[BLOCKS] <= MOST_CALLED_DIFFERENT + 2 * error
    assert times > 1
