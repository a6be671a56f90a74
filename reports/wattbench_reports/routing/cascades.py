"""Judge cascades: one system first, and another where a check rejects the first answer.

A check of quality q accepts a correct answer and rejects a wrong one with probability q each; .5 is a coin. Every
first answer is billed, and so is the check. With scores of 0 and 1 of a first system a and a second one b

    passed on   e = a (1 - q) + (1 - a) q
    correct         a q + e b                   = (2q - 1) max(a, b) + (1 - q) (a + b)
    cost            cost of a + cost of the check + e x cost of b

all of which are straight lines in q, from any first answer being kept at random to the better answer of the two: at
q = 1 a cascade is as accurate as a perfect choice between both. Scores between 0 and 1, of graded answers or means over
repeats, go into the right-hand form, which is a perfect check's due only as far as one system is better on the item:
a second draw of luck, which a cascade has and a router has not, is not counted.

A cascade of three is two of these in a row; its curve would need the quality of two checks, and is not drawn.

Sources: L. Chen, M. Zaharia and J. Zou, "FrugalGPT" (2023), arXiv 2305.05176, for cascades of language models; the
check's quality as the balanced accuracy of a classifier that errs alike on both sides; `crossing` for the bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.answers.item_answers import MONEY, ItemAnswers, RoutedItems, row_parts
from wattbench_reports.routing.baseline import gain_values
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.crossing import crossing, part_from
from wattbench_reports.routing.figures import ItemFigure, item_figure
from wattbench_reports.routing.members import sum_in_parts
from wattbench_reports.routing.model import Cascade
from wattbench_reports.stats import Interval

QUALITIES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
"""Of the check, at which curves are drawn."""
MOST = 5
"""How many cascades are shown."""
_ROUNDING = 1e-9


def cascades(context: StudyContext) -> tuple[Cascade, ...]:
    """Find the cascades that may pay, the cheapest at equal accuracy first.

    Of all ordered pairs those remain that with a perfect check are shown to gain by the aim of the study. First those
    that at the accuracy of the best single system cost less, none of them both dearer and in need of a better check
    than another. Then any that gains still more with a perfect check.
    """
    means = _pair_means(context)
    kept = _thriftier(context, means)
    kept += _more_gainful(context, means, kept)
    return tuple(sorted((cascade_of(context, *pair) for pair in kept), key=_rank))


def _rank(cascade: Cascade) -> float:
    return math.inf if cascade.cost_at_equal is None else cascade.cost_at_equal.estimate


def cascade_items(context: StudyContext, first: int, then: int, quality: float) -> RoutedItems:
    """Return what a cascade gives on each item.

    Args:
        context: of the study.
        first: the column of the system that is asked first.
        then: the column of the other.
        quality: of the check, from .5 to 1.
    """
    answers, check = context.answers, _check(context)
    a, b = answers.score[:, first], answers.score[:, then]
    passed_on = a + quality * (1 - 2 * a)
    requests = np.zeros(answers.score.shape, order="F")  # zeros that are not read take no memory
    requests[:, first] = 1.0
    requests[:, then] = passed_on
    amounts = {name: values[:, first] + passed_on * values[:, then] for name, values in answers.amounts.items()}
    if answers.unit is CostUnit.MONEY and MONEY in amounts:
        amounts[MONEY] = amounts[MONEY] + check
    return RoutedItems(
        score=(2 * quality - 1) * np.maximum(a, b) + (1 - quality) * (a + b),
        cost=answers.cost[:, first] + check + passed_on * answers.cost[:, then],
        amounts=amounts,
        requests=requests,
    )


def cascade_of(context: StudyContext, first: int, then: int) -> Cascade:
    """State the figures of a cascade at each quality of its check, and the quality from which it pays.

    Args:
        context: of the study.
        first: the column of the system that is asked first.
        then: the column of the other.
    """
    answers = context.answers
    coin, perfect = (cascade_items(context, first, then, quality) for quality in (QUALITIES[0], QUALITIES[-1]))
    equals = equal_quality(context, first, then)
    reached = equals is not None and equals.estimate <= 1
    costs = answers.mean_cost
    before = float(costs[first]) + _check(context)
    pays = part_from(context, coin, perfect)
    amounts = {name: _along(answers, coin.amounts[name], perfect.amounts[name]) for name in answers.amounts}
    return Cascade(
        first=answers.systems[first],
        then=answers.systems[then],
        qualities=QUALITIES,
        accuracies=tuple(each.share() for each in _along(answers, coin.score, perfect.score)),
        costs=tuple(each.interval() for each in _along(answers, coin.cost, perfect.cost)),
        amounts={name: tuple(each.interval() for each in figures) for name, figures in amounts.items()},
        equals=equals,
        cost_at_equal=_cost_at(context, first, then) if reached else None,
        pays=_as_quality(pays),
        break_even_escalation=1 - before / float(costs[then]) if before < costs[then] else None,
        escalation_at_equal=_passed_on(answers, first, equals.estimate) if equals is not None and reached else None,
    )


def _along(answers: ItemAnswers, coin: NDArray[np.float64], perfect: NDArray[np.float64]) -> Iterator[ItemFigure]:
    """Yield the mean at each quality of the check, interpolated between a coin and a perfect check."""
    start, end = item_figure(answers, coin), item_figure(answers, perfect)
    for quality in QUALITIES:
        part = (quality - QUALITIES[0]) / (QUALITIES[-1] - QUALITIES[0])
        parts = start.parts + part * (end.parts - start.parts)
        estimate = start.estimate + part * (end.estimate - start.estimate)
        yield replace(start, estimate=estimate, parts=parts)


def equal_quality(context: StudyContext, first: int, then: int) -> Interval | None:
    """Return the lowest quality of the check at which a cascade is as accurate as the best single system.

    Args:
        context: of the study.
        first: the column of the system that is asked first.
        then: the column of the other.

    Returns:
        At least .5; None where the two systems have the same score on every item.
    """
    behind, rise = _accuracy_line(context, first, then)
    if not np.abs(rise).max(initial=0.0) > 0:
        return None
    return _as_quality(crossing(context.answers, behind, rise))


def _accuracy_line(context: StudyContext, first: int, then: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, by item, the accuracy with a coin as check less the best single system's, and what a perfect check
    adds."""
    scores = context.answers.score
    a, b = scores[:, first], scores[:, then]
    return (a + b) / 2 - scores[:, context.baseline.single], np.abs(a - b) / 2


