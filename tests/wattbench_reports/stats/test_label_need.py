"""Further labels: as many as bring the width that is asked for, and none where none would."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats.label_correction import CorrectedScores, corrected_scores
from wattbench_reports.stats.label_need import LabelVariance, label_variance, label_variance_of_difference

KNOWN = LabelVariance(labels=50, answers=400, residual=0.12, explained=0.08)


def simulated(rng: np.random.Generator, labelled: int, answers: int = 1000) -> CorrectedScores:
    quality = rng.normal(0.5, 1, answers)
    labels = np.full(answers, np.nan)
    labels[:labelled] = (quality > 0)[:labelled]
    return corrected_scores((quality + rng.normal(0, 0.5, answers) > 0).astype(float), labels)


@given(st.floats(0.02, 0.3))
def test_the_further_labels_bring_the_half_width_and_one_less_does_not(half_width: float) -> None:
    further = KNOWN.further_for_half_width(half_width)
    if further is None:
        assert KNOWN.half_width(KNOWN.answers) > half_width
    elif further == 0:
        assert KNOWN.half_width(KNOWN.labels) <= half_width
    else:
        assert KNOWN.half_width(KNOWN.labels + further) <= half_width * (1 + 1e-9)
        assert KNOWN.half_width(KNOWN.labels + further - 1) > half_width


def test_a_difference_is_told_once_it_is_two_errors_wide() -> None:
    further = KNOWN.further_to_tell(0.07)
    assert further is not None
    assert 0.07 / math.sqrt(KNOWN.variance(KNOWN.labels + further)) == pytest.approx(1.96, abs=0.02)
    one_sided = KNOWN.further_to_tell(0.07, risk=0.1, sides=1)
    assert one_sided is not None
    assert one_sided < further


def test_where_no_label_would_tell_items_lack() -> None:
    assert KNOWN.further_to_tell(0.01) is None
    assert KNOWN.further_for_half_width(KNOWN.half_width_of_perfect_judge * 0.99) is None
    assert KNOWN.further_for_half_width(KNOWN.half_width_of_perfect_judge * 1.001) == pytest.approx(350, abs=2)
    assert KNOWN.further_to_tell(0.0) is None


def test_the_parts_sum_to_the_variance_of_the_mean() -> None:
    corrected = simulated(np.random.default_rng(1), 200)
    parts = label_variance(corrected, np.arange(1000))
    assert parts.labels == 200
    assert parts.variance(200) == pytest.approx(corrected.scores.var(ddof=1) / 1000, rel=0.1)


def test_what_is_said_of_four_times_the_labels_comes_true() -> None:
    rng = np.random.default_rng(2)
    said = [label_variance(simulated(rng, 100), np.arange(1000)).half_width(400) for _ in range(20)]
    true = [label_variance(simulated(rng, 400), np.arange(1000)).half_width(400) for _ in range(20)]
    assert np.mean(said) == pytest.approx(np.mean(true), rel=0.05)


def test_a_difference_is_over_the_items_of_both() -> None:
    rng = np.random.default_rng(3)
    first, second = simulated(rng, 60), simulated(rng, 40)
    items = np.arange(1000)
    parts = label_variance_of_difference(first, second, (items, items))
    assert parts is not None
    assert parts.labels == 40
    assert parts.variance(40) == pytest.approx((first.scores - second.scores).var(ddof=1) / 1000, rel=0.1)
    assert label_variance_of_difference(first, second, (items, items + 1000)) is None
    half = label_variance_of_difference(first, second, (items, items + 500))
    assert half is not None
    assert half.answers == 500


def test_repeats_of_an_item_are_one_cluster() -> None:
    corrected = simulated(np.random.default_rng(4), 200)
    alone, together = (label_variance(corrected, items) for items in (np.arange(1000), np.arange(1000) // 5))
    assert together.variance(200) == pytest.approx(alone.variance(200), rel=0.3)
