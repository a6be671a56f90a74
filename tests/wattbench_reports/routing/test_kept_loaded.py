"""Which systems stay loaded: the best set at every rate, in the unit of the aim, from idle that is on record."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.records import call_on, read_again
from tests.made_up.routing_worlds import answers_of, by_domain, context_of, routed_run
from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.context import RoutingOptions
from wattbench_reports.routing.kept_loaded import (
    FOLDS,
    Values,
    _folds,
    best_at,
    best_by_rate,
    gain_at,
    held_out_columns,
    residents,
    set_figures,
)
from wattbench_reports.routing.resident_draw import ALL_LOADED, resident_draw

SYSTEMS = ("tuned", "specialist-text", "base")
ADDED_W = {"tuned": 6.0, "specialist-text": 5.0, "base": 0.0}
BASE_W = 20.0
THREE = {
    "a": {"text": 0.8, "logic": 0.4, "time": 0.5},
    "b": {"text": 0.5, "logic": 0.9, "time": 0.5},
    "c": {"text": 0.7, "logic": 0.7, "time": 0.6},
}


@pytest.fixture
def local_run(fake, analysed):
    """Systems of one's own whose idle was measured one at a time."""

    def make(idle_w=None, **changes):
        watts = {name: BASE_W + each for name, each in ADDED_W.items()} if idle_w is None else idle_w
        systems = tuple(
            fake.System(name, "hybrid" if name == "both" else "generalist", members=SYSTEMS[:2] * (name == "both"))
            for name in watts
        )
        analysis = analysed(fake.Run(systems, items=6, **changes))
        frames = dataclasses.replace(analysis.measured.frames)
        vars(frames)["window_rows"] = [  # in place of what is read from disk
            dataclasses.replace(row, idle_w=dict.fromkeys(row.idle_w, watts[row.system]))
            for row in analysis.measured.frames.window_rows
        ]
        return read_again(analysis, frames=frames)

    return make


def world(unit=CostUnit.JOULES, aim="benefit", worth=20.0, **changes):
    score, domain = by_domain(
        {
            "tuned": {"text": 0.6, "logic": 0.9},
            "specialist-text": {"text": 0.9, "logic": 0.2},
            "base": {"text": 0.5, "logic": 0.05},
        },
        200,
    )
    answers = dataclasses.replace(answers_of(score, [4.0, 2.0, 3.0], domain, systems=SYSTEMS), unit=unit, label="J")
    return context_of(answers, aim, worth, **changes)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 50)), min_size=3, max_size=15),
    st.floats(0.1, 5000),
)
def test_the_best_set_of_a_rate_is_the_best_of_all(lines, per_w) -> None:
    k = (len(lines)).bit_length()
    gain, idle = np.full(2**k, -np.inf), np.full(2**k, 1e9)
    for place, (own, watts) in enumerate(lines, 1):
        gain[place], idle[place] = own, watts
    among = np.arange(1, len(lines) + 1)
    chain = best_by_rate(among, gain, idle, per_w)
    rates = [rate for _, rate in chain]
    assert rates[0] == 0 and rates == sorted(rates) and len(set(rates)) == len(rates)
    for rate in np.geomspace(0.01, 1e6, 60):
        chosen = [index for index, start in chain if start <= rate][-1]
        utility = gain[among] - idle[among] * per_w / rate
        best = utility.max()
        assert gain[chosen] - idle[chosen] * per_w / rate >= best - 1e-6 * (1 + abs(utility).max())


def test_more_systems_stay_loaded_as_requests_become_more_frequent(local_run) -> None:
    analysis = local_run()
    found = call_on(residents, analysis, world(options=RoutingOptions(requests_per_hour=3e5)), {})
    assert found.subsets == 7
    assert [each.systems for each in found.sets] == [("base",), ("tuned",), SYSTEMS[:2]]
    assert [each.idle_w for each in found.sets] == pytest.approx([-6.0, 0.0, 5.0])
    assert found.best == found.sets[-1]
    assert found.idle_gain_per_w == 3600.0
    both, tuned = found.sets[2], found.sets[1]
    assert tuned.gain == 0.0
    rate = both.from_requests_per_hour
    assert gain_at(both, rate, 3600.0) == pytest.approx(gain_at(tuned, rate, 3600.0))
    assert best_at(found.sets, 0.99 * rate) == tuned
    assert (tuned.interval.low, tuned.interval.high) == (0.0, 0.0)
    assert 0 < both.interval.low < both.interval.estimate == both.gain < both.interval.high
    assert found.base_w == BASE_W and not found.measured_together


