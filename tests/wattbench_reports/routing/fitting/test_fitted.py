"""Routers that are fitted for use: to training and calibration items, and to nothing of the test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.routing_worlds import answers_of, by_domain, context_of
from wattbench_reports.routing.fitting.cross_fitting import ACCURATE, VALUE
from wattbench_reports.routing.fitting.fitted import fit_by_domain, fit_by_words, split_items
from wattbench_reports.stats.budgets import KNN_ITEMS

CHANCES = {"s0": {"sums": 0.9, "words": 0.2}, "s1": {"sums": 0.5, "words": 0.8}}
ITEMS = 120


def world():
    score, domain = by_domain(CHANCES, ITEMS)
    context = context_of(answers_of(score, [1.0, 3.0], domain))
    return context, [f"{name} of line {number}" for number, name in enumerate(domain)]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2), min_size=8, max_size=80), st.integers(1, 30))
def test_every_item_is_in_one_part_and_items_that_read_alike_stay_together(domains: list[int], texts: int) -> None:
    alike = np.arange(len(domains)) % texts
    split = split_items(np.array(domains), alike)
    parts = np.stack([split.training, split.calibration, split.test])
    assert (parts.sum(axis=0) == 1).all()
    for each in range(min(texts, len(domains))):
        assert len({tuple(part) for part in parts[:, alike == each].T.tolist()}) == 1


def test_every_domain_has_its_part_in_each_and_no_part_has_too_many() -> None:
    domain = np.repeat([0, 1], [400, 40])
    split = split_items(domain)
    assert [int(part.sum()) for part in (split.training, split.calibration, split.test)] == [220, 110, 110]
    assert [int(part[domain == 1].sum()) for part in (split.training, split.calibration, split.test)] == [20, 10, 10]
    many = split_items(np.zeros(10 * KNN_ITEMS, dtype=np.int64))
    assert [int(part.sum()) for part in (many.training, many.calibration, many.test)] == [KNN_ITEMS] * 3


def test_each_domain_has_the_system_that_is_right_there() -> None:
    context, _ = world()
    fitted = fit_by_domain(context, split_items(context.answers.domain), ACCURATE)
    assert fitted.systems == (0, 1)
    assert fitted.default == context.baseline.single


def test_the_words_of_a_request_say_which_member_is_right() -> None:
    context, texts = world()
    fitted = fit_by_words(context, texts, split_items(context.answers.domain), ACCURATE)
    assert fitted.members[0] == context.baseline.single
    of_member = dict(zip(fitted.members, fitted.classifier.scores(["sums of line", "words of line"]).T, strict=True))
    assert of_member[0][0] > of_member[1][0]
    assert of_member[0][1] < of_member[1][1]
    assert dict(zip(fitted.members, fitted.cost, strict=True)) == {0: pytest.approx(1.0), 1: pytest.approx(3.0)}
    assert fitted.rule.margin < 1


@pytest.mark.slow
@pytest.mark.parametrize("setting", [ACCURATE, VALUE])
def test_nothing_of_the_test_items_is_in_a_router(setting: str) -> None:
    context, texts = world()
    split = split_items(context.answers.domain)
    fitted, domains = fit_by_words(context, texts, split, setting), fit_by_domain(context, split, setting)
    test = split.test
    score, cost = context.answers.score.copy(), context.answers.cost.copy()
    score[test], cost[test] = 1 - score[test], 9.0
    other = replace(context, answers=replace(context.answers, score=score, cost=cost))
    read = ["something else" if each else text for each, text in zip(test, texts, strict=True)]
    again = fit_by_words(other, read, split, setting)
    assert (again.members, again.rule) == (fitted.members, fitted.rule)
    assert (again.classifier.coef == fitted.classifier.coef).all()
    assert (again.cost == fitted.cost).all()
    assert fit_by_domain(other, split, setting) == domains
