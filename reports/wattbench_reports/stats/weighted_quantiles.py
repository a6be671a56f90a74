"""Compute latency quantiles under a mix of domains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.quantiles import Weighted, quantiles

POINTS = 201
"""Quantiles that represent the distribution in one domain; fewer requests are all kept."""


def grid(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds that represent some requests: all, or `POINTS` evenly spaced quantiles. Ascending.

    Rounded to single precision, as a page carries them: a quantile under a mix is then the same there, and within half
    of 1 / `POINTS` of the share in a domain that has more requests.
    """
    known = np.sort(seconds[np.isfinite(seconds)])
    if len(known) > POINTS:
        known = np.array(quantiles(known, ((np.arange(POINTS) + 0.5) / POINTS).tolist()))
    return known.astype(np.float32).astype(np.float64)


def mixed(seconds: NDArray[np.float64], domains: NDArray[np.integer], shares: NDArray[np.float64]) -> Weighted:
    """Mix the domains' distributions.

    Args:
        seconds: shape (requests,), NaN where it is not known.
        domains: shape (requests,): the number of the domain of each.
        shares: shape (domains,): of each domain; one without requests takes no part.
    """
    counted = np.flatnonzero(shares > 0).tolist()
    grids = {number: grid(seconds[domains == number]) for number in counted}
    parts = [(shares[number], grid_s) for number, grid_s in grids.items() if len(grid_s)]
    if not parts:
        return Weighted(np.empty(0), np.empty(0))
    weights = np.concatenate([np.full(len(grid_s), share / len(grid_s)) for share, grid_s in parts])
    return Weighted.of(np.concatenate([grid_s for _, grid_s in parts]), weights)
