"""Every set of systems is judged as a loop over sets, folds and domains judges it, on items that were held out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.routing_worlds import answers_of, by_domain, context_of
from wattbench_reports.routing.residents.resident_sets import FOLDS, Values, _folds, held_out_columns, set_figures

THREE = {
    "a": {"text": 0.8, "logic": 0.4, "time": 0.5},
    "b": {"text": 0.5, "logic": 0.9, "time": 0.5},
    "c": {"text": 0.7, "logic": 0.7, "time": 0.6},
}


def world(items=40, cluster=None, shares=None, seed=3):
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
    answers, columns = world(shares=shares), np.array([2, 0, 1])
    figures = set_figures(context_of(answers), columns, Values(4.0))
    assert figures.gain[1:] == pytest.approx(looped(answers, columns, 4.0)[1:])
    assert figures.gain[1] == pytest.approx(0.0, abs=1e-12)  # the best single system alone
    assert figures.accuracy[1] == pytest.approx(answers.score[:, 2].mean() if shares is None else figures.accuracy[1])


@pytest.mark.parametrize("values", [Values(4.0), Values(0.0, 0.62)])
def test_the_items_of_a_set_go_where_its_figures_have_them(values) -> None:
    answers, columns = world(), np.array([2, 0, 1])
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
    answers = world(cluster=np.repeat(np.arange(24), 5), items=40)
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
