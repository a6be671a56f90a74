"""The test of alike errors: its false alarms, and what it sees."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.api import OLS

from wattbench_reports.stats.alike_errors import error_differences
from wattbench_reports.stats.label_correction import TaskAnswers


def graded(rng: np.random.Generator, labels: tuple[int, ...], noise: float, favour: float = 0.0) -> TaskAnswers:
    """Answers of some systems to 200 items; the judge gives the first more, by `favour`."""
    systems, items = len(labels), 200
    said = np.clip(rng.normal(0.5, 0.2, (systems, items)), 0, 1)
    verdicts = said + rng.normal(0, noise, said.shape)
    verdicts[0] += favour
    known = rng.permutation(items)
    given = np.full(said.shape, np.nan)
    for system, number in enumerate(labels):
        given[system, known[:number]] = said[system, known[:number]]
    return TaskAnswers(
        np.repeat(np.arange(systems), items), np.tile(np.arange(items), systems), verdicts.ravel(), given.ravel()
    )


def test_the_difference_is_that_of_a_regression() -> None:
    answers = graded(np.random.default_rng(1), (50, 40), 0.1, 0.1)
    known = answers.known
    own = (answers.systems[known] == 0).astype(float)
    fit = OLS(answers.labels[known], np.column_stack([np.ones(90), own, answers.verdicts[known]])).fit()
    first, second = error_differences(answers)
    assert first.difference is not None
    assert second.difference is not None
    assert first.difference.estimate == pytest.approx(fit.params[1])
    assert first.difference.error == pytest.approx(fit.bse[1], rel=0.3)
    assert second.difference.estimate == pytest.approx(-fit.params[1])
    assert first.p_value == pytest.approx(second.p_value)


@pytest.mark.slow
def test_alike_errors_are_rejected_in_5_percent() -> None:
    rng = np.random.default_rng(2)
    rejected = [
        any((each.p_value or 0) <= 0.05 for each in error_differences(graded(rng, (15, 60, 60), 0.1)))
        for _ in range(300)
    ]
    assert np.mean(rejected) < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.slow
def test_ten_points_are_seen_as_often_as_the_power_says() -> None:
    rng = np.random.default_rng(3)
    seen, power = [], []
    for _ in range(200):
        first = error_differences(graded(rng, (40, 40), 0.15, 0.13))[0]
        assert first.difference is not None
        seen.append((first.p_value or 0) <= 0.05)
        power.append(first.difference.power(abs(first.difference.estimate), 0.05))
    assert np.mean(seen) == pytest.approx(np.mean(power), abs=0.15)


def test_agreement_on_few_answers_is_no_proof() -> None:
    verdicts = np.tile([0.0, 1.0], 100)
    labels = np.where(np.arange(200) % 10 < 2, verdicts, np.nan)
    answers = TaskAnswers(np.repeat([0, 1], 100), np.tile(np.arange(100), 2), verdicts, labels)
    first, second = error_differences(answers)
    assert first.labels == second.labels == 20
    assert first.difference is not None
    assert first.difference.error > 0.05
    assert first.power < 0.8


def test_without_labels_nothing_is_tested() -> None:
    answers = graded(np.random.default_rng(5), (30, 0, 1), 0.1)
    assert [each.p_value for each in error_differences(answers)][1:] == [None, None]
    alone = error_differences(answers.where(answers.systems == 0))
    assert [(each.p_value, each.power) for each in alone] == [(None, 0.0)]
