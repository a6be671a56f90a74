"""Krippendorff's alpha, held against the examples that he published (2011), and against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wattbench_reports.stats.agreement import agreement


def _matrix(*rows: str) -> NDArray[np.float64]:
    """Labels by character, a person per row; a dot is no label."""
    return np.array([[np.nan if each == "." else float(ord(each)) for each in row] for row in rows])


FOUR = _matrix("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


@pytest.mark.parametrize(
    ("labels", "graded", "alpha"),
    [
        (_matrix("0100000010", "1110010000"), False, 0.095),
        (_matrix("aabbdcccedda", "babbbccceddd"), False, 0.692),
        (FOUR, False, 0.743),
        (FOUR, True, 0.849),
    ],
    ids=["A: two people, pass or fail", "B: two people, nominal", "C: four people, missing", "D: the same, interval"],
)
def test_alpha_is_that_of_the_published_examples(labels: NDArray[np.float64], graded: bool, alpha: float) -> None:
    shown = agreement(labels, graded=graded)
    assert shown.alpha == pytest.approx(alpha, abs=5e-4)
    assert shown.low is not None and shown.high is not None
    assert shown.low < alpha < shown.high


def test_only_answers_that_two_people_labelled_count() -> None:
    shown = agreement(FOUR, graded=False)
    assert (shown.people, shown.answers) == (4, 11)


def test_perfect_agreement_has_no_interval_and_equal_labels_no_alpha() -> None:
    assert agreement(_matrix("0101", "0101"), graded=False).alpha == 1.0
    assert agreement(_matrix("0101", "0101"), graded=False).low is None
    assert agreement(_matrix("1111", "1111"), graded=True).alpha is None
    alone = agreement(_matrix("0101", "...."), graded=False)
    assert (alone.people, alone.answers, alone.alpha) == (0, 0, None)


@given(st.lists(st.lists(st.sampled_from([np.nan, 0.0, 0.5, 1.0]), min_size=4, max_size=4), min_size=2, max_size=5))
def test_order_changes_nothing_and_alpha_is_at_most_1(rows: list[list[float]]) -> None:
    labels = np.array(rows)
    shown, turned = (agreement(each, graded=False) for each in (labels, labels[::-1, ::-1]))
    assert shown.alpha == pytest.approx(turned.alpha) if shown.alpha is not None else turned.alpha is None
    assert shown.alpha is None or -1.0 <= shown.alpha <= 1.0
