"""Percentiles, by one definition of a quantile: the least value within which at least that share of the values lie.

It is the inverse of the empirical distribution function, type 1 of R. J. Hyndman and Y. Fan, "Sample quantiles in
statistical packages", The American Statistician 50 (1996): a latency that occurred, of which the sentence "95% of the
requests were answered within it" is true. Types that interpolate between two requests (NumPy's default is type 7)
differ by up to a step of the sample, so that a run printed by two of them has two p95s.

Of few requests no percentile is stated. Under a mix of domains each domain counts by its share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.99

POINTS = 201
"""Quantiles that represent the distribution in one domain; fewer requests are all kept."""

_ROUNDING = 1e-9
"""Of a share of weight, which a sum of weights misses by rounding errors: NumPy's weighted quantile is one value too
high or too low in 5% of samples of equal weights."""


def quantile(values: NDArray[np.float64], share: float) -> float:
    """Return the least value that is at least as large as the given share of the values.

    Args:
        values: shape (values,), one or more, in any order, none NaN.
        share: 0 to 1.
    """
    return float(np.quantile(values, share, method="inverted_cdf"))


def quantiles(values: NDArray[np.float64], shares: Sequence[float]) -> list[float]:
    """Return several quantiles, each as `quantile`; the values are sorted once."""
    return [float(each) for each in np.quantile(values, shares, method="inverted_cdf")] if shares else []


def needed(share: float) -> int:
    """Return the fewest requests that state a percentile: LoadGen's early stopping (loadgen/early_stopping.cc).

    7, 44, 90, 459 and 4,603 for a p50, p90, p95, p99 and p99.9: so many must all lie below it before that is shown
    with 99%. Below the median the same holds from the other side.

    Args:
        share: of the requests that lie below it, between 0 and 1.
    """
    return math.ceil(math.log(1.0 - CONFIDENCE) / math.log(max(share, 1.0 - share)))


def percentile(values: NDArray[np.float64], share: float) -> float | None:
    """Return one percentile (`quantile`), in the unit of the values; None where the values are too few for it.

    Args:
        values: shape (requests,), in any order, all finite.
        share: between 0 and 1.
    """
    return quantile(values, share) if len(values) >= needed(share) else None


def percentiles(values: NDArray[np.float64], shares: Sequence[float]) -> dict[float, float | None]:
    """Return several percentiles, each as `percentile`; the values are sorted once."""
    known = [share for share in shares if len(values) >= needed(share)]
    by_share = dict(zip(known, quantiles(values, known), strict=True))
    return {share: by_share.get(share) for share in shares}


def label(share: float) -> str:
    """Return the name of a percentile: ``p50``, ``p99.9``."""
    return f"p{100 * share:g}"


def rule(shares: Sequence[float]) -> str:
    """Return the sentence that says what a dash in place of a percentile means."""
    minima = ", ".join(f"{needed(share):,} for a {label(share)}" for share in shares)
    return f"A dash: fewer requests than the early stopping of MLPerf LoadGen requires ({minima})."


@dataclass(frozen=True)
class Weighted:
    """Values in order, with what they weigh up to each."""

    values: NDArray[np.float64]
    """Shape (values,), rising."""
    reached: NDArray[np.float64]
    """Shape (values,): the weight of all up to each of them."""

    @classmethod
    def of(cls, values: NDArray[np.float64], weights: NDArray[np.float64]) -> Weighted:
        """Make the weighted values from values and weights in any order.

        Args:
            values: shape (values,), none NaN.
            weights: shape (values,): what each counts for, not negative.
        """
        order = np.argsort(values, kind="stable")
        return cls(values[order], np.cumsum(weights[order]))

    def quantile(self, share: float) -> float | None:
        """Return the least value at or below which at least a share of the weight lies; None without any."""
        if not len(self.values) or not self.reached[-1] > 0:
            return None
        index = int(np.searchsorted(self.reached, (share - _ROUNDING) * self.reached[-1]))
        return float(self.values[min(index, len(self.values) - 1)])


def grid(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds that represent some requests: all, or `POINTS` evenly spaced quantiles. Ascending.

    Rounded to single precision, as a page carries them: a quantile under a mix is then the same there, and within half
    of 1 / `POINTS` of the share in a domain that has more requests.
    """
    known = np.sort(seconds[np.isfinite(seconds)])
    if len(known) > POINTS:
        known = np.quantile(known, (np.arange(POINTS) + 0.5) / POINTS, method="inverted_cdf")
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
