"""Say which systems to keep loaded, as requests become more frequent.

A request is answered at once only by a system that is loaded, and one that is loaded draws power in between. With G(R)
the gain of the best choice by domain within a set R and x_s the watts that a system adds to the idle machine, the gain
per request at a rate of requests is

    U(R) = G(R) - (own cost of the router, where R has several systems) - price of a watt-hour x (sum of x_s) / rate

and which R is best depends on the rate alone: U is a line in 1 / rate, so that the best sets are the upper hull of all
lines, found exactly. The unit is that of costs. Where neither worth nor requirements are named, a correct answer counts
as what a further one costs on the dearest step of the hull of single systems, between the best single system and the
next cheaper one.

The machine itself is on for all sets alike and takes no part. What a system adds is `resident_draw`. It is counted for
the whole hour, while the joules of an answer have the system's own idle in them: for the part of an hour in which it
answers this is counted twice, for the best single system as for every other. Sets are judged by scores and costs on
items that were held out, one machine being enough for the rate.

Every set of systems that could stay loaded is evaluated, with the best choice by domain within each. A system that is
not loaded answers nothing, so that within a set R a domain d goes to

    a(d, R) = the system of R with the highest mean value on training items of d

and R is judged on the items that were held out, in five folds. Values are those of the aim of the study, linear in
scores and costs; where an accuracy is required, answers are worth just as much as it takes to reach it on the training
items, or as much as can be where it is not reached. All 2^k - 1 sets are evaluated, one system after another: a set
with system j is the same set without it, and j in each domain where it is better.

The best of all sets is itself found on the items that judge the sets, which flatters it a little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.figures import item_figure
from wattbench_reports.routing.fitting.folds import deal_folds, widened
from wattbench_reports.routing.model import Residents, ResidentSet
from wattbench_reports.routing.resident_draw import all_loaded_w, resident_draw
from wattbench_reports.routing.router_own import cost_per_joule, own_cost, router_own
from wattbench_reports.stats import Interval

MOST = 16
"""Systems of which all sets are enumerated."""
HOURS_PER_YEAR = 365 * 24
SECONDS_PER_HOUR = 3600.0
_SAME = 1e-9
"""Gains that differ by less than this part of the largest are the same."""
FOLDS = 5
_SEED = 17
_WORTHS = 9
"""Worths of an answer that are tried where an accuracy is required."""


def residents(
    context: StudyContext, measured: Measured, paid: Paid, weighed: Weighed, router: Mapping[str, float] | None = None
) -> Residents | str:
    """Find the best sets at each rate of requests, or say why not, as a clause.

    Args:
        context: of the study.
        measured, paid, weighed: of the run.
        router: the router's own amounts per request; None: those of `router_own`.
    """
    answers = context.answers
    draw, watts_of_all = resident_draw(measured, answers.systems), all_loaded_w(measured, answers.systems)
    if isinstance(draw, str) and watts_of_all is None:
        return draw
    values = _values(context)
    if answers.unit is None:
        return "no cost is known in which an idle watt could be counted"
    if values is None:
        return (
            "neither worth nor a requirement is named, and no single system costs less, so that an answer has no price"
        )
    per_joule = _price_of_idle(context, measured, paid, weighed, answers.unit)
    if isinstance(per_joule, str):
        return per_joule
    per_w = per_joule * SECONDS_PER_HOUR
    bill = router_own(measured, paid, weighed, context.options).amounts if router is None else router
    choosing = own_cost(bill, answers.unit, context.settings.worth)
    columns, left_out = _columns(context, values)
    figures = set_figures(context, columns, values)
    allowed, gain = _allowed(figures, values), figures.gain - choosing * (_sizes(len(columns)) > 1)
    gain = np.where(np.abs(gain) <= _least_difference(gain[allowed]), 0.0, gain)
    if isinstance(draw, str):
        return draw + _bound(watts_of_all or 0.0, float(gain[allowed].max(initial=0.0)), per_w)
    if not allowed.any():
        return "no set of systems reaches the accuracy that is required"
    idle_w = _idle_w(np.array(draw.added_w)[columns])
    sets = tuple(
        ResidentSet(
            tuple(name for column, name in enumerate(answers.systems) if column in columns[_members(index)]),
            float(gain[index]),
            float(idle_w[index]),
            rate,
            _interval(context, columns, index, values, float(gain[index])),
        )
        for index, rate in best_by_rate(np.flatnonzero(allowed), gain, idle_w, per_w)
    )
    rate = requests_per_hour(context, measured)
    return Residents(
        requests_per_hour=rate,
        best=best_at(sets, rate),
        sets=sets,
        subsets=2 ** len(columns) - 1,
        idle_gain_per_w=per_w,
        base_w=draw.base_w,
        measured_together=draw.measured_together,
        notes=tuple(_notes(context, left_out)),
    )


def requests_per_hour(context: StudyContext, measured: Measured) -> float:
    """Return the rate that a reader names, or that of the requests of the workload's year.

    Raises:
        UserError: the named one is no number above 0.
    """
    named = context.options.requests_per_hour
    if named is not None and not 0 < named <= 1e15:
        raise UserError(f"requests per hour: {named!r:.60} is not a number above 0")
    return measured.workload.requests_per_year / HOURS_PER_YEAR if named is None else named


def best_at(sets: tuple[ResidentSet, ...], rate: float) -> ResidentSet:
    """Return the best set at a rate of requests per hour, of those by rising rate."""
    return [each for each in sets if each.from_requests_per_hour <= rate][-1]


def gain_at(chosen: ResidentSet, rate: float, idle_gain_per_w: float) -> float:
    """Return the gain per request of a set at a rate of requests per hour, idle included."""
    return chosen.gain - chosen.idle_w * idle_gain_per_w / rate


def best_by_rate(
    among: NDArray[np.int64], gain: NDArray[np.float64], idle_w: NDArray[np.float64], per_w: float
) -> list[tuple[int, float]]:
    """Return the sets that are best at some rate, each with the requests per hour from which it is the best.

    Of sets that gain the same the one that draws less is taken, then the one of fewer systems.

    Args:
        among: indices of the sets.
        gain: shape (2^k,): without idle.
        idle_w: the same shape.
        per_w: what a watt costs per hour, in the same unit.
    """
    least = _least_difference(gain[among])
    sizes = _sizes(len(gain).bit_length() - 1)
    current = min(among.tolist(), key=lambda each: (idle_w[each], -gain[each], sizes[each]))
    chain = [(current, 0.0)]
    while True:
        better = among[gain[among] > gain[current] + least]
        if not len(better):
            return chain
        rates = np.maximum(per_w * (idle_w[better] - idle_w[current]) / (gain[better] - gain[current]), 0.0)
        order = np.lexsort((sizes[better], idle_w[better], -gain[better], rates))
        current = int(better[order[0]])
        rate = max(float(rates[order[0]]), chain[-1][1])
        if rate == chain[-1][1]:  # better at the very same rate
            chain.pop()
        chain.append((current, rate))


def _interval(context: StudyContext, columns: NDArray[np.int64], index: int, values: Values, gain: float) -> Interval:
    """Return the interval of the gain of one set over the best single system, wider where it was fitted in folds."""
    answers, members = context.answers, _members(index)
    column, every = held_out_columns(context, columns, members, values), np.arange(answers.items)
    single = int(columns[0])
    further = answers.score[every, column] - answers.score[:, single]
    saved = answers.cost[:, single] - answers.cost[every, column]
    of_items = item_figure(answers, values.worth * further + saved).interval()
    wide = of_items if len(members) == 1 else widened(of_items, FOLDS)
    return Interval(gain, gain + wide.low - wide.estimate, gain + wide.high - wide.estimate)


def _values(context: StudyContext) -> Values | None:
    """Return the values by which a choice within a set is made under the aim; None where an answer has no price."""
    baseline, answers = context.baseline, context.answers
    if baseline.aim == "benefit":
        return Values(baseline.worth)
    if baseline.aim == "cost":
        required = [
            each.bound for each in context.settings.requirements if each.quantity == "accuracy" and each.domain is None
        ]
        return Values(0.0, max(required, default=None))
    costs, scores = answers.mean_cost, answers.mean_score
    cheaper = [each for each in baseline.hull if costs[each] < costs[baseline.single]]
    if not cheaper:
        return None
    further = scores[baseline.single] - scores[cheaper[-1]]
    if not further > 0:
        return None
    return Values(float((costs[baseline.single] - costs[cheaper[-1]]) / further))


def _price_of_idle(
    context: StudyContext, measured: Measured, paid: Paid, weighed: Weighed, unit: CostUnit
) -> float | str:
    """Return what a joule costs in the unit of the study, or why that is not known, as a clause."""
    if unit == CostUnit.MONEY:
        tariff = paid.tariff
        places = [measured.basis.systems.index(name) for name in context.answers.systems]
        if tariff is None or not (tariff.per_joule[places] > 0).all():
            return (
                "not all of the systems pay for their electricity: what is paid by the request or by the hour has no "
                "price of idle"
            )
    price = cost_per_joule(weighed.joule_prices, unit, context.settings.worth)
    return "a joule has no price" if price is None else price


def _columns(context: StudyContext, values: Values) -> tuple[NDArray[np.int64], int]:
    """Choose the systems whose sets are enumerated, the best single one first, and count the systems left out."""
    single, systems = context.baseline.single, len(context.answers.systems)
    others = [each for each in range(systems) if each != single]
    if systems > MOST:
        helped = {each: float(set_figures(context, np.array([single, each]), values).gain[3]) for each in others}
        others = sorted(sorted(others, key=lambda each: -helped[each])[: MOST - 1])
    return np.array([single, *others]), systems - 1 - len(others)


def _allowed(figures: SetFigures, values: Values) -> NDArray[np.bool_]:
    allowed = np.arange(len(figures.gain)) > 0
    return allowed if values.least_accuracy is None else allowed & (figures.accuracy >= values.least_accuracy)


def _bound(watts_of_all: float, most: float, per_w: float) -> str:
    """Say from which rate the idle power of all systems costs less than the best gain."""
    if not most > 0:
        return ""
    return (
        f"; all of them together draw {units.quantity(watts_of_all, 'W')}, the machine included, which costs less than "
        f"the best choice by domain gains from {units.roughly(per_w * watts_of_all / most)} requests per hour on"
    )


def _notes(context: StudyContext, left_out: int) -> list[str]:
    notes = []
    if left_out:
        notes.append(f"of {len(context.answers.systems)} systems the {MOST} that help most were enumerated")
    if any(each.quantity != "accuracy" or each.domain for each in context.settings.requirements):
        notes.append("of the requirements only that on the accuracy over all domains limits which systems stay loaded")
    return notes


def _least_difference(gain: NDArray[np.float64]) -> float:
    return _SAME * float(np.abs(gain).max(initial=0.0))


def _sizes(k: int) -> NDArray[np.int64]:
    return np.array([index.bit_count() for index in range(2**k)], dtype=np.int64)


def _idle_w(added_w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the idle watts of every set beyond those of the first system alone, shape (2^k,)."""
    total = np.zeros(1)
    for watts in added_w:
        total = np.concatenate([total, total + watts])
    return np.asarray(total - added_w[0])


