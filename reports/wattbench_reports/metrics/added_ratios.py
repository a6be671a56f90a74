"""Compute the added metrics of each system, over all items or a mix of domains, as joules per correct answer are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis, Shares, basis
from wattbench_reports.metrics.metric import Ratio
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.metrics.registry import ADDED
from wattbench_reports.stats import Interval
from wattbench_reports.tables.item_matrix import ItemTable, item_sums
from wattbench_reports.tables.item_rows import Rows
from wattbench_reports.tables.run_tables import Frames


def added_sums(frames: Frames, table: ItemTable) -> dict[str, Basis]:
    """Sum what each added metric is computed from, by domain and block.

    Args:
        frames: the run.
        table: its items.

    Raises:
        UserError: a column of the answers holds no numbers.
    """
    sums = {}
    for metric in ADDED:
        assert isinstance(metric.computed, Ratio)
        top, known, bottom = item_sums(frames, 3, partial(_of_system, frames, metric.computed))
        sums[metric.name] = basis(replace(table, energy_j=top, metered=known, metered_correct=bottom))
    return sums


def _of_system(frames: Frames, ratio: Ratio, system: str) -> tuple[NDArray[np.float64], ...]:
    rows = frames.answers_of(system)
    top = _column(frames, ratio.top)(rows)
    bottom = np.ones(len(top)) if ratio.bottom is None else _column(frames, ratio.bottom)(rows)
    if ratio.bottom == "correct":
        bottom = np.nan_to_num(bottom)  # an answer without a score counts as not correct
    known = np.isfinite(top) & np.isfinite(bottom)
    return np.where(known, top, 0.0), known.astype(np.float64), np.where(known, bottom, 0.0)


def _column(frames: Frames, name: str) -> Callable[[Rows], NDArray[np.float64]]:
    if name == "seconds":
        return frames.seconds
    return partial(frames.figures, name) if name in ("correct", "energy_j") else frames.further(name)


def added_figures(sums: Mapping[str, Basis], shares: Shares | None) -> dict[str, dict[str, Interval]]:
    """Return the added metrics that are known of each system, by system and metric.

    Args:
        sums: from `added_sums`.
        shares: the mix of domains; None: every item counts the same.
    """
    figures: dict[str, dict[str, Interval]] = {}
    for name, base in sums.items():
        for system, interval in zip(base.systems, _bounded(base, shares), strict=True):
            if interval is not None and base.metered[:, base.systems.index(system)].any():
                figures.setdefault(system, {})[name] = interval
    return figures


def _bounded(base: Basis, shares: Shares | None) -> list[Interval | None]:
    """Return the ratio of each system. Without a bottom, what is divided by are the answers: each counts 1."""
    return intervals(base, {"energy_j": 1.0}, shares, per_correct=True, scored=False)
