"""Compare the costs of systems block by block: joules per request, and the median latency."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.mix_weighting import per_request
from wattbench_reports.stats import Interval, log_ratio_losses
from wattbench_reports.stats.intervals import log_interval
from wattbench_reports.stats.student import t_quantile


def joule_losses(basis: Basis, shares: Shares | None) -> NDArray[np.float64]:
    """Return the log of joules per request by block, shape (blocks, systems); NaN for a system without joules.

    Args:
        basis: of a run with blocks; or one with money in place of joules.
        shares: the mix of domains; None: every answer counts the same.
    """
    assert basis.blocks is not None
    kinds = basis.blocks.kinds
    return log_ratio_losses(
        *(np.nan_to_num(per_request(basis, kinds[kind], shares)) for kind in ("energy_j", "metered"))
    )


def median_losses(analysis: Analysis) -> NDArray[np.float64]:
    """Return the log of the median seconds of each block, shape (blocks, systems); NaN without any.

    The spread of the medians of blocks, over the square root of their number, is the error of the median of all: a
    block holds items of every domain in proportion, and of what the machine did meanwhile.
    """
    items, table = analysis.frames.items, analysis.table
    assert table.blocks is not None
    column = items["system"].cat.codes.to_numpy().astype(np.int64)
    seconds = (items["finished_s"] - items["started_s"]).to_numpy(dtype=np.float64)
    block = table.blocks[analysis.frames.row_of_answer, column]
    worth = _worth(analysis)[items["domain"].cat.codes.to_numpy()]
    present = np.unique(block[block >= 0])
    medians = np.full((len(present), len(table.systems)), np.nan)
    counted = np.isfinite(seconds) & (worth > 0)
    for index, number in enumerate(present.tolist()):
        for system in range(len(table.systems)):
            rows = counted & (block == number) & (column == system)
            if rows.any():
                medians[index, system] = _median(seconds[rows], worth[rows])
    return np.asarray(np.log(np.maximum(medians, np.finfo(float).tiny)))


def _worth(analysis: Analysis) -> NDArray[np.float64]:
    """Return what an answer of each domain counts for, in the order of the categories."""
    names = [str(name) for name in analysis.frames.items["domain"].cat.categories]
    if analysis.shares is None:
        return np.ones(len(names))
    share = dict(zip(analysis.basis.domains, analysis.shares.tolist(), strict=True))
    requests = analysis.frames.items["domain"].value_counts()
    return np.array([share[name] / max(int(requests.get(name, 0)), 1) for name in names])


def _median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][int(np.searchsorted(reached, reached[-1] / 2))])


def median_interval(estimate: float, losses: NDArray[np.float64]) -> Interval:
    """Return a median with bounds from the spread between blocks.

    Args:
        estimate: over all blocks, in seconds.
        losses: shape (blocks,): one system's column of `median_losses`.
    """
    known = losses[np.isfinite(losses)]
    if len(known) < 2:
        return Interval(estimate, 0.0, math.inf)
    return log_interval(estimate, t_quantile(len(known) - 1) * float(known.std(ddof=1)) / math.sqrt(len(known)))
