"""Bound the change of a metric by the tests that decide it, so that what is shown agrees with the verdict.

On the side where it fails, the bound is of the evidence that fails it, at the metric's part of the false-alarm rate:
it is beyond the null exactly if the metric has regressed. On the side where it passes, the bound is of the evidence
that passes it, at the miss rate: it is within the margin exactly if the metric passes or has regressed by less than the
margin. So the two err in at most alpha of the gates, over all blocking metrics together, and in at most beta. Both are
of the most evidence that there ever was, and hold at all looks together (a confidence sequence: H. Robbins,
"Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41, 1970).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from wattbench_reports.gate.decision.case import Case
from wattbench_reports.gate.decision.sequential_tests import highest_shown
from wattbench_reports.stats import weighted_holm

WIDEST = 4.0
"""A share beyond which no bound is looked for: five times as much."""


def levels(
    every: Sequence[Case], p_values: Sequence[float | None], blocks: Sequence[bool], alpha: float
) -> list[float]:
    """Return the level at which each case fails, the p-values of the others being as they are.

    Holm's method rejects a hypothesis exactly if its p-value is at most its weight's part of alpha among those that
    would not be rejected without it.

    Args:
        every: cases.
        p_values: of each, unadjusted; None: it is not tested.
        blocks: whether it counts for the gate; one that does not has alpha to itself.
        alpha: the gate's.
    """
    family = [
        (position, p, case.rule.weight)
        for position, (case, p, blocking) in enumerate(zip(every, p_values, blocks, strict=True))
        if p is not None and blocking
    ]
    level_of = [alpha] * len(every)
    for position, _, weight in family:
        without = [1.0 if other == position else p for other, p, _ in family]
        held = weighted_holm(without, [each for *_, each in family])
        left = sum(each for (other, _, each), p in zip(family, held, strict=True) if p > alpha or other == position)
        level_of[position] = alpha * weight / left
    return level_of


def bounds_of_change(case: Case, level: float, beta: float) -> tuple[float | None, float | None]:
    """Bound the change: for accuracy a worsening is a fall. None on a side where the items do not bound it.

    Args:
        case: that is tested.
        level: at which it fails.
        beta: at which it passes.
    """
    least, most = (_two_sided if case.rule.either else _one_sided)(case, level, beta)
    worst = case.change if case.change is None or not case.in_points else -case.change
    # The estimate is of everything, the bounds of the most evidence there ever was: the side that did not decide gives.
    if least is not None and least >= case.null and most is not None and worst is not None:
        most = max(most, worst, least)
    elif least is not None and worst is not None and (not case.rule.either or _improves(most, case.null)):
        least = min(least, worst, math.inf if most is None else most)
    if not case.in_points:
        return least, most
    return None if most is None else -most, None if least is None else -least


def _improves(most: float | None, null: float) -> bool:
    """Return whether a two-sided test has failed by an improvement."""
    return most is not None and -most >= null


def _one_sided(case: Case, level: float, beta: float) -> tuple[float | None, float | None]:
    """Bound the worsening from below by what fails it, from above by what passes it."""
    low, high = _range(case)
    least = highest_shown(lambda by: bool(case.p_fails(case.worse(by))[-1] <= level), case.null, low, high)
    most = highest_shown(lambda by: bool(case.p_passes(case.no_worse(-by))[-1] <= beta), -case.rule.margin, -high, -low)
    return least, None if most is None else -most


def _two_sided(case: Case, level: float, beta: float) -> tuple[float | None, float | None]:
    """Bound the worsening on both sides: beyond the null as surely as it fails, else as surely as it passes."""
    low, high = _range(case)
    half, null, margin = math.log(2), case.null, case.rule.margin
    up = highest_shown(lambda by: bool(case.p_fails(case.worse(by) - half)[-1] <= level), null, low, high)
    down = highest_shown(lambda by: bool(case.p_fails(case.better(-by) - half)[-1] <= level), null, -high, -low)
    least = highest_shown(lambda by: bool(case.p_passes(case.no_better(by))[-1] <= beta), -margin, low, high)
    most = highest_shown(lambda by: bool(case.p_passes(case.no_worse(-by))[-1] <= beta), -margin, -high, -low)
    least, most = _surest(up, least, null), _surest(down, most, null)
    return least, None if most is None else -most


def _surest(failing: float | None, passing: float | None, null: float) -> float | None:
    if failing is not None and failing >= null:
        return failing
    return passing if passing is None else min(passing, math.nextafter(null, -math.inf))


def _range(case: Case) -> tuple[float, float]:
    """Return the worsenings between which bounds are looked for."""
    return (-1.0, 1.0) if case.in_points else (-1.0, WIDEST)
