"""Sums of shards: where a shard lacks a figure, there is no sum of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from wattbench.distributed.merging.merged_lines import merged_estimates
from wattbench.records import EstimateRow


def shard(**changes: Any) -> Any:
    settings: dict[str, Any] = {
        "system": "a", "task": "t", "answered_by": "a", "requests": 4, "estimated": 4,
        "energy_j": [1.0, 2.0], "co2_g": [0.1, 0.2], "water_l": [0.01, 0.02],
    }  # fmt: skip
    return SimpleNamespace(records=SimpleNamespace(estimates=lambda: [EstimateRow(**settings | changes)]))


def test_a_quantity_that_one_shard_lacks_is_missing_in_their_sum() -> None:
    [row] = merged_estimates([shard(), shard(co2_g=[])])
    assert (row.requests, row.estimated, row.energy_j, row.co2_g, row.water_l) == (8, 8, [2.0, 4.0], [], [0.02, 0.04])


def test_a_shard_of_which_nothing_was_estimated_takes_nothing_from_the_sum() -> None:
    [row] = merged_estimates([shard(estimated=0, energy_j=[], co2_g=[], water_l=[], why_none="why"), shard()])
    assert (row.requests, row.estimated, row.energy_j, row.why_none) == (8, 4, [1.0, 2.0], "")
