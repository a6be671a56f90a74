"""Routers that learn are judged on items that they were not fitted to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.made_up.routing_worlds import answers_of, by_domain, context_of
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing import learned as module
from wattbench_reports.routing.answers import item_answers
from wattbench_reports.routing.cascades import cascades
from wattbench_reports.routing.ceiling import ceiling
from wattbench_reports.routing.context import RoutingOptions
from wattbench_reports.routing.learned import (
    ALL_ALIKE,
    NO_PROMPTS,
    ONE_DOMAIN,
    TOO_FEW,
    Learned,
    learned_choices,
)

SPECIALISTS = {
    "general": {"sums": 0.6, "words": 0.7, "code": 0.6},
    "adder": {"sums": 0.95, "words": 0.2, "code": 0.3},
}


def unread(_items):
    return None


def reads(texts):
    return lambda items: [texts[each] for each in items]


def of(learned: Learned, kind: str, setting: str):
    return next(each for each in learned.choices if (each.kind, each.setting) == (kind, setting))


@pytest.fixture(scope="module")
def by_topic():
    """Return a context in which one system is better at sums, and texts that show it."""
    score, domain = by_domain(SPECIALISTS, 150)
    answers = answers_of(score, cost=[2.0, 1.0], domain=domain, systems=list(SPECIALISTS))
    words = {"sums": "add the numbers", "words": "spell the letters", "code": "write a function"}
    rng = np.random.default_rng(3)
    texts = [f"{words[each]} {' '.join(f'w{w}' for w in rng.integers(0, 60, 6))} {n}" for n, each in enumerate(domain)]
    return context_of(answers, "accuracy"), texts


@pytest.fixture(scope="module")
def learned(by_topic):
    context, texts = by_topic
    return learned_choices(context, reads(texts))


@pytest.mark.parametrize("kind", ["domain", "nearest", "classifier"])
def test_what_topics_show_is_learned(learned, kind) -> None:
    choice = of(learned, kind, "accurate")
    assert choice.accuracy_gain.low > 0.03
    # A third of the requests are sums.
    assert choice.shares["adder"] == pytest.approx(1 / 3, abs=0.05)


def test_a_setting_by_its_cost_has_that_cost(learned) -> None:
    for kind in ("domain", "nearest", "classifier"):
        for part in (0.25, 0.5, 0.75):
            assert of(learned, kind, f"{part:g}").cost.estimate == pytest.approx(1 + part, abs=0.03)


def test_a_curve_runs_from_the_cheapest_to_the_best_single_system(learned) -> None:
    for curve in learned.curves:
        assert curve.costs[0] == pytest.approx(1.0, abs=0.02)
        assert curve.costs[-1] == pytest.approx(2.0, abs=0.02)
        assert list(curve.costs) == sorted(curve.costs)
        assert abs(curve.above_mix[0].estimate) < 0.01
        assert abs(curve.above_mix[-1].estimate) < 0.01
        assert max(each.estimate for each in curve.above_mix) > 0.05
    assert {curve.kind for curve in learned.curves} == {"domain", "nearest", "classifier"}


def test_the_control_gains_nothing(learned) -> None:
    assert learned.control.kind == "shuffled"
    assert learned.control.gain.low <= 0.0
    best = max(learned.choices, key=lambda each: each.gain.estimate)
    assert (learned.control.name, learned.control.setting) == (best.kind, best.setting)
    assert best.gain.estimate > 0.05


@pytest.mark.slow
def test_an_item_is_routed_without_its_own_answers(by_topic) -> None:
    context, texts = by_topic
    before = learned_choices(context, reads(texts))
    changed = context.answers.score.copy()
    changed[7] = 1 - changed[7]
    after = learned_choices(replace(context, answers=replace(context.answers, score=changed)), reads(texts))
    for one, other in zip(before.routes, after.routes, strict=True):
        assert (one.routed.requests[7] == other.routed.requests[7]).all(), one.choice.kind


def test_many_items_are_judged_in_parts_as_in_one(by_topic, monkeypatch) -> None:
    context, _ = by_topic

    def judged():
        again = replace(context, answers=replace(context.answers))
        learned = learned_choices(again, unread)
        return learned.choices, learned.control, learned.curves, ceiling(again), cascades(again)

    whole = judged()
    monkeypatch.setattr(item_answers, "PART", 37)
    assert judged() == whole


def test_a_saving_keeps_the_accuracy_that_is_required() -> None:
    score, domain = by_domain(SPECIALISTS | {"adder": {"sums": 0.95, "words": 0.6, "code": 0.6}}, 400)
    required = DecisionSettings(requirements=(Requirement("accuracy", 0.6),))
    answers = answers_of(score, cost=[3.0, 1.0], domain=domain)
    context = context_of(answers, "cost", settings=required)
    assert context.baseline.single == 1  # it is the more accurate one already: nothing can be saved
    assert of(learned_choices(context, unread), "domain", "value").gain.estimate == pytest.approx(0.0)
    context = replace(context, baseline=replace(context.baseline, single=0))
    choice = of(learned_choices(context, unread), "domain", "value")
    assert choice.gain.estimate == pytest.approx(2.0)
    assert choice.accuracy.estimate > 0.6
    strict = replace(context, settings=DecisionSettings(requirements=(Requirement("accuracy", 0.6, "code"),)))
    careful = of(learned_choices(strict, unread), "domain", "value")
    assert 0 < careful.gain.estimate < 2.0 or careful.met[0].estimate > 0.6


def test_net_benefit_goes_by_the_worth_of_an_answer() -> None:
    score, domain = by_domain(SPECIALISTS, 200)
    answers = answers_of(score, cost=[0.2, 0.1], domain=domain)
    choice = of(learned_choices(context_of(answers, "benefit", worth=1.0), unread), "domain", "value")
    assert choice.gain.low > 0
    # Where an answer is worth next to nothing, the cheap one is asked always.
    cheap = learned_choices(context_of(answers, "benefit", worth=1e-3), unread)
    assert of(cheap, "domain", "value").cost.estimate == pytest.approx(0.1, abs=0.01)


def test_of_many_systems_few_are_members() -> None:
    chance = {f"m{each}": {"a": 0.3 + 0.01 * each, "b": 0.3} for each in range(7)} | {"best": {"a": 0.5, "b": 0.9}}
    chance["other"] = {"a": 0.95, "b": 0.1}
    score, domain = by_domain(chance, 150)
    answers = answers_of(score, domain=domain, systems=list(chance))
    context = context_of(answers)
    choice = of(learned_choices(context, unread), "domain", "accurate")
    assert {"best", "other"} <= set(choice.members)
    assert choice.accuracy_gain.low > 0.1
    named = replace(context, options=RoutingOptions(members=("m0", "m6")))
    assert of(learned_choices(named, unread), "domain", "accurate").members == ("m0", "m6")


@pytest.mark.slow
def test_copies_of_templates_are_nothing_to_gain_from() -> None:
    """40 prompts with 10 copies each, in which one word of 25 is another; on fresh prompts neither system is better.

    Where copies were dealt into folds one by one, a router was above the best system in 20 of 20 such worlds.
    """
    rng = np.random.default_rng(7)
    words = [f"w{number}" for number in range(600)]
    gains = 0
    for _ in range(20):
        texts: list[str] = []
        score: list[list[float]] = []
        for _ in range(40):
            template, knows = rng.choice(words, 25), rng.random(2) < [0.75, 0.70]
            for _ in range(10):
                copy = template.copy()
                copy[rng.integers(25)] = rng.choice(words)
                texts.append(" ".join(copy))
                score.append([float(rng.random() < (0.95 if each else 0.05)) for each in knows])
        context = context_of(answers_of(score, cost=[1.0, 1.0]))
        found = learned_choices(context, reads(texts)).choices
        assert {each.kind for each in found} >= {"nearest", "classifier"}
        gains += any(each.gain.low > 0 for each in found)
    assert gains <= 2


def test_what_is_not_judged_is_said(by_topic) -> None:
    context, texts = by_topic
    assert learned_choices(context, unread).not_judged == {"nearest": NO_PROMPTS, "classifier": NO_PROMPTS}
    alike = learned_choices(context, reads(["What  is it?", "what is IT?"] * len(texts)))
    assert alike.not_judged == {"nearest": ALL_ALIKE, "classifier": ALL_ALIKE}
    few = context_of(answers_of(np.eye(2)[np.arange(20) % 2]))
    none = learned_choices(few, unread)
    assert set(none.not_judged.values()) == {TOO_FEW}
    assert none.choices == ()
    assert none.control is None
    one = context_of(answers_of(np.eye(2)[np.arange(60) % 2]))
    assert learned_choices(one, unread).not_judged["domain"] == ONE_DOMAIN


def test_many_requests_are_sampled(by_topic, monkeypatch) -> None:
    context, texts = by_topic
    monkeypatch.setattr(module, "KNN_ITEMS", 120)
    asked = []
    learned = learned_choices(context, lambda items: asked.append(len(items)) or [texts[each] for each in items])
    assert asked == [120]  # prompts of all items are never in memory
    assert learned.sampled == 120
    near = next(each for each in learned.routes if each.choice.kind == "nearest")
    assert near.context.answers.items == len(near.routed.score) == 120
    assert near.context.answers.weight.sum() == pytest.approx(1.0)
    assert len(next(each for each in learned.routes if each.choice.kind == "domain").routed.score) == 450
