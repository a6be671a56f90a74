"""Say which systems cannot be excluded from the Pareto front of cost and quality, and in how many draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.many_comparisons.elimination import ALPHA, NotExcluded
from wattbench_reports.stats.many_comparisons.multiple_testing import holm


def front_not_excluded(costs: NDArray[np.float64], qualities: NDArray[np.float64], alpha: float = ALPHA) -> NotExcluded:
    """Return the systems that cannot be excluded from the Pareto front.

    A system is excluded where some other one is shown to be better on both: on one alone the system might still be the
    better of the two. So the p-value of "j does not dominate i" is the larger of the two, with no correction for having
    two (an intersection-union test); i is excluded by the least of them over all j, times the number of rivals, and
    Holm's method is applied over the systems. Whatever the number of systems, some system of the true front is excluded
    in at most alpha of runs. It asks nothing of how the two comparisons hang together.

    Args:
        costs: shape (systems, systems): at [i, j] the one-sided p-value of "i costs no more than j", as
            `pairwise_p_values` has it. NaN: cannot be compared.
        qualities: the same of "i is no less good than j".
        alpha: how often a system of the true front may be excluded.

    Raises:
        ValueError: the two are not of one shape.

    Source: intersection-union tests, R. L. Berger, Technometrics 24 (1982); Holm as in `holm`.
    """
    if costs.shape != qualities.shape:
        raise ValueError(f"p-values of shape {costs.shape} and {qualities.shape} are not of the same systems")
    both = np.maximum(costs, qualities)  # NaN where either is
    rivals = (~np.isnan(both)).sum(axis=1)
    least = np.where(np.isnan(both), 1.0, both).min(axis=1, initial=1.0)
    alone = [
        None if count == 0 else min(1.0, count * p) for count, p in zip(rivals.tolist(), least.tolist(), strict=True)
    ]
    adjusted = tuple([1.0] if len(costs) == 1 else holm(alone))
    members = tuple(index for index, p in enumerate(adjusted) if p is not None and p > alpha)
    return NotExcluded(members, adjusted)
