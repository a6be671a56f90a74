"""Compute the figures of a basis, for all items alike or for a given mix of domains.

With a mix the share of each domain is given, and not itself a sample: a figure is the shares' mean of the domains'
figures, and what is uncertain is each domain's part. The browser does the same sums
(`reports/wattbench_reports/html/whatif/script/`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.stats import CONFIDENCE, Interval, block_mean_intervals, wilson_interval
from wattbench_reports.stats.intervals import independent_trials


def accuracies(basis: Basis, shares: Shares) -> list[Interval | None]:
    """Return each system's accuracy under a mix; None for a system without answers in a domain that has a share.

    An item answered rightly and one answered wrongly are added to each domain before its variance is taken, so that a
    domain in which all items agree is not taken for certain. The variance of the weighed mean is turned into the number
    of independent trials that it is worth, and Wilson's interval is taken for those.

    In a run of blocks the outer ends of that and of the interval between blocks are taken: `by_block`.

    Source: as `accuracy_interval`, by strata; the added items after A. Agresti and B. Caffo, "Simple and effective
    confidence intervals for proportions ...", The American Statistician 54 (2000).
    """
    intervals: list[Interval | None] = []
    for system in range(len(basis.systems)):
        share, centre, variance, missing = 0.0, 0.0, 0.0, False
        for domain, weight in enumerate(shares.tolist()):
            if weight > 0:
                n = float(basis.items[domain, system])
                missing = missing or not n
                middle = (float(basis.means[domain, system]) + 1) / (n + 2)
                spread = float(basis.squares[domain, system]) + 1 - (n + 2) * middle * middle
                answers = float(basis.trials[domain, system]) or 1.0
                share += weight * (float(basis.correct[domain, system]) / answers)
                centre += weight * middle
                variance += weight * weight * (spread / (n * (n + 1) or 1.0))
        trials = max(1.0, independent_trials(centre, variance)) if variance > 0 else 1.0
        intervals.append(None if missing else wilson_interval(min(max(share, 0.0), 1.0), trials))
    return by_block(basis, shares, intervals)


def by_block(basis: Basis, shares: Shares | None, accuracies: list[Interval | None]) -> list[Interval | None]:
    """Widen accuracies to the outer ends of their intervals by item and between blocks; unchanged without blocks."""
    return (
        accuracies if basis.blocks is None else block_mean_intervals(*block_scores(basis, shares), by_item=accuracies)
    )


def block_scores(basis: Basis, shares: Shares | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weighted scores and numbers of answers by block and system; a system's numbers sum to 1.

    Args:
        basis: of a run with blocks.
        shares: the mix; None: every answer counts the same.
    """
    assert basis.blocks is not None
    answers_to = basis.trials if shares is not None else np.broadcast_to(basis.trials.sum(axis=0), basis.trials.shape)
    part = np.ones(len(basis.domains)) if shares is None else shares
    weight = np.divide(part[:, None], answers_to, out=np.zeros_like(basis.trials), where=answers_to > 0)
    kinds = basis.blocks.kinds
    scores, answers = np.zeros(kinds["scores"].shape[::2]), np.zeros(kinds["scores"].shape[::2])
    # Domain after domain, as the browser adds them: the digits are to be the same.
    for domain in range(len(basis.domains)):
        scores = scores + kinds["scores"][:, domain] * weight[domain]
        answers = answers + kinds["trials"][:, domain] * weight[domain]
    return scores, answers


def factors(basis: Basis, shares: Shares | None) -> NDArray[np.float64]:
    """Return the weight of each domain's sums in the sums of one request, shape (domains, systems).

    Without a mix every request counts the same, in whatever domain. NaN for all domains of a system that has no joules
    in a domain with a share.
    """
    if shares is None:
        total = basis.metered.sum(axis=0)
        return np.broadcast_to(
            np.divide(1, total, out=np.full(len(total), np.nan), where=total > 0), basis.metered.shape
        )
    weight = np.divide(shares[:, None], basis.metered, out=np.zeros_like(basis.metered), where=basis.metered > 0)
    weight[:, np.any((basis.metered == 0) & (shares[:, None] > 0), axis=0)] = np.nan
    return weight


def per_request(basis: Basis, numerator: NDArray[np.float64], shares: Shares | None) -> NDArray[np.float64]:
    """Return sums for one request: of shape (..., domains, systems) to (..., systems)."""
    worth = factors(basis, shares)
    # Domain after domain, as the browser adds them: the digits are to be the same.
    total = np.zeros((*numerator.shape[:-2], numerator.shape[-1]))
    for domain in range(len(basis.domains)):
        total = total + numerator[..., domain, :] * worth[domain]
    return total


def weighed_difference(
    counts: NDArray[np.float64], sums: NDArray[np.float64], squares: NDArray[np.float64], shares: Shares
) -> tuple[Interval, float, float] | None:
    """Return the mean paired difference of scores under a mix, with the standard error and the centre of its interval.

    Half a pair is added either way in each domain, as `mean_difference` adds a whole one to all.

    Args:
        counts: shape (domains,): the items that both answered.
        sums: the sum of their differences, each -1 to 1.
        squares: the sum of the squares of those.
        shares: the mix.

    Returns:
        None where a domain with a share has no item that both answered.
    """
    estimate, centre, variance = 0.0, 0.0, 0.0
    for weight, n, total, square in zip(shares.tolist(), counts.tolist(), sums.tolist(), squares.tolist(), strict=True):
        if weight > 0:
            if not n:
                return None
            middle = total / (n + 1)
            estimate += weight * (total / n)
            centre += weight * middle
            variance += weight * weight * (((square + 0.5) / (n + 1) - middle * middle) / (n + 1))
    error = math.sqrt(variance)
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error
    return Interval(estimate, max(-1.0, centre - half), min(1.0, centre + half)), error, centre


def combined(parts: Mapping[str, float], kinds: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Add several kinds of sums, each times its factor."""
    total = np.zeros_like(next(iter(kinds.values())))
    for kind, worth in parts.items():
        total = total + worth * kinds[kind]
    return total
