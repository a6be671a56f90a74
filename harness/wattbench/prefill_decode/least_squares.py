"""Least squares over a few columns, many at once, from sums of products.

Where no coefficient may be negative, the solution is that of ordinary least squares over the columns whose coefficients
are positive in it (C. L. Lawson and R. J. Hanson, "Solving Least Squares Problems", 1974, ch. 23). So with a few
columns every subset is tried. `scipy.optimize.nnls`, which gives the same, takes half a second to import, and solves
one at a time.
"""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

SINGULAR = 1e-12
"""Eigenvalues below this share of the largest are rounding: what they belong to has coefficients of least norm."""


def least_squares(
    products: NDArray[np.float64], moments: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients of shape (..., columns), and by how much they lower the sum of squares, of shape (...).

    Args:
        products: shape (..., columns, columns), sums of the products of columns.
        moments: shape (..., columns), sums of the products of each column and what is fitted.
    """
    inverse = np.linalg.pinv(products, rcond=SINGULAR, hermitian=True)
    coefficients = np.einsum("...ij,...j->...i", inverse, moments)
    return coefficients, (coefficients * moments).sum(axis=-1)


def non_negative(products: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return coefficients of which none is negative, of shape (problems, columns).

    Args:
        products: shape (problems, columns, columns), as of `least_squares`.
        moments: shape (problems, columns).
    """
    columns = range(moments.shape[1])
    best, most = np.zeros_like(moments), np.zeros(len(moments))
    for subset in chain.from_iterable(combinations(columns, size) for size in range(1, len(columns) + 1)):
        kept = list(subset)
        fitted, lower_by = least_squares(products[:, kept][:, :, kept], moments[:, kept])
        better = (fitted >= 0.0).all(axis=1) & (lower_by > most)
        coefficients = np.zeros_like(moments)
        coefficients[:, kept] = fitted
        best[better], most[better] = coefficients[better], lower_by[better]
    return best
