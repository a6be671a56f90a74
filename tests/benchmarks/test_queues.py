"""The rates of docs/rates.md of queues are those of the recorded figures, which the code still gives, and are right."""

from __future__ import annotations

import pytest

from benchmarks.adversaries.document import DOCUMENT, tables
from benchmarks.adversaries.figures import rate_of, read
from benchmarks.adversaries.queues import CLAIMS, HELD_WRONGLY, WORLDS
from benchmarks.written_tables import Place

RECORDED = read("queues")
LIMITS = {each.key: each for each in CLAIMS}


def test_the_page_has_the_recorded_figures() -> None:
    tables_of = Place("queues", "calibration").filled(page := DOCUMENT.read_text("utf-8"), tables(CLAIMS, RECORDED))
    assert tables_of == page, "tox -e calibration writes docs/rates.md and the figures together"


def test_every_world_is_recorded() -> None:
    assert {(each.world, each.holds) for each in RECORDED} == {(each.name, each.holds) for each in WORLDS}


@pytest.mark.parametrize("rate", RECORDED, ids=lambda rate: f"{rate.claim}: {rate.world}")
def test_rates_are_within_their_limits_where_the_assumption_holds(rate) -> None:
    claim = LIMITS[rate.claim]
    if rate.holds:
        assert claim.least <= rate.rate.share <= claim.most


def test_the_worlds_that_break_the_assumption_are_worse() -> None:
    assert max(each.rate.share for each in RECORDED if not each.holds) > LIMITS[HELD_WRONGLY].most


@pytest.mark.slow
def test_the_code_still_gives_what_is_recorded() -> None:
    for world in WORLDS:
        if ("2,000 requests" in world.name and "load 1" in world.name) or not world.holds:
            few = rate_of(HELD_WRONGLY, [world.run(seed) for seed in range(20)])
            (recorded,) = [each for each in RECORDED if each.world == world.name]
            assert few is not None
            assert abs(few.share - recorded.rate.share) <= 4 * few.error
