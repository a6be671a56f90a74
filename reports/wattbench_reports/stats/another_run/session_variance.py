"""Compute the variance between sessions of one machine, and what another run there would show.

A session is a full restart: processes started, models loaded, measured. What is fixed at its start (where memory came
to lie, which cores, how warm the machine is) slows everything in it, so the blocks of one session do not show it. The
logarithms of the same figure over k sessions do. Added to the variance between blocks it gives the interval of
*another run on this machine*:

    v = v_blocks + v_session        df = v^2 / (v_blocks^2 / (R - 1) + v_session^2 / (k - 1))

Valid where the sessions asked the same items on the same machine with the same meters, and are exchangeable: no trend
among them. Noise within a session is in both parts, so the interval is a little too wide rather than too narrow.

Sources: F. E. Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics Bulletin 2
(1946); variance between executions: T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time", ISMM 2013.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.block_ratios import BlockRatio, PairedBlockRatio, log_t_pair
from wattbench_reports.stats.intervals import CONFIDENCE, Interval


@dataclass(frozen=True)
class SessionVariance:
    """How much a figure varies between sessions."""

    log_variance: float
    """Of the figure's logarithm, between one session and another."""
    df: float
    sessions: int


def session_variance(log_figures: NDArray[np.float64]) -> SessionVariance | None:
    """Return the variance of a figure's logarithm between sessions.

    Args:
        log_figures: shape (sessions,): the logarithm of joules per request, say, of the same items in each session.
            A session without the figure (NaN) is left out.

    Returns:
        None from fewer than two sessions: how much another would differ is not known.
    """
    known = log_figures[np.isfinite(log_figures)]
    if len(known) < 2:
        return None
    return SessionVariance(float(known.var(ddof=1)), len(known) - 1, len(known))


def another_run(ratio: BlockRatio, session: SessionVariance, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of a figure over other items and other sessions of this machine.

    It holds the figure's mean over sessions. A second run's own estimate strays from that by as much again: to compare
    two runs use `another_run_pair`.
    """
    variance, df = _added((ratio.log_variance, ratio.df), (session.log_variance, session.df))
    return ratio.with_variance(variance, df, confidence)


def another_run_pair(
    first: BlockRatio, second: BlockRatio, session: SessionVariance, confidence: float = CONFIDENCE
) -> PairedBlockRatio | None:
    """Compare figures of two runs of one machine: each has a session of its own, so their variance counts twice.

    The two are taken to be independent. Runs that asked the same items share what is hard in them, which would cancel
    if items were paired: the comparison is then too cautious, never too sure.

    Two systems of *one* run share their session: `paired_block_ratios` is for those, and assumes that the session
    slowed both by the same factor.

    Returns:
        None where one of the two figures is 0: a ratio of the two says nothing.
    """
    if min(first.estimate, second.estimate) <= 0:
        return None
    variance, df = _added(
        (first.log_variance, first.df), (second.log_variance, second.df), (2 * session.log_variance, session.df)
    )
    return log_t_pair(first.estimate / second.estimate, variance, df, confidence)


def _added(*parts: tuple[float, float]) -> tuple[float, float]:
    """Add independent variances, each with its degrees of freedom; return the sum with Satterthwaite's."""
    total = sum(variance for variance, _ in parts)
    shares = [(variance / total, df) for variance, df in parts] if 0 < total < math.inf else []
    least = min(df for _, df in parts)
    return total, 1 / sum(share**2 / df for share, df in shares) if shares else least
