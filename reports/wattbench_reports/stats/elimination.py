"""Find the set of systems that may be the best, at one error rate however many there are.

Who leads is picked on the same data that it is then tested on, so tests against the leader are wrong more often than
each of them promises. Bonferroni-t elimination starts with all systems and drops the worst one as long as it is shown
that they are not all equally good; what is left holds every truly best system in at least 95% of runs.

The statistic is T = max t_ij over ordered pairs, and the one dropped is the system with the largest t_ij against any
other. A p-value is Student's t of that pair times the number of ordered pairs of the systems that are left
(Bonferroni), and never below that of a system dropped before. Where all that are left are equally good, one is dropped
in at most alpha of runs; while worse ones are left, a best one would first have to be shown to be worse than one of
them. For two systems it is the paired t test itself, so a set agrees with the interval of a pair. In simulations of 4
to 16 alike systems in 5, 8 and 16 blocks it drops one in 0 to 6% of runs, with normal, skewed and very unequal spread.
T_max (each system against the mean of all) was not chosen: one-sided it does not single out one winner among equals,
and two-sided it drops a best system in up to 33% of runs where losses are skewed.

Valid where the p-values of the pairs are: those of `pairwise_p_values` for units (blocks or items) dealt at random.

It is not the model confidence set of P. R. Hansen, A. Lunde and J. M. Nason (Econometrica 79, 2011), which drops
systems in the same order but takes the distribution of T from a bootstrap: a run has 5 to 16 blocks, too few to
resample.

Source: O. J. Dunn, "Multiple comparisons among means", JASA 56 (1961), for t with Bonferroni's factor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from wattbench_reports.stats.intervals import CONFIDENCE
from wattbench_reports.stats.multiple_testing import holm

ALPHA = 1 - CONFIDENCE

_CELLS = 1_000_000
"""Differences of systems that are held at once: 8 MB."""


@dataclass(frozen=True)
class NotExcluded:
    """Systems that cannot be excluded, by their column."""

    members: tuple[int, ...]
    """In rising order."""
    p_values: tuple[float | None, ...]
    """Of every system: it is a member at each level below its p-value. None for one that takes no part."""


def eliminate_by_pairs(p_values: NDArray[np.float64], alpha: float = ALPHA) -> NotExcluded:
    """Return the systems that may be the best, from one-sided p-values of all pairs, however they were obtained.

    Args:
        p_values: shape (systems, systems): at [i, j] how surprising it is, if i is as good as j, that i does so badly
            against j; half of a two-sided p-value where i is worse. Pairs that could not be compared are NaN: they
            exclude nothing. A system without any comparison takes no part, unless it is alone.
        alpha: how often a best system may be dropped.
    """
    systems = len(p_values)
    pairs = np.where(np.isnan(p_values), 1.0, p_values)
    np.fill_diagonal(pairs, 1.0)
    left = _taking_part(p_values)
    levels: dict[int, float] = {}
    reached = 0.0
    while len(left) > 1:
        against = pairs[np.ix_(left, left)].min(axis=1)
        worst = int(against.argmin())
        reached = max(reached, min(1.0, len(left) * (len(left) - 1) * float(against[worst])))
        levels[left.pop(worst)] = reached
    levels |= dict.fromkeys(left, 1.0)
    ordered = tuple(levels.get(system) for system in range(systems))
    return NotExcluded(_above(ordered, alpha), ordered)


def pairwise_p_values(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the one-sided p-value of "i has no larger mean loss than j" for all pairs, by paired t tests.

    Args:
        losses: shape (units, systems), lower is better.

    Returns:
        Shape (systems, systems), NaN on the diagonal and for a system with NaN. From fewer than two units: 1
        everywhere else. Where all units show the same difference, the p-value of a sign test.
    """
    units, systems = losses.shape
    p_values = np.full((systems, systems), np.nan)
    step = max(1, _CELLS // max(units * systems, 1))
    for start in range(0, systems, step):
        worse = losses[:, start : start + step, None] - losses[:, None, :]
        means = worse.mean(axis=0)
        errors = worse.std(axis=0, ddof=1) / math.sqrt(units) if units > 1 else np.full(means.shape, np.inf)
        p_values[start : start + step] = one_sided_p_values(means, errors, max(units - 1, 1), units)
    np.fill_diagonal(p_values, np.nan)
    return p_values


def one_sided_p_values(
    worse: NDArray[np.float64], errors: NDArray[np.float64], df: float, units: int
) -> NDArray[np.float64]:
    """Return the p-values of "no worse" by Student's t; where nothing varies, of a sign test over the units.

    Args:
        worse: by how much each is worse; NaN: not known.
        errors: the standard errors, of the same shape.
        df: degrees of freedom of the errors.
        units: blocks or items.
    """
    spread = errors > 1e-12 * np.abs(worse)
    t = np.divide(-worse, errors, out=np.zeros_like(worse), where=spread)
    same = np.where(worse > 0, math.ldexp(1.0, -units), 1.0)
    return np.where(np.isnan(worse) | np.isnan(errors), np.nan, np.where(spread, stdtr(df, t), same))


def pairwise_p_values_of_draws(estimates: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the p-values of `pairwise_p_values` from bootstrap draws, for figures that are no means, such as medians.

    Args:
        estimates: shape (systems,), lower is better.
        draws: shape (resamples, systems): the same over items drawn again, the same items for all systems.

    Returns:
        Shape (systems, systems): from the normal distribution with the spread of the draws. NaN as there.
    """
    worse = estimates[:, None] - estimates
    deviations = draws - draws.mean(axis=0)
    covariance = deviations.T @ deviations / (len(draws) - 1)
    variances = np.diag(covariance)
    errors = np.sqrt(np.maximum(variances[:, None] + variances - 2 * covariance, 0.0))
    scores = np.divide(-worse, errors, out=np.where(worse > 0, -np.inf, 0.0), where=errors > 1e-12 * np.abs(worse))
    p_values = np.where(np.isnan(worse) | np.isnan(errors), np.nan, ndtr(scores))
    np.fill_diagonal(p_values, np.nan)
    return np.asarray(p_values)


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


def _taking_part(p_values: NDArray[np.float64]) -> list[int]:
    known = ~np.isnan(p_values)
    np.fill_diagonal(known, False)
    return np.flatnonzero(known.any(axis=1) | (len(p_values) == 1)).tolist()


def _above(p_values: tuple[float | None, ...], alpha: float) -> tuple[int, ...]:
    return tuple(system for system, p_value in enumerate(p_values) if p_value is not None and p_value > alpha)
