"""Perfect routers: nothing is above them, and what is flattered is judged by other answers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.routing_worlds import answers_of, context_of
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing.answers.item_answers import pick
from wattbench_reports.routing.baseline import gain_values
from wattbench_reports.routing.ceiling import best_of_item, best_set, bounded, ceiling
from wattbench_reports.routing.judge import judge
from wattbench_reports.routing.model import Aim


def drawn(seed: int, items: int = 40, systems: int = 4, graded: bool = False):
    """Random answers of systems that cost more the better they are, under a mix of two domains."""
    rng = np.random.default_rng(seed)
    score = rng.random((items, systems))
    if not graded:
        score = (score < np.linspace(0.3, 0.8, systems)).astype(np.float64)
    domain = ["a" if each else "b" for each in rng.random(items) < 0.4]
    domain[:2] = ["a", "b"]
    cost = np.linspace(1.0, 5.0, systems) * rng.uniform(0.9, 1.1, (items, 1))
    return answers_of(score, cost, domain, shares={"a": 0.7, "b": 0.3}, systems=[f"s{each}" for each in range(systems)])


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(["accuracy", "benefit"]))
@settings(max_examples=40)
def test_no_choice_is_above_the_ceiling(seed: int, graded: bool, aim: Aim) -> None:
    answers = drawn(seed, graded=graded)
    context = context_of(answers, aim, worth=4.0)
    top = ceiling(context)
    assert top.gain is not None and top.pair is not None and top.triple is not None
    rng = np.random.default_rng(seed + 1)
    columns = [np.full(answers.items, each) for each in range(4)]
    columns += [rng.integers(0, 4, answers.items), (answers.score - rng.random() * answers.cost).argmax(axis=1)]
    for column in columns:
        choice = judge(context, "domain", "", "", pick(answers, column), answers.systems)
        assert choice.accuracy.estimate <= top.best.accuracy.estimate + 1e-9
        assert choice.gain.estimate <= top.gain.estimate + 1e-9
    accuracies = [each.accuracy.estimate for each in (top.pair, top.triple, top.best)]
    assert accuracies == sorted(accuracies)
    assert top.best.gain.estimate <= top.gain.estimate + 1e-9


@given(st.integers(0, 10**6), st.floats(0.2, 0.95))
@settings(max_examples=30)
def test_no_choice_that_is_as_accurate_as_required_saves_more(seed: int, bound: float) -> None:
    answers = drawn(seed)
    requirements = DecisionSettings((Requirement("accuracy", bound),))
    context = context_of(answers, "cost", settings=requirements)
    top = ceiling(context).gain
    rng = np.random.default_rng(seed + 1)
    for worth in (0.0, 1.0, 3.0, 10.0, 100.0):
        noise = rng.normal(0, 1, answers.score.shape) if worth == 1.0 else 0.0
        routed = pick(answers, (worth * answers.score - answers.cost + noise).argmax(axis=1))
        if answers.weight @ routed.score >= bound:
            assert answers.weight @ gain_values(context.baseline, answers, routed) <= top.estimate + 1e-9


def test_a_requirement_that_no_choice_meets_leaves_the_most_accurate_one() -> None:
    answers = drawn(3)
    context = context_of(answers, "cost", settings=DecisionSettings((Requirement("accuracy", 1.0),)))
    top = ceiling(context)
    assert top.gain.estimate == pytest.approx(top.best.gain.estimate)


def test_of_equally_good_systems_the_cheapest_is_taken() -> None:
    score = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.5, 0.5]])
    cost = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [1.0, 2.0, 9.0], [1.0, 1.0, 1.0]])
    assert best_of_item(score, cost).tolist() == [1, 2, 1, 0]
    allowed = np.array([[True, False, True]] * 4)
    assert best_of_item(score, cost, allowed).tolist() == [0, 2, 2, 0]


def test_luck_that_repeats_do_not_share_is_no_ceiling() -> None:
    """Coins of three systems: by the same answers the best of three is right in most items, by others in half."""
    rng = np.random.default_rng(4)
    halves = [(rng.random((600, 3)) < 0.5).astype(np.float64) for _ in range(3)]
    answers = answers_of(np.mean(halves, axis=0), [1.0, 2.0, 3.0], halves=halves)
    top = ceiling(context_of(answers))
    assert top.best.accuracy.estimate > 0.68
    fitted = top.cross_fitted
    if fitted is None:
        assert "less accurate than" in top.why_not_cross_fitted
    else:
        assert fitted.accuracy.estimate == pytest.approx(0.5, abs=0.04)
    # The best two are judged by other repeats as well.
    assert top.pair is not None and top.pair.accuracy.estimate == pytest.approx(0.5, abs=0.05)


def test_what_systems_are_good_at_stays_after_cross_fitting() -> None:
    rng = np.random.default_rng(5)
    chance = np.where(rng.random(400)[:, None] < 0.5, [0.95, 0.1], [0.1, 0.95])
    halves = [(rng.random((400, 2)) < chance).astype(np.float64) for _ in range(4)]
    top = ceiling(context_of(answers_of(np.mean(halves, axis=0), [1.0, 2.0], halves=halves)))
    assert top.cross_fitted is not None and not top.why_not_cross_fitted
    assert 0.9 < top.cross_fitted.accuracy.estimate < top.best.accuracy.estimate
    assert top.pair is None and top.triple is None


def test_a_ceiling_below_a_choice_is_left_out_with_the_reason() -> None:
    rng = np.random.default_rng(5)
    halves = [(rng.random((100, 2)) < 0.6).astype(np.float64) for _ in range(2)]
    answers = answers_of(np.mean(halves, axis=0), [1.0, 2.0], halves=halves)
    context = context_of(answers)
    top = dataclasses.replace(ceiling(context), why_not_cross_fitted="")
    low = judge(context, "item", "", "", pick(answers, np.zeros(100, dtype=np.int64)), answers.systems)
    top = dataclasses.replace(top, cross_fitted=low)
    above = judge(context, "domain", "", "", pick(answers, best_of_item(answers.score, answers.cost)), answers.systems)
    found = bounded(top, [low, above])
    assert found.cross_fitted is None
    assert "less accurate than a router that can be built" in found.why_not_cross_fitted
    assert bounded(top, [low]) == bounded(top, []) == top


def test_the_best_two_are_those_that_complement_each_other() -> None:
    """The second best alone repeats the best; a poor one has what it lacks."""
    easy = np.arange(200) < 150
    score = np.column_stack([easy, easy & (np.arange(200) > 0), np.arange(200) >= 170, np.zeros(200)])
    answers = answers_of(score.astype(np.float64), [1.0, 1.0, 1.0, 0.1])
    assert sorted(best_set(answers, 2)) == [0, 2]
    assert best_set(answers, 3)[:2] == best_set(answers, 2)
    top = ceiling(context_of(answers))
    assert top.pair.members == ("s0", "s2")
    assert top.pair.accuracy.estimate == pytest.approx(0.9)
    assert sum(top.pair.shares.values()) == pytest.approx(1.0)


def test_the_best_two_are_not_judged_by_the_items_that_chose_them() -> None:
    """Among many coins some two are lucky: not on the other half."""
    rng = np.random.default_rng(6)
    answers = answers_of((rng.random((300, 30)) < 0.5).astype(np.float64), np.ones(30))
    top = ceiling(context_of(answers))
    lucky = best_set(answers, 2)
    assert answers.score[:, lucky].max(axis=1).mean() > 0.8
    assert top.pair.accuracy.estimate == pytest.approx(0.75, abs=0.04)
