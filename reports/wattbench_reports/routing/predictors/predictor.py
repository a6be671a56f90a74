"""Define a predictor: it expects scores of systems on items that it was not fitted to.

Everything is fitted at two depths (nested cross-validation: S. Varma and R. Simon, "Bias in error estimation when using
cross-validation for model selection", BMC Bioinformatics 7 (2006)). With a fold held out, the expectation for an item
of it is fitted to all other folds; that for an item of another fold to all but these two. So what is chosen (how
strongly to shrink, from which advantage on to leave the best single system) is chosen on items whose own scores are in
no expectation, and judged on items whose scores are in nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import row_parts


@dataclass(frozen=True)
class Expected:
    """Expected scores and costs by cell: items that a predictor does not distinguish share a cell."""

    cell: NDArray[np.int64]
    """Shape (items,): the cell of each."""
    score: NDArray[np.float64]
    """Shape (cells, systems)."""
    cost: NDArray[np.float64]
    """Shape (cells, systems): per request."""


class Predictor(Protocol):
    """A predictor of all systems' scores on all items."""

    def without(self, fold: int) -> tuple[Expected, ...]:
        """Return expectations that leave out a fold and each item's own fold, one per strength of shrinking."""


def squared_errors(
    expected: Expected, items: NDArray[np.bool_], score: NDArray[np.float64], members: NDArray[np.int64]
) -> float:
    """Return the mean squared error of expected differences between members, less a part common to all predictors.

    Differences are all that a choice goes by: what makes an item hard for all members does not count.

    Args:
        expected: of all items.
        items: shape (items,): those that count.
        score: shape (items, systems).
        members: columns.
    """
    among = np.flatnonzero(items)
    means = expected.score[np.ix_(np.arange(len(expected.score)), members)]
    means -= means.mean(axis=1, keepdims=True)

    def errors(of: NDArray[np.int64]) -> float:
        scores, expectations = score[np.ix_(of, members)], means[expected.cell[of]]
        centred = scores - scores.mean(axis=1, keepdims=True)
        return float((expectations * (expectations - 2 * centred)).mean()) * (len(of) / len(among))

    return sum(errors(among[part]) for part in row_parts(len(among)))
