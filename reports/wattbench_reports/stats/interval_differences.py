"""Compute the interval of a difference from the intervals of its two parts."""

from __future__ import annotations

import math

from wattbench_reports.stats.intervals import Interval


def interval_difference(first: Interval, second: Interval) -> Interval:
    """Return first - second, with bounds from those of both.

    Each bound is as far from the estimate as the root of the sum of the squares of the parts' own distances on that
    side. Valid for independent estimates; of two that rise together, as figures of the same items do, the interval is
    too wide rather than too narrow. Asymmetric bounds stay so, and an infinite one makes the difference's infinite.

    Source: G. Y. Zou and A. Donner, "Construction of confidence limits about effect measures: a general approach",
    Statistics in Medicine 27 (2008): the method of variance estimates recovery.
    """
    estimate = first.estimate - second.estimate
    below = math.hypot(first.estimate - first.low, second.high - second.estimate)
    above = math.hypot(first.high - first.estimate, second.estimate - second.low)
    return Interval(estimate, estimate - below, estimate + above, few=first.few or second.few)
