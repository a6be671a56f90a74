"""Bound what any router can give: a perfect choice of the system for each item.

For each item the system with the highest score, of equals the cheapest. What is judged by the scores that it was chosen
by is flattered where scores vary: a mean over noisy repeats is highest where luck was. So with repeats it is chosen by
all of them but one and judged on that one, in turn for each (cross-fitting). Without repeats the flattery cannot be
taken away, and the figure is a ceiling and no goal.

With many systems a perfect choice among all of them is more flattered still, and no router reaches it. The best two and
the best three are chosen on one half of the items and judged on the other, both ways; the third is the one that adds
most to the two, so that three are never worse than two.

The choice with the most gain by the aim of the study is another where costs differ from item to item, or an answer is
worth less than what it costs:

``benefit``   for each item the highest worth x score - cost, which no choice is above
``accuracy``  for each item the highest score
``cost``      by multiplier x score - cost with the largest multiplier at which the choice is not yet as accurate as is
              required: no choice that is as accurate costs less (weak duality)

Under the aim ``accuracy`` the most that a router can save which is as accurate as the best single system is bounded
likewise.

Sources: cross-fitting, V. Chernozhukov and others, Econometrics Journal 21 (2018); greedy addition to a set whose value
has decreasing increments, G. L. Nemhauser, L. A. Wolsey and M. L. Fisher, Mathematical Programming 14 (1978);
Lagrangian relaxation, H. Everett, Operations Research 11 (1963).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers, RoutedItems, best_of_item, pick, row_parts
from wattbench_reports.routing.baseline import gain_values
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.figures import item_figure
from wattbench_reports.routing.fitting.folds import deal_folds
from wattbench_reports.routing.judge import judge
from wattbench_reports.routing.members import sum_in_parts
from wattbench_reports.routing.model import LEAST_POINTS, Ceiling, ChoiceKind, RoutingChoice
from wattbench_reports.stats import Interval

_ROUNDING = 1e-12
_SETS: dict[int, ChoiceKind] = {2: "pair", 3: "triple"}
_BISECTIONS = 60


def ceiling(context: StudyContext) -> Ceiling:
    """State the figures of a perfect choice among all systems, the best two and the best three."""
    answers = context.answers
    everything = np.ones(answers.score.shape, dtype=bool)
    best = judge(context, "item", "", "", pick(answers, best_of_item(answers.score, answers.cost)), answers.systems)
    crossed = _cross_fitted(answers, everything) if len(answers.halves) > 1 else None
    fitted = None if crossed is None else judge(context, "item", "", "", crossed, answers.systems)
    few = _few(answers)
    made = Ceiling(
        best=best,
        cross_fitted=fitted,
        why_not_cross_fitted="",
        pair=_among(context, few, 2),
        triple=_among(context, few, 3),
        gain=_most_gain(context),
        saving=_most_saving(context),
    )
    top = int(answers.mean_score.argmax())
    return _without(made, answers.systems[top], float(answers.mean_score[top]))


def bounded(of: Ceiling, choices: Iterable[RoutingChoice]) -> Ceiling:
    """Drop a cross-fitted ceiling that is below a choice which it should bound, and say why.

    Args:
        of: the ceiling over the items of the choices.
        choices: judged on the same items.
    """
    above = max(choices, key=lambda each: each.accuracy.estimate, default=None)
    return of if above is None else _without(of, "a router that can be built", above.accuracy.estimate)


def _without(of: Ceiling, name: str, accuracy: float) -> Ceiling:
    fitted = of.cross_fitted
    if fitted is None:
        return of
    few = max((each.accuracy.estimate for each in (of.pair, of.triple) if each is not None), default=0.0)
    if fitted.accuracy.estimate >= max(accuracy, few) - _ROUNDING:
        return of
    what = f"{name} alone" if accuracy >= few else "a perfect choice among fewer systems"
    if accuracy >= few and name.startswith("a router"):
        what = name
    why = (
        f"chosen by some repeats and judged by the others it is less accurate than {what}: answers vary too much from "
        "repeat to repeat to say which system is best on an item"
    )
    return replace(of, cross_fitted=None, why_not_cross_fitted=why)


def _cross_fitted(answers: ItemAnswers, allowed: NDArray[np.bool_]) -> RoutedItems:
    """Make a perfect choice by all repeats but one, judge it on that one, and average over repeats."""
    repeats = np.stack(answers.halves)
    total = repeats.sum(axis=0)
    each = np.arange(answers.items)
    routed = []
    for repeat in repeats:
        column = best_of_item((total - repeat) / (len(repeats) - 1), answers.cost, allowed)
        routed.append(replace(pick(answers, column), score=repeat[each, column]))
    return RoutedItems(
        score=np.mean([one.score for one in routed], axis=0),
        cost=np.mean([one.cost for one in routed], axis=0),
        amounts={name: np.mean([one.amounts[name] for one in routed], axis=0) for name in answers.amounts},
        requests=np.mean([one.requests for one in routed], axis=0),
    )


def _perfect(answers: ItemAnswers, allowed: NDArray[np.bool_]) -> RoutedItems:
    if len(answers.halves) > 1:
        return _cross_fitted(answers, allowed)
    return pick(answers, best_of_item(answers.score, answers.cost, allowed))


@dataclass(frozen=True)
class _Few:
    """The best few systems for a perfect choice, in order of what each adds."""

    half: NDArray[np.int64]
    """Shape (items,): 0 or 1."""
    by_others: tuple[list[int], list[int]]
    """For the items of each half: columns chosen on the other."""
    by_all: list[int]
    """Columns chosen on all items."""


def _few(answers: ItemAnswers) -> _Few | None:
    size = min(len(answers.systems) - 1, max(_SETS))
    if size < min(_SETS) or answers.different < 2:
        return None
    half = deal_folds(answers.domain, answers.alike, folds=2)
    first, second = (best_set(answers, size, half != each) for each in (0, 1))
    return _Few(half, (first, second), best_set(answers, size))


def _among(context: StudyContext, few: _Few | None, size: int) -> RoutingChoice | None:
    """Judge a perfect choice among the best `size` systems; None if the run has no more systems.

    Its members are those that are best on all items; its figures are of systems chosen on the other half.
    """
    answers = context.answers
    if few is None or len(answers.systems) <= size:
        return None
    allowed = np.zeros(answers.score.shape, dtype=bool)
    for each in (0, 1):
        allowed[few.half == each] = np.isin(np.arange(len(answers.systems)), few.by_others[each][:size])
    chosen = sorted(few.by_all[:size])
    names = tuple(answers.systems[column] for column in chosen)
    choice = judge(context, _SETS[size], "", "", _perfect(answers, allowed), names)
    mine = np.zeros(answers.score.shape, dtype=bool)
    mine[:, chosen] = True
    requests = answers.mean(_perfect(answers, mine).requests)
    return replace(choice, shares={answers.systems[column]: float(requests[column]) for column in chosen})


def best_set(answers: ItemAnswers, size: int, among: NDArray[np.bool_] | None = None) -> list[int]:
    """Return the best pair of systems for a perfect choice, then those that add most, in order.

    Args:
        answers: of the run.
        size: how many; at least 2.
        among: shape (items,): the items to choose by; None: all.
    """
    items = np.arange(answers.items) if among is None else np.flatnonzero(among)

    def with_each(columns: list[int]) -> NDArray[np.float64]:
        def better(of: NDArray[np.int64]) -> NDArray[np.float64]:
            score = answers.score[of]
            return np.asarray(np.maximum(score, score[:, columns].max(axis=1, keepdims=True)))

        return sum_in_parts(answers, items, better)

    # Of sets that are equally accurate the cheaper.
    penalty = sum_in_parts(answers, items, answers.cost.__getitem__)
    penalty = _ROUNDING * 1e3 * penalty / max(float(np.abs(penalty).max()), 1e-300) * float(answers.weight[items].sum())
    pairs = np.stack([with_each([column]) for column in range(len(answers.systems))])
    pairs -= penalty[:, None] + penalty[None, :]
    np.fill_diagonal(pairs, -np.inf)
    chosen = list(divmod(int(pairs.argmax()), len(pairs)))
    while len(chosen) < size:
        joined = with_each(chosen) - penalty
        joined[chosen] = -np.inf
        chosen.append(int(joined.argmax()))
    return chosen


def _most_gain(context: StudyContext) -> Interval:
    """Return the largest gain, by the aim, that any choice by item reaches."""
    answers, baseline = context.answers, context.baseline
    if baseline.aim == "benefit":
        column = _by(answers, baseline.worth)
    elif baseline.aim == "cost":
        column = _thriftiest(answers, _required(context))
    else:
        column = best_of_item(answers.score, answers.cost)
    return item_figure(answers, gain_values(baseline, answers, pick(answers, column))).interval()


def _most_saving(context: StudyContext) -> Interval | None:
    """Return the largest saving of a choice by item that is as accurate as the best single system.

    None where no cost is known, or where the aim is not accuracy.
    """
    answers, single = context.answers, context.baseline.single
    if context.baseline.aim != "accuracy" or answers.unit is None:
        return None
    routed = pick(answers, _thriftiest(answers, float(answers.mean_score[single]) - LEAST_POINTS))
    return item_figure(answers, answers.cost[:, single] - routed.cost).interval()


def _by(answers: ItemAnswers, worth: float) -> NDArray[np.int64]:
    """Return the system with the highest worth x score - cost on each item; among equals the highest score."""
    column = np.empty(answers.items, dtype=np.int64)

    def value_of(part: slice) -> NDArray[np.float64]:
        return np.asarray(worth * answers.score[part] - answers.cost[part])

    most = max((float(np.abs(value_of(part)).max(initial=0.0)) for part in row_parts(answers.items)), default=0.0)
    for part in row_parts(answers.items):
        value = value_of(part)
        tied = value >= value.max(axis=1, keepdims=True) - _ROUNDING * most
        column[part] = np.where(tied, answers.score[part], -1.0).argmax(axis=1)
    return column


def _required(context: StudyContext) -> float:
    """Return the accuracy that is required over all domains; 0 where none is."""
    requirements = context.settings.requirements
    return max((each.bound for each in requirements if each.quantity == "accuracy" and each.domain is None), default=0)


def _thriftiest(answers: ItemAnswers, bound: float) -> NDArray[np.int64]:
    """Return the cheapest choice by item that is as accurate over all domains as a bound."""

    def accuracy(column: NDArray[np.int64]) -> float:
        return float(answers.mean(answers.score[np.arange(answers.items), column]))

    cheapest = _by(answers, 0.0)
    best = best_of_item(answers.score, answers.cost)
    if accuracy(cheapest) >= bound:
        return cheapest
    if accuracy(best) < bound:
        return best
    low, high = 0.0, 1.0
    while accuracy(_by(answers, high)) < bound and high < 1e300:
        low, high = high, high * 4
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if accuracy(_by(answers, middle)) >= bound else (middle, high)
    return _by(answers, low)