def test_a_router_that_costs_makes_a_set_of_several_pay_later(local_run) -> None:
    analysis = local_run()
    free, paid = (call_on(residents, analysis, world(), bill) for bill in ({}, {"joules": 1.0}))
    assert paid.sets[-1].gain == pytest.approx(free.sets[-1].gain - 1.0)
    assert paid.sets[-1].from_requests_per_hour > free.sets[-1].from_requests_per_hour
    assert paid.sets[1] == free.sets[1]
    assert paid.sets[-1].interval.low == pytest.approx(free.sets[-1].interval.low - 1.0)


def test_without_a_worth_an_answer_counts_as_what_a_further_one_costs(local_run) -> None:
    context = world(aim="accuracy", worth=0.0)
    found = call_on(residents, local_run(), context, {})
    answers, hull = context.answers, context.baseline.hull
    costs, scores = answers.mean(answers.cost), answers.mean(answers.score)
    a, b = hull[-2:]
    price = (costs[b] - costs[a]) / (scores[b] - scores[a])
    priced = call_on(residents, local_run(), world(worth=float(price)), {})
    assert found.idle_gain_per_w == 3600.0
    assert found.sets == priced.sets and found.sets[-1].systems == SYSTEMS[:2]


def test_electricity_has_its_price_and_its_building(local_run) -> None:
    carbon = {"region": None, "intensity_g_per_kwh": 360.0, "pue": 1.5}
    analysis = local_run(workload={"price_per_kwh": 0.24, "currency": "EUR"}, carbon=carbon)
    money = call_on(residents, analysis, world(CostUnit.MONEY), {})
    assert money.idle_gain_per_w == pytest.approx(0.24 / 1000 * 1.5)
    assert call_on(residents, analysis, world(CostUnit.GRAMS), {}).idle_gain_per_w == pytest.approx(0.36 * 1.5)
    assert money.requests_per_hour == pytest.approx(analysis.measured.workload.requests_per_year / 8760)


def test_the_base_is_that_of_a_hybrid_and_its_members(local_run) -> None:
    idle_w = {"tuned": 26.0, "specialist-text": 22.0, "base": 21.0, "both": 28.5}
    draw = resident_draw(local_run(idle_w).measured, SYSTEMS)
    assert draw.measured_together
    assert draw.base_w == pytest.approx(26.0 + 22.0 - 28.5)
    assert draw.added_w == pytest.approx((6.5, 2.5, 1.5))
    noisy = resident_draw(local_run(idle_w | {"both": 20.0}).measured, SYSTEMS)
    assert noisy.base_w == 21.0 and min(noisy.added_w) == 0  # never above the least idle


def test_idle_of_everything_loaded_only_bounds_what_idle_costs(local_run) -> None:
    analysis = local_run(blocks=3)
    why = call_on(residents, analysis, world(), {})
    assert why.startswith(ALL_LOADED + "; all of them together draw 26.0 W, the machine included, which costs less")
    gain = call_on(residents, local_run(), world(), {}).sets[-1].gain
    rate = float(why.split(" from ")[1].split()[0].replace(",", ""))
    assert rate == pytest.approx(26.0 * 3600 / gain, rel=0.005)


def test_a_reason_is_given_where_idle_says_nothing(fake, analysed, local_run, tmp_path) -> None:
    imported = analyse(routed_run(tmp_path, np.eye(4)[:, :3], [3.0, 2.0, 1.0], systems=SYSTEMS))
    assert call_on(residents, imported, world(CostUnit.MONEY)) == (
        "an imported run has no record of what a system draws when it is idle"
    )
    silent = analysed(fake.Run(tuple(fake.System(name, energy_j=None) for name in SYSTEMS), items=6))
    assert call_on(residents, silent, world()) == "the idle draw of tuned, specialist-text and base was not measured"
    local = local_run()
    assert call_on(residents, local, world(CostUnit.MONEY)).startswith(
        "not all of the systems pay for their electricity"
    )
    dear = dataclasses.replace(world(aim="accuracy").answers, cost=world().answers.cost[:, [2, 0, 1]])
    alone = context_of(dataclasses.replace(dear, cost=np.ones_like(dear.cost)))
    assert "no single system costs less" in call_on(residents, local, alone, {})
    with pytest.raises(UserError, match="requests per hour: 0 is not"):
        call_on(residents, local, world(options=RoutingOptions(requests_per_hour=0)), {})


def random_world(items=40, cluster=None, shares=None, seed=3):
    score, domain = by_domain(THREE, items, seed)
    cost = np.random.default_rng(seed).gamma(4, 1, score.shape) * [1.0, 2.0, 5.0]
    return answers_of(score, cost, domain, cluster, shares=shares)


