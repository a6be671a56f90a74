"""Fleets: the fewest replicas, how busy they are, and what their idle time adds to a request."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tests.made_up.percentiles import percentile_of
from tests.made_up.prices import with_prices
from tests.made_up.records import call_on
from tests.wattbench_reports.erlang import erlang_c
from wattbench.records import read_run
from wattbench_reports.analyses.capacity import MAX_LOAD, SECONDS_PER_YEAR, fleets, size
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.stats.budgets import ARRIVALS


def exponential(mean_s: float) -> np.ndarray:
    """Durations that are spread as an exponential is."""
    return -mean_s * np.log1p(-(np.arange(20_000) + 0.5) / 20_000)


def p95_of_mmc(servers: int, rate_per_s: float, mean_s: float) -> float:
    """Of the time from arrival to end in M/M/c, by halving its distribution function."""
    load, spare = rate_per_s * mean_s, servers / mean_s - rate_per_s
    waits, own = erlang_c(servers, load), 1 / mean_s

    def later(t: float) -> float:
        return math.exp(-own * t) * (1 - waits) + waits * (
            (own * math.exp(-spare * t) - spare * math.exp(-own * t)) / (own - spare)
        )

    low, high = 0.0, 1000.0 * mean_s
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if later(middle) > 0.05 else (low, middle)
    return low


@pytest.mark.parametrize(("rate", "mean_s"), [(0.1, 2.0), (1.0, 2.5), (10.0, 1.3), (3.0, 0.9)])
def test_the_fewest_replicas_are_those_of_the_closed_form(rate: float, mean_s: float) -> None:
    target_s = 2 * mean_s * math.log(20)  # twice the p95 of an exponential
    fewest = math.floor(rate * mean_s) + 1
    while p95_of_mmc(fewest, rate, mean_s) > target_s:
        fewest += 1
    found = size(exponential(mean_s), rate, target_s)
    assert found.replicas == fewest
    assert found.utilisation == pytest.approx(rate * mean_s / fewest, rel=1e-3)
    # Over 9,000 requests, whose waits go together where replicas are busy.
    assert found.tail_s == pytest.approx(p95_of_mmc(fewest, rate, mean_s), rel=0.15)


def test_what_a_request_costs_is_the_fleets_power_over_the_rate() -> None:
    found = size(np.full(50, 2.0), 4.0, 3.0, above_idle_j=7.0, idle_w=30.0)
    assert found.replicas is not None
    assert found.utilisation == pytest.approx(8.0 / found.replicas)
    watts = 30.0 * found.replicas + 7.0 * 4.0
    assert found.j_per_request == pytest.approx(watts / 4.0)
    assert found.idle_j_per_request == pytest.approx(30.0 * (found.replicas - 8.0) / 4.0)
    busy_j = 7.0 + 30.0 * 2.0
    assert found.j_per_request == pytest.approx(busy_j + found.idle_j_per_request)


def test_more_durations_than_are_drawn_are_all_represented() -> None:
    known = np.sort(np.random.default_rng(3).exponential(1.0, size=3 * ARRIVALS))
    found = size(known, 0.5, 100.0)
    assert found.replicas == 1
    assert found.utilisation == pytest.approx(0.5 * known.mean())
    assert found.tail_s is not None
    assert found.tail_s == pytest.approx(p95_of_mmc(1, 0.5, float(known.mean())), rel=0.15)


def test_what_cannot_be_simulated_is_not_stated() -> None:
    assert size(np.full(3, MAX_LOAD), 2.0, 2 * MAX_LOAD).replicas is None
    assert size(np.array([1.0]), 1.0, 0.5).replicas is None  # nothing is faster than itself


def test_a_run_gives_a_fleet_for_every_system(make_run, fake) -> None:
    run = make_run(fake.golden())
    table = pd.read_parquet(run.layout.items_table)
    found = call_on(fleets, analyse(run), requests_per_year=SECONDS_PER_YEAR)
    assert found.rates_per_s == (1.0, 0.1, 1.0, 10.0)
    assert (found.share, found.too_few) == (0.9, ())
    assert [fleet.system for fleet in found.fleets] == list(dict.fromkeys(table["system"]))
    for fleet in found.fleets:
        own = table[table["system"] == fleet.system]
        seconds = own["finished_s"] - own["started_s"]
        assert fleet.mean_s == pytest.approx(seconds.mean())
        assert len(own) == 80
        assert fleet.target_s == pytest.approx(2 * percentile_of(seconds, 0.9)), "80 requests support a p90"
        if own["energy_j"].isna().all():
            assert fleet.idle_w is None
            assert {sized.j_per_request for sized in fleet.sized} == {None}
            continue
        # The fake windows draw half of their joules when idle.
        assert fleet.idle_w == pytest.approx(own["energy_j"].sum() / 2 / seconds.sum())
        for rate, sized in zip(found.rates_per_s, fleet.sized, strict=True):
            assert sized.replicas is not None
            above_j = own["energy_above_idle_j"].mean()
            assert sized.j_per_request == pytest.approx(above_j + fleet.idle_w * sized.replicas / rate)


def test_a_system_is_not_sized_from_fewer_requests_than_a_median_needs(analysed, fake) -> None:
    run = fake.Run((fake.System("full"), fake.System("short", skip_docs=5)), (("t", "d"),), items=11)
    found = call_on(fleets, analysed(run))
    assert ([each.system for each in found.fleets], found.too_few, found.share) == (["full"], ("short",), 0.5)


def test_joules_that_are_not_valid_are_left_out(analysed, fake) -> None:
    (fleet,) = call_on(fleets, analysed(fake.Run((fake.System("hot", invalid=("throttled",)),)))).fleets
    assert fleet.idle_w is None
    assert fleet.sized[0].replicas == 1


def test_batches_say_nothing_of_a_request_alone(analysed, fake) -> None:
    found = call_on(fleets, analysed(fake.Run(fake.plain().systems, batch=8)))
    assert found.fleets == ()
    assert "batches" in found.why_not


def test_a_fleet_is_paid_for_whole_hours_and_for_its_electricity(make_run, fake) -> None:
    systems = (fake.System("hourly", energy_j=8.0), fake.System("by-request", energy_j=None))
    run = make_run(fake.Run(systems, items=40))
    prices = {
        "hourly": {"per_machine_hour": 2.0, "utilisation": 0.25, "electricity": "added"},
        "by-request": {"per_request": 0.01},
    }
    with_prices(run.layout.root, prices, {"price_per_kwh": 0.36, "currency": "EUR"})
    found = {each.system: each.sized for each in call_on(fleets, analyse(read_run(run.layout.root))).fleets}
    for sized in found["hourly"]:
        electricity = sized.j_per_request * sized.rate_per_s * 3600 / 3.6e6 * 0.36
        assert sized.electricity_per_hour == pytest.approx(electricity)
        assert sized.money_per_hour == pytest.approx(2.0 * sized.replicas + electricity)
    for sized in found["by-request"]:
        assert sized.money_per_hour == pytest.approx(0.01 * sized.rate_per_s * 3600)
        assert sized.electricity_per_hour == 0
