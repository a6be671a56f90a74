"""Accuracy against its costs: which systems cannot be excluded from which front, and bounds by a bootstrap by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.made_up.load_runs import write_load_run
from tests.made_up.prices import with_prices
from tests.made_up.records import call_on
from tests.wattbench_reports.sectiontext import as_text, table
from wattbench.records import read_run
from wattbench_reports.analyses.pareto_front import money_tradeoff, tradeoffs
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.workload import WorkloadChoice
from wattbench_reports.sections.tradeoff import tradeoff_section


def by_hand(run, names, cost, draws=3000):
    """The costs of each system over items drawn again, item by item in pandas."""
    rows = pd.read_parquet(run.layout.items_table)
    rows = rows[rows["system"].isin(names)].assign(seconds=lambda own: own["finished_s"] - own["started_s"])
    rng = np.random.default_rng(99)
    wide = [
        own.pivot(index=["task", "doc_id"], columns="system", values=cost)[list(names)].to_numpy()
        for _, own in rows.groupby("domain")
    ]
    costs = []
    for _ in range(draws):
        drawn = [each[rng.integers(0, len(each), len(each))] for each in wide]
        if cost == "seconds":
            costs.append(np.median(np.vstack(drawn), axis=0))
        else:
            costs.append(np.mean([each.mean(axis=0) for each in drawn], axis=0))
    return np.array(costs)


@pytest.fixture
def close(make_run, fake):
    """Four systems, none of them clearly on or off a front."""
    systems = (
        fake.System("a", accuracy=0.55, latency_s=0.52, energy_j=8.2),
        fake.System("b", accuracy=0.52, latency_s=0.5, energy_j=8.0),
        fake.System("c", accuracy=0.58, latency_s=0.55, energy_j=8.4),
        fake.System("d", accuracy=0.3, latency_s=0.9, energy_j=20.0),
    )
    return make_run(fake.Run(systems, items=40))


@pytest.mark.parametrize(("which", "cost"), [(0, "energy_j"), (1, "seconds")])
def test_an_interval_is_that_of_a_bootstrap_by_hand(close, which: int, cost: str) -> None:
    costs = by_hand(close, ("a", "b", "c", "d"), cost)
    for place, drawn in zip(tradeoffs(analyse(close).measured)[which].places, costs.T, strict=True):
        low, high = np.quantile(drawn, (0.025, 0.975))
        assert place.cost.low == pytest.approx(low, rel=0.03)
        assert place.cost.high == pytest.approx(high, rel=0.03)


@pytest.mark.parametrize("blocks", [0, 8])
def test_what_is_worse_on_both_is_excluded_and_what_is_close_is_not(make_run, fake, blocks: int) -> None:
    systems = (
        fake.System("a", accuracy=0.55, latency_s=0.52, energy_j=8.2),
        fake.System("b", accuracy=0.53, latency_s=0.5, energy_j=8.0),
        fake.System("dear", accuracy=0.56, latency_s=0.9, energy_j=20.0),
        fake.System("bad", accuracy=0.1, latency_s=0.9, energy_j=20.0),
    )
    run = make_run(fake.Run(systems, items=80, blocks=blocks))
    for found in tradeoffs(analyse(run).measured):
        assert {place.system: place.not_excluded for place in found.places} == {
            "a": True, "b": True, "dear": True, "bad": False
        }  # fmt: skip
    text = as_text(call_on(tradeoff_section, analyse(run)))
    assert "Pareto front: a, b and dear cannot be excluded. Excluded: bad (p" in text


def test_medians_are_the_files(close) -> None:
    rows = pd.read_parquet(close.layout.items_table)
    for place in tradeoffs(analyse(close).measured)[1].places:
        own = rows[rows["system"] == place.system]
        assert place.cost.estimate == pytest.approx((own["finished_s"] - own["started_s"]).median())


def test_under_a_mix_the_front_is_that_of_the_mix(make_run, fake) -> None:
    one = fake.System("one", accuracy=0.5, by_domain={"arithmetic": 0.9, "text": 0.1}, energy_j=8.0)
    other = fake.System("other", accuracy=0.5, by_domain={"arithmetic": 0.1, "text": 0.9}, energy_j=6.0)
    run = make_run(fake.Run((one, other), items=40))
    excluded = {}
    for mix in ("arithmetic=9,text=1", "arithmetic=1,text=9"):
        found = tradeoffs(analyse(run, Assumptions(workload=WorkloadChoice(mix=mix))).measured)[0]
        excluded[mix] = [place.system for place in found.places if not place.not_excluded]
    assert excluded["arithmetic=9,text=1"] == [], "dearer, and much more accurate"
    assert excluded["arithmetic=1,text=9"] == ["one"], "dearer, and much less accurate"


def test_repeats_of_an_item_stay_together(make_run, fake) -> None:
    """Asking again does not make the median surer than its items do."""
    widths = []
    for repeats in (1, 8):
        system = fake.System("a", latency_s=0.5)
        run = make_run(dataclasses.replace(fake.Run((system,), items=30, repeats=repeats), id=f"r{repeats}"))
        rows = pd.read_parquet(run.layout.items_table)
        # Every repeat takes as long as the first did.
        first = (rows["finished_s"] - rows["started_s"]).groupby([rows["task"], rows["doc_id"]]).transform("first")
        rows["finished_s"] = rows["started_s"] + first
        rows.to_parquet(run.layout.items_table)
        cost = tradeoffs(analyse(run).measured)[1].places[0].cost
        widths.append(cost.high - cost.low)
    assert widths[1] > 0.6 * widths[0]


def test_who_takes_no_part_is_named_with_the_reason(analysed, fake) -> None:
    joules, seconds = tradeoffs(analysed(fake.hostile()).measured)
    reasons = {place.system: place.reason for place in joules.places}
    assert reasons["throttled"] == "measured windows not all valid"
    assert reasons["unmetered"] == "no joules"
    groups = [{place.system for place in front} for front in joules.fronts]
    assert {"modelled$x^"} in groups, "joules from a formula have a front of their own"
    assert {place.system for front in seconds.fronts for place in front} == set(reasons)


def test_yardsticks_are_drawn_and_on_no_front(analysed, fake) -> None:
    analysis = analysed(fake.family(20))
    for found in tradeoffs(analysis.measured):
        (told,) = [place for place in found.places if place.system == "told"]
        assert (told.group, told.p_value, told.reason) == (None, None, "a yardstick")
        assert told.cost is not None
    assert "told (yardstick)" in call_on(tradeoff_section, analysis).passages[0].figure.drawing.description


def test_too_few_requests_have_no_median(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("one"), fake.System("other")), tasks=(("t", "d"),), items=6))
    for place in tradeoffs(analyse(run).measured)[1].places:
        assert (place.cost, place.reason) == (None, "too few requests for a p50")
    section = call_on(tradeoff_section, analyse(run))
    assert [passage.heading for passage in section.passages] == ["Against joules per request"]


def test_of_one_system_there_is_no_trade_off(analysed, fake) -> None:
    assert call_on(tradeoff_section, analysed(fake.Run((fake.System("only"),)))) is None


def test_the_tail_is_the_highest_percentile_that_is_supported(make_run, fake) -> None:
    for items, tail in ((43, []), (44, ["Latency p90"]), (89, ["Latency p90"]), (90, ["Latency p95"])):
        run = make_run(
            dataclasses.replace(
                fake.Run((fake.System("a"), fake.System("b")), (("t", "d"),), items=items), id=f"i{items}"
            )
        )
        row = table(call_on(tradeoff_section, analyse(run)), "Accuracy and latency, as plotted")["a"]
        assert [name for name in row if name.startswith("Latency") and name != "Latency p50"] == tail
        assert all(row[name] != "–" for name in tail)


def test_under_load_it_is_one_load_and_who_does_not_hold_it_is_on_no_front(tmp_path) -> None:
    analysis = analyse(write_load_run(tmp_path, held={0.5: ("sturdy",)}))
    for found in tradeoffs(analysis.measured):
        assert {place.system: place.reason for place in found.places}[
            "weak"
        ] == "not shown to sustain the rate in the long run"
    section = call_on(tradeoff_section, analysis)
    assert section.passages[0].sentences[0].startswith("All values are at 0.5 requests per second")
    assert table(section, "Accuracy and latency, as plotted")["weak"]["Latency p50"] == "–"


def test_golden(analysed, fake, golden) -> None:
    golden("trade-off.txt", as_text(call_on(tradeoff_section, analysed(fake.family()))))


def test_money_has_a_front_of_its_own(make_run, fake) -> None:
    """By joules one system beats the other; by money it is the other way round, as joules are not what is billed."""
    systems = (
        fake.System("frugal", accuracy=0.9, energy_j=2.0),
        fake.System("billed", accuracy=0.3, energy_j=9.0),
        fake.System("free", accuracy=0.2, energy_j=9.0),
    )
    for blocks in (0, 8):
        run = make_run(fake.Run(systems, items=80, blocks=blocks, id=f"money{blocks}"))
        prices = {
            "frugal": {"output_per_million": 9.0},
            "billed": {"output_per_million": 90.0},
            "free": {"per_request": 1e-6},
        }
        with_prices(run.layout.root, prices)
        analysis = analyse(read_run(run.layout.root))
        found = call_on(money_tradeoff, analysis)
        assert found is not None
        on_front = {each.system: each.not_excluded for each in found.places}
        assert on_front == {"frugal": True, "billed": False, "free": True}
        money = {each.system: each.cost.estimate for each in found.places}
        tokens = analysis.measured.systems["frugal"].output_tokens
        assert money["frugal"] == pytest.approx(tokens * 9e-6)
        passage = call_on(tradeoff_section, analysis).passages[1]
        assert passage.heading == "Against money per request"
        assert "by the price list of 2026-11-25" in passage.sentences[-1]
        assert passage.figure is not None


def test_a_run_without_prices_has_no_front_of_money(analysed, fake) -> None:
    assert call_on(money_tradeoff, analysed(fake.golden())) is None
