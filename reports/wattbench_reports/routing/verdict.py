"""Say whether a router is worth building, by the routers that can be built, each against the best single system.

All is said from bounds that are printed with it: one-sided, of 95%, and for all differences of all judged choices at
once (`wattbench_reports.stats.simultaneous`), as the best of several that gain nothing would pass too
often otherwise. Differences that matter are `LEAST_POINTS` of accuracy and `LEAST_SAVING` of the best single system's
cost. Every cost has the router's own in it.

- **Worth building**, if what is required is met by bounds (`requirement_bounds`) and

  more accurate   its accuracy is above the best single system's by the lower bound, and by what matters by the
                  estimate, at a cost that by the upper bound is above that system's by less than what matters; or
  cheaper         it saves by the lower bound, and what matters by the estimate; it is as accurate, with a lower bound
                  above -`LEAST_POINTS`, or as accurate as is required; and it is above a random mix of single systems
                  of the same cost, as a coin that passes fewer requests to the dear system saves, too; or
  net benefit     is above the best single system's by the lower bound, and by what matters by the estimate.

  Where no cost is known it is accuracy alone.
- **Not worth it**: not even a perfect router gains or saves what matters, by its upper bound; or no judged router does,
  by all upper bounds, and every kind of router was judged. Never where a hybrid of the run is above a perfect router,
  as it asks systems that were not judged.
- **Not known** otherwise. If the estimates stay, n (half / distance)^2 items in all would tell.

Recommended is of those that are worth building one as accurate as the best single system, where there are such, and of
these the one with the most gain. Where none is worth building it is of those whose figures all keep their bounds, then
of those that may meet what is required.

Half an answer either way is added to the variance of a difference in accuracy or net benefit, so that a few items that
happen to agree do not make it certain (A. Agresti and B. Caffo, The American Statistician 54 (2000)).

Holds for runs whose items are like those to come, with clusters (blocks, requests that read alike) that are independent
of each other; routers that are fitted are widened by what folds share (`fold_variance`). docs/why/routers.md has how
often it is wrong where that is so and where it is not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.model import Qualifies
from wattbench_reports.routing.baseline import least_gain, least_saving
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.model import (
    LEAST_POINTS,
    Aim,
    Ceiling,
    GainParts,
    RequirementMet,
    RoutingChoice,
    RoutingVerdict,
    Way,
    WorthBuilding,
)
from wattbench_reports.stats import Interval
from wattbench_reports.stats.budgets import SEED
from wattbench_reports.stats.simultaneous import simultaneous_quantile

_READ_REQUESTS = ("nearest", "classifier")
"""Kinds of routers that read requests: where they were not judged, something that could gain is not known."""

MOST_ITEMS = 10_000_000
"""More are no number that anybody asks: it is not said how many would tell."""


@dataclass(frozen=True)
class Least:
    """The least differences that matter, in the units of the study."""

    gain: float
    """By the aim."""
    saving: float | None
    """None where no cost is known."""


@dataclass(frozen=True)
class BoundedGain:
    """One judged choice, with one-sided bounds of its differences that hold for all judged choices."""

    choice: RoutingChoice
    aim: Aim
    gain: Interval
    """By the aim."""
    accuracy: Interval
    """Above the best single system's."""
    saving: Interval | None
    """Of cost, against it; None where no cost is known."""
    above_mix: Interval | None
    """Accuracy above a random mix at the same cost; None where nothing is to be saved."""
    items: float
    """That it was judged on."""

    def way(self, least: Least) -> Way:
        """Return in which way the choice is worth building; empty where it is not shown to be."""
        if self.choice.qualifies != Qualifies.YES:
            return ""
        if self.aim == "benefit":
            return "benefit" if _shown(self.gain, least.gain) else ""
        if self.aim == "accuracy" and _shown(self.accuracy, LEAST_POINTS) and not self._dearer(least):
            return "accurate"
        return "cheaper" if self._cheaper(least) else ""

    def _dearer(self, least: Least) -> bool:
        """Return whether the choice may cost more than the best single system by an amount that matters."""
        return self.saving is not None and least.saving is not None and self.saving.low < -least.saving

    def _cheaper(self, least: Least) -> bool:
        if self.saving is None or least.saving is None or not _shown(self.saving, least.saving):
            return False
        as_accurate = self.aim == "cost" or self.accuracy.low > -LEAST_POINTS
        return as_accurate and (self.above_mix is None or _shown(self.above_mix, LEAST_POINTS))

    def excluded(self, least: Least) -> bool:
        """Return whether the choice is shown not to be worth building."""
        if self.choice.qualifies == Qualifies.NO:
            return True
        if self.aim == "benefit":
            return self.gain.high < least.gain
        accurate = self.aim == "accuracy" and self.accuracy.high >= LEAST_POINTS
        return not accurate and not self._may_save(least)

    def _may_save(self, least: Least) -> bool:
        if self.saving is None or least.saving is None or self.saving.high < least.saving:
            return False
        if self.aim == "accuracy" and self.accuracy.high < -LEAST_POINTS:
            return False
        return self.above_mix is None or self.above_mix.high >= LEAST_POINTS

    @property
    def promising(self) -> bool:
        """Return whether all estimates of the choice keep the required bounds.

        Under the aim ``cost`` its accuracy is also above that of a random mix.
        """
        kept = all(_keeps(each) for each in self.choice.met)
        return kept and (self.aim != "cost" or self.above_mix is None or self.above_mix.estimate > 0)

    def items_to_tell(self, least: Least) -> int | None:
        """Return how many further items would show it to be worth building or not, if the estimates stay.

        Returns:
            None where it is something else that is not known: what it costs more, or whether requirements are met.
        """
        needed = self._to_show(least) if self.seems(least) else self._to_exclude(least)
        if not (math.isfinite(needed) and self.items < needed <= MOST_ITEMS):
            return None
        return math.ceil(needed - self.items)

    def seems(self, least: Least) -> bool:
        """Return whether the choice is worth building by its estimates alone."""
        if self.aim == "accuracy" and self.accuracy.estimate >= LEAST_POINTS:
            return True
        if self.aim == "accuracy":
            as_accurate = self.accuracy.estimate > -LEAST_POINTS
            saves = self.saving is not None and least.saving is not None and self.saving.estimate >= least.saving
            return as_accurate and saves and (self.above_mix is None or self.above_mix.estimate >= LEAST_POINTS)
        return self.gain.estimate >= least.gain and (self.above_mix is None or self.above_mix.estimate >= LEAST_POINTS)

    def _to_show(self, least: Least) -> float:
        if self.aim == "benefit":
            return self._until(self.gain, 0.0)
        if self.aim == "accuracy" and self.accuracy.estimate >= LEAST_POINTS:
            dearer = self.saving is not None and least.saving is not None and self.saving.estimate < -least.saving
            more = math.inf if dearer else self._until(self.accuracy, 0.0)
            if self.saving is None or least.saving is None:
                return more
            return max(more, self._until(self.saving, -least.saving))
        mix = 0.0 if self.above_mix is None else self._until(self.above_mix, 0.0)
        saving = 0.0 if self.saving is None else self._until(self.saving, 0.0)
        return max(mix, saving, self._until(self.accuracy, -LEAST_POINTS) if self.aim == "accuracy" else 0.0)

    def _to_exclude(self, least: Least) -> float:
        if self.aim == "benefit":
            return self._below(self.gain, least.gain)
        ways = [] if self.above_mix is None else [self._below(self.above_mix, LEAST_POINTS)]
        if self.saving is not None and least.saving is not None:
            ways.append(self._below(self.saving, least.saving))
        if self.aim == "cost":
            return min(ways, default=math.inf)
        saves = min([*ways, self._below(self.accuracy, -LEAST_POINTS)]) if self.saving is not None else 0.0
        return max(saves, self._below(self.accuracy, LEAST_POINTS))

    def _until(self, figure: Interval, bound: float) -> float:
        """Return the items needed until the lower bound of a figure exceeds a limit."""
        if figure.low > bound:
            return self.items
        return self._needed(figure.estimate - figure.low, figure.estimate - bound)

    def _below(self, figure: Interval, bound: float) -> float:
        """Return the items needed until the upper bound of a figure falls below a limit."""
        if figure.high < bound:
            return self.items
        return self._needed(figure.high - figure.estimate, bound - figure.estimate)

    def _needed(self, half: float, distance: float) -> float:
        return self.items * (half / distance) ** 2 if distance > 0 and math.isfinite(half) else math.inf