def looped(answers, columns, worth):
    """Gain over the first column of each set."""
    value = worth * answers.score[:, columns] - answers.cost[:, columns]
    fold, gains = _folds(answers), [np.nan]
    for members in range(1, 2 ** len(columns)):
        among = [bit for bit in range(len(columns)) if members >> bit & 1]
        gain = 0.0
        for held in range(FOLDS):
            for domain in range(len(answers.domains)):
                train = (fold != held) & (answers.domain == domain)
                test = (fold == held) & (answers.domain == domain)
                weight = answers.weight[train] / answers.weight[train].sum()
                best = max(among, key=lambda bit: weight @ value[train, bit])
                gain += answers.weight[test] @ (value[test, best] - value[test, 0])
        gains.append(gain)
    return np.array(gains)


@pytest.mark.parametrize("shares", [None, {"text": 0.6, "logic": 0.1, "time": 0.3}])
def test_all_sets_are_those_of_a_loop(shares) -> None:
    answers, columns = random_world(shares=shares), np.array([2, 0, 1])
    figures = set_figures(context_of(answers), columns, Values(4.0))
    assert figures.gain[1:] == pytest.approx(looped(answers, columns, 4.0)[1:])
    assert figures.gain[1] == pytest.approx(0.0, abs=1e-12)  # the best single system alone
    assert figures.accuracy[1] == pytest.approx(answers.score[:, 2].mean() if shares is None else figures.accuracy[1])


@pytest.mark.parametrize("values", [Values(4.0), Values(0.0, 0.62)])
def test_the_items_of_a_set_go_where_its_figures_have_them(values) -> None:
    answers, columns = random_world(), np.array([2, 0, 1])
    context = context_of(answers, "cost")
    figures, every = set_figures(context, columns, values), np.arange(answers.items)
    for index in range(1, 8):
        column = held_out_columns(context, columns, [bit for bit in range(3) if index >> bit & 1], values)
        value = values.worth * answers.score - answers.cost
        assert figures.gain[index] == pytest.approx(answers.weight @ (value[every, column] - value[:, 2]))
        assert figures.accuracy[index] == pytest.approx(answers.weight @ answers.score[every, column])


def test_no_set_gains_more_than_a_choice_item_by_item() -> None:
    rng = np.random.default_rng(1)
    for seed in range(20):
        score = (rng.random((60, 4)) < 0.6).astype(float)
        answers = answers_of(score, [1.0, 2.0, 3.0, 4.0], [f"d{item % 6}" for item in range(60)])
        figures = set_figures(context_of(answers), np.arange(4), Values(3.0))
        value = 3.0 * answers.score - answers.cost
        assert figures.gain[1:].max() <= answers.weight @ (value.max(axis=1) - value[:, 0]) + 1e-12, seed


def test_answers_alike_gain_nothing_by_a_choice_fitted_to_their_noise() -> None:
    gains = []
    for seed in range(60):
        score = (np.random.default_rng(seed).random((80, 3)) < 0.6).astype(float)
        answers = answers_of(score, [1.0, 1.0, 1.0], [f"d{item % 8}" for item in range(80)])
        gains.append(set_figures(context_of(answers), np.arange(3), Values(1.0)).gain[7])
    assert abs(np.mean(gains)) < 3 * np.std(gains) / np.sqrt(len(gains))


def test_items_of_a_block_are_held_out_together() -> None:
    answers = random_world(cluster=np.repeat(np.arange(24), 5), items=40)
    fold = _folds(answers)
    assert all(len(set(fold[answers.cluster == block])) == 1 for block in range(24))
    assert set(fold) == set(range(FOLDS))


def test_a_required_accuracy_is_reached_at_the_least_cost() -> None:
    score, domain = by_domain({"dear": {"text": 0.9, "logic": 0.9}, "cheap": {"text": 0.9, "logic": 0.3}}, 400, seed=5)
    answers = answers_of(score, [10.0, 1.0], domain)
    loose, strict = (
        set_figures(context_of(answers, "cost"), np.arange(2), Values(0.0, bound)) for bound in (0.55, 0.85)
    )
    assert loose.gain[3] == pytest.approx(9.0)  # always the cheap one
    assert strict.gain[3] == pytest.approx(4.5)  # in the domain in which it is as good
    assert strict.accuracy[3] >= 0.85 > strict.accuracy[2]


def test_a_domain_with_one_item_takes_the_choice_of_all() -> None:
    score = np.array([[1.0, 0.0]] * 9 + [[0.0, 1.0]])
    answers = answers_of(score, [1.0, 1.0], ["many"] * 9 + ["one"])
    figures = set_figures(context_of(answers), np.arange(2), Values(1.0))
    assert figures.gain[3] == pytest.approx(0.0)
