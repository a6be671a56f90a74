"""What is expected of an item is fitted to other items alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from wattbench.text_classifier import STRENGTHS, TextFeatures, by_rarity, spread
from wattbench_reports.routing.fitting.folds import deal_folds
from wattbench_reports.routing.fitting.rule import at_costs
from wattbench_reports.routing.predictors import DomainPredictor, Neighbourhood, WordKernel, alike


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(2, 10), st.integers(0, 5))
def test_folds_have_their_part_of_every_domain(domains, folds, seed) -> None:
    domain = np.array(domains)
    fold = deal_folds(domain, None, seed, folds)
    counts = np.bincount(fold)
    assert counts.min() >= 1
    assert counts.max() - counts.min() <= 1
    for each in np.unique(domain):
        of_domain = np.bincount(fold[domain == each], minlength=len(counts))
        assert of_domain.max() - of_domain.min() <= 1


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_items_that_read_alike_are_in_one_fold(alike) -> None:
    fold = deal_folds(np.zeros(len(alike), dtype=np.int64), np.array(alike), 1)
    for each in set(alike):
        assert len(set(fold[np.array(alike) == each])) == 1


def test_domain_means_leave_out_both_folds() -> None:
    rng = np.random.default_rng(1)
    domain, fold = rng.integers(0, 3, 90), rng.integers(0, 5, 90)
    score, cost = rng.random((90, 2)), rng.random((90, 2))
    for held in range(5):
        expected = DomainPredictor(domain, fold, score, cost).without(held)[1]  # five items of the mean
        for item in range(0, 90, 7):
            left = (fold != held) & (fold != fold[item])
            own = left & (domain == domain[item])
            mean = (score[own].sum(axis=0) + 5 * score[left].mean(axis=0)) / (own.sum() + 5)
            assert expected.score[expected.cell[item]] == pytest.approx(mean)


def _texts(items, rng):
    return [" ".join(f"word{each}" for each in rng.integers(0, 40, 8)) for _ in range(items)]


@pytest.mark.parametrize("number", [0, 2, -1])
def test_regressions_without_folds_are_those_fitted_without_them(number) -> None:
    rng = np.random.default_rng(2)
    texts, fold = _texts(60, rng), np.arange(60) % 5
    score = rng.random((60, 2))
    expected = WordKernel(texts, fold, TextFeatures()).expected(score)
    vectors, _ = by_rarity(TextFeatures().matrix(texts))
    ridge = Ridge(alpha=STRENGTHS[number] * spread(vectors))
    for held, own in ((0, 0), (0, 3), (4, 1)):
        left = (fold != held) & (fold != own)
        fitted = ridge.fit(vectors[left], score[left]).predict(vectors[fold == own])
        assert expected[number, held, fold == own] == pytest.approx(fitted, abs=2e-3)


def test_texts_that_read_alike_have_one_number() -> None:
    refund = "please refund the order of the customer {} who has waited for a parcel since last monday"
    others = [f"topic{number} asks about matter{number} with detail{number}" for number in range(30)]
    texts = [refund.format("anna"), *others, refund.format("bert"), f"  {others[0].upper()} "]
    numbers = alike(texts)
    assert numbers[0] == numbers[31]
    assert numbers[1] == numbers[32]
    assert len(set(numbers.tolist())) == 31
    same = ["one text"] * 5
    assert set(alike(same).tolist()) == {0}


def test_neighbours_are_the_nearest_of_other_folds() -> None:
    topics = ["sun moon star", "iron gold zinc", "oak elm ash"]
    texts = [f"{topics[each % 3]} number{each}" for each in range(120)]
    fold = np.arange(120) // 3 % 10
    votes = Neighbourhood(texts, fold, TextFeatures()).voters(2, 10).toarray()
    assert votes.sum(axis=1) == pytest.approx(np.ones(120))
    for item in range(120):
        voters = np.flatnonzero(votes[item])
        assert len(voters) == 10
        assert not np.isin(fold[voters], [2, fold[item]]).any()
        assert (voters % 3 == item % 3).all()


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_any_cost_between_the_cheapest_and_the_best_single_system_is_met(seed, members) -> None:
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 3, (200, members)) / 2  # many equals
    cost = np.broadcast_to(np.array([4.0, *rng.uniform(1.0, 4.0, members - 1)]), score.shape)
    targets = cost.min() + np.linspace(0, 1, 6) * (4.0 - cost.min())
    taken = at_costs(score, cost, np.full(200, 1 / 200), targets, seed)
    spent = cost[np.arange(200), taken].mean(axis=1)
    assert spent == pytest.approx(targets, abs=3 * 3.0 / 200)
