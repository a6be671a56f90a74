"""Rates of tables in which rows lack or trials are items: the worst worlds, and runs by their seed."""

from __future__ import annotations

import pytest

from benchmarks.adversaries import incomplete
from benchmarks.adversaries.figures import read

RATES = read("incomplete")


def test_the_worst_worlds_are_outside_the_limits_and_are_published() -> None:
    broken = {(rate.claim, rate.world): rate.rate.share for rate in RATES if not rate.holds}
    assert broken["rows-interval", "10% of the rows missing, all of them wrong"] < 0.92
    assert broken["trials-interval", "trials taken for items, without a text"] < 0.92


@pytest.mark.parametrize("world", incomplete.WORLDS, ids=lambda world: world.name)
def test_a_run_of_each_world_is_what_it_was(world) -> None:
    """A run is simulated by its seed alone: twice the same, and with one outcome for each claim that it is of."""
    outcomes = world.run(0)
    assert outcomes == world.run(0)
    assert all(chances == 1 and hits in (0, 1) for hits, chances in outcomes.values())
