"""The errors of a router by domain, recounted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.routing_worlds import answers_of, by_domain, context_of
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing.answers.item_answers import RoutedItems, pick
from wattbench_reports.routing.baseline import gain_values
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.figures import item_figure
from wattbench_reports.routing.model import Aim
from wattbench_reports.routing.tolerance import tolerance

CHANCES = {"sums": {"a": 0.9, "b": 0.2, "c": 0.3}, "words": {"a": 0.2, "b": 0.8, "c": 0.3},
           "large": {"a": 0.7, "b": 0.7, "c": 0.8}}  # fmt: skip
SYSTEM = {"a": 0, "b": 1, "c": 2}


def world(aim: Aim, worth: float = 0.0, required: tuple[Requirement, ...] = (), items: int = 200) -> StudyContext:
    score, domain = by_domain(CHANCES, items)
    answers = answers_of(score, [1.0, 2.0, 6.0], domain, systems=list(CHANCES), shares={"a": 0.5, "b": 0.3, "c": 0.2})
    return context_of(answers, aim, worth, DecisionSettings(required))


def by_name(context: StudyContext) -> np.ndarray:
    """The system of each item by its domain, as if chosen by other folds."""
    answers = context.answers
    return np.array([SYSTEM[name] for name in answers.domains])[answers.domain]


def folds(context: StudyContext) -> np.ndarray:
    return np.arange(context.answers.items) % 5


def mean(context: StudyContext, values: np.ndarray) -> float:
    return float(context.answers.weight @ values)


def test_losses_are_recounted() -> None:
    context = world("benefit", worth=10.0)
    found = tolerance(context, by_name(context), folds(context))
    assert (found.domains, found.assigned) == (("a", "b", "c"), ("sums", "words", "large"))
    answers = context.answers
    value = 10.0 * answers.score - answers.cost
    for row, domain in enumerate(found.domains):
        here = answers.domain == row
        for column, other in enumerate(found.domains):
            lost = value[here, SYSTEM[domain]].mean() - value[here, SYSTEM[other]].mean()
            assert found.losses[row][column] == pytest.approx(lost, abs=1e-9)
        assert found.losses[row][row] == 0.0
    worst = [each.loss for each in found.worst]
    assert worst == sorted(worst, reverse=True) and worst[0] == pytest.approx(max(map(max, found.losses)))
    first = found.worst[0]
    assert first.loss == found.losses[found.domains.index(first.domain)][found.domains.index(first.taken_for)]


@pytest.mark.parametrize("aim", ["accuracy", "benefit", "cost"])
def test_the_share_that_must_be_recognised_leaves_no_gain(aim: Aim) -> None:
    required = (Requirement("accuracy", 0.7),) if aim == "cost" else ()
    context = world(aim, worth=10.0, required=required)
    answers = context.answers
    found = tolerance(context, by_name(context), folds(context))
    assert found is not None and found.needed is not None
    share = found.needed.estimate
    assert 0 < share < 1 and found.needed.low <= share <= found.needed.high
    # Every request of a domain, recognised or taken for another one in proportion.
    asked = np.array([0.5, 0.3, 0.2])
    chance = np.array([share if row == column else (1 - share) * asked[column] / (1 - asked[row])
                       for row in range(3) for column in range(3)]).reshape(3, 3)[answers.domain]  # fmt: skip
    routed = RoutedItems((chance * answers.score).sum(axis=1), (chance * answers.cost).sum(axis=1), {}, chance)
    if aim == "cost":
        assert mean(context, routed.score) == pytest.approx(0.7)
    else:
        assert mean(context, gain_values(context.baseline, answers, routed)) == pytest.approx(0.0, abs=1e-9)


@given(st.sampled_from(["accuracy", "benefit", "cost"]), st.floats(2.0, 50.0))
@settings(max_examples=20)
def test_a_router_that_costs_what_it_may_gains_nothing(aim: Aim, worth: float) -> None:
    context = world(aim, worth)
    routed = pick(context.answers, by_name(context))
    found = tolerance(context, by_name(context), folds(context))
    gain = mean(context, gain_values(context.baseline, context.answers, routed))
    if gain <= 0:
        assert found is None
        return
    assert found is not None and found.own_cost is not None
    dearer = RoutedItems(routed.score, routed.cost + found.own_cost.estimate, {}, routed.requests)
    if aim == "accuracy":
        assert mean(context, dearer.cost) == pytest.approx(context.answers.mean_cost[context.baseline.single])
    else:
        assert mean(context, gain_values(context.baseline, context.answers, dearer)) == pytest.approx(0.0, abs=1e-9)


def test_systems_are_those_of_the_fold() -> None:
    """In one of five folds a domain is sent elsewhere: its losses are of both systems."""
    context = world("benefit", worth=10.0)
    column, fold = by_name(context), folds(context)
    column = np.where((fold == 0) & (context.answers.domain == 0), 2, column)
    found = tolerance(context, column, fold)
    value = 10.0 * context.answers.score - context.answers.cost
    here = context.answers.domain == 1
    taken = np.where(fold == 0, value[:, 2], value[:, 0])[here].mean()
    assert found.losses[1][0] == pytest.approx(value[here, 1].mean() - taken)
    assert found.assigned[0] == "sums"


def test_without_domains_or_gain_there_is_none() -> None:
    alone = context_of(answers_of([[1.0, 0.0], [0.0, 1.0]], [1.0, 4.0]))
    assert tolerance(alone, np.array([0, 1]), np.array([0, 1])) is None
    context = world("benefit", worth=10.0)
    single = np.full(context.answers.items, context.baseline.single)
    assert tolerance(context, single, folds(context)) is None


def test_without_costs_there_is_no_cost_to_afford() -> None:
    score, domain = by_domain(CHANCES, 200)
    context = context_of(answers_of(score, domain=domain, systems=list(CHANCES)))
    found = tolerance(context, by_name(context), folds(context))
    assert found is not None and found.own_cost is None and found.needed is not None


def test_bounds_are_as_wide_as_folds_make_them() -> None:
    """Five folds: sqrt(1 + 5 / 4) times the items' own."""
    context = world("benefit", worth=10.0)
    gain = gain_values(context.baseline, context.answers, pick(context.answers, by_name(context)))
    plain = item_figure(context.answers, gain).interval()
    found = tolerance(context, by_name(context), folds(context))
    assert found is not None and found.own_cost is not None
    assert found.own_cost.high - found.own_cost.low == pytest.approx((plain.high - plain.low) * 1.5)
