"""A verdict follows from two bounds and the margin; bounds spend what they are given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.gate.bounds import StudentBounds, verdict_of
from wattbench_reports.gate.result import Verdict

SIZES = st.floats(-2, 2)
MARGINS = st.floats(0.001, 1)


@given(SIZES, SIZES, MARGINS)
def test_each_verdict_is_where_its_bounds_are(one: float, other: float, margin: float) -> None:
    low, high = sorted((one, other))
    verdict = verdict_of(low, high, margin)
    assert (verdict is Verdict.REGRESSED) == (low > margin)
    assert (verdict in (Verdict.PASS, Verdict.IMPROVED)) == (high <= margin)
    assert (verdict is Verdict.IMPROVED) == (high < 0)


@given(SIZES, SIZES, MARGINS)
def test_two_sided_it_does_not_matter_which_is_which(one: float, other: float, margin: float) -> None:
    low, high = sorted((one, other))
    assert verdict_of(low, high, margin, either=True) is verdict_of(-high, -low, margin, either=True)


@given(SIZES, SIZES, MARGINS, st.floats(0, 1))
def test_narrower_bounds_never_turn_a_verdict_round(one: float, other: float, margin: float, part: float) -> None:
    low, high = sorted((one, other))
    before = verdict_of(low, high, margin)
    after = verdict_of(low + part * (high - low) / 2, high - part * (high - low) / 2, margin)
    if before is not Verdict.INCONCLUSIVE:
        assert (before is Verdict.REGRESSED) == (after is Verdict.REGRESSED)


def bounds(**changed: object) -> StudentBounds:
    settings = {
        "items": np.array([50, 100]), "centre": np.array([0.02, 0.02]), "se": np.array([0.02, 0.01]),
        "df": np.array([7.0, 15.0]), "spent": np.array([0.5, 0.5]), "logarithmic": False,
    }  # fmt: skip
    return StudentBounds(**settings | changed)  # type: ignore[arg-type]


def test_a_look_spends_its_part_of_the_level() -> None:
    low, high = bounds().low(0.05), bounds().high(0.05)
    assert low == pytest.approx([0.02 - 2.3646 * 0.02, 0.02 - 2.1314 * 0.01], abs=1e-5)  # t at 2.5%
    assert high == pytest.approx([0.02 + 2.3646 * 0.02, 0.02 + 2.1314 * 0.01], abs=1e-5)


def test_what_is_not_known_is_not_bounded() -> None:
    early = bounds(centre=np.array([np.nan, 0.02]), logarithmic=True)
    assert early.low(0.05)[0] == -np.inf
    assert early.high(0.05)[0] == np.inf
    rare = bounds(least_items=np.array([114.0, 0.0]))
    assert np.isinf(rare.high(0.1)).tolist() == [True, False]
    assert np.isfinite(rare.low(0.1)).all()
    assert rare.least_for_pass == 0


def test_a_skew_moves_the_upper_bound_alone() -> None:
    plain, skewed = bounds(), bounds(skew=np.array([0.001, 0.001]))
    assert (skewed.high(0.1) > plain.high(0.1)).all()
    assert (skewed.low(0.1) == plain.low(0.1)).all()


def test_a_difference_in_accuracy_is_at_most_100_points() -> None:
    wide = bounds(centre=np.array([0.65, 0.02]), se=np.array([0.2, 0.01]))
    assert wide.high(0.05)[0] == 1.0
    assert wide.low(0.05)[0] == pytest.approx(0.65 - 2.3646 * 0.2, abs=1e-5)
    assert wide.high(0.05)[1] == bounds().high(0.05)[1]