def _members(index: int) -> list[int]:
    return [bit for bit in range(index.bit_length()) if index >> bit & 1]


@dataclass(frozen=True)
class Values:
    """The values by which a choice within a set is made."""

    worth: float
    """Of a correct answer, in the unit of costs."""
    least_accuracy: float | None = None
    """Over all domains, where it is required: an answer then has no other worth."""


@dataclass(frozen=True)
class SetFigures:
    """Held-out figures of every set. Arrays have shape (2^k,): bit j of an index: the j-th column."""

    gain: NDArray[np.float64]
    """Over the first column alone, in the unit of costs."""
    accuracy: NDArray[np.float64]


def set_figures(context: StudyContext, columns: NDArray[np.int64], values: Values) -> SetFigures:
    """Judge every set of some systems.

    Args:
        context: of the study.
        columns: shape (k,): of the systems, the best single one first, which is taken where others are as good.
        values: of the aim.
    """
    sums = _sums(context.answers, columns)
    total = np.zeros((2 ** len(columns), 2))
    for fold in range(FOLDS):
        total += _judged(sums, fold, values)
    accuracy, cost = total[:, 0], total[:, 1]
    alone = values.worth * sums.score[:, :, 0].sum() - sums.cost[:, :, 0].sum()
    return SetFigures(values.worth * accuracy - cost - alone, accuracy)


