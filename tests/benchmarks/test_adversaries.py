"""docs/data has the recorded rates, of every world, and they are within their limits where they have to be."""

from __future__ import annotations

import pytest

from benchmarks.adversaries.document import tables
from benchmarks.adversaries.figures import MODULES, Rate, claims_of, read, worlds_of
from benchmarks.written_tables import stale

RECORDED = {module: read(module) for module in MODULES}
RATES = [
    pytest.param(module, rate, id=f"{rate.claim}: {rate.world}")
    for module, rates in RECORDED.items()
    for rate in rates
    if rate.holds
]
BY_CHANCE = ("incomplete", "judged", "prices", "requirements")
"""Modules with so many rates that some are beyond a limit by chance, by two standard errors at most."""


def test_the_tables_have_the_recorded_rates() -> None:
    assert stale(tables()) == [], "python -m benchmarks.adversaries writes the tables and the figures together"


@pytest.mark.parametrize("module", MODULES)
def test_every_world_is_recorded(module: str) -> None:
    recorded = {(rate.world, rate.holds, rate.runs) for rate in RECORDED[module]}
    assert recorded == {(world.name, world.holds, world.runs) for world in worlds_of(module)}


@pytest.mark.parametrize(("module", "rate"), RATES)
def test_where_its_assumption_holds_a_claim_is_within_its_limits(module: str, rate: Rate) -> None:
    (claim,) = (each for each in claims_of(module) if each.key == rate.claim)
    slack = 2 * rate.rate.error if module in BY_CHANCE else 0.0
    assert claim.least - slack <= rate.rate.share <= claim.most + slack
