"""The recorded rates of tables in which rows lack or trials are items: on the page, within limits, and of this code."""

from __future__ import annotations

import pytest

from benchmarks.adversaries import incomplete
from benchmarks.adversaries.document import DOCUMENT, tables
from benchmarks.adversaries.figures import read
from benchmarks.written_tables import Place

RATES = read("incomplete")


def test_the_page_has_the_recorded_rates() -> None:
    page = DOCUMENT.read_text(encoding="utf-8")
    assert Place("incomplete").filled(page, tables(incomplete.CLAIMS, RATES)) == page


def test_rates_are_within_limits_where_the_assumption_holds() -> None:
    limits = {each.key: each for each in incomplete.CLAIMS}
    for rate in RATES:
        claim = limits[rate.claim]
        if rate.holds:
            assert claim.least - 2 * rate.rate.error <= rate.rate.share <= claim.most + 2 * rate.rate.error, rate


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
