"""Find the best of the systems that may be run: who is best in how many draws, what a choice loses, who is tied.

**P(best)** is the share of draws in which a system has the least loss (a cost; a net benefit or an accuracy with the
sign changed) of all that meet the requirements in that draw. Where no system meets them the draw has no best, so that
probabilities may sum to less than 1. Of equal losses the first system is the best. From fewer than `FEWEST_ITEMS` items
it is not said: systems that are nearly alike then differ by a small part of the noise, which the prior of
`partial_pooling` holds to be rare, and the one that leads by luck would be called the best too surely.

**Regret** is what a choice loses on average against the best of each draw, over the draws in which the chosen system
meets the requirements. The least regret is the expected value of perfect information: what knowing the truth would be
worth per request (K. Claxton, "The irrelevance of inference", Journal of Health Economics 18 (1999); E. Fenwick, K.
Claxton and M. Sculpher, Health Economics 10 (2001)).

**Tied** systems are those left by Bonferroni-t elimination
(`wattbench_reports.stats.many_comparisons.elimination`) over paired comparisons of
the loss: Student's t of the difference, from the covariance of the blocks (R - 1 degrees of freedom) or of the draws of
the items (items - 1). Only systems that meet the requirements exclude others; where none is sure to, those that are
more likely than not to, or whose figures all keep their bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.decision.checks import Checked
from wattbench_reports.decision.items_to_decide import further_items, of_a_pair
from wattbench_reports.decision.joint_draws import JointDraws
from wattbench_reports.decision.model import Check, Qualifies
from wattbench_reports.decision.varying_figure import VaryingFigure
from wattbench_reports.stats import eliminate_by_pairs
from wattbench_reports.stats.student import MOST_DF

FEWEST_ITEMS = 30
"""From fewer items it is not said how probably a system is the best; docs/methodology.md has the simulation."""
LIKELY = 0.5
"""Where no system is sure to meet the requirements, one that meets them with this probability may be chosen."""


@dataclass(frozen=True)
class Chances:
    """What the draws say of each system."""

    p_best: NDArray[np.float64]
    """Shape (systems,)."""
    regret: tuple[float | None, ...]
    """In the unit of the loss; None for a system that takes no part or meets the requirements in no draw."""


def chances(losses: NDArray[np.float64], met: NDArray[np.bool_], able: Sequence[bool]) -> Chances:
    """Compute P(best) and the expected regret of every system.

    Args:
        losses: shape (draws, systems), lower is better.
        met: the same shape: whether the system meets the requirements in the draw.
        able: of each system, whether it may be chosen at all.
    """
    there = met & np.asarray(able)
    losses = np.where(there, losses, np.inf)
    some = there.any(axis=1)
    best = losses.argmin(axis=1)
    counts = np.bincount(best[some], minlength=losses.shape[1])
    least = losses.min(axis=1)
    regret = [
        float((losses[rows, system] - least[rows]).sum() / rows.sum()) if (rows := there[:, system]).any() else None
        for system in range(losses.shape[1])
    ]
    return Chances(counts / len(losses), tuple(regret))


def pairwise(figure: VaryingFigure, draws: JointDraws) -> NDArray[np.float64]:
    """Return the one-sided p-value of "i has no larger loss than j" for all pairs, shape (systems, systems).

    NaN on the diagonal and for a system whose loss is not known. Where nothing varies between two systems the smaller
    loss is taken for smaller from the probability of a sign test over the blocks.
    """
    from scipy.special import stdtr

    covariance = draws.covariances(figure, figure)
    worse = figure.estimates[:, None] - figure.estimates
    errors = np.sqrt(np.maximum(_variance_of_differences(covariance), 0.0))
    spread = errors > 1e-12 * np.abs(worse)
    t = np.divide(-worse, errors, out=np.zeros_like(worse), where=spread)
    same = np.where(worse > 0, 0.5 ** min(len(figure.parts), 1000), 1.0)
    p_values = np.where(spread, stdtr(min(draws.df, MOST_DF), t), same)
    p_values[np.isnan(worse) | np.isnan(errors)] = np.nan
    np.fill_diagonal(p_values, np.nan)
    return np.asarray(p_values)


def _variance_of_differences(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    variances = np.diag(covariance)
    return np.asarray(variances[:, None] + variances - 2 * covariance)


def choose(figure: VaryingFigure, able: Sequence[bool], checked: Checked) -> int | None:
    """Return the system with the least loss of those that meet the requirements; None where none is likely to."""
    rivals = _rivals(able, checked)
    return min(rivals, key=lambda system: float(figure.estimates[system])) if rivals else None


def _rivals(able: Sequence[bool], checked: Checked) -> list[int]:
    there = [number for number, each in enumerate(able) if each]
    sure = [number for number in there if checked.outcomes[number] == Qualifies.YES]
    return sure or [
        number for number in there if checked.outcomes[number] == Qualifies.MAY and _likely(checked, number)
    ]


def _likely(checked: Checked, system: int) -> bool:
    p_qualifies = checked.p_qualifies[system]
    if p_qualifies is None:
        return False
    return p_qualifies >= LIKELY or all(each.keeps for each in checked.checks[system])


@dataclass(frozen=True)
class Tied:
    """Systems that cannot be excluded from being the best of those that meet the requirements."""

    systems: tuple[int, ...]
    """By the objective; the chosen one first."""
    items_to_decide: int | None


def tied(
    figure: VaryingFigure,
    draws: JointDraws,
    chosen: int,
    able: Sequence[bool],
    checked: Checked,
    items: float,
) -> Tied:
    """Find the tied systems, and how many further items would leave one of them.

    Args:
        figure: the loss.
        draws: of the run.
        chosen: by `choose`.
        able: of each system, whether it may be chosen at all.
        checked: the systems against the requirements.
        items: of the run.
    """
    rivals, outcomes, checks = _rivals(able, checked), checked.outcomes, checked.checks
    there = [number for number, each in enumerate(able) if each and outcomes[number] != Qualifies.NO]
    p_values = pairwise(figure, draws)[np.ix_(there, there)]
    p_values[:, [number not in rivals for number in there]] = 1.0  # what may not qualify excludes nothing
    members = [there[index] for index in eliminate_by_pairs(p_values, ALPHA).members]
    others = sorted((each for each in members if each != chosen), key=lambda each: float(figure.estimates[each]))
    covariance = _variance_of_differences(draws.covariances(figure, figure))
    score = of_a_pair(len(others) + 1, ALPHA, draws.df)
    needed = []
    for other in others:
        distance = float(figure.estimates[other] - figure.estimates[chosen])
        pair = further_items(items, float(np.sqrt(max(covariance[chosen, other], 0.0))), distance, score)
        needed.append(_needed(pair, checks[other], outcomes[other]))
    needed += [_of_checks(checks[chosen])] if others and outcomes[chosen] == Qualifies.MAY else []
    known = [each for each in needed if each is not None]
    return Tied((chosen, *others), max(known) if known and len(known) == len(needed) else None)


def _needed(pair: int | None, checks: Sequence[Check], outcome: Qualifies) -> int | None:
    """Return the items that leave one of two: one that by its estimate fails a requirement only has to be shown to."""
    if outcome == Qualifies.YES:
        return pair
    failing = [each.items_to_decide for each in checks if each.p_met is not None and each.p_met < LIKELY]
    if failing:
        known = [each for each in failing if each is not None]
        return min(known) if known else None
    of_checks = _of_checks(checks)
    return None if pair is None or of_checks is None else max(pair, of_checks)


def _of_checks(checks: Sequence[Check]) -> int | None:
    undecided = [each.items_to_decide for each in checks if each.outcome == Qualifies.MAY]
    known = [each for each in undecided if each is not None]
    return max(known, default=0) if len(known) == len(undecided) else None
