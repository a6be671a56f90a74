"""A cascade's threshold: the lowest at which the cascade is no worse than its second member alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.train.routing import Trial, _read, least_threshold

CONFIDENCES = st.one_of(st.floats(-20, -1e-6), st.sampled_from([-2.0, -1.0, -0.5]))


def trials(confidences: Any) -> Any:
    return st.lists(st.builds(Trial, confidences, st.booleans(), st.booleans()), min_size=1, max_size=30)


def right(tried: Sequence[Trial], threshold: float) -> int:
    return sum(t.first_right if t.confidence >= threshold else t.then_right for t in tried)


@given(trials(CONFIDENCES))
def test_the_cascade_is_never_worse_than_its_second_member_alone(tried: list[Trial]) -> None:
    threshold, accuracy, escalated = least_threshold(tried)
    alone = sum(t.then_right for t in tried)
    assert right(tried, threshold) >= alone
    assert accuracy == right(tried, threshold) / len(tried)
    assert escalated == sum(t.confidence < threshold for t in tried) / len(tried)
    lower = {t.confidence for t in tried if t.confidence < threshold}
    assert all(right(tried, one) < alone for one in lower)
    assert threshold <= 0  # what a suite may say


@given(trials(st.one_of(CONFIDENCES, st.just(0.0))))
def test_what_the_first_has_no_doubt_of_cannot_be_passed_on(tried: list[Trial]) -> None:
    threshold, accuracy, escalated = least_threshold(tried)
    assert accuracy == right(tried, threshold) / len(tried)
    assert escalated == sum(t.confidence < threshold for t in tried) / len(tried)
    possible = {t.confidence for t in tried} | {0.0}
    if max(right(tried, one) for one in possible) >= sum(t.then_right for t in tried):
        assert right(tried, threshold) >= sum(t.then_right for t in tried)
    else:
        assert threshold == 0


@pytest.mark.parametrize(
    ("tried", "expected"),
    [
        ([Trial(-1, True, True), Trial(-2, True, False)], (-2, 1.0, 0.0)),  # the first is better throughout
        ([Trial(-1, True, True), Trial(-2, False, True)], (-1, 1.0, 0.5)),
        ([Trial(-1, False, True), Trial(-2, True, True)], (0.0, 1.0, 1.0)),  # sure and wrong: it is never believed
        ([Trial(-1, False, False)], (-1, 0.0, 0.0)),
    ],
)  # fmt: skip
def test_by_hand(tried: list[Trial], expected: tuple[float, float, float]) -> None:
    assert least_threshold(tried) == expected


def test_an_answer_is_read_up_to_its_end(base: Any) -> None:
    ids = base.tokenizer(" ab")["input_ids"]
    assert _read(base.tokenizer, [*ids, 1, 1, 1], [-1.0, -2.0, -3.0, -6.0, -99.0, -99.0]) == ("ab", -3.0, 4)
    assert _read(base.tokenizer, ids, [-1.0, -2.0, -3.0]) == ("ab", -2.0, 3)
