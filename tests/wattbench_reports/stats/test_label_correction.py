"""Corrected scores: held against ppi-python and post-stratification, and what few labels add to their variance."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wattbench_reports.stats import accuracy_interval
from wattbench_reports.stats.label_correction import corrected_scores

PPI = json.loads((Path(__file__).parents[2] / "data" / "judges" / "ppi_python.json").read_text(encoding="utf-8"))

Floats = NDArray[np.float64]


def verdicts_and_labels(case: dict) -> tuple[Floats, Floats]:
    verdicts, labels = (np.array([int(each) for each in case[name]]) / case["steps"] for name in ("verdicts", "labels"))
    return verdicts, np.concatenate([labels, np.full(len(verdicts) - len(labels), np.nan)])


def made_up(rng: np.random.Generator, answers: int, labelled: int) -> tuple[Floats, Floats, Floats]:
    """Verdicts, labels of some answers, and what people would say of all, on the scale pass."""
    quality = rng.normal(0.6, 1, answers)
    said, verdicts = (quality > 0).astype(float), (quality + rng.normal(0.3, 0.8, answers) > 0).astype(float)
    labels = np.full(answers, np.nan)
    drawn = rng.permutation(answers)[:labelled]
    labels[drawn] = said[drawn]
    return verdicts, labels, said


@pytest.mark.parametrize("case", PPI["cases"], ids=lambda case: f"{len(case['labels'])} of {len(case['verdicts'])}")
def test_the_mean_is_that_of_ppi_python(case: dict) -> None:
    verdicts, labels = verdicts_and_labels(case)
    corrected = corrected_scores(verdicts, labels)
    assert corrected.scores.mean() == pytest.approx(case["estimate_at_slope"], abs=1e-9)
    assert corrected.slope == pytest.approx(case["slope"])
    # ppi-python takes the variance of all verdicts where we take that of the labelled ones, so that its slope differs.
    assert corrected.scores.mean() == pytest.approx(case["estimate"], abs=0.01)


@pytest.mark.parametrize("case", PPI["cases"], ids=lambda case: f"{len(case['labels'])} of {len(case['verdicts'])}")
def test_the_error_is_that_of_ppi_python_and_more_for_few_labels(case: dict) -> None:
    corrected = corrected_scores(*verdicts_and_labels(case))
    error = corrected.scores.std(ddof=1) / math.sqrt(len(corrected.scores))
    theirs = (case["high"] - case["low"]) / 2 / 1.959964
    assert 1 < error / theirs < 1 + 3 / len(case["labels"])


def test_of_pass_and_fail_it_is_post_stratification_by_verdict() -> None:
    verdicts, labels, _ = made_up(np.random.default_rng(1), 400, 80)
    known = np.isfinite(labels)
    strata = [(verdicts == each).mean() * labels[known & (verdicts == each)].mean() for each in (0, 1)]
    assert corrected_scores(verdicts, labels).scores.mean() == pytest.approx(sum(strata))


def test_chances_of_the_draw_undo_it() -> None:
    """Every failed answer and one of ten others is labelled: without the chances, the mean would be far off."""
    rng = np.random.default_rng(2)
    verdicts, _, said = made_up(rng, 4000, 0)
    chances = np.where(verdicts == 0, 1.0, 0.1)
    useless = rng.integers(0, 2, 4000).astype(float)
    labels = np.where(rng.random(4000) < chances, said, np.nan)
    assert corrected_scores(useless, labels, chances).scores.mean() == pytest.approx(said.mean(), abs=0.04)
    assert abs(corrected_scores(useless, labels).scores.mean() - said.mean()) > 0.1


def test_labels_correct_answers_without_a_verdict_too() -> None:
    verdicts, labels, said = made_up(np.random.default_rng(3), 3000, 600)
    verdicts[said == 0] = np.where(np.arange(int((said == 0).sum())) % 2, np.nan, verdicts[said == 0])
    corrected = corrected_scores(verdicts, labels)
    assert np.nanmean(verdicts) - said.mean() > 0.05
    assert corrected.scores.mean() == pytest.approx(said.mean(), abs=0.04)
    assert corrected.opinion == np.nanmean(verdicts)


def test_without_any_verdict_labels_alone_count() -> None:
    _, labels, _ = made_up(np.random.default_rng(4), 100, 30)
    corrected = corrected_scores(np.full(100, np.nan), labels)
    assert corrected.scores.mean() == pytest.approx(np.nanmean(labels))
    assert corrected.slope == 0
    assert math.isnan(corrected.opinion)
    assert math.isnan(corrected.bias)


@given(st.integers(0, 2**32 - 1), st.integers(3, 40))
@settings(max_examples=50)
def test_what_is_added_for_few_labels_does_not_move_the_mean(seed: int, labelled: int) -> None:
    verdicts, labels, _ = made_up(np.random.default_rng(seed), 120, labelled)
    corrected = corrected_scores(verdicts, labels)
    assert corrected.rectifiers.sum() == pytest.approx(0, abs=1e-9)
    assert np.all(corrected.rectifiers[~np.isfinite(labels)] == 0)
    assert 0 <= corrected.slope <= 1
    order = np.random.default_rng(seed + 1).permutation(120)
    again = corrected_scores(verdicts[order], labels[order])
    assert again.scores.mean() == pytest.approx(corrected.scores.mean())


@pytest.mark.parametrize("passed", [0.0, 1.0])
def test_labels_that_all_agree_are_worth_as_many_trials_as_they_are(passed: float) -> None:
    """20 of 20 answers pass: of N = 2,000 answers nothing more is known."""
    labels = np.full(2000, np.nan)
    labels[::100] = passed
    interval = accuracy_interval(corrected_scores(np.ones(2000), labels).scores, np.ones(2000))
    assert interval is not None
    assert interval.estimate == pytest.approx(passed)
    assert interval.high - interval.low == pytest.approx(0.16, abs=0.03)  # Wilson's of 20 trials: 16 points


def test_what_is_assumed_of_two_judged_systems_does_not_cancel() -> None:
    """The judge agrees with people on 20 answers of each of two systems: it may yet favour one of them."""
    labels = np.where(np.arange(200) % 10 == 0, 1.0, np.nan)
    one, other = (corrected_scores(np.ones(200), labels, system=name).rectifiers for name in ("one", "other"))
    assert one.std() == pytest.approx(other.std())
    assert (one - other).var() > 1.3 * one.var()


def test_a_residual_is_that_from_the_line_of_the_other_items() -> None:
    """One answer alone was failed by the judge: by its own label it would have no residual at all."""
    verdicts = np.array([0.0, *[1.0] * 9])
    labels = np.array([1.0, *[1.0] * 6, 0.0, 0.0, 0.0])
    assert abs(corrected_scores(verdicts, labels).rectifiers[0]) > 0.2


def test_repeats_of_an_item_are_left_out_together() -> None:
    rng = np.random.default_rng(6)
    items = np.repeat(np.arange(12), 5)
    verdicts, labels = np.repeat(rng.random(12), 5), np.repeat(rng.integers(0, 2, 12).astype(float), 5)
    errors = []
    for of in (items, None):
        scores = corrected_scores(verdicts, labels, items=of).scores
        errors.append(np.bincount(items, scores).std())
    assert errors[0] > 1.1 * errors[1]


def test_too_few_labels_are_refused() -> None:
    labels = np.array([1.0, 0.0, np.nan, np.nan])
    with pytest.raises(ValueError, match="2 labels of 2 items"):
        corrected_scores(np.ones(4), labels)
    with pytest.raises(ValueError, match="4 labels of 2 items"):
        corrected_scores(np.ones(4), np.ones(4), items=np.array([1, 1, 2, 2]))
