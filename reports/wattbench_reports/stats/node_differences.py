"""Compare two systems within machines, over machines, and test whether they differ alike on all of them.

With d_r the logarithm of one system's seconds (or joules) over another's in block r, which one machine asked both; N
machines with R_n blocks, R in all; d_n and s_n^2 the mean and the variance over the blocks of machine n:

    these machines     d = sum_n R_n d_n / R = mean of d_r           d +- t(R - 1) sqrt(variance of the d_r / R)
    another machine    mean of d_n +- t(N - 1) S sqrt(1 + 1 / N),    S^2 = variance of the d_n
    alike on all       F = sum_n R_n (d_n - d)^2 / sum_n (1 - R_n / R) s_n^2

*These machines* pools the differences within machines by inverse variance (fixed effect), where a block has the same
variance on all machines of a class: the weights are the blocks, and known. Its error is that of blocks as clusters,
as in the rankings, not the pooled error within machines: if one of them is three times as noisy, that one calls two
alike systems different in 6 to 9% of simulated runs (2 to 8 machines, 3 or 4 blocks each), blocks as clusters in 4 to
5%. With weights by a variance of its own for each machine it is 37% with three blocks on each of four machines and 76%
with two on each of eight: weights from so few blocks follow their noise (W. G. Cochran and S. P. Carroll, Biometrics 9,
1953), and random effects after DerSimonian and Laird (16%) or with Hartung and Knapp's error (12 to 13%) inherit them.

*These machines* says nothing of others: if systems differ on each machine by an amount of its own, as large as the
noise of a block, it misses their mean over all machines of the class in 17% (four machines, three blocks each).
*Another machine* is for that: the prediction interval of one more figure of the kind (G. J. Hahn and W. Q. Meeker,
"Statistical Intervals", 1991, 4.7). A machine's figure holds the noise of its blocks, so the interval is too wide
rather than too narrow. With two machines it is very wide, as two say little of a third.

The test is M. B. Brown and A. B. Forsythe's (Technometrics 16, 1974) with the degrees of freedom of D. V. Mehrotra
(Communications in Statistics B 26, 1997): machines may be unlike in noise. Alike differences are called different in 1
to 6%; in 10% where the noisiest of three machines has two of 13 blocks. A machine with one block has no part in it, and
with one block on each there is no test: then blocks as clusters are machines as clusters.
`tests/wattbench_reports/stats/test_machine_rates.py` holds these rates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from wattbench_reports.stats.intervals import Interval, log_interval
from wattbench_reports.stats.session_variance import SessionVariance, session_variance
from wattbench_reports.stats.student import t_quantile

_ROUNDING = 1e-9
"""Logarithms that differ by no more are equal but for rounding."""


@dataclass(frozen=True)
class PairOverNodes:
    """One system's seconds or joules over another's, block by block."""

    nodes: tuple[float, ...]
    """The ratio on each machine."""
    these: Interval
    """Over the blocks of these machines."""
    another: Interval
    """On another machine of the class."""
    p_value: float | None
    """That the ratio is the same on all machines; None where it cannot be tested."""

    @property
    def spread(self) -> float:
        """Return the largest ratio divided by the smallest."""
        return max(self.nodes) / min(self.nodes)


def pair_over_nodes(logs: NDArray[np.float64], nodes: NDArray[np.int64]) -> PairOverNodes:
    """Compare two systems over the blocks of several machines.

    Args:
        logs: shape (blocks,), two or more: the logarithm of one system's figure over the other's.
        nodes: shape (blocks,): each block's machine, of two or more, from 0 and without gaps.
    """
    means = np.bincount(nodes, weights=logs) / np.bincount(nodes)
    error = math.sqrt(float(logs.var(ddof=1)) / len(logs))
    spread = variance_on_another_node(means)
    assert spread is not None  # of two machines or more
    return PairOverNodes(
        tuple(np.exp(means).tolist()),
        log_interval(math.exp(float(logs.mean())), t_quantile(len(logs) - 1) * error),
        log_interval(math.exp(float(means.mean())), t_quantile(spread.df) * math.sqrt(spread.log_variance)),
        alike_on_all(logs, nodes),
    )


def variance_on_another_node(log_figures: NDArray[np.float64]) -> SessionVariance | None:
    """Return the variance of a figure on another machine around the mean over these machines: S^2 (1 + 1 / N).

    Args:
        log_figures: shape (machines,): the logarithm of the figure on each. NaN: not known there.

    Returns:
        None from fewer than two machines. It has the form of a variance between sessions, to which machines are alike:
        each adds something of its own to all blocks that it asks.
    """
    spread = session_variance(log_figures)
    if spread is None:
        return None
    return SessionVariance(spread.log_variance * (1 + 1 / spread.sessions), spread.df, spread.sessions)


def alike_on_all(logs: NDArray[np.float64], nodes: NDArray[np.int64]) -> float | None:
    """Return the p-value of equal means on all machines; None with fewer than two machines that have two blocks.

    Args:
        logs: shape (blocks,).
        nodes: shape (blocks,): each block's machine, from 0.
    """
    kept = np.bincount(nodes)[nodes] > 1
    values, (_, number) = logs[kept], np.unique(nodes[kept], return_inverse=True)
    counts = np.bincount(number)
    if len(counts) < 2:
        return None
    blocks, means = len(values), np.bincount(number, weights=values) / counts
    variances = np.bincount(number, weights=(values - means[number]) ** 2) / (counts - 1)
    between = float((counts * (means - values.mean()) ** 2).sum())
    parts = (1 - counts / blocks) * variances
    within = float(parts.sum())
    if within <= _ROUNDING**2:  # in the same proportion in every block of a machine
        return float(between <= _ROUNDING**2)
    mixed = float((variances**2).sum()) + float(counts @ variances / blocks) ** 2
    df_between = within**2 / (mixed - 2 * float(counts @ variances**2 / blocks))
    df_within = within**2 / float((parts**2 / (counts - 1)).sum())
    return float(fdtrc(df_between, df_within, between / within))
