"""Sums that a decision needs of a run in addition to those of joules, grams and money."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.costs import LATENCY_S, TIMED
from wattbench_reports.metrics.decision_settings import Worth
from wattbench_reports.tables.item_matrix import ItemTable, item_sums
from wattbench_reports.tables.run_tables import Frames

SCORES = "scores"
"""The kind of sums of scores of all answers, with joules or without. The sums by block always have it."""


def decision_sums(frames: Frames, table: ItemTable, worth: Worth | None) -> dict[str, NDArray[np.float64]]:
    """Return kinds of sums for `wattbench_reports.metrics.domain_sums.basis`, each of shape (items, systems).

    Args:
        frames: the run.
        table: `item_table(frames)`.
        worth: what is counted in money.

    Returns:
        `SCORES` in a run without blocks some of whose answers have scores and no joules; `LATENCY_S` and `TIMED` where
        a second has a price. Empty otherwise, so that a page carries nothing in vain.
    """
    sums: dict[str, NDArray[np.float64]] = {}
    same = table.correct is table.metered_correct or np.array_equal(table.correct, table.metered_correct)
    if table.blocks is None and not same:
        sums[SCORES] = table.correct
    if worth is not None and worth.per_second > 0:
        sums |= _seconds(frames)
    return sums


def _seconds(frames: Frames) -> dict[str, NDArray[np.float64]]:
    def of_system(system: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = frames.answers_of(system)
        seconds = frames.seconds(rows)
        timed = np.isfinite(seconds)
        return np.where(timed, seconds, 0.0), timed.astype(np.float64)

    seconds, timed = item_sums(frames, 2, of_system)
    return {LATENCY_S: seconds, TIMED: timed}