def _shown(difference: Interval, least: float) -> bool:
    """Return whether the lower bound of a difference is above 0, and its estimate is large enough to matter."""
    return difference.low > 0 and difference.estimate >= least


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
    known = context.answers.unit is not None
    least = Least(
        least_gain(context.baseline, context.answers),
        least_saving(context.baseline, context.answers) if known else None,
    )
    bounded = bounded_gains(context, choices)
    best = _recommended(bounded, least)
    unread = any(kind in not_judged for kind in _READ_REQUESTS)
    answer = _answer(bounded, ceiling, least, unread=unread)
    # No number of items tells what routers gain that were not judged.
    tells = best is not None and answer == WorthBuilding.UNKNOWN and not (unread and not best.seems(least))
    return RoutingVerdict(
        answer=answer,
        choice=None if best is None else best.choice,
        gain=None if best is None else best.gain,
        ceiling_gain=_most(ceiling),
        least=least.gain,
        judged=len(choices),
        items_to_tell=best.items_to_tell(least) if best is not None and tells else None,
        accuracy=None if best is None else best.accuracy,
        saving=None if best is None else best.saving,
        least_saving=least.saving,
        above_mix=None if best is None else best.above_mix,
        way="" if best is None else best.way(least),
    )


def bounded_gains(context: StudyContext, choices: Sequence[RoutingChoice]) -> list[BoundedGain]:
    """Bound the differences of all judged choices at once.

    Args:
        context: of the study.
        choices: with what each cluster adds to their differences.
    """
    baseline, answers = context.baseline, context.answers
    compared = [_compared(context, each) for each in choices]
    parts = [part for differences in compared for _, part, _ in differences.values()]
    clusters = min((len(each) for each in parts), default=0)
    clusters = min(clusters, answers.different)
    quantile = simultaneous_quantile(parts, clusters - 1, seed=SEED) if clusters > 1 else math.inf
    bounded = []
    for choice, differences in zip(choices, compared, strict=True):
        number = len(next(iter(differences.values()))[1])
        items = float(answers.items if answers.blocked else number)

        def around(name: str, differences: _Differences = differences, items: float = items) -> Interval | None:
            if name not in differences:
                return None
            estimate, part, scale = differences[name]
            if not math.isfinite(quantile):
                return Interval(estimate, -math.inf, math.inf)
            spread = len(part) / (len(part) - 1) * float((part**2).sum()) + 0.5 * (scale / (items + 1)) ** 2
            half = quantile * math.sqrt(spread)
            return Interval(estimate, estimate - half, estimate + half)

        accuracy, saving = around("accuracy"), around("saving")
        gain = {"accuracy": accuracy, "cost": saving, "benefit": around("benefit")}[baseline.aim]
        assert accuracy is not None
        bounded.append(
            BoundedGain(choice, baseline.aim, gain or choice.gain, accuracy, saving, around("above_mix"), items)
        )
    return bounded


