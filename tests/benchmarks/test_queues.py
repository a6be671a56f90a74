"""The code still gives the recorded rates of queues."""

from __future__ import annotations

import pytest

from benchmarks.adversaries.figures import rate_of, read
from benchmarks.adversaries.queues import CLAIMS, HELD_WRONGLY, WORLDS

RECORDED = read("queues")
LIMITS = {each.key: each for each in CLAIMS}


def test_the_worlds_that_break_the_assumption_are_worse() -> None:
    assert max(each.rate.share for each in RECORDED if not each.holds) > LIMITS[HELD_WRONGLY].most


@pytest.mark.slow
def test_the_code_still_gives_what_is_recorded() -> None:
    for world in WORLDS:
        if ("2,000 requests" in world.name and "load 1" in world.name) or not world.holds:
            few = rate_of(HELD_WRONGLY, [world.run(seed) for seed in range(20)])
            (recorded,) = [each for each in RECORDED if each.world == world.name]
            assert abs(few.share - recorded.rate.share) <= 4 * few.error
