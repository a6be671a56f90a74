"""Sets of systems are judged on items that were held out: nothing is gained by a choice that fits noise."""

from __future__ import annotations

import numpy as np

from tests.made_up.routing_worlds import answers_of, context_of
from wattbench_reports.routing.residents.resident_sets import FOLDS, Values, _folds, set_figures


def test_answers_alike_gain_nothing_by_a_choice_fitted_to_their_noise() -> None:
    gains = []
    for seed in range(60):
        score = (np.random.default_rng(seed).random((80, 3)) < 0.6).astype(float)
        answers = answers_of(score, [1.0, 1.0, 1.0], [f"d{item % 8}" for item in range(80)])
        gains.append(set_figures(context_of(answers), np.arange(3), Values(1.0)).gain[7])
    assert abs(np.mean(gains)) < 3 * np.std(gains) / np.sqrt(len(gains))


def test_items_of_a_block_are_held_out_together() -> None:
    answers = answers_of(np.ones((120, 2)), [1.0, 2.0], cluster=np.repeat(np.arange(24), 5))
    fold = _folds(answers)
    assert all(len(set(fold[answers.cluster == block])) == 1 for block in range(24))
    assert set(fold) == set(range(FOLDS))
