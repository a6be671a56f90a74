"""Compute the variance between sessions of one machine, and what another run there would show.

A session is a full restart: processes started, models loaded, measured. What is fixed at its start (where memory came
to lie, which cores, how warm the machine is) slows everything in it, so the blocks of one session do not show it. The
logarithms of the same figure over k sessions do. Added to the variance between blocks it gives the interval of
*another run on this machine*:

    v = v_blocks + v_session        df = v^2 / (v_blocks^2 / (R - 1) + v_session^2 / (k - 1))

Valid where the sessions asked the same items on the same machine with the same meters, and are exchangeable: no trend
among them. Noise within a session is in both parts, so the interval is a little too wide rather than too narrow.

Few sessions know their variance badly: of five, to 35%. Where several figures (of systems, and of seconds and joules)
were taken in the same sessions, their variances are alike without being one, and each is drawn towards the others'
(`moderated_variances`).

Sources: F. E. Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics Bulletin 2
(1946); variance between executions: T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time", ISMM 2013.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

from wattbench_reports.stats.block_ratios import BlockRatio, PairedBlockRatio, log_t_pair
from wattbench_reports.stats.intervals import Interval


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


def moderated_variances(log_figures: NDArray[np.float64]) -> list[SessionVariance | None]:
    """Return the variance of each figure's logarithm between sessions, drawn towards those of the other figures.

    If the true variances scatter around s0^2 as an inverse chi-square with d0 degrees of freedom does, that of a figure
    with d of its own is estimated by (d0 s0^2 + d s^2) / (d0 + d), with d0 + d degrees of freedom. s0^2 and d0 follow
    from the mean and the variance of log s^2 over the figures; d0 is infinite where these scatter no more than by
    chance. Figures of one session rise together, and then know no more than fewer independent ones: the degrees of
    freedom are at most those of the mean of all variances, which their squared correlations r^2 reduce to
    d G^2 / sum r^2 for G figures.

    Args:
        log_figures: shape (sessions, figures): logarithms, as of `session_variance`; NaN without.

    Returns:
        One per figure; None from fewer than two sessions.

    Sources: G. K. Smyth, "Linear models and empirical Bayes methods for assessing differential expression in
    microarray experiments", Statistical Applications in Genetics and Molecular Biology 3 (2004), section 6; for
    correlated figures G. E. P. Box, "Some theorems on quadratic forms applied in the study of analysis of variance
    problems", Annals of Mathematical Statistics 25 (1954).
    """
    single = [session_variance(each) for each in log_figures.T]
    varying = [column for column, each in enumerate(single) if each is not None and each.log_variance > 0]
    if len(varying) < 2:
        return single
    variances, df = np.array([(single[column].log_variance, single[column].df) for column in varying]).T  # type: ignore[union-attr]
    known = _pooled_df(log_figures[:, varying], df)
    centre, prior_df = _prior(variances, df)
    for column, variance, single_df in zip(varying, variances.tolist(), df.tolist(), strict=True):
        weight = 1.0 if math.isinf(prior_df) else prior_df / (prior_df + single_df)
        moderated = weight * centre + (1 - weight) * variance
        sessions = int(np.isfinite(log_figures[:, column]).sum())
        single[column] = SessionVariance(moderated, max(single_df, min(prior_df + single_df, known)), sessions)
    return single


def _prior(variances: NDArray[np.float64], df: NDArray[np.float64]) -> tuple[float, float]:
    """Fit the prior variance s0^2 and its degrees of freedom d0 to mean and variance of log s^2 over the figures."""
    logs = np.log(variances) - digamma(df / 2) + np.log(df / 2)
    beyond_chance = float(logs.var(ddof=1) - polygamma(1, df / 2).mean())
    if beyond_chance <= 0:
        return float(np.average(variances, weights=df)), math.inf
    half = _inverse_trigamma(beyond_chance)
    return math.exp(float(logs.mean()) + float(digamma(half)) - math.log(half)), 2 * half


def _inverse_trigamma(value: float) -> float:
    """Return the argument at which the trigamma function has a value, by Newton's method (Smyth 2004, appendix)."""
    at = 0.5 + 1 / value
    for _ in range(50):
        there = float(polygamma(1, at))
        step = there * (1 - there / value) / float(polygamma(2, at))
        at += step
        if -step / at < 1e-8:
            break
    return at


def _pooled_df(log_figures: NDArray[np.float64], df: NDArray[np.float64]) -> float:
    """Return the degrees of freedom of the mean of the figures' variances.

    Independent figures show some r^2 by chance, so these are rather too few.
    """
    figures = log_figures.shape[1]
    squares = float(figures)
    for one in range(figures):
        for two in range(one):
            both = np.isfinite(log_figures[:, one]) & np.isfinite(log_figures[:, two])
            r = np.corrcoef(log_figures[both, one], log_figures[both, two])[0, 1] if both.sum() > 2 else 1.0
            squares += 2 * float(r) ** 2
    return float(df.mean() * figures**2 / squares)


def another_run(ratio: BlockRatio, session: SessionVariance) -> Interval:
    """Return the interval of a figure over other items and other sessions of this machine.

    It holds the figure's mean over sessions. A second run's own estimate strays from that by as much again: to compare
    two runs use `another_run_pair`.
    """
    variance, df = added((ratio.log_variance, ratio.df), (session.log_variance, session.df))
    return ratio.with_variance(variance, df)


def another_run_pair(first: BlockRatio, second: BlockRatio, session: SessionVariance) -> PairedBlockRatio | None:
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
    variance, df = added(
        (first.log_variance, first.df), (second.log_variance, second.df), (2 * session.log_variance, session.df)
    )
    return log_t_pair(first.estimate / second.estimate, variance, df)


def added(*parts: tuple[float, float]) -> tuple[float, float]:
    """Add independent variances, each with its degrees of freedom; return the sum with Satterthwaite's."""
    total = sum(variance for variance, _ in parts)
    shares = [(variance / total, df) for variance, df in parts] if 0 < total < math.inf else []
    least = min(df for _, df in parts)
    return total, 1 / sum(share**2 / df for share, df in shares) if shares else least
