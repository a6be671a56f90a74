"""Bound a ratio of two normal means, such as what a further correct answer costs: an extra cost over an extra gain.

A ratio of two differences has no standard error where the lower one may be nothing: its bounds are then infinite, and
no bootstrap percentile says so. Fieller's set holds every ratio p for which top - p x bottom is not shown to differ
from 0, so that its coverage is that of Student's t whatever the ratio.

Source: E. C. Fieller, "Some problems in interval estimation", Journal of the Royal Statistical Society B 16 (1954); for
costs over gains: A. R. Willan and B. J. O'Brien, "Confidence intervals for cost-effectiveness ratios: an application of
Fieller's theorem", Health Economics 5 (1996).
"""

from __future__ import annotations

import math

from wattbench_reports.stats.intervals import Interval


def fieller_interval(
    top: float, bottom: float, top_variance: float, bottom_variance: float, covariance: float, quantile: float
) -> Interval:
    """Return top / bottom with the bounds of Fieller's set, as far as it is above 0.

    Args:
        top: of any sign.
        bottom: above 0.
        top_variance: of `top`; `bottom_variance` and `covariance` likewise.
        quantile: of Student's t or the normal distribution, two-sided: how many standard errors are within bounds.

    Returns:
        An interval that holds the estimate. Its upper bound is infinite where `bottom` may be 0 or less: the part of
        the set that lies beyond infinity, ratios below 0, is left out. Its lower bound is 0 where `top` may be 0.

    Raises:
        ValueError: `bottom` is not above 0.
    """
    if not bottom > 0:
        raise ValueError(f"a ratio to {bottom} is no price")
    ratio, squared = top / bottom, quantile * quantile
    # The set is a p^2 - 2 b p + c <= 0.
    a = bottom * bottom - squared * bottom_variance
    b = top * bottom - squared * covariance
    c = top * top - squared * top_variance
    root = math.sqrt(max(b * b - a * c, 0.0))
    if a > 0:
        low, high = (b - root) / a, (b + root) / a
    elif c <= 0 or b * b - a * c <= 0:  # neither is shown to differ from 0: every ratio is possible
        low, high = 0.0, math.inf
    else:  # two rays: the one that holds the estimate begins at the root nearer to 0 on its side
        low, high = (_ray(a, b, c, root) if top > 0 else 0.0), math.inf
    return Interval(ratio, max(0.0, min(low, ratio)) if ratio > 0 else min(low, ratio), max(high, ratio))


def _ray(a: float, b: float, c: float, root: float) -> float:
    """Return the larger root of a p^2 - 2 b p + c for a <= 0 < c: where the ray of ratios above 0 begins."""
    if a == 0:
        return c / (2 * b) if b > 0 else 0.0
    return max((b - root) / a, (b + root) / a)
