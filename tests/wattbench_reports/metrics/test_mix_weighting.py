"""Figures under a mix of domains, against brute force and the truth; and the whole of what a reader may set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from wattbench.errors import UserError
from wattbench.records.schema.workload import Workload as WorkloadSettings
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.paired_tests import WeighedPairs
from wattbench_reports.html.whatif import tippings
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.bootstrap_sums import undrawn
from wattbench_reports.metrics.domain_sums import basis
from wattbench_reports.metrics.mix_weighting import accuracies
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.metrics.workload import WorkloadChoice, workload
from wattbench_reports.stats.percentiles import mixed
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.labels import Labels


def made_table(rng, sizes, rates, joules=(2.0, 3.0)) -> ItemTable:
    """Two systems over domains of some sizes, right at some rates; joules depend on the item."""
    domains = Labels.of(np.repeat([f"d{place}" for place in range(len(sizes))], sizes))
    rate = np.repeat(np.asarray(rates), sizes, axis=0)
    n = len(domains)
    correct = (rng.random((n, 2)) < rate).astype(float)
    energy = np.array(joules) * rng.gamma(4.0, 0.25, size=(n, 1)) * (1.5 - 0.5 * correct)
    one = np.ones((n, 2))
    return ItemTable(("a", "b"), domains, domains, one, correct, one, correct, energy)


def test_estimates_are_the_shares_mean_of_the_domains(make_run, fake) -> None:
    run = make_run(fake.family(20))
    found = analyse(run, Assumptions(workload=WorkloadChoice("arithmetic=1,text=3,logic=0,time=4")))
    table = pd.read_parquet(run.layout.items_table)
    share = {"arithmetic": 1 / 8, "text": 3 / 8, "logic": 0.0, "time": 0.5}
    for name, own in table.groupby("system", sort=False):
        by = own.groupby("domain")
        accuracy = sum(share[domain] * rows["correct"].mean() for domain, rows in by)
        joules = sum(share[domain] * rows["energy_j"].mean() for domain, rows in by)
        figures = found.measured.systems[name]
        assert figures.accuracy.estimate == pytest.approx(accuracy)
        assert figures.j_per_request.estimate == pytest.approx(joules)
        if accuracy:
            assert figures.j_per_correct.estimate == pytest.approx(joules / accuracy)
            assert figures.j_per_correct.low <= joules / accuracy <= figures.j_per_correct.high
        tokens = sum(share[domain] * rows["output_tokens"].mean() for domain, rows in by)
        assert figures.output_tokens == pytest.approx(tokens)
        year = found.comparison.years[name]
        assert year.energy_kwh == pytest.approx(joules * 1e6 / 3.6e6 * 1.25)
        assert year.operational_g == pytest.approx(year.energy_kwh * 100)


def test_the_share_of_one_domain_alone_gives_its_figures(make_run, fake) -> None:
    run = make_run(fake.family(20))
    only = analyse(run, Assumptions(workload=WorkloadChoice("arithmetic=0,text=0,logic=2,time=0")))
    for name, figures in only.measured.by_domain["logic"].items():
        assert only.measured.systems[name].j_per_correct == figures.j_per_correct
        assert only.measured.systems[name].j_per_request == figures.j_per_request


def test_draws_keep_domains_and_systems_apart_and_lose_nothing_in_16_bits() -> None:
    table = made_table(np.random.default_rng(3), (40, 25), ((0.5, 0.7), (0.9, 0.1)))
    found = undrawn(table).draws()
    assert found.domains == ("d0", "d1")
    energy = found.of("energy_j")
    for place, domain in enumerate(found.domains):
        own = table.energy_j[table.domains.are(domain)]
        total, n = own.sum(axis=0), len(own)
        assert energy[:, place].mean(axis=0) == pytest.approx(total, rel=0.02)
        assert energy[:, place].std(axis=0) == pytest.approx(np.sqrt(n) * own.std(axis=0, ddof=1), rel=0.1)
    assert undrawn(table).draws().of("correct").tolist() == found.of("correct").tolist()


@pytest.mark.filterwarnings("error")
def test_a_kind_without_figures_for_one_system_is_drawn_without_a_warning() -> None:
    table = made_table(np.random.default_rng(3), (5, 7), ((0.5, 0.5), (0.5, 0.5)))
    joules = table.energy_j * [1.0, np.nan]
    found = undrawn(table, known=table.energy_j, half=joules).draws()
    assert found.of("half")[:, :, 0].tolist() == found.of("known")[:, :, 0].tolist()
    assert np.isnan(found.of("half")[:, :, 1]).all()
    assert not found.kinds["half"].codes[:, :, 1].any()


@pytest.mark.slow
def test_intervals_under_a_mix_cover_the_truth_at_their_rate() -> None:
    """1,000 runs each of three domains, with shares unlike their sizes: 95%, within the error of the simulation."""
    rng, shares = np.random.default_rng(11), np.array([0.6, 0.3, 0.1])
    rates, sizes = np.array([(0.8, 0.5), (0.3, 0.6), (0.55, 0.5)]), (50, 80, 40)
    truth = shares @ rates
    # E[joules] = 2 * (1.5 - 0.5 * rate), over the rate.
    per_correct = shares @ (2.0 * (1.5 - 0.5 * rates[:, 0])) / truth[0]
    hits, runs = np.zeros(3), 1000
    for _ in range(runs):
        table = made_table(rng, sizes, rates)
        base = basis(table)
        accuracy = accuracies(base, shares)[0]
        ratio = intervals(base, {"energy_j": 1.0}, shares, per_correct=True)[0]
        gap = WeighedPairs(table, base, shares).accuracy("a", "b")
        hits += [
            accuracy.low <= truth[0] <= accuracy.high,
            ratio.low <= per_correct <= ratio.high,
            gap.difference.low <= truth[0] - truth[1] <= gap.difference.high,
        ]
    assert np.all(np.abs(hits / runs - 0.95) < 0.025), hits / runs


def test_a_domain_in_which_all_agree_is_not_certain() -> None:
    table = made_table(np.random.default_rng(1), (24, 24), ((0.0, 1.0), (1.0, 0.0)))
    found = accuracies(basis(table), np.array([0.5, 0.5]))[0]
    assert found.estimate == 0.5
    assert found.high - found.low > 0.1


def test_latency_under_a_mix() -> None:
    domains = np.repeat([0, 1], [90, 10])
    seconds = np.concatenate([np.full(90, 1.0), np.full(10, 5.0)])
    half = mixed(seconds, domains, np.array([0.5, 0.5]))
    assert (half.quantile(0.4), half.quantile(0.5), half.quantile(0.6)) == (1.0, 1.0, 5.0)
    assert mixed(seconds, domains, np.array([0.0, 1.0])).quantile(0.01) == 5.0
    assert mixed(np.empty(0), np.empty(0, dtype=np.int64), np.array([1.0])).quantile(0.5) is None


def test_where_another_mix_changes_the_lead(analysed, fake) -> None:
    found = {each.domain: each for each in tippings(analysed(fake.family(60)).measured)}
    assert set(found) == {"arithmetic", "text", "logic", "time"}
    for domain, each in found.items():
        assert each.share == pytest.approx(0.25)
        assert each.joules[0].from_share == each.accuracy[0].from_share == 0.0
        assert each.accuracy[-1].system == f"specialist-{domain}"


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ("text", "is not domain=weight"),
        ("text=1", "no weight for b"),
        ("text=1,b=x", "is not a number"),
        ("text=1,b=-1", "a number of 0 or more"),
        ("text=nan,b=1", "a number of 0 or more"),
        ("text=0,b=0", "has a weight above 0"),
        ("text=1,text=2", "named twice"),
        ("tekst=1,b=1", "did you mean 'text'"),
    ],
)
def test_a_mix_that_is_none(mix, said) -> None:
    with pytest.raises(UserError, match=said):
        workload(WorkloadSettings(), ("text", "b"), WorkloadChoice(mix))


def test_a_suites_mix_counts_and_the_readers_replaces_it(make_run, fake) -> None:
    settings = WorkloadSettings(mix={"text": 1}, requests_per_year=500, price_per_kwh=0.4, currency="USD")
    own = workload(settings, ("arithmetic", "text"))
    assert own.shares == {"arithmetic": 0.0, "text": 1.0}
    assert (own.requests_per_year, own.price_per_kwh, own.currency) == (500, 0.4, "USD")
    assert workload(settings, ("arithmetic", "text"), WorkloadChoice("items")).shares is None
    assert workload(settings, ("arithmetic", "text"), WorkloadChoice(price_per_kwh=0.0)).price_per_kwh == 0.0
    with pytest.raises(UserError, match="no domain of this run"):
        workload(WorkloadSettings(mix={"gone": 1.0}), ("text",))
