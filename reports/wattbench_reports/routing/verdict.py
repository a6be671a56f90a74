"""Say whether a router is worth building, by the routers that can be built.

- **Worth building**: the gain of one of the judged choices that meets the requirements is at least the least that is
  worth a router, and its lower bound is above 0. Bounds are one-sided, of 95%, and hold for all judged choices at once
  (`wattbench_reports.stats.simultaneous`): the best of several that gain nothing would pass too often otherwise.
- **Not worth it**: not even a perfect router gains that much, by its upper bound; or all upper bounds are below the
  least, and every kind of router was judged.
- **Not known** otherwise. If the estimates stay, n (c SE / distance)^2 items in all would tell.

Half an answer either way is added to the variance of a gain in accuracy or net benefit, so that a few items that happen
to agree do not make it certain (A. Agresti and B. Caffo, The American Statistician 54 (2000)).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wattbench_reports.decision.items_to_decide import MOST
from wattbench_reports.decision.model import Qualifies
from wattbench_reports.routing.baseline import least_gain
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.model import Ceiling, RoutingChoice, RoutingVerdict, WorthBuilding
from wattbench_reports.stats import Interval
from wattbench_reports.stats.budgets import SEED
from wattbench_reports.stats.simultaneous import simultaneous_quantile

_READ_REQUESTS = ("nearest", "classifier")
"""Kinds of routers that read requests: where they were not judged, something that could gain is not known."""


@dataclass(frozen=True)
class BoundedGain:
    """One judged choice, with one-sided bounds of its gain that hold for all judged choices."""

    choice: RoutingChoice
    gain: Interval
    se: float
    items: float


def verdict(
    context: StudyContext,
    choices: Sequence[RoutingChoice],
    ceiling: Ceiling,
    not_judged: Mapping[str, str],
) -> RoutingVerdict:
    """Say whether a router is worth building.

    Args:
        context: of the study.
        choices: those that were judged.
        ceiling: of a perfect router.
        not_judged: kinds that were not, and why.
    """
    least = least_gain(context.baseline, context.answers)
    quantile, bounded = bounded_gains(context, choices)
    best = _recommended(bounded, least)
    answer = _answer(bounded, best, ceiling, not_judged, least)
    return RoutingVerdict(
        answer=answer,
        choice=None if best is None else best.choice,
        gain=None if best is None else best.gain,
        ceiling_gain=_most(ceiling),
        least=least,
        judged=len(choices),
        items_to_tell=_items_to_tell(best, least, quantile) if answer == WorthBuilding.UNKNOWN else None,
    )


def bounded_gains(context: StudyContext, choices: Sequence[RoutingChoice]) -> tuple[float, list[BoundedGain]]:
    """Bound the gains of all judged choices at once.

    Args:
        context: of the study.
        choices: with what each cluster adds to their gains.

    Returns:
        How many standard errors a bound is from its estimate, and the choices with their bounds.
    """
    parts = [np.zeros(0) if each.gain_parts is None else each.gain_parts for each in choices]
    clusters = min((len(each) for each in parts), default=0)
    if clusters < 2:
        wide = [Interval(each.gain.estimate, -math.inf, math.inf) for each in choices]
        return math.inf, [BoundedGain(each, gain, math.inf, 1.0) for each, gain in zip(choices, wide, strict=True)]
    quantile = simultaneous_quantile(parts, clusters - 1, seed=SEED)
    scale = {"mix": 1.0, "benefit": context.baseline.worth, "cost": 0.0}[context.baseline.aim]
    bounded = []
    for choice, part in zip(choices, parts, strict=True):
        number = len(part)
        items = float(context.answers.items if context.answers.blocked else number)
        se = math.sqrt(number / (number - 1) * float(part @ part) + 0.5 * (scale / (items + 1)) ** 2)
        estimate = choice.gain.estimate
        bounded.append(
            BoundedGain(choice, Interval(estimate, estimate - quantile * se, estimate + quantile * se), se, items)
        )
    return quantile, bounded


def _most(ceiling: Ceiling) -> Interval:
    return ceiling.best.gain if ceiling.gain is None else ceiling.gain


def _proven(each: BoundedGain, least: float) -> bool:
    return each.choice.qualifies == Qualifies.YES and each.gain.low > 0 and each.gain.estimate >= least


def _recommended(bounded: Sequence[BoundedGain], least: float) -> BoundedGain | None:
    """Return the choice with the most gain of those that are worth building, or that may qualify, or of all."""
    proven = [each for each in bounded if _proven(each, least)]
    possible = [each for each in bounded if each.choice.qualifies != Qualifies.NO]
    among = proven or possible or list(bounded)
    return max(among, key=lambda each: each.gain.estimate, default=None)


def _answer(
    bounded: Sequence[BoundedGain],
    best: BoundedGain | None,
    ceiling: Ceiling,
    not_judged: Mapping[str, str],
    least: float,
) -> WorthBuilding:
    if best is not None and _proven(best, least):
        return WorthBuilding.YES
    if _most(ceiling).high < least:
        return WorthBuilding.NO
    unread = any(kind in not_judged for kind in _READ_REQUESTS)
    possible = [each for each in bounded if each.choice.qualifies != Qualifies.NO]
    if bounded and not unread and all(each.gain.high < least for each in possible):
        return WorthBuilding.NO
    return WorthBuilding.UNKNOWN


def _items_to_tell(best: BoundedGain | None, least: float, quantile: float) -> int | None:
    """Return how many items would tell, where it is the size of the gain that is not known."""
    if best is None or not math.isfinite(best.se) or best.gain.high < least:
        return None
    estimate = best.gain.estimate
    if estimate >= least and best.gain.low > 0:  # what is not known is whether the requirements are met
        return None
    distance = estimate if estimate >= least else least - estimate
    if not distance > 0:
        return None
    needed = best.items * (quantile * best.se / distance) ** 2
    return math.ceil(needed) if needed <= MOST else None
