"""Sums that a decision needs of a run in addition to those of joules, grams and money."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.second_costs import SecondSums
from wattbench_reports.tables.item_matrix import ItemTable

SCORES = "scores"
"""The kind of sums of scores of all answers, with joules or without. The sums by block always have it."""


def decision_sums(table: ItemTable, seconds: SecondSums | None) -> dict[str, NDArray[np.float64]]:
    """Return kinds of sums for `wattbench_reports.metrics.domain_sums.basis`, each of shape (items, systems).

    Args:
        table: the items.
        seconds: where they are counted.

    Returns:
        `SCORES` in a run without blocks some of whose answers have scores and no joules, and those of seconds. Empty
        otherwise, so that a page carries nothing in vain.
    """
    sums: dict[str, NDArray[np.float64]] = {}
    same = table.correct is table.metered_correct or np.array_equal(table.correct, table.metered_correct)
    if table.blocks is None and not same:
        sums[SCORES] = table.correct
    return sums if seconds is None else sums | seconds.kinds
