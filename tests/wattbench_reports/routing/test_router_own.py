"""What choosing costs: the reader's figures, else those of the classifiers of this run, else what is assumed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.records import call_on
from tests.made_up.routed import CHOOSING_J, CHOOSING_S, by_score, cascading, routed_run
from tests.made_up.routing_worlds import answers_of
from tests.made_up.routing_worlds import routed_run as priced_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import Worth
from wattbench_reports.metrics.workload import WorkloadChoice
from wattbench_reports.routing.answers.item_answers import pick
from wattbench_reports.routing.context import RoutingOptions
from wattbench_reports.routing.router_own import (
    ASSUMED_PER_HOUR,
    ASSUMED_S,
    ASSUMED_W,
    own_cost,
    router_own,
    with_own_cost,
)

PRICED = Assumptions(CarbonChoice(intensity_g_per_kwh=360.0, pue=1.5), WorkloadChoice(price_per_kwh=0.24))


@pytest.fixture
def classified(make_run):
    return routed_run(make_run, by_score(0.4), items=12)


def test_a_classifier_on_record_gives_its_own_joules_and_seconds(classified) -> None:
    own = call_on(router_own, classified.analysis)
    assert own.amounts == pytest.approx({"joules": CHOOSING_J, "seconds": CHOOSING_S})
    assert own.origin == {"joules": "measured", "seconds": "measured"}
    with_prices = call_on(router_own, classified.again(PRICED)).amounts
    assert with_prices["money"] == pytest.approx(CHOOSING_J * 1.5 * 0.24 / 3.6e6)
    assert with_prices["grams"] == pytest.approx(CHOOSING_J * 1.5 * 360 / 3.6e6)


def test_a_reader_comes_first(classified) -> None:
    options = RoutingOptions(router_energy_j=2.0, router_s=0.5, router_money=0.001)
    bill = call_on(router_own, classified.again(PRICED), options)
    assert set(bill.origin.values()) == {"named"}
    assert bill.amounts == pytest.approx(
        {"joules": 2.0, "seconds": 0.5, "money": 0.001, "grams": 2 * 1.5 * 360 / 3.6e6}
    )
    joules_alone = call_on(router_own, classified.analysis, RoutingOptions(router_energy_j=0.0))
    assert joules_alone.amounts == pytest.approx({"joules": 0.0, "seconds": CHOOSING_S})
    assert joules_alone.origin == {"joules": "named", "seconds": "measured"}


def test_it_is_assumed_where_nothing_is_on_record(fake, analysed, make_run) -> None:
    cascade = routed_run(make_run, cascading(0.5), items=6, router={"type": "cascade", "order": ["label-0", "label-2"]})
    for analysis in (analysed(fake.plain()), cascade.analysis):
        own = call_on(router_own, analysis)
        assert own.amounts["joules"] == pytest.approx(ASSUMED_S * ASSUMED_W)
        assert own.amounts["seconds"] == ASSUMED_S
        assert set(own.origin.values()) == {"assumed"}


def test_where_electricity_has_no_price_its_rent_is_assumed(tmp_path) -> None:
    own = call_on(router_own, analyse(priced_run(tmp_path, np.eye(2), [0.001, 0.01])))
    assert own.amounts["money"] == pytest.approx(ASSUMED_S * ASSUMED_PER_HOUR / 3600)
    assert own.origin["money"] == "assumed"


def test_the_bill_is_added_to_every_item_in_the_unit_of_the_study() -> None:
    answers = answers_of(np.eye(3), [1.0, 2.0, 3.0], seconds=[0.1, 0.2, 0.3])
    routed = pick(answers, np.array([0, 1, 2]))
    bill = {"joules": 5.0, "seconds": 0.05, "money": 0.25, "grams": 7.0}
    worth = Worth(right=1.0, carbon_per_tonne=1e6, per_second=2.0)
    assert [own_cost(bill, unit) for unit in (*CostUnit, None)] == [5.0, 7.0, 0.25, 0.05, 0.0]
    assert own_cost(bill, CostUnit.MONEY, worth) == pytest.approx(0.25 + 7.0 + 0.1)
    paid = with_own_cost(routed, bill, CostUnit.MONEY)
    assert paid.cost - routed.cost == pytest.approx([0.25] * 3)
    assert paid.amounts["money"] - routed.amounts["money"] == pytest.approx([0.25] * 3)
    assert paid.amounts["seconds"] - routed.amounts["seconds"] == pytest.approx([0.05] * 3)
    assert paid.score is routed.score
    assert paid.requests is routed.requests
    assert np.array_equal(with_own_cost(routed, {}, CostUnit.MONEY, worth).cost, routed.cost)