def held_out_columns(
    context: StudyContext, columns: NDArray[np.int64], members: Sequence[int], values: Values
) -> NDArray[np.int64]:
    """Return the system that each item goes to within one set, shape (items,), as `set_figures` has it.

    Args:
        context: of the study.
        columns: as in `set_figures`.
        members: which of `columns` are in the set.
        values: of the aim.
    """
    sums, fold = _sums(context.answers, columns), _folds(context.answers)
    choice = np.stack([_chosen(sums, each, list(members), values) for each in range(FOLDS)])
    return np.asarray(columns[choice[fold, context.answers.domain]])


def _chosen(sums: _FoldSums, fold: int, members: list[int], values: Values) -> NDArray[np.int64]:
    """Return the member that each domain goes to on one fold, shape (domains,)."""
    rest = [each.sum(axis=0) - each[fold] for each in (sums.score, sums.cost, sums.weight)]
    score, cost = (_means(each, rest[2]) for each in rest[:2])
    if values.least_accuracy is None:
        return np.asarray(np.array(members)[(values.worth * score - cost)[:, members].argmax(axis=1)])
    needed = values.least_accuracy * float(rest[2].sum())
    choice = np.zeros(len(score), dtype=np.int64)
    for worth in _worths(score, cost):
        choice = np.array(members)[(worth * score - cost)[:, members].argmax(axis=1)]
        if rest[0][np.arange(len(choice)), choice].sum() >= needed:
            break
    return choice


