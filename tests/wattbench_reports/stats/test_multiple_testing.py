"""Holm's adjustment by hand and against statsmodels, and p-values of a bootstrap."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from wattbench_reports.stats import bootstrap_p_value, holm


def test_worked_example() -> None:
    # Smallest times 4, next times 3, and never below the one before: 0.04 (0.01 * 4), 0.06 (0.02 * 3),
    # 0.06 (0.03 * 2), 0.06 (0.04 * 1 = 0.04, lifted), in the order given.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


FEW = settings(max_examples=25)


@pytest.fixture(scope="module")
def without_collecting() -> Iterator[None]:
    """statsmodels collects garbage at every call: of all that a worker has imported, that takes half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda: 0)
        yield


@pytest.mark.usefixtures("without_collecting")
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@FEW
def test_agrees_with_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


@given(st.lists(st.one_of(st.none(), st.just(math.nan), st.floats(0, 1)), max_size=20))
@FEW
def test_what_could_not_be_compared_is_not_in_the_family(p_values: list[float | None]) -> None:
    made = [p for p in p_values if p is not None and not math.isnan(p)]
    adjusted = holm(p_values)
    assert [p is None for p in adjusted] == [p is None or math.isnan(p) for p in p_values]
    assert [p for p in adjusted if p is not None] == pytest.approx(holm(made))


@pytest.mark.parametrize("p_value", [-0.1, 1.1, math.inf])
def test_what_is_no_p_value_is_refused(p_value: float) -> None:
    with pytest.raises(ValueError, match="not a p-value"):
        holm([0.5, p_value])


@pytest.mark.parametrize(
    ("share_below", "resamples", "p_value"),
    [(0.0, 999, 0.002), (1.0, 999, 0.002), (0.5, 999, 1.0), (0.1, 1000, 202 / 1001), (0.9, 1000, 202 / 1001)],
)
def test_bootstrap_p_value(share_below: float, resamples: int, p_value: float) -> None:
    assert bootstrap_p_value(share_below, resamples) == pytest.approx(p_value)


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_a_bootstrap_never_has_a_p_of_zero(share_below: float, resamples: int) -> None:
    assert 0 < bootstrap_p_value(share_below, resamples) <= 1


@pytest.mark.parametrize(("share", "resamples"), [(0.5, 0), (-0.1, 10), (1.1, 10), (math.nan, 10)])
def test_no_share_of_draws(share: float, resamples: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        bootstrap_p_value(share, resamples)
