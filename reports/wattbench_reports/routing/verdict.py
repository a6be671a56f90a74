"""Say whether a router is worth building, by the routers that can be built.

- **Worth building**: the gain of one of the judged choices that meets the requirements is at least the least that is
  worth a router, and its lower bound is above 0. Bounds are one-sided, of 95%, and hold for all judged choices at once
  (`wattbench_reports.stats.many_comparisons.simultaneous`): the best of several that gain nothing would pass too
  often otherwise.
  A router that only passes fewer requests to the dear system saves as much as a coin that does so, as far as the
  requirements leave room; under the aim ``cost`` it is therefore to be above a random mix of the same cost as well,
  with bounds divided over the judged choices (Bonferroni).
- **Not worth it**: not even a perfect router gains that much, by its upper bound; or all upper bounds are below the
  least, and every kind of router was judged. Never where a hybrid of the run is above a perfect router: it asks systems
  that were not judged.
- **Not known** otherwise. If the estimates stay, n (c SE / distance)^2 items in all would tell.

Recommended is the choice with the most gain of those that are worth building: of the ones as accurate as the best
single system, where there are such, since one that is above a random mix may be far less accurate than what a reader
has. Where none is worth building it is of those whose figures all keep their bounds, then of those that may meet what
is required.

Half an answer either way is added to the variance of a gain in accuracy or net benefit, so that a few items that happen
to agree do not make it certain (A. Agresti and B. Caffo, The American Statistician 54 (2000)).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wattbench_reports.decision.bounds import MOST_ITEMS
from wattbench_reports.decision.model import Qualifies
from wattbench_reports.routing.baseline import least_gain
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.model import (
    LEAST_POINTS,
    Ceiling,
    RequirementMet,
    RoutingChoice,
    RoutingVerdict,
    WorthBuilding,
)
from wattbench_reports.stats import CONFIDENCE, Interval
from wattbench_reports.stats.budgets import SEED
from wattbench_reports.stats.many_comparisons.simultaneous import simultaneous_quantile
from wattbench_reports.stats.student import t_quantile

_READ_REQUESTS = ("nearest", "classifier")
"""Kinds of routers that read requests: where they were not judged, something that could gain is not known."""


@dataclass(frozen=True)
class BoundedGain:
    """One judged choice, with one-sided bounds of its gain that hold for all judged choices."""

    choice: RoutingChoice
    gain: Interval
    items: float
    """That it was judged on."""
    above_mix: Interval | None = None
    """Accuracy above a random mix at the same cost, bounded likewise; only under the aim ``cost``."""

    def proven(self, least: float) -> bool:
        """Return whether it is worth building."""
        enough = self.gain.low > 0 and self.gain.estimate >= least
        return self.choice.qualifies == Qualifies.YES and enough and (self.above_mix is None or self.above_mix.low > 0)

    def excluded(self, least: float) -> bool:
        """Return whether it is shown not to be worth building."""
        no_mix = self.above_mix is not None and self.above_mix.high < LEAST_POINTS
        return self.choice.qualifies == Qualifies.NO or self.gain.high < least or no_mix

    @property
    def promising(self) -> bool:
        """Return whether all its figures keep their bounds."""
        kept = all(_keeps(each) for each in self.choice.met)
        return kept and (self.above_mix is None or self.above_mix.estimate > 0)


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
    bounded = bounded_gains(context, choices)
    best = _recommended(bounded, least)
    unread = any(kind in not_judged for kind in _READ_REQUESTS)
    answer = _answer(bounded, ceiling, least, unread=unread)
    tells = best is not None and answer == WorthBuilding.UNKNOWN
    return RoutingVerdict(
        answer=answer,
        choice=None if best is None else best.choice,
        gain=None if best is None else best.gain,
        ceiling_gain=_most(ceiling),
        least=least,
        judged=len(choices),
        items_to_tell=items_to_tell(best, least, unread=unread) if best is not None and tells else None,
        above_mix=None if best is None else best.above_mix,
    )


def bounded_gains(context: StudyContext, choices: Sequence[RoutingChoice]) -> list[BoundedGain]:
    """Bound the gains of all judged choices at once.

    Args:
        context: of the study.
        choices: with what each cluster adds to their gains.
    """
    parts = [np.zeros(0) if each.gain_parts is None else each.gain_parts for each in choices]
    clusters = min((len(each) for each in parts), default=0)
    if clusters < 2:
        return [BoundedGain(each, Interval(each.gain.estimate, -math.inf, math.inf), 1.0) for each in choices]
    quantile = simultaneous_quantile(parts, clusters - 1, seed=SEED)
    aim = context.baseline.aim
    scale = {"mix": 1.0, "benefit": context.baseline.worth, "cost": 0.0}[aim]
    bounded = []
    for choice, part in zip(choices, parts, strict=True):
        number = len(part)
        items = float(context.answers.items if context.answers.blocked else number)
        half = quantile * math.sqrt(number / (number - 1) * float((part**2).sum()) + 0.5 * (scale / (items + 1)) ** 2)
        mix = _divided(choice.above_mix, len(choices), number - 1, items) if aim == "cost" else None
        bounded.append(BoundedGain(choice, _around(choice.gain.estimate, half), items, mix))
    return bounded


def _divided(above_mix: Interval | None, choices: int, df: int, items: float) -> Interval | None:
    """Return an interval of two sides and 95% with one-sided bounds of 95% for a number of choices."""
    if above_mix is None:
        return None
    half = above_mix.estimate - above_mix.low
    if not math.isfinite(half):
        return above_mix
    error = math.hypot(half / t_quantile(df), math.sqrt(0.5) / (items + 1))
    return _around(above_mix.estimate, t_quantile(df, 1 - 2 * (1 - CONFIDENCE) / choices) * error)


def _around(estimate: float, half: float) -> Interval:
    return Interval(estimate, estimate - half, estimate + half)


def _most(ceiling: Ceiling) -> Interval:
    return ceiling.best.gain if ceiling.gain is None else ceiling.gain


def _keeps(met: RequirementMet) -> bool:
    if met.estimate is None:
        return False
    bound = met.requirement.bound
    return met.estimate >= bound if met.requirement.quantity == "accuracy" else met.estimate <= bound


def _recommended(bounded: Sequence[BoundedGain], least: float) -> BoundedGain | None:
    proven = [each for each in bounded if each.proven(least)]
    promising = [each for each in bounded if each.promising]
    possible = [each for each in bounded if each.choice.qualifies != Qualifies.NO]
    as_accurate = [each for each in proven if each.choice.accuracy_gain.estimate >= 0]
    among = as_accurate or proven or promising or possible or bounded
    return max(among, key=lambda each: each.gain.estimate, default=None)


def _answer(bounded: Sequence[BoundedGain], ceiling: Ceiling, least: float, *, unread: bool) -> WorthBuilding:
    if any(each.proven(least) for each in bounded):
        return WorthBuilding.YES
    if ceiling.exceeded:
        return WorthBuilding.UNKNOWN
    if _most(ceiling).high < least:
        return WorthBuilding.NO
    if bounded and not unread and all(each.excluded(least) for each in bounded):
        return WorthBuilding.NO
    return WorthBuilding.UNKNOWN


def items_to_tell(best: BoundedGain, least: float, *, unread: bool) -> int | None:
    """Return how many items in all would tell, where it is the size of the gain that is not known.

    Args:
        best: the recommended choice.
        least: the gain below which none is worth it.
        unread: whether routers that read requests were not judged: no number of items tells that none is worth it.

    Returns:
        None where something else is not known: whether requirements are met, or routers that were not judged.
    """
    if best.excluded(least):
        return None
    if unread and best.gain.estimate < least:
        return None
    if not (best.gain.low > 0 and best.gain.estimate >= least):
        return _needed(best.gain, least, best.items)
    if best.above_mix is not None and best.above_mix.low <= 0:
        return _needed(best.above_mix, LEAST_POINTS, best.items)
    return None


def _needed(gain: Interval, least: float, items: float) -> int | None:
    """Return the items from which on the bound above 0 or the bound below the least would be there."""
    distance = gain.estimate if gain.estimate >= least else least - gain.estimate
    half = gain.estimate - gain.low
    if not (math.isfinite(half) and distance > 0):
        return None
    needed = items * (half / distance) ** 2
    return math.ceil(needed) if needed <= MOST_ITEMS else None
