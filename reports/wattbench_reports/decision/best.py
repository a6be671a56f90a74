"""Find the best of the systems that can be advised, and those that are tied with it.

**Tied** systems are those that a Bonferroni-t elimination leaves
(`wattbench_reports.stats.many_comparisons.elimination`): paired comparisons of the loss by Student's t of the
difference, from the covariance of the blocks (R - 1 degrees of freedom) or of the draws of the items (items - 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.decision.bounds import further_items
from wattbench_reports.decision.covarying import Covarying
from wattbench_reports.decision.varying_figure import VaryingFigure
from wattbench_reports.stats import eliminate_by_pairs
from wattbench_reports.stats.elimination import one_sided_p_values
from wattbench_reports.stats.student import MOST_DF, t_at


def pairwise(figure: VaryingFigure, covarying: Covarying) -> NDArray[np.float64]:
    """Return the one-sided p-value of "i has no larger loss than j" for all pairs, shape (systems, systems).

    NaN on the diagonal and for a system whose loss is not known. Where nothing varies between two systems the smaller
    loss is taken for smaller from the probability of a sign test over the blocks.
    """
    worse = figure.estimates[:, None] - figure.estimates
    errors = np.sqrt(covarying.of_differences(figure))
    p_values = one_sided_p_values(worse, errors, min(covarying.df, MOST_DF), min(len(figure.parts), 1000))
    np.fill_diagonal(p_values, np.nan)
    return p_values


@dataclass(frozen=True)
class Tied:
    """Systems that cannot be excluded from being the best."""

    systems: tuple[int, ...]
    """By the objective; the chosen one first."""
    items_to_decide: int | None
    """Further items that would leave one of them, if the estimates stay; None where one is left, or too many would be
    needed."""


def tied(figure: VaryingFigure, covarying: Covarying, chosen: int, among: Sequence[int], items: float) -> Tied:
    """Find the systems that are statistically tied with the chosen one.

    Args:
        figure: the loss.
        covarying: of the run.
        chosen: of them the best by estimate.
        among: the systems that can be advised.
        items: of the run.
    """
    p_values = pairwise(figure, covarying)[np.ix_(among, among)]
    members = [among[index] for index in eliminate_by_pairs(p_values, ALPHA).members]
    others = sorted((each for each in members if each != chosen), key=lambda each: float(figure.estimates[each]))
    variances, score = covarying.of_differences(figure), of_a_pair(len(others) + 1, covarying.df)
    needed = [
        further_items(
            items,
            float(np.sqrt(variances[chosen, other])),
            float(figure.estimates[other] - figure.estimates[chosen]),
            score,
        )
        for other in others
    ]
    known = [each for each in needed if each is not None]
    return Tied((chosen, *others), max(known) if known and len(known) == len(needed) else None)


def of_a_pair(systems: int, df: float) -> float:
    """Return how many standard errors exclude one system in an elimination among a number of systems."""
    return t_at(1 - ALPHA / max(2, systems * (systems - 1)), df)
