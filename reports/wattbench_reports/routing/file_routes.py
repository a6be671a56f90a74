"""Judge the routers of a table or a log on the items that they have routes for.

Nothing is fitted, so that nothing is held out: a file says what a router chose before its answers were known, or is the
reader's to vouch for. Its own cost is what the file says, and what it does not say is as of any router (`router_own`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.prices import corners
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.answers.item_answers import (
    GRAMS,
    JOULES,
    MONEY,
    SECONDS,
    ItemAnswers,
    RoutedItems,
    answers_among,
    ask,
)
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.judge import judge
from wattbench_reports.routing.model import RoutingChoice
from wattbench_reports.routing.router_own import with_own_cost
from wattbench_reports.tables.routes import OfflineRouter

DOLLARS = "USD"
"""What logs state costs in."""


@dataclass(frozen=True)
class FileRoutes:
    """The judged routers of a file, with notes for the reader."""

    choices: tuple[RoutingChoice, ...]
    notes: tuple[str, ...]
    """What a reader should know of the file, and which of its routers were not judged, as clauses."""


def file_routes(
    context: StudyContext, paid: Paid, weighed: Weighed, unsaid: Mapping[str, float] | None = None
) -> FileRoutes:
    """Judge each router of the file that the reader names; nothing without one.

    Args:
        context: of the study.
        paid, weighed: of the run, with the routers of the file.
        unsaid: a router's own cost per request where the file does not say it; None: nothing.
    """
    choices, notes = [], []
    for router in weighed.offline_routers:
        judged = _judged(context, paid, weighed, router, unsaid or {})
        if isinstance(judged, str):
            notes.append(f"{router.name} is not judged, because {judged}")
        else:
            choices.append(judged)
        notes += router.notes
    return FileRoutes(tuple(choices), tuple(dict.fromkeys(notes)))


def _judged(
    context: StudyContext, paid: Paid, weighed: Weighed, router: OfflineRouter, unsaid: Mapping[str, float]
) -> RoutingChoice | str:
    answers = context.answers
    strangers = [name for name in router.members if name not in answers.systems]
    if strangers:
        return f"it asks {strangers[0]}, which is no candidate here"
    if answers.rows is None:
        return "the items of the run are not known"
    kept = np.flatnonzero(router.chain_of[answers.rows] >= 0)
    if not len(kept):
        return "it has no route for an item that all candidates answered"
    if len(kept) < answers.items:
        context = _of_items(context, kept)
    routed = _routed(context.answers, router)
    bill = {**unsaid, **dict(_router_amounts(paid, weighed, context.answers, router))}
    worth = context.settings.worth
    return judge(context, "file", router.name, "", with_own_cost(routed, bill, answers.unit, worth), router.members)


def _of_items(context: StudyContext, kept: NDArray[np.int64]) -> StudyContext:
    """Return the context limited to some items, with the same best single system and the hull of these items."""
    answers = answers_among(context.answers, kept)
    costs, scores = answers.mean_cost.tolist(), answers.mean_score.tolist()
    hull = tuple(corners(costs, scores, range(len(answers.systems))))
    return replace(context, answers=answers, baseline=replace(context.baseline, hull=hull))


def _routed(answers: ItemAnswers, router: OfflineRouter) -> RoutedItems:
    """Ask each item of the systems of its chain, the last of which answers."""
    assert answers.rows is not None
    requests, answered = router.requests_of(answers.systems)
    chain_of = router.chain_of[answers.rows]
    return ask(answers, requests[chain_of], answered[chain_of])


def _router_amounts(
    paid: Paid, weighed: Weighed, answers: ItemAnswers, router: OfflineRouter
) -> Iterator[tuple[str, float]]:
    """Yield the router's own mean joules, seconds, money and grams, as far as the file has them."""
    joules, seconds = _mean(answers, router.router_j), _mean(answers, router.router_s)
    money = None if paid.tariff is None or paid.tariff.currency != DOLLARS else _mean(answers, router.router_usd)
    per_joule, grams = weighed.joule_prices.get(CostUnit.MONEY), weighed.joule_prices.get(CostUnit.GRAMS)
    if joules is not None and per_joule is not None:
        money = (money or 0.0) + joules * per_joule
    known = {
        JOULES: joules,
        SECONDS: seconds,
        MONEY: money,
        GRAMS: None if joules is None or grams is None else joules * grams,
    }
    yield from ((name, value) for name, value in known.items() if value is not None)


def _mean(answers: ItemAnswers, values: NDArray[np.float64] | None) -> float | None:
    """Return the mean over the items; a request for which the file says nothing costs nothing."""
    if values is None or answers.rows is None:
        return None
    of_items = values[answers.rows]
    return float(answers.mean(np.nan_to_num(of_items))) if np.isfinite(of_items).any() else None
