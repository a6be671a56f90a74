"""Least squares without negative coefficients is what scipy's is, for many problems at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import nnls

from wattbench.prefill_decode.least_squares import least_squares, non_negative


def problems(seed: int, columns: int, count: int = 20) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return matrices of shape (count, 12, columns) and what is fitted, of shape (count, 12)."""
    draws = np.random.default_rng(seed)
    return draws.uniform(size=(count, 12, columns)), draws.normal(0.2, 1.0, size=(count, 12))


def sums(matrices: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.einsum("nki,nkj->nij", matrices, matrices), np.einsum("nki,nk->ni", matrices, values)


@given(seed=st.integers(0, 2**32 - 1), columns=st.integers(1, 4))
def test_none_is_negative_and_each_solution_is_that_of_scipy(seed: int, columns: int) -> None:
    matrices, values = problems(seed, columns)
    found = non_negative(*sums(matrices, values))
    assert (found >= 0.0).all()
    for matrix, value, ours in zip(matrices, values, found, strict=True):
        assert ours == pytest.approx(nnls(matrix, value)[0], abs=1e-7)


def test_the_sum_of_squares_is_lowered_by_as_much_as_is_said() -> None:
    matrices, values = problems(1, 3)
    coefficients, lower_by = least_squares(*sums(matrices, values))
    left = ((values - np.einsum("nki,ni->nk", matrices, coefficients)) ** 2).sum(axis=1)
    assert lower_by == pytest.approx((values**2).sum(axis=1) - left)


def test_equal_columns_share_what_one_of_them_would_have() -> None:
    matrices, values = problems(1, 1)
    twice = sums(np.repeat(matrices, 2, axis=2), values)
    alone, both = non_negative(*sums(matrices, values)), non_negative(*twice)
    assert both.sum(axis=1) == pytest.approx(alone[:, 0])
    assert (alone > 0).any()


def test_what_only_negative_coefficients_would_fit_has_none() -> None:
    assert non_negative(np.eye(2)[None], np.array([[-1.0, -2.0]])).tolist() == [[0.0, 0.0]]