def _cost_at(context: StudyContext, first: int, then: int) -> Interval:
    """Return the cost of a cascade at equal accuracy.

    Its interval includes the uncertainty of the quality of the check (delta method).
    """
    answers = context.answers
    behind, rise = _accuracy_line(context, first, then)
    bottom = float(answers.mean(rise))
    part = max(-float(answers.mean(behind)) / bottom, 0.0)
    start, end = (cascade_items(context, first, then, quality).cost for quality in (0.5, 1.0))
    slope = float(answers.mean(end - start))
    moved = -(behind + part * rise) / bottom if part > 0 else np.zeros(answers.items)
    return _interval(answers, start + part * (end - start) + slope * moved)


def _passed_on(answers: ItemAnswers, first: int, quality: float) -> float:
    accuracy = float(answers.mean(answers.score[:, first]))
    return accuracy + quality * (1 - 2 * accuracy)


def _as_quality(part: Interval) -> Interval:
    """Turn a part of the way from a coin to a perfect check into the quality of the check."""
    return Interval(0.5 + 0.5 * part.estimate, 0.5 + 0.5 * part.low, 0.5 + 0.5 * part.high)


def _interval(answers: ItemAnswers, values: NDArray[np.float64]) -> Interval:
    return item_figure(answers, values).interval()


def _check(context: StudyContext) -> float:
    """Return what the check of an answer costs, in the unit of the study."""
    return 0.0 if context.answers.unit is None else context.options.check_money or 0.0


@dataclass(frozen=True)
class _PairMeans:
    """Estimates of all ordered pairs. Arrays have shape (systems, systems), the first system by row."""

    perfect: NDArray[np.float64]
    """Accuracy with a perfect check."""
    perfect_cost: NDArray[np.float64]
    equal: NDArray[np.float64]
    """The part of the way from a coin to a perfect check at which it is as accurate as the best single system."""
    equal_cost: NDArray[np.float64]
    """Infinite where no check suffices."""


