"""What answers cost: tokens, requests, hours, electricity; and what every system that a hybrid asked cost."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.made_up.priced import priced, used, with_usage
from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.money import UNNAMED
from wattbench_reports.metrics.workload import WorkloadChoice

USD = {"currency": "USD"}
KWH = 3.6e6


@pytest.fixture
def two(make_run, fake):
    """Two systems of 10 items in each of two tasks."""
    return lambda **options: make_run(
        fake.Run((fake.System("api", energy_j=None), fake.System("own")), items=10, **options)
    )


def money(run, *prices: str, **workload: object):
    return analyse(run, Assumptions(workload=WorkloadChoice(**workload), prices=prices)).paid.money


def items(run, system: str) -> pd.DataFrame:
    table = pd.read_parquet(run.layout.items_table)
    return table[table["system"] == system]


def test_tokens_and_requests_are_billed(two) -> None:
    price = {"input_per_million": 2.0, "cached_input_per_million": 0.5, "output_per_million": 10.0, **USD}
    run = priced(
        two(),
        {"api": {"price": {**price, "per_request": 0.001, "source": "list", "date": "2026-11-01"}}},
        change=lambda table: table.assign(cached_tokens=pd.array([20] * len(table), dtype="Int64")),
    )
    cost = money(run).systems["api"]
    output = items(run, "api")["output_tokens"].mean()
    assert cost.parts["tokens"] == pytest.approx((10 * 2.0 + 20 * 0.5 + output * 10) / 1e6)
    assert cost.parts["requests"] == pytest.approx(0.001)
    assert cost.per_request.estimate == pytest.approx(sum(cost.parts.values()))
    right = items(run, "api")["correct"].mean()
    assert cost.per_correct.estimate == pytest.approx(cost.per_request.estimate / right)
    assert (cost.source, cost.date) == ("list", "2026-11-01")
    assert money(run).systems["own"].why_none == (
        "it has no price, and electricity has no price (workload.price_per_kwh)"
    )


def test_cached_tokens_that_are_not_on_record_are_billed_as_others_and_said_to_be(two) -> None:
    run = priced(two(), {"api": {"price": {"input_per_million": 2.0, "cached_input_per_million": 0.5, **USD}}})
    assert money(run).systems["api"].per_request.estimate == pytest.approx(30 * 2e-6)
    assert money(run).notes == (
        "api: no cached tokens are on record, so that all tokens of prompts are billed as not cached.",
    )


def test_electricity_alone_and_added_to_a_price(two) -> None:
    plain = two()
    joules = items(plain, "own")["energy_j"].mean()
    of_own = money(plain, price_per_kwh=0.3).systems["own"]
    assert of_own.parts == {"electricity": pytest.approx(joules * 0.3 / KWH)}
    assert money(plain, price_per_kwh=0.3).currency == "EUR"
    assert money(plain) is None
    added = {"own": {"price": {"per_request": 0.01, "currency": "EUR", "electricity": "added"}}}
    cost = money(priced(plain, added), price_per_kwh=0.3).systems["own"]
    assert cost.per_request.estimate == pytest.approx(0.01 + joules * 0.3 / KWH)
    assert money(priced(plain, added)).systems["own"].why_none.startswith("it pays for its joules, and electricity")
    included = {"own": {"price": {"per_request": 0.01, "currency": "EUR"}}}
    assert money(priced(plain, included), price_per_kwh=0.3).systems["own"].per_request.estimate == pytest.approx(0.01)


def test_electricity_per_correct_is_joules_per_correct_at_a_price(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("own", unmetered=3), fake.System("other")), items=20))
    analysis = analyse(run, Assumptions(workload=WorkloadChoice(price_per_kwh=0.3)))
    for name, cost in analysis.paid.money.systems.items():
        joules = analysis.measured.systems[name].j_per_correct
        assert cost.per_correct.estimate == pytest.approx(joules.estimate * 0.3 / KWH)
        assert cost.per_correct.low == pytest.approx(joules.low * 0.3 / KWH)
        assert cost.per_correct.high == pytest.approx(joules.high * 0.3 / KWH)


def test_hours_are_the_windows_seconds(two) -> None:
    run = two()
    windows = pd.read_parquet(run.layout.windows_table)
    own = windows[(windows["system"] == "own") & (windows["purpose"] == "measured")]
    seconds = (own["finished_s"] - own["started_s"]).sum()
    price = {"per_gpu_hour": 3.0, "gpus": 2, "per_machine_hour": 1.2, "utilisation": 0.4, **USD}
    cost = money(priced(run, {"own": {"price": price}})).systems["own"]
    assert cost.parts == {"machine time": pytest.approx(seconds / 3600 * (2 * 3.0 + 1.2) / 0.4 / 20)}


def test_seconds_do_not_hang_on_joules(two) -> None:
    price = {"api": {"price": {"per_machine_hour": 3.6, **USD}}}  # api has no joules at all
    run = two()
    windows = pd.read_parquet(run.layout.windows_table)
    own = windows[(windows["system"] == "api") & (windows["purpose"] == "measured")]
    cost = money(priced(run, price)).systems["api"]
    assert cost.per_request.estimate == pytest.approx((own["finished_s"] - own["started_s"]).sum() / 1000 / 20)


def test_a_system_of_another_currency_is_apart(make_run, fake) -> None:
    run = make_run(fake.Run(tuple(fake.System(name) for name in "abc"), items=4))
    prices = {
        name: {"price": {"per_request": 1, "currency": currency}}
        for name, currency in zip("abc", ("EUR", "USD", "USD"), strict=True)
    }
    billed = money(priced(run, prices))
    assert billed.currency == "USD"
    assert billed.systems["a"].why_none == "it is billed in EUR, and most of the others in USD"
    assert billed.systems["a"].per_request is None
    assert billed.systems["b"].per_request.estimate == pytest.approx(1)


def test_electricity_of_another_currency_is_not_added(two) -> None:
    run = priced(two(), {"api": {"price": {"per_request": 1, **USD}}}, {"price_per_kwh": 0.3, "currency": "EUR"})
    assert money(run).systems["own"].why_none == (
        "its electricity is priced in EUR, and most of the others are billed in USD"
    )
    assert money(run, currency="USD").systems["own"].per_request is not None


def test_tokens_that_are_not_recorded_have_no_bill(two) -> None:
    run = priced(
        two(),
        {"api": {"price": {"output_per_million": 2, **USD}}},
        change=lambda table: table.assign(output_tokens=table["output_tokens"].where(table["doc_id"] > 0)),
    )
    assert money(run).systems["api"].why_none == ("output tokens have a price, and are not recorded of every answer")
    assert money(priced(run, {}, change=failed)).systems["api"].per_request is not None


def failed(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(failure=table["failure"].where(table["doc_id"] > 0, "refused"))


def escalated(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(route_asked=[["cheap", "dear"] if len(each) else [] for each in table["route_asked"]])


PRICES = {"cheap": {"input_per_million": 1.0, "output_per_million": 2.0, **USD}, "dear": {"per_request": 0.5, **USD}}


@pytest.fixture
def mixed(make_run, fake):
    """A hybrid of two members."""
    systems = (
        fake.System("cheap"),
        fake.System("dear", accuracy=0.9),
        fake.System("mixed", "hybrid", members=("cheap", "dear"), router="cascade", energy_j=16.0,
                    routes={"arithmetic": ("cheap",), "text": ("dear",)}),
    )  # fmt: skip
    return make_run(fake.Run(systems, items=10))


def hybrid(prices, **settings):
    return (
        {name: {"price": price} for name, price in prices.items()} | {"mixed": settings}
        if settings
        else {name: {"price": price} for name, price in prices.items()}
    )


def test_every_system_that_a_hybrid_asked_is_billed(mixed) -> None:
    rejected = (used("cheap", 100, 10), used("dear", 100, 10))
    run = priced(mixed, hybrid(PRICES), change=with_usage((used("cheap", 100, 10),), rejected))
    cost = money(run).systems["mixed"]
    assert cost.parts == {"tokens": pytest.approx((100 + 2 * 10) / 1e6), "requests": pytest.approx(0.25)}


def test_the_model_that_a_router_asks_is_billed(mixed) -> None:
    reads = (used("reader", 50, 0, seconds=2.0), used("cheap", 100, 10))
    reader = {
        "router": {"type": "llm", "reader": "reader"},
        "pool": {"reader": {"price": {"per_machine_hour": 3600, **USD}}},
    }
    run = priced(mixed, hybrid(PRICES, **reader), change=with_usage(reads))
    cost = money(run).systems["mixed"]
    assert cost.parts == {"tokens": pytest.approx(120 / 1e6), "machine time": pytest.approx(2.0)}


def test_a_hybrid_with_a_member_without_a_price_pays_for_its_joules(mixed) -> None:
    run = priced(
        mixed,
        hybrid({"cheap": PRICES["cheap"]}),
        change=with_usage((used("cheap", 0, 500_000),), (used("dear", 1, 1),)),
    )
    assert "electricity has no price" in money(run).systems["mixed"].why_none
    cost = money(run, price_per_kwh=3600.0, currency="USD").systems["mixed"]
    joules = items(run, "mixed")["energy_j"].mean()
    assert cost.parts == {"tokens": pytest.approx(0.5), "electricity": pytest.approx(joules / 1000)}


def test_a_hybrid_of_an_older_record_is_billed_where_it_asked_one_system_each(mixed) -> None:
    table = items(mixed, "mixed")
    cheap = table[table["route"] == "cheap"]
    tokens = (cheap["prompt_tokens"] + 2 * cheap["output_tokens"]).sum() / 1e6
    cost = money(priced(mixed, hybrid(PRICES))).systems["mixed"]
    assert cost.per_request.estimate == pytest.approx((tokens + 0.5 * (table["route"] == "dear").sum()) / len(table))
    timed = PRICES | {"dear": {"per_gpu_hour": 1, **USD}}
    assert money(priced(mixed, hybrid(timed))).systems["mixed"].why_none == (
        "the hours of dear, which it asks, have a price, and its seconds are not recorded"
    )
    assert money(priced(mixed, hybrid(PRICES), change=escalated)).systems["mixed"].why_none == (
        "this older run does not record what each system that it asked used"
    )


@pytest.mark.parametrize(
    ("own", "members", "why"),
    [
        ({}, PRICES | {"dear": {"per_request": 1, "currency": "EUR"}}, "what it asks is billed in USD and EUR"),
        ({"output_per_million": 1, **USD}, PRICES, "would be billed twice"),
    ],
)
def test_a_hybrid_that_cannot_be_billed_says_why(mixed, own, members, why) -> None:
    run = priced(mixed, hybrid(members, **({"price": own} if own else {})), change=with_usage((used("cheap", 1, 1),)))
    assert why in money(run).systems["mixed"].why_none


def test_a_hybrid_s_own_price_is_added(mixed) -> None:
    own = hybrid(PRICES, price={"per_request": 0.125, **USD})
    cost = money(priced(mixed, own, change=with_usage((used("dear", 1, 1),)))).systems["mixed"]
    assert cost.parts == {"requests": pytest.approx(0.625)}


def test_a_reader_sets_a_price_without_a_new_run(two) -> None:
    run = priced(two(), {"api": {"price": {"input_per_million": 2.0, "per_request": 0.5, "source": "list", **USD}}})
    cost = money(run, "api:per_request=0.25").systems["api"]
    assert cost.per_request.estimate == pytest.approx(0.25 + 30 * 2e-6)
    assert cost.source == "the reader"
    other = money(run, "api:per_request=1,input_per_million=0,currency=EUR,source=offer, no. 7")
    assert (other.currency, other.systems["api"].source) == ("EUR", "offer, no. 7")
    assert money(run, "own:per_request=0.1,currency=USD").systems["own"].per_request.estimate == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ("apj:per_request=1,currency=USD", "no system 'apj' in this run; did you mean 'api'?"),
        ("api", "no system 'api'"),
        ("api:per_reqest=1", "'per_reqest' is no key of a price; did you mean 'per_request'?"),
        ("own:per_request=1", "own: name its currency too"),
        ("own:per_request=much,currency=USD", "own: per_request is 'much': it must be a number"),
        ("own:per_request=-1,currency=USD", "per_request is -1: it must be a number of 0 or more"),
        ("own:per_request=1,per_request=2,currency=USD", "per_request is named twice"),
        ("own:currency=USD", "name at least one of input_per_million"),
        ("own:per_request=1,currency=dollars", "it must be three letters"),
        ("own:per_machine_hour=1,utilisation=2,currency=USD", "utilisation is 2: it must be a number of at most 1"),
        ("api:per_request=1,currency=EUR", "its prices on record are in USD; to change the currency, name all of them"),
        ("own:per_request=1,electricity=free,currency=USD", "electricity is 'free': it must be included or added"),
    ],
)
def test_a_price_that_is_none_is_refused(two, price, said) -> None:
    run = priced(two(), {"api": {"price": {"input_per_million": 2.0, **USD}}})
    with pytest.raises(UserError) as error:
        money(run, price)
    assert said in str(error.value)


def test_a_damaged_price_is_a_named_error(two) -> None:
    run = priced(two(), {"api": {"price": {"per_request": "free", **USD}}})
    with pytest.raises(UserError, match=r"systems\.api\.price\.per_request is 'free': it must be a number"):
        money(run)


def test_money_of_answers_sums_to_that_of_systems(mixed) -> None:
    run = priced(mixed, hybrid(PRICES), change=with_usage((used("cheap", 100, 10),), (used("dear", 1, 1),)))
    analysis = analyse(run, Assumptions(workload=WorkloadChoice(price_per_kwh=0.3, currency="USD")))
    answers = (
        pd.Series(analysis.paid.answers_money(analysis.measured.frames, slice(0, len(analysis.measured.frames.items))))
        .groupby(analysis.measured.frames.items["system"].astype(str))
        .mean()
    )
    for name, cost in analysis.paid.money.systems.items():
        assert answers[name] == pytest.approx(cost.per_request.estimate)


def test_costs_of_the_browser_are_those_of_the_report(mixed) -> None:
    from wattbench_reports.metrics.costs import CostUnit, cost_per_request

    run = priced(
        mixed, hybrid({"cheap": PRICES["cheap"]}), change=with_usage((used("cheap", 9, 9),), (used("dear", 1, 1),))
    )
    analysis = analyse(
        run, Assumptions(workload=WorkloadChoice(mix="arithmetic=3,text=1", price_per_kwh=0.3, currency="USD"))
    )
    base = analysis.measured.basis
    means = cost_per_request(
        analysis.weighed.costs[CostUnit.MONEY], base.totals | {"metered": base.metered}, analysis.measured.shares
    )
    for name, mean in zip(base.systems, means.tolist(), strict=True):
        assert mean == pytest.approx(analysis.paid.money.systems[name].per_request.estimate, rel=1e-12)


def test_costs_of_an_import_without_a_currency_are_not_mixed(two) -> None:
    run = two()
    imported = {"from": "table", "files": [], "left_out": {}, "scenario": {}}
    run = dataclasses.replace(run, header=dataclasses.replace(run.header, imported=imported))
    table = pd.read_parquet(run.layout.items_table)
    table["cost"] = np.where(table["system"] == "api", 0.5, np.nan)
    table.to_parquet(run.layout.items_table)
    billed = money(run)
    assert billed.currency == UNNAMED
    assert billed.systems["api"].per_request.estimate == pytest.approx(0.5)
    assert billed.systems["own"].why_none.startswith("it has no price")
    assert "USD" in money(run, "own:per_request=1,currency=USD").systems["own"].why_none


def test_an_agent_pays_the_price_of_the_server_that_it_asks(two) -> None:
    price = {"per_request": 0.25, **USD}
    settings = {"api": {"price": price}, "own": {"engine": "agent", "asks": "api"}}
    run = priced(two(), settings, change=lambda table: table.assign(calls=4, ended="answered"))
    assert money(run).systems["own"].per_request.estimate == pytest.approx(1.0)
    assert money(run, "api:per_request=0.5").systems["own"].per_request.estimate == pytest.approx(2.0)
    own = {**settings, "own": {"engine": "agent", "asks": "api", "price": {"per_request": 0.125, **USD}}}
    run = priced(two(id="other1"), own, change=lambda table: table.assign(calls=4, ended="answered"))
    assert money(run).systems["own"].per_request.estimate == pytest.approx(0.5)
    served = {"own": {"engine": "agent", "asks": "elsewhere", "server": {"price": price}}}
    run = priced(two(id="other2"), served, change=lambda table: table.assign(calls=4, ended="answered"))
    assert money(run).systems["own"].per_request.estimate == pytest.approx(1.0)


def test_calls_that_are_not_recorded_leave_a_price_per_request_unknown(two) -> None:
    run = priced(
        two(), {"own": {"price": {"per_request": 0.25, **USD}}}, change=lambda table: table.assign(ended="answered")
    )
    assert "the model calls of some attempts are not recorded" in money(run).systems["own"].why_none
