"""Sums that a decision needs of a run in addition to those of joules, grams and money."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.costs import LATENCY_S, TIMED
from wattbench_reports.metrics.decision_settings import Worth
from wattbench_reports.tables.item_matrix import ItemTable
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
    if table.blocks is None and not np.array_equal(table.correct, table.metered_correct):
        sums[SCORES] = table.correct
    if worth is not None and worth.per_second > 0:
        sums |= _seconds(frames, table)
    return sums


def _seconds(frames: Frames, table: ItemTable) -> dict[str, NDArray[np.float64]]:
    items = frames.items
    seconds = (items["finished_s"] - items["started_s"]).to_numpy(dtype=np.float64)
    timed = np.isfinite(seconds)
    cell = frames.row_of_answer * len(table.systems) + items["system"].cat.codes.to_numpy().astype(np.int64)

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.bincount(cell, weights=values, minlength=table.trials.size).astype(np.float64)
        return np.asarray(sums.reshape(table.trials.shape))

    return {LATENCY_S: total(np.where(timed, seconds, 0.0)), TIMED: total(timed.astype(np.float64))}