def _pair_means(context: StudyContext) -> _PairMeans:
    answers = context.answers
    score, items = answers.score, np.arange(answers.items)
    accuracy, cost = answers.mean_score, answers.mean_cost
    coin = (accuracy[:, None] + accuracy[None, :]) / 2

    def better_than(column: int) -> NDArray[np.float64]:
        return sum_in_parts(answers, items, lambda of: np.maximum(score[of], score[of, column][:, None]))

    perfect = np.stack([better_than(column) for column in range(len(answers.systems))])
    of_correct = np.zeros(perfect.shape)
    for rows in row_parts(answers.items):
        of_correct += score[rows].T @ (answers.weight[rows, None] * answers.cost[rows])
    first = cost[:, None] + _check(context)
    coin_cost, perfect_cost = first + cost[None, :] / 2, first + cost[None, :] - of_correct
    rise = perfect - coin
    behind = accuracy[context.baseline.single] - coin
    equal = np.divide(behind, rise, out=np.full(rise.shape, math.inf), where=rise > _ROUNDING)
    equal = np.maximum(equal, 0.0)
    reached = equal <= 1 + _ROUNDING
    part = np.where(reached, equal, 0.0)
    equal_cost = np.where(reached, coin_cost + part * (perfect_cost - coin_cost), math.inf)
    return _PairMeans(perfect, perfect_cost, equal, equal_cost)


def _pairs(cost: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Yield ordered pairs of two systems with a finite cost, by rising cost."""
    for flat in np.argsort(cost, axis=None, kind="stable").tolist():
        first, then = divmod(flat, cost.shape[1])
        if first != then and math.isfinite(cost[first, then]):
            yield first, then


def _thriftier(context: StudyContext, means: _PairMeans) -> list[tuple[int, int]]:
    """Return a few undominated pairs that cost less at equal accuracy and may gain."""
    single = context.baseline.single
    dearest = float(context.answers.mean_cost[single]) * (1 - _ROUNDING)
    kept: list[tuple[int, int]] = []
    least = math.inf
    for pair in _pairs(means.equal_cost):
        if means.equal_cost[pair] >= dearest:
            break
        if means.equal[pair] < least - _ROUNDING and _gains(context, pair):
            kept.append(pair)
            least = float(means.equal[pair])
    return _spread(kept, MOST - 1)


def _spread(kept: Sequence[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """Return at most `most` pairs, evenly spread, both ends included."""
    positions = np.linspace(0, len(kept) - 1, min(most, len(kept))).round().astype(int)
    return [kept[position] for position in dict.fromkeys(positions.tolist())]


def _more_gainful(context: StudyContext, means: _PairMeans, kept: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the pair that gains the most with a perfect check, if it gains more than the kept pairs."""
    kept = list(kept)
    gains = _gain_estimates(context, means)
    most = max((float(gains[pair]) for pair in kept), default=0.0)
    for pair in _pairs(-gains):
        if gains[pair] <= most * (1 + _ROUNDING) + _ROUNDING * abs(most) or gains[pair] <= 0:
            break
        if pair not in kept and _gains(context, pair):
            return [pair]
    return []


def _gain_estimates(context: StudyContext, means: _PairMeans) -> NDArray[np.float64]:
    """Return the gain by the aim with a perfect check."""
    answers, baseline = context.answers, context.baseline
    accuracy, cost = answers.mean_score, answers.mean_cost
    single = baseline.single
    if baseline.aim == "accuracy":
        return np.asarray(means.perfect - accuracy[single])
    saved = cost[single] - means.perfect_cost
    return np.asarray(saved if baseline.aim == "cost" else baseline.worth * (means.perfect - accuracy[single]) + saved)


def _gains(context: StudyContext, pair: tuple[int, int]) -> bool:
    """Return whether a cascade with a perfect check is shown to gain, and may meet the required accuracy."""
    answers = context.answers
    perfect = cascade_items(context, *pair, 1.0)
    if not _interval(answers, gain_values(context.baseline, answers, perfect)).low > 0:
        return False
    if context.baseline.aim != "cost":
        return True
    coin = cascade_items(context, *pair, 0.5)
    return part_from(context, coin, perfect).estimate <= 1
