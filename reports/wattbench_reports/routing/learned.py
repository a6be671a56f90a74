"""Judge routers that learn, each on items that it was not fitted to, with shuffled answers as control."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.text_classifier import features_for
from wattbench_reports.routing.answers.item_answers import (
    ItemAnswers,
    RoutedItems,
    answers_among,
    pick,
    shuffled_answers,
    with_alike,
)
from wattbench_reports.routing.baseline import above_mix_values
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.figures import item_figure
from wattbench_reports.routing.fitting.cross_fitting import HeldOutRoutes, held_out_routes
from wattbench_reports.routing.fitting.folds import deal_folds, of_folds, widened
from wattbench_reports.routing.judge import judge
from wattbench_reports.routing.model import Aim, ChoiceKind, RoutingChoice, RoutingCurve
from wattbench_reports.routing.predictors import (
    DomainPredictor,
    NearestPredictor,
    Neighbourhood,
    Predictor,
    WordKernel,
    alike,
    fitted_together,
)
from wattbench_reports.stats.budgets import KNN_ITEMS, SEED

LEAST_ITEMS = 30
"""Fewer items are not learned from."""
TOO_FEW = f"there are fewer than {LEAST_ITEMS} items"
ONE_DOMAIN = "all items are of one domain"
NO_PROMPTS = "prompts are not on record"
ALL_ALIKE = f"fewer than {LEAST_ITEMS} requests differ"

ReadRequests = Callable[[NDArray[np.int64]], Sequence[str] | None]
"""Given items of a study, returns their requests; None where requests are not on record."""
_Bill = Callable[[RoutedItems], RoutedItems]
_Predictors = tuple[Predictor, ...]
"""Fitted to the answers of a study, and to shuffled ones."""


@dataclass(frozen=True)
class JudgedRoutes:
    """A choice, with the items that it is judged by."""

    choice: RoutingChoice
    context: StudyContext
    """Of the items that it is judged on."""
    column: NDArray[np.integer[Any]]
    """Shape (items,): the system that each of these is sent to."""
    items: NDArray[np.int64] | None
    """Which items of the study these are; None: all."""
    bill: _Bill

    @property
    def routed(self) -> RoutedItems:
        """Return the items as the router would have them answered."""
        return self.bill(pick(self.context.answers, self.column))


@dataclass(frozen=True)
class Learned:
    """The judged routers that learn."""

    routes: tuple[JudgedRoutes, ...]
    """Of `choices`, in the same order."""
    curves: tuple[RoutingCurve, ...]
    control: RoutingChoice | None
    """The router with the most gain, fitted to shuffled answers; None without any."""
    not_judged: Mapping[str, str]
    """Kinds that were not judged, and why, as a clause."""
    sampled: int | None
    """How many items routers that read requests were judged on; None: all, or there are none such."""

    @property
    def choices(self) -> tuple[RoutingChoice, ...]:
        """Return the choices."""
        return tuple(each.choice for each in self.routes)


@dataclass(frozen=True)
class _Family:
    """One kind of router, with its control."""

    kind: ChoiceKind
    context: StudyContext
    fold: NDArray[np.int64]
    predictor: Predictor
    control: Callable[[], tuple[StudyContext, Predictor]]
    """Returns the same with shuffled answers, and a predictor that is fitted to those."""
    items: NDArray[np.int64] | None


def _unchanged(routed: RoutedItems) -> RoutedItems:
    return routed


def learned_choices(context: StudyContext, read: ReadRequests, bill: _Bill = _unchanged) -> Learned:
    """Judge a router by domain, one by the most similar requests and one by the words of requests.

    Args:
        context: of the study.
        read: reads requests.
        bill: adds the router's own cost to what it has answered.
    """
    families, not_judged = _families(context, read)
    routes: list[JudgedRoutes] = []
    curves: list[RoutingCurve] = []
    for family in families:
        routes_held = _held_out(family.context, family.predictor, family.fold)
        routes += _judged(family, routes_held, bill)
        curves += _curves(family, routes_held, bill)
    sampled = next((len(each.items) for each in families if each.items is not None), None)
    return Learned(tuple(routes), tuple(curves), _control(families, routes, bill), not_judged, sampled)


def _families(context: StudyContext, read: ReadRequests) -> tuple[list[_Family], dict[str, str]]:
    if context.answers.items < LEAST_ITEMS:
        return [], dict.fromkeys(("domain", "nearest", "classifier"), TOO_FEW)
    if context.answers.different < LEAST_ITEMS:
        return [], dict.fromkeys(("domain", "nearest", "classifier"), ALL_ALIKE)
    families, not_judged = [], {}
    answers = context.answers
    if len(np.unique(answers.domain)) > 1:
        fold = deal_folds(answers.domain, answers.alike, SEED)

        def fit(of: ItemAnswers) -> DomainPredictor:
            return DomainPredictor(of.domain, fold, of.score, of.cost)

        def control() -> tuple[StudyContext, Predictor]:
            shuffled = _shuffled(context)
            return shuffled, fit(shuffled.answers)

        families.append(_Family("domain", context, fold, fit(answers), control, None))
    else:
        not_judged["domain"] = ONE_DOMAIN
    readers = _readers(context, read)
    if isinstance(readers, str):
        return families, not_judged | dict.fromkeys(("nearest", "classifier"), readers)
    return [*families, *readers], not_judged


def _shuffled(context: StudyContext) -> StudyContext:
    return replace(context, answers=shuffled_answers(context.answers))


def _of_both(fit: Callable[[ItemAnswers], Predictor], context: StudyContext, shuffled: StudyContext) -> _Predictors:
    return fit(context.answers), fit(shuffled.answers)


def _read_family(
    kind: ChoiceKind,
    context: StudyContext,
    shuffled: StudyContext,
    fold: NDArray[np.int64],
    predictors: _Predictors,
    items: NDArray[np.int64] | None,
) -> _Family:
    return _Family(kind, context, fold, predictors[0], lambda: (shuffled, predictors[1]), items)


def _readers(context: StudyContext, read: ReadRequests) -> list[_Family] | str:
    """Return the kinds of routers that read requests, or why there are none.

    They are judged on a sample where there are many items.
    """
    items = None
    if context.answers.items > KNN_ITEMS:
        rng = np.random.default_rng(SEED)
        items = np.sort(rng.choice(context.answers.items, KNN_ITEMS, replace=False)).astype(np.int64)
        context = replace(context, answers=answers_among(context.answers, items))
    texts = read(np.arange(context.answers.items) if items is None else items)
    if texts is None:
        return NO_PROMPTS
    if context.answers.alike is None:
        context = replace(context, answers=with_alike(context.answers, alike(texts)))
    if context.answers.different < LEAST_ITEMS:
        return ALL_ALIKE
    fold = deal_folds(context.answers.domain, context.answers.alike, SEED)
    features, shuffled = features_for(texts), _shuffled(context)
    near = Neighbourhood(texts, fold, features)
    by_nearest = _of_both(lambda of: NearestPredictor(near, of.score, of.cost), context, shuffled)
    by_words = fitted_together(WordKernel(texts, fold, features), context.answers, shuffled.answers)
    return [
        _read_family("nearest", context, shuffled, fold, by_nearest, items),
        _read_family("classifier", context, shuffled, fold, by_words, items),
    ]


def _held_out(context: StudyContext, predictor: Predictor, fold: NDArray[np.int64]) -> HeldOutRoutes:
    costs = context.answers.mean_cost
    by_cost = bool(costs.min() < (1 - 1e-9) * costs[context.baseline.single])
    return held_out_routes(context, predictor, fold, by_cost=by_cost)


def _judged(family: _Family, routes_held: HeldOutRoutes, bill: _Bill) -> Iterator[JudgedRoutes]:
    context = family.context
    for setting, column in routes_held.columns.items():
        routed = bill(pick(context.answers, column))
        choice = of_folds(
            judge(context, family.kind, "", setting, routed, _names(context, routes_held)), _folds(family)
        )
        yield JudgedRoutes(choice, context, column, family.items, bill)


def _names(context: StudyContext, routes_held: HeldOutRoutes) -> tuple[str, ...]:
    return tuple(context.answers.systems[each] for each in sorted(routes_held.members))


def _curves(family: _Family, routes_held: HeldOutRoutes, bill: _Bill) -> Iterator[RoutingCurve]:
    answers, baseline = family.context.answers, family.context.baseline
    if not len(routes_held.curve) or len(baseline.hull) < 2:
        return
    points = []
    for column in routes_held.curve:
        routed = bill(pick(answers, column))
        above = item_figure(answers, above_mix_values(baseline, answers, routed)).interval()
        cost, score = float(answers.weight @ routed.cost), item_figure(answers, routed.score).share()
        points.append((cost, score, widened(above, _folds(family))))
    costs, scores, gains = zip(*sorted(points, key=lambda each: each[0]), strict=True)
    yield RoutingCurve(family.kind, costs, scores, gains)


def _folds(family: _Family) -> int:
    return int(family.fold.max()) + 1


def _promise(choice: RoutingChoice, aim: Aim) -> float:
    """Return the figure that ranks routers: the gain; under the aim ``cost`` accuracy above a mix, as any mix saves."""
    return choice.gain.estimate if aim != "cost" or choice.above_mix is None else choice.above_mix.estimate


def _control(families: Sequence[_Family], routes: Sequence[JudgedRoutes], bill: _Bill) -> RoutingChoice | None:
    """Fit the router with the most gain to shuffled answers as a control, which should gain nothing."""
    if not routes:
        return None
    aim = routes[0].context.baseline.aim
    best = max((each.choice for each in routes), key=lambda each: _promise(each, aim))
    family = next(each for each in families if each.kind == best.kind)
    context, predictor = family.control()
    routes_held = _held_out(context, predictor, family.fold)
    routed = bill(pick(context.answers, routes_held.columns[best.setting]))
    choice = judge(context, "shuffled", best.kind, best.setting, routed, _names(context, routes_held))
    return replace(of_folds(choice, _folds(family)), gain_parts=None)
