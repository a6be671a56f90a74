"""What a router is compared with: the best single system, and a random mix at the same cost."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.routing_worlds import answers_of, context_of
from wattbench_reports.routing.answers.item_answers import ItemAnswers, ask, pick
from wattbench_reports.routing.baseline import Baseline, above_mix_values, baseline_of, gain_values, least_gain
from wattbench_reports.routing.figures import item_figure


def _answers(items: int = 2000, seed: int = 1) -> ItemAnswers:
    scores = np.random.default_rng(seed).random((items, 3)) < [0.5, 0.65, 0.8]
    return answers_of(scores, [1.0, 5.0, 6.0])


def test_the_hull_leaves_out_what_a_random_mix_beats() -> None:
    assert baseline_of(_answers(), "accuracy") == Baseline("accuracy", 2, (0, 2))


def test_the_best_single_system_is_by_the_aim() -> None:
    answers = _answers()
    assert baseline_of(answers, "benefit", worth=1.0).single == 0
    assert baseline_of(answers, "benefit", worth=1000.0).single == 2
    assert baseline_of(answers, "cost", chosen=1).single == 1
    assert baseline_of(answers, "cost").single == 2
    assert baseline_of(answers, "accuracy", chosen=1).single == 1
    assert baseline_of(answers, "accuracy").single == 2
    assert baseline_of(answers, "accuracy", usable=(0, 1)).single == 1
    alike = answers_of(np.ones((9, 2)), [2.0, 1.0])
    assert baseline_of(alike, "accuracy").single == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_random_mix_gains_nothing_over_itself(share: float) -> None:
    answers = _answers()
    mixed = np.tile([1 - share, 0.0, share], (answers.items, 1))
    values = above_mix_values(baseline_of(answers, "accuracy"), answers, ask(answers, mixed, mixed))
    assert values == pytest.approx(np.zeros(answers.items), abs=1e-12)


def test_a_coin_is_called_better_than_a_random_mix_as_rarely_as_promised() -> None:
    hits = []
    for seed in range(300):
        answers = _answers(200, seed)
        coin = np.random.default_rng(1000 + seed).random(200) < 0.4
        routed = pick(answers, np.where(coin, 2, 0))
        found = item_figure(answers, above_mix_values(baseline_of(answers, "accuracy"), answers, routed)).interval()
        hits.append(found.low <= 0 <= found.high)
    assert 0.92 <= np.mean(hits) <= 0.98


def test_gains_by_aim() -> None:
    answers = answers_of([[1, 0], [0, 1], [1, 1], [0, 1]], [1.0, 3.0])
    perfect = pick(answers, np.array([0, 1, 0, 1]))
    cheap = answers.mean(gain_values(baseline_of(answers, "cost"), answers, perfect))
    assert cheap == pytest.approx(1.0)
    worthy = answers.mean(gain_values(baseline_of(answers, "benefit", worth=8.0), answers, perfect))
    assert worthy == pytest.approx(8.0 * 0.25 + 1.0)
    accurate = answers.mean(gain_values(baseline_of(answers, "accuracy"), answers, perfect))
    assert accurate == pytest.approx(1.0 - 0.75)
    mixed = answers.mean(above_mix_values(baseline_of(answers, "accuracy"), answers, perfect))
    assert mixed == pytest.approx(1.0 - 0.625)


def test_without_costs_a_mix_sends_a_share_to_the_best() -> None:
    answers = answers_of(np.random.default_rng(2).random((500, 2)) < [0.6, 0.8])
    baseline = context_of(answers).baseline
    assert baseline.hull == (0, 1)
    half = pick(answers, np.arange(500) % 2)
    assert answers.mean(half.cost) == pytest.approx(0.5)


def test_the_least_gain_is_in_the_unit_of_the_aim() -> None:
    answers = _answers()
    assert least_gain(baseline_of(answers, "accuracy"), answers) == 0.01
    assert least_gain(baseline_of(answers, "benefit", worth=50.0), answers) == pytest.approx(0.5)
    assert least_gain(baseline_of(answers, "cost"), answers) == pytest.approx(0.3)
