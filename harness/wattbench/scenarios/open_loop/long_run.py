"""Bound the long-run share of requests in time, from one run of a queue that began empty.

Lateness comes in spells: a queue that is long now is long for the requests that follow. So requests count as fewer
independent ones, n / (1 + 2 Σ r_k), r_k their autocorrelation. The sum is Geyer's initial monotone sequence (C. J.
Geyer, "Practical Markov chain Monte Carlo", Statistical Science 7, 1992), and the largest of three series counts: in
time or not, latency, and the backlog that each request meets, the latter two by their ranks (A. Vehtari et al.,
"Rank-normalization, folding, and localization", Bayesian Analysis 16, 2021). Where all are in time, only these show
how slowly the queue moves.

The lower bound is the smaller of two: Student's t over batch means (A. M. Law and W. D. Kelton, "Simulation Modeling
and Analysis", chapter 9), which also sees a correlation that is longer than the sum reaches, and Clopper and
Pearson's with the effective number. Batch means alone are wrong in up to a quarter of runs where few requests are
late: their variance is then too small, and 0 where none is late. A trend of the backlog is looked for by Mann and
Kendall's test over its batch means.

Assumes that the queue has a steady state and that arrivals, service and machine stay as they were: what changes more
slowly than the run, or rarely, is not in the bounds. docs/rates.md has the rates in queues in which it holds, and in
queues in which it does not.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate
from scipy.special import betaincinv, stdtrit
from scipy.stats import kendalltau, rankdata

from wattbench.records.rate_bounds import RISK, TRANSIENT, RateBounds

BATCHES = 20
"""Each of ten or more effective requests, where there are enough for a conclusion. More batches add little (B.
Schmeiser, "Batch size effects in the analysis of simulation output", Operations Research 30, 1982: 10 to 30)."""


def rate_bounds(
    due_s: NDArray[np.float64], ended_s: NDArray[np.float64], in_time: NDArray[np.bool_], answered: NDArray[np.bool_]
) -> RateBounds | None:
    """Return the long-run bounds of a rate from its requests; None with too few requests for batches.

    Args:
        due_s: when each was due, ascending. Shape (requests,), as of the others.
        ended_s: when each was answered, or was given up.
        in_time: whether it met every deadline.
        answered: whether it has an answer.
    """
    cut = math.ceil(TRANSIENT * len(due_s))
    number = len(due_s) - cut
    if number < BATCHES:
        return None
    latency_s = np.where(answered, ended_s - due_s, np.inf)[cut:]
    waiting = backlog(due_s, ended_s)[cut:]
    met = in_time[cut:].astype(np.float64)
    effective = number / max(correlation_time(each) for each in (met, _ranks(latency_s), _ranks(waiting)))
    return RateBounds(
        cut=cut,
        requests=number,
        in_time=float(met.mean()),
        in_time_low=math.floor(1000 * min(_share_low(float(met.mean()), effective), _batch_low(met))) / 1000,
        effective=math.floor(effective),
        growth_p=math.floor(1000 * _growth_p(waiting)) / 1000,
    )


def backlog(due_s: NDArray[np.float64], ended_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the number of other open requests at the time when each request is due. Shape (requests,)."""
    ended = np.searchsorted(np.sort(ended_s), due_s, side="right")
    return np.asarray(np.maximum(0.0, np.arange(len(due_s)) - ended), dtype=np.float64)


def correlation_time(values: NDArray[np.float64]) -> float:
    """Return 1 + 2 Σ r_k of a series, by Geyer's initial monotone sequence: 1 or more, in requests.

    Shape (requests,). 1 where all values are the same.
    """
    if not np.ptp(values):
        return 1.0
    apart = values - values.mean()
    covariance = correlate(apart, apart, method="fft")[len(apart) - 1 :]
    rho = covariance / covariance[0]
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0.0)
    positive = pairs[: ends[0]] if len(ends) else pairs
    return max(1.0, 2.0 * float(np.minimum.accumulate(positive).sum()) - 1.0)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(rankdata(values), dtype=np.float64)


def _batches(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each batch, without the first requests that do not fill a batch. Shape (BATCHES,)."""
    return np.asarray(values[len(values) % BATCHES :].reshape(BATCHES, -1).mean(axis=1), dtype=np.float64)


def _share_low(share: float, effective: float) -> float:
    """Return Clopper and Pearson's lower bound of a share of independent requests, whose number need not be whole."""
    return float(betaincinv(share * effective, (1.0 - share) * effective + 1.0, RISK)) if share else 0.0


def _batch_low(met: NDArray[np.float64]) -> float:
    means = _batches(met)
    half = float(stdtrit(BATCHES - 1, 1.0 - RISK)) * float(means.std(ddof=1)) / math.sqrt(BATCHES)
    return max(0.0, float(means.mean()) - half)


def _growth_p(waiting: NDArray[np.float64]) -> float:
    """Return the p of Mann and Kendall's test against a growing backlog (H. B. Mann, Econometrica 13, 1945)."""
    p = float(kendalltau(np.arange(BATCHES), _batches(waiting), alternative="greater").pvalue)
    return 1.0 if math.isnan(p) else p
