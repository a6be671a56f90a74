"""Break-even: its sign, its size, and what never means."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench_reports.analyses.break_even import Payback, paid_back
from wattbench_reports.stats import resampled_sums


def columns(joules: float, correct: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.full(len(correct), joules), np.array(correct, dtype=float)


Columns = tuple[np.ndarray, np.ndarray]


def payback(outlay_j: float, ours: Columns, theirs: Columns, resamples: int = 4000) -> Payback | None:
    """Over items that are drawn here."""
    sums = resampled_sums(*(column[:, None] for column in (*ours, *theirs)), resamples=resamples)
    draws = [column[:, 0] for column in sums]
    totals = [(float(joules.sum()), float(correct.sum())) for joules, correct in (ours, theirs)]
    return paid_back(outlay_j, *totals, (draws[0], draws[1]), (draws[2], draws[3]), items=len(ours[0]))


def test_it_is_the_outlay_over_what_an_answer_saves() -> None:
    found = payback(1000.0, columns(2.0, [1] * 20), columns(10.0, [1] * 20))
    assert found is not None
    assert (found.answers.estimate, found.answers.low, found.answers.high) == (125.0, 125.0, 125.0)
    assert found.probability == 1.0


def test_what_saves_nothing_is_never_paid_back() -> None:
    for theirs in (2.0, 1.0):
        found = payback(1000.0, columns(2.0, [1] * 20), columns(theirs, [1] * 20))
        assert found is not None
        assert found.answers.estimate == found.answers.low == math.inf
        assert found.probability == 0.0


def test_a_close_call_has_an_open_end() -> None:
    found = payback(1000.0, columns(2.0, [1, 0] * 10), columns(2.0, [0, 0, 1, 1, 0] * 4))
    assert found is not None
    assert math.isfinite(found.answers.estimate)
    assert found.answers.high == math.inf
    assert 0.5 < found.probability < 1.0


@pytest.mark.parametrize(("ours", "theirs"), [([0, 0], [1, 1]), ([1, 1], [0, 0])])
def test_without_a_correct_answer_there_is_nothing_to_set_against(ours: list[int], theirs: list[int]) -> None:
    assert payback(1.0, columns(1.0, ours), columns(1.0, theirs)) is None


def test_one_item_bounds_nothing() -> None:
    found = payback(8.0, columns(1.0, [1]), columns(2.0, [1]))
    assert found is not None
    assert (found.answers.low, found.answers.estimate, found.answers.high) == (0.0, 8.0, math.inf)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30),
    st.floats(0.1, 100),
    st.floats(0.1, 100),
    st.floats(1, 1e6),
)
def test_finite_exactly_where_an_answer_is_cheaper(
    right: list[tuple[bool, bool]], our_j: float, their_j: float, outlay_j: float
) -> None:
    ours, theirs = columns(our_j, [int(a) for a, _ in right]), columns(their_j, [int(b) for _, b in right])
    found = payback(outlay_j, ours, theirs, resamples=50)
    if not ours[1].any() or not theirs[1].any():
        assert found is None
        return
    assert found is not None
    saved = theirs[0].sum() / theirs[1].sum() - ours[0].sum() / ours[1].sum()
    assert math.isfinite(found.answers.estimate) == (saved > 0)
    if saved > 0:
        assert found.answers.estimate == pytest.approx(outlay_j / saved)
    assert 0 <= found.answers.low <= found.answers.estimate <= found.answers.high
    assert 0 <= found.probability <= 1
    back = payback(outlay_j, theirs, ours, resamples=50)
    assert back is not None
    assert math.isinf(found.answers.estimate) or math.isinf(back.answers.estimate), "both cannot save"
