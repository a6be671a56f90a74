"""Percentiles, and from how few requests none is stated. May import: numpy and `wattbench_reports.stats.quantiles`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.quantiles import quantile, quantiles

CONFIDENCE = 0.99


def needed(share: float) -> int:
    """The fewest requests before a percentile means anything: LoadGen's early stopping (loadgen/early_stopping.cc).

    7, 44, 90, 459 and 4,603 for a p50, p90, p95, p99 and p99.9: so many must all lie below it before that is shown
    with 99%. Below the median the same holds from the other side.

    Args:
        share: of the requests that lie below it, between 0 and 1.
    """
    return math.ceil(math.log(1.0 - CONFIDENCE) / math.log(max(share, 1.0 - share)))


def percentile(values: NDArray[np.float64], share: float) -> float | None:
    """Return one percentile (`quantile`), in the unit of the values; None where they are too few for it.

    Args:
        values: shape (requests,), in any order, all finite.
        share: between 0 and 1.
    """
    return quantile(values, share) if len(values) >= needed(share) else None


def percentiles(values: NDArray[np.float64], shares: Sequence[float]) -> dict[float, float | None]:
    """Return several percentiles, each as `percentile`; the values are put in order once."""
    known = [share for share in shares if len(values) >= needed(share)]
    by_share = dict(zip(known, quantiles(values, known), strict=True))
    return {share: by_share.get(share) for share in shares}


def label(share: float) -> str:
    """``p50``, ``p99.9``."""
    return f"p{100 * share:g}"


def rule(shares: Sequence[float]) -> str:
    """What a dash in place of a percentile means: a sentence."""
    minima = ", ".join(f"{needed(share):,} for a {label(share)}" for share in shares)
    return f"A dash: fewer requests than the early stopping of MLPerf LoadGen requires ({minima})."
