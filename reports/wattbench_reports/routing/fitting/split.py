"""Divide items into those that a router is trained on, those that set its thresholds, and those that judge it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.fitting.folds import deal_folds
from wattbench_reports.stats.budgets import KNN_ITEMS, SEED

_FOLDS = 4
_TEST, _CALIBRATION = 0, 1


@dataclass(frozen=True)
class Split:
    """Which items are for what, each of shape (items,). No item is in two."""

    training: NDArray[np.bool_]
    calibration: NDArray[np.bool_]
    test: NDArray[np.bool_]

    @property
    def used(self) -> NDArray[np.int64]:
        """Return the items that are in any of the three, ascending."""
        return np.flatnonzero(self.training | self.calibration | self.test)


def split_items(domain: NDArray[np.int64], alike: NDArray[np.int64] | None = None) -> Split:
    """Divide items at random: two quarters for training, one for calibration, one for the test, in every domain.

    Items that read alike stay together. Of each part at most `KNN_ITEMS` items are taken: what is fitted to requests
    grows with the cube of their number.

    Args:
        domain: shape (items,).
        alike: shape (items,): a number that is the same for items that read alike; None: no two do.
    """
    fold = deal_folds(domain, alike, SEED, _FOLDS)
    return Split(
        _at_most(np.isin(fold, [_TEST, _CALIBRATION], invert=True)),
        _at_most(fold == _CALIBRATION),
        _at_most(fold == _TEST),
    )


def _at_most(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    items = np.flatnonzero(part)
    if len(items) <= KNN_ITEMS:
        return part
    kept = np.zeros(len(part), dtype=np.bool_)
    kept[np.random.default_rng(SEED).choice(items, KNN_ITEMS, replace=False)] = True
    return kept