_Differences = dict[str, tuple[float, NDArray[np.float64], float]]
"""Name to the estimate, what each cluster adds, and what one answer is worth in it."""


def _compared(context: StudyContext, choice: RoutingChoice) -> _Differences:
    """Return the differences of a choice that get bounds, by name."""
    aim, nothing = context.baseline.aim, np.zeros(0)
    parts = choice.gain_parts or GainParts(nothing, nothing, nothing, nothing)
    differences: _Differences = {"accuracy": (choice.accuracy_gain.estimate, parts.accuracy, 1.0)}
    if aim == "benefit":
        differences["benefit"] = (choice.gain.estimate, parts.gain, context.baseline.worth)
    if context.answers.unit is not None:
        differences["saving"] = (-choice.cost_gain.estimate, -parts.cost, 0.0)
        if aim != "benefit" and choice.above_mix is not None:
            differences["above_mix"] = (choice.above_mix.estimate, parts.above_mix, 1.0)
    return differences


def _most(ceiling: Ceiling) -> Interval:
    return ceiling.best.gain if ceiling.gain is None else ceiling.gain


def _keeps(met: RequirementMet) -> bool:
    if met.estimate is None:
        return False
    bound = met.requirement.bound
    return met.estimate >= bound if met.requirement.quantity == "accuracy" else met.estimate <= bound


def _recommended(bounded: Sequence[BoundedGain], least: Least) -> BoundedGain | None:
    proven = [each for each in bounded if each.way(least)]
    levels = (
        [each for each in proven if each.choice.accuracy_gain.estimate >= 0],
        proven,
        [each for each in bounded if each.promising],
        [each for each in bounded if each.choice.qualifies != Qualifies.NO],
        bounded,
    )
    among = next((level for level in levels if level), ())
    return max(among, key=lambda each: _merit(each, least), default=None)


def _merit(each: BoundedGain, least: Least) -> tuple[int, float]:
    """Return the sort key of a choice: accuracy that matters first, then a saving without a loss of it."""
    if each.aim != "accuracy" or each.accuracy.estimate >= LEAST_POINTS:
        return 2, each.gain.estimate
    if each.saving is not None and each.seems(least):
        return 1, each.saving.estimate
    return 0, each.gain.estimate


def _answer(bounded: Sequence[BoundedGain], ceiling: Ceiling, least: Least, *, unread: bool) -> WorthBuilding:
    if any(each.way(least) for each in bounded):
        return WorthBuilding.YES
    if ceiling.exceeded:
        return WorthBuilding.UNKNOWN
    saves = ceiling.saving is not None and least.saving is not None and ceiling.saving.high >= least.saving
    if _most(ceiling).high < least.gain and not saves:
        return WorthBuilding.NO
    if bounded and not unread and all(each.excluded(least) for each in bounded):
        return WorthBuilding.NO
    return WorthBuilding.UNKNOWN
