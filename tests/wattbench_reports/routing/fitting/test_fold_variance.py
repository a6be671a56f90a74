"""Bounds of gains that were judged fold by fold: wide enough where there is nothing to learn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.made_up.routing_worlds import answers_of, context_of
from wattbench_reports.routing.answers.item_answers import pick
from wattbench_reports.routing.fitting.folds import FOLDS, deal_folds, of_folds, widened
from wattbench_reports.routing.judge import judge
from wattbench_reports.stats import Interval


def test_ten_folds_make_bounds_wider_by_the_published_factor() -> None:
    wide = widened(Interval(0.03, 0.01, 0.06), 10)
    assert (wide.estimate, wide.low, wide.high) == (
        0.03,
        pytest.approx(0.03 - 0.02 * math.sqrt(1 + 10 / 9)),
        pytest.approx(0.03 + 0.03 * math.sqrt(1 + 10 / 9)),
    )
    assert widened(Interval(0.03, -math.inf, math.inf), 10) == Interval(0.03, -math.inf, math.inf)
    once = widened(Interval(0.03, 0.01, 0.06), 1)
    assert (once.low, once.high) == (pytest.approx(0.01), pytest.approx(0.06))


def test_every_gain_of_a_choice_is_widened_and_no_figure_of_its_own() -> None:
    rng = np.random.default_rng(1)
    context = context_of(answers_of(rng.random((50, 2)) < [0.5, 0.9], [1.0, 2.0]))
    choice = judge(context, "domain", "", "0.5", pick(context.answers, rng.integers(2, size=50)), ("s0", "s1"))
    wide = of_folds(choice, 10)
    by = math.sqrt(1 + 10 / 9)
    for before, after in [
        (choice.accuracy_gain, wide.accuracy_gain),
        (choice.cost_gain, wide.cost_gain),
        (choice.gain, wide.gain),
        (choice.above_mix, wide.above_mix),
        *((gain, wide.amount_gains[name]) for name, gain in choice.amount_gains.items()),
    ]:
        assert after.high - after.low == pytest.approx(by * (before.high - before.low))
        assert after.estimate == before.estimate
    assert wide.gain_parts.accuracy == pytest.approx(by * choice.gain_parts.accuracy)
    assert (wide.accuracy, wide.cost) == (choice.accuracy, choice.cost)


def test_a_choice_by_luck_strays_as_far_as_the_factor_says() -> None:
    """One decision between two alike systems, fitted by the other folds: its gain in errors without the factor."""
    rng = np.random.default_rng(2)
    items, found = 400, []
    for _ in range(400):
        difference = rng.normal(size=items)
        fold = deal_folds(np.zeros(items, dtype=np.int64), seed=int(rng.integers(1 << 30)))
        sums = np.bincount(fold, weights=difference)
        gain = np.sign(difference.sum() - sums)[fold] * difference
        found.append(float(gain.mean() / gain.std() * math.sqrt(items)))
    assert np.std(found) == pytest.approx(math.sqrt(1 + FOLDS / (FOLDS - 1)), rel=0.1)
    assert np.mean(found) == pytest.approx(0.0, abs=0.25)