@dataclass(frozen=True)
class _FoldSums:
    """Weighted sums by fold, domain and system: shape (folds, domains, k); weights of shape (folds, domains)."""

    score: NDArray[np.float64]
    cost: NDArray[np.float64]
    weight: NDArray[np.float64]


def _sums(answers: ItemAnswers, columns: NDArray[np.int64]) -> _FoldSums:
    fold, domains = _folds(answers), len(answers.domains)
    cell = fold * domains + answers.domain

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        added = np.bincount(cell, weights=values, minlength=FOLDS * domains).astype(np.float64, copy=False)
        return added.reshape(FOLDS, domains)

    def totals(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([total(answers.weight * values[:, column]) for column in columns], axis=-1)

    return _FoldSums(totals(answers.score), totals(answers.cost), total(answers.weight))


def _folds(answers: ItemAnswers) -> NDArray[np.int64]:
    """Return the fold of each item, dealt in turn within its domain, in a seeded order.

    Items that read alike stay together, or those of one block where there are at least as many blocks as folds.
    """
    if answers.alike is not None and FOLDS <= answers.different < answers.items:
        return deal_folds(answers.domain, answers.alike, _SEED, FOLDS)
    rng = np.random.default_rng(_SEED)
    if answers.blocked and answers.clusters >= FOLDS:
        return np.asarray((rng.permutation(answers.clusters) % FOLDS)[answers.cluster])
    fold = np.empty(answers.items, dtype=np.int64)
    order = rng.permutation(answers.items)
    order = order[np.argsort(answers.domain[order], kind="stable")]
    fold[order] = np.arange(answers.items) % FOLDS
    return fold


def _judged(sums: _FoldSums, fold: int, values: Values) -> NDArray[np.float64]:
    """Return the weighted sums of accuracy and cost of every set on one fold, shape (2^k, 2)."""
    rest = [each.sum(axis=0) - each[fold] for each in (sums.score, sums.cost, sums.weight)]
    score, cost = (_means(each, rest[2]) for each in rest[:2])
    test = np.stack([sums.score[fold], sums.cost[fold]], axis=-1)
    if values.least_accuracy is None:
        return _by_domain(values.worth * score - cost, test)
    both = np.concatenate([test, rest[0][..., None]], axis=-1)
    needed = values.least_accuracy * float(rest[2].sum())
    chosen = np.full((2 ** score.shape[1], 3), np.nan)
    for worth in _worths(score, cost):
        sets = _by_domain(worth * score - cost, both)
        chosen = np.where(chosen[:, 2:] >= needed, chosen, sets)
    return chosen[:, :2]


def _means(sums: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean by domain and system; the overall mean in a domain without items."""
    overall = sums.sum(axis=0) / weights.sum()
    means = np.divide(sums, weights[:, None], out=np.empty_like(sums), where=weights[:, None] > 0)
    return np.where(weights[:, None] > 0, means, overall)


def _worths(score: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rising worths of an answer, at which the choice by domain goes from the cheapest to the most accurate."""
    more = score[:, :, None] - score[:, None, :]
    dearer = cost[:, :, None] - cost[:, None, :]
    prices = dearer[(more > 1e-12) & (dearer > 0)] / more[(more > 1e-12) & (dearer > 0)]
    if not len(prices):
        return np.zeros(1)
    steps = np.quantile(prices, np.linspace(0, 1, _WORTHS)) * (1 + 1e-9)
    return np.unique(np.append(steps, 0.0))


def _by_domain(value: NDArray[np.float64], test: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum, for every set, the figures of its best system by training value in each domain.

    Args:
        value: shape (domains, k).
        test: shape (domains, k, figures).

    Returns:
        Shape (2^k, figures); 0 for the empty set.
    """
    k, figures = test.shape[1:]
    total, given, best = np.zeros((figures, 2**k)), np.zeros((figures, 2**k)), np.full(2**k, -np.inf)
    for of_domain, figures_of in zip(value, test, strict=True):
        for column in range(k):
            half, whole = 2**column, 2 ** (column + 1)
            better = best[:half] < of_domain[column]
            best[half:whole] = np.where(better, of_domain[column], best[:half])
            for number in range(figures):
                given[number, half:whole] = np.where(better, figures_of[column, number], given[number, :half])
        total += given
    return total.T
