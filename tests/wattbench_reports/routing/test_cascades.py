"""Cascades: straight lines in the quality of the check, between a coin and a perfect choice of two systems."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.routing_worlds import answers_of, context_of
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing.answers.item_answers import ItemAnswers, pick
from wattbench_reports.routing.baseline import Baseline
from wattbench_reports.routing.cascades import QUALITIES, cascade_items, cascade_of, cascades, equal_quality
from wattbench_reports.routing.context import RoutingOptions, StudyContext
from wattbench_reports.routing.crossing import crossing
from wattbench_reports.routing.judge import judge


def world(items: int = 400, seed: int = 1) -> ItemAnswers:
    """A cheap system, a dear and better one, and a useless one."""
    rng = np.random.default_rng(seed)
    hard = rng.random(items)
    score = np.column_stack([hard < 0.6, (hard < 0.75) & (rng.random(items) < 0.95), rng.random(items) < 0.05])
    return answers_of(score.astype(np.float64), [1.0, 10.0, 5.0], systems=("cheap", "dear", "useless"),
                      seconds=[0.1, 1.0, 1.0])  # fmt: skip


@given(st.integers(0, 10**6), st.floats(0.5, 1.0), st.booleans())
@settings(max_examples=40)
def test_a_cascade_is_linear_in_the_quality_of_its_check(seed: int, quality: float, graded: bool) -> None:
    rng = np.random.default_rng(seed)
    score = rng.random((30, 3))
    answers = answers_of(score if graded else score.round(), rng.uniform(1, 5, (30, 3)))
    context = context_of(answers)
    coin, at, perfect = (cascade_items(context, 0, 1, each) for each in (0.5, quality, 1.0))
    part = 2 * quality - 1
    for low, middle, high in ((coin.score, at.score, perfect.score), (coin.cost, at.cost, perfect.cost)):
        np.testing.assert_allclose(middle, low + part * (high - low), atol=1e-12)
    np.testing.assert_allclose(perfect.score, answers.score[:, :2].max(axis=1))
    np.testing.assert_allclose(coin.score, answers.score[:, :2].mean(axis=1))
    assert (at.cost >= answers.cost[:, 0]).all()
    best = judge(context, "item", "", "", pick(answers, answers.score.argmax(axis=1)), answers.systems)
    assert answers.weight @ at.score <= best.accuracy.estimate + 1e-12


def test_a_check_accepts_what_is_right_and_rejects_what_is_wrong() -> None:
    answers = answers_of([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [1.0, 1.0]], [1.0, 4.0])
    routed = cascade_items(context_of(answers), 0, 1, 0.8)
    assert routed.score == pytest.approx([0.8, 0.8, 0.0, 1.0])
    assert routed.requests[:, 1] == pytest.approx([0.2, 0.8, 0.8, 0.2])
    assert routed.cost == pytest.approx([1.8, 4.2, 4.2, 1.8])
    assert routed.amounts["money"] == pytest.approx(routed.cost)


def test_the_check_is_billed_for_every_request() -> None:
    answers = answers_of([[1.0, 0.0], [0.0, 1.0]], [1.0, 4.0])
    checked = cascade_items(context_of(answers, options=RoutingOptions(check_money=0.5)), 0, 1, 1.0)
    free = cascade_items(context_of(answers), 0, 1, 1.0)
    assert checked.cost - free.cost == pytest.approx([0.5, 0.5])
    assert checked.amounts["money"] == pytest.approx(checked.cost)


def test_the_quality_from_which_on_it_is_as_accurate() -> None:
    answers = world()
    context = context_of(answers)
    cascade = cascade_of(context, 0, 1)
    assert cascade.equals is not None and cascade.cost_at_equal is not None
    at = cascade_items(context, 0, 1, cascade.equals.estimate)
    assert answers.weight @ at.score == pytest.approx(answers.score[:, 1].mean())
    assert answers.weight @ at.cost == pytest.approx(cascade.cost_at_equal.estimate)
    assert cascade.escalation_at_equal == pytest.approx(float(answers.weight @ at.requests[:, 1]))
    assert cascade.cost_at_equal.low < cascade.cost_at_equal.estimate < cascade.cost_at_equal.high < 10
    assert cascade.break_even_escalation == pytest.approx(0.9)
    assert cascade.pays == cascade.equals  # what is gained is accuracy
    assert cascade.qualities == QUALITIES
    assert len(cascade.accuracies) == len(cascade.costs) == len(cascade.amounts["seconds"]) == len(QUALITIES)
    # At a quality of its own the curve is what it is item by item.
    index = QUALITIES.index(0.75)
    routed = judge(context, "file", "", "", cascade_items(context, 0, 1, 0.75), answers.systems)
    for drawn, judged in (
        (cascade.accuracies[index], routed.accuracy),
        (cascade.costs[index], routed.cost),
        (cascade.amounts["seconds"][index], routed.amounts["seconds"]),
    ):
        assert (drawn.estimate, drawn.low, drawn.high) == pytest.approx((judged.estimate, judged.low, judged.high))


def test_the_quality_from_which_on_it_pays_is_where_the_gain_crosses_zero() -> None:
    answers = world()
    for context in (context_of(answers), context_of(answers, "benefit", worth=100.0)):
        cascade = cascade_of(context, 0, 1)
        assert cascade.pays is not None and 0.5 < cascade.pays.estimate < 1
        gains = [
            judge(context, "file", "", "", cascade_items(context, 0, 1, each), answers.systems).gain.estimate
            for each in (cascade.pays.estimate - 0.01, cascade.pays.estimate, cascade.pays.estimate + 0.01)
        ]
        assert gains[0] < 0 < gains[2]
        assert gains[1] == pytest.approx(0.0, abs=1e-9)


def test_under_a_requirement_it_pays_from_where_it_is_met() -> None:
    required = DecisionSettings((Requirement("accuracy", 0.7), Requirement("accuracy", 0.1, "elsewhere")))
    context = context_of(world(), "cost", settings=required)
    cascade = cascade_of(context, 0, 1)
    at = cascade_items(context, 0, 1, cascade.pays.estimate)
    assert context.answers.weight @ at.score == pytest.approx(0.7)
    impossible = context_of(world(), "cost", settings=DecisionSettings((Requirement("accuracy", 0.99),)))
    never = cascade_of(impossible, 0, 1).pays
    assert never is not None and never.estimate > 1


def test_only_cascades_that_may_pay_are_listed_the_cheapest_first() -> None:
    found = cascades(context_of(world()))
    assert ("cheap", "dear") in {(each.first, each.then) for each in found}
    assert all(each.first != "useless" for each in found[:1])
    at_equal = [math.inf if each.cost_at_equal is None else each.cost_at_equal.estimate for each in found]
    assert at_equal == sorted(at_equal)
    assert len(found) <= 5
    assert all(each.accuracies[-1].estimate > 0.6 for each in found)


def test_systems_that_answer_alike_make_no_cascade() -> None:
    same = np.repeat(np.random.default_rng(1).integers(0, 2, (50, 1)), 2, axis=1).astype(np.float64)
    context = context_of(answers_of(same, [1.0, 4.0]))
    assert cascades(context) == ()
    assert equal_quality(context, 0, 1) is None
    assert cascade_of(context, 1, 0).break_even_escalation is None


def test_without_costs_cascades_save_requests_to_the_best_system() -> None:
    answers = world()
    found = cascades(context_of(answers_of(answers.score, systems=answers.systems)))
    assert ("cheap", "dear") in {(each.first, each.then) for each in found}


def test_of_many_systems_a_few_cascades_remain() -> None:
    rng = np.random.default_rng(2)
    score = (rng.random((300, 20)) < np.linspace(0.3, 0.8, 20)).astype(np.float64)
    found = cascades(context_of(answers_of(score, np.linspace(0.3, 5, 20) ** 2)))
    assert 1 < len(found) <= 5
    assert len({(each.first, each.then) for each in found}) == len(found)


def test_bounds_of_qualities_and_costs_hold() -> None:
    """Of 400 runs of 300 items, 95% of the intervals hold what is true of all items of the kind."""
    rng = np.random.default_rng(7)
    # Patterns of (cheap right, dear right), and their chances.
    chances = np.array([0.45, 0.1, 0.25, 0.2])
    patterns = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    cheap, dear, perfect = 0.55, 0.7, 0.8
    coin = (cheap + dear) / 2
    equal = 0.5 + 0.5 * (dear - coin) / (perfect - coin)
    cost = 1 + 10 * (cheap + equal * (1 - 2 * cheap))
    # Worth 100: (.5 + .5 p) of the way up in accuracy, and of the way to the perfect check's cost.
    begin, end = 100 * coin - 6, 100 * perfect - (1 + 10 * 0.45)
    pays = 0.5 + 0.5 * (100 * dear - 10 - begin) / (end - begin)
    held = np.zeros(3)
    for _ in range(400):
        answers = answers_of(patterns[rng.choice(4, 300, p=chances)], [1.0, 10.0])
        context = StudyContext(answers, Baseline("benefit", 1, (0, 1), 100.0), DecisionSettings())
        found = cascade_of(context, 0, 1)
        bounds = (found.equals, found.cost_at_equal, found.pays)
        for index, (interval, truth) in enumerate(zip(bounds, (equal, cost, pays), strict=True)):
            # Beyond a perfect check there is no cost: those runs are few, and counted as missed.
            held[index] += interval is not None and interval.low <= truth <= interval.high
    assert (held / 400 >= 0.92).all() and (held / 400 <= 0.985).all()


@pytest.mark.parametrize(
    ("begin", "rise", "expected"),
    [(1.0, 0.01, (0, 0, 0)), (-1.0, 2.0, (0.5, None, None)), (-1.0, -1.0, (math.inf, math.inf, math.inf)),
     (1.0, -0.5, (0, 0, 0)), (-0.01, -0.01, (math.inf, 0, math.inf)), (0.01, -0.001, (0, 0, math.inf))],
)  # fmt: skip
def test_where_a_mean_becomes_positive(
    begin: float, rise: float, expected: tuple[float, float | None, float | None]
) -> None:
    noise = np.random.default_rng(3).normal(0, 1, (2, 400))
    noise -= noise.mean(axis=1, keepdims=True)
    answers = answers_of(np.ones((400, 2)))
    found = crossing(answers, begin + noise[0], rise + 0.3 * noise[1])
    assert found.estimate == pytest.approx(expected[0])
    assert found.low <= found.estimate <= found.high
    for bound, value in zip((found.low, found.high), expected[1:], strict=True):
        assert value is None or bound == pytest.approx(value)
    if expected[1] is None:
        assert 0.4 < found.low < found.high < 0.6


def test_one_block_bounds_no_crossing() -> None:
    answers = answers_of(np.ones((4, 2)), cluster=[0, 0, 0, 0])
    found = crossing(answers, np.full(4, -1.0), np.full(4, 2.0))
    assert (found.estimate, found.low, found.high) == (0.5, 0.0, math.inf)
