"""Evaluate other choices of members on the same items, and what the hybrid loses against each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.routing.answers.answer_matrix import AnswerMatrix, half_of
from wattbench_reports.routing.answers.item_answers import asked_sum, best_of_item
from wattbench_reports.routing.hybrids.hybrid_and_members import Bench, best_of_domain, most_accurate, without_joules
from wattbench_reports.routing.hybrids.replay import Outcome, Plan, fixed, mean_interval, replay
from wattbench_reports.stats import Interval, mean_difference
from wattbench_reports.stats.budgets import SEED, SHUFFLED_ROUTER
from wattbench_reports.tables.routes import OfflineRouter


@dataclass(frozen=True)
class Choice:
    """One way to choose, over the items that a hybrid and its members answered."""

    kind: str
    """``live``, ``replayed``, ``domain`` or ``item`` (oracles), ``single``, ``chance``, ``shuffled``,
    ``file``; and ``always`` for a member that is not the best single one, of `always_each`."""
    name: str
    """For ``single`` and ``always``: the member. For ``file``: the router. Else empty."""
    outcome: Outcome
    better: Interval | None
    """Accuracy of this - the hybrid, -1 to 1: what the hybrid loses by its routes. None for the hybrid itself."""
    saved_j: Interval | None
    """Joules per request of the hybrid - this; None for the hybrid itself, and without joules."""
    p: float | None = None
    """For ``shuffled``: how often a shuffling does as well as the hybrid."""
    saved_money: Interval | None = None
    """Money per request of the hybrid - this; None for the hybrid itself, and where money is not known."""
    draws: int = 0
    """For ``shuffled``: how many shufflings; for ``item``: 2 where it was judged by repeats it was not chosen by."""


@dataclass(frozen=True)
class OtherChoices:
    """The hybrid and other choices, without an oracle that another choice exceeds."""

    listed: tuple[Choice, ...]
    why_no_item_oracle: str = ""
    """Why the oracle by item is not listed though all members are in the run, as a clause; empty otherwise."""


def choices_of(measured: Measured, weighed: Weighed, bench: Bench) -> OtherChoices:
    """List the hybrid as it ran and replayed, and every other choice; only the former where no member is in the run.

    Oracles and the best or a random member are listed only if all members are in the run: those of some of the
    members bound nothing, and the hybrid itself may be above them.
    """
    if not len(bench.rows):
        return OtherChoices(())
    choices = [Choice("live", "", bench.live, None, None)]
    if not bench.present:
        return OtherChoices((*choices, *_from_files(measured, weighed, bench)))
    if len(bench.replayed.rows):
        choices.append(Choice("replayed", "", bench.replayed, None, None))
    others = [*_shuffled(bench), *_from_files(measured, weighed, bench)]
    if bench.missing:
        return OtherChoices((*choices, *others))
    by_domain = _against(bench, "domain", "", _planned(bench, best_of_domain(bench)))
    rest = [_single(bench), _against(bench, "chance", "", _chance(bench)), *others]
    oracle = item_oracle(measured, bench)
    above = _above_oracle(weighed, bench, oracle, [*choices, by_domain, *rest])
    return OtherChoices((*choices, by_domain, *([] if above else [oracle]), *rest), why_no_item_oracle=above)


def _above_oracle(weighed: Weighed, bench: Bench, oracle: Choice, others: Iterable[Choice]) -> str:
    """Say why an oracle is no bound, if another choice among the same members is more accurate; empty if none is."""
    among = {router.name for router in weighed.offline_routers if set(router.members) <= set(bench.present)}
    for other in others:
        if other.kind == "file" and other.name not in among:
            continue
        best, judged = _shared(oracle.outcome, other.outcome)
        if not len(best.rows):
            continue
        difference = (best.score - judged.score).mean()
        if difference < -1e-9:
            return (
                "judged by repeats that it was not chosen by, it is less accurate than another choice of the same "
                "members: their answers vary too much from repeat to repeat"
                if oracle.draws
                else "as it ran, the hybrid is more accurate, so its answers were not its members' recorded ones"
            )
    return ""


def _shuffled(bench: Bench) -> Iterable[Choice]:
    """Yield the choice that shuffles the hybrid's routes among its items, where all of them can be replayed."""
    if bench.fully_replayable and len(bench.present) > 1:
        shuffled = shuffled_router(bench.matrix, bench.plan)
        yield replace(_against(bench, "shuffled", "", shuffled.outcome), p=shuffled.p_value, draws=shuffled.shufflings)


def _shared(first: Outcome, second: Outcome) -> tuple[Outcome, Outcome]:
    """Return two outcomes limited to the items that both have."""
    if np.array_equal(first.rows, second.rows):
        return first, second
    rows = np.intersect1d(first.rows, second.rows)
    return first.among(rows), second.among(rows)


def _against(bench: Bench, kind: str, name: str, outcome: Outcome) -> Choice:
    """Compare a choice with the hybrid by paired differences over the items that both have."""
    hybrid, other = _shared(bench.base, outcome)
    saved = None
    if hybrid.money is not None and other.money is not None and np.isfinite(hybrid.money - other.money).all():
        saved = mean_interval(hybrid.money - other.money)
    return Choice(
        kind,
        name,
        outcome,
        mean_difference(other.score, hybrid.score),
        mean_interval(hybrid.energy_j - other.energy_j),
        saved_money=saved,
    )


def always_each(bench: Bench) -> tuple[Choice, ...]:
    """List the choices of always asking one member, for each member but the best, which `choices_of` has."""
    if not len(bench.rows) or not bench.present:
        return ()
    best = None if bench.missing else most_accurate(bench.scores)
    return tuple(
        _against(bench, "always", name, _planned(bench, np.full(len(bench.rows), column)))
        for column, name in enumerate(bench.present)
        if column != best
    )


def _planned(bench: Bench, choice: NDArray[np.int64]) -> Outcome:
    return replay(bench.matrix, fixed(bench.rows, bench.present, choice))


def _single(bench: Bench) -> Choice:
    best = most_accurate(bench.scores)
    outcome = _planned(bench, np.full(len(bench.rows), best))
    return _against(bench, "single", bench.present[best], outcome)


def _chance(bench: Bench) -> Outcome:
    share = np.full((len(bench.rows), len(bench.present)), 1 / len(bench.present))
    nothing = np.zeros(len(bench.rows))
    return replay(bench.matrix, Plan(bench.rows, bench.present, share, share, nothing, nothing))


def item_oracle(measured: Measured, bench: Bench) -> Choice:
    """Choose the best member of each item by half of the repeats and judge it on the others, both ways.

    Without repeats choose and judge by the same answers.
    """
    cells = np.ix_(bench.rows, bench.matrix.columns(bench.present))
    if not (measured.frames.items["repeat"] > 0).any():
        choice = best_of_item(bench.matrix.score[cells], bench.matrix.energy_j[cells])
        return _against(bench, "item", "", _planned(bench, choice))
    halves = [half_of(measured, bench.matrix, half) for half in (0, 1)]
    scores = [score[cells] for score, _ in halves]
    energy = [np.full(joules[cells].shape, np.nan) if bench.no_joules else joules[cells] for _, joules in halves]
    both = np.asarray(np.isfinite(scores[0]).all(axis=1) & np.isfinite(scores[1]).all(axis=1))
    if not both.any():
        choice = best_of_item(bench.matrix.score[cells], bench.matrix.energy_j[cells])
        return _against(bench, "item", "", _planned(bench, choice))
    picks = [best_of_item(scores[half][both], energy[half][both]) for half in (0, 1)]
    each = np.arange(int(both.sum()))
    judged = Outcome(
        rows=bench.rows[both],
        score=(scores[1][both][each, picks[0]] + scores[0][both][each, picks[1]]) / 2,
        energy_j=(energy[1][both][each, picks[0]] + energy[0][both][each, picks[1]]) / 2,
        seconds=np.full(len(each), np.nan),
        money=None if bench.matrix.money is None else _mean_money(bench, both, picks),
    )
    return replace(_against(bench, "item", "", judged), draws=2)


def _mean_money(bench: Bench, both: NDArray[np.bool_], picks: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Return the mean money per item of the members that either half of the repeats picked."""
    assert bench.matrix.money is not None
    money = bench.matrix.money[np.ix_(bench.rows, bench.matrix.columns(bench.present))][both]
    each = np.arange(len(money))
    return np.asarray((money[each, picks[0]] + money[each, picks[1]]) / 2)


def _from_files(measured: Measured, weighed: Weighed, bench: Bench) -> Iterable[Choice]:
    for router in weighed.offline_routers:
        yield _against(bench, "file", router.name, offline(measured, bench, router))


def offline(measured: Measured, bench: Bench, router: OfflineRouter) -> Outcome:
    """Replay a router of the user over the hybrid's items that its own members answered too."""
    systems = (bench.hybrid.system, *bench.present, *router.members)
    matrix = bench.matrix if measured.joules_comparable(*systems) else without_joules(bench.matrix)
    return replay(matrix, plan_of_file(router, bench.rows))


def plan_of_file(router: OfflineRouter, rows: NDArray[np.int64]) -> Plan:
    """Return the plan of a file's router over those of some items that it has routes for."""
    rows = rows[router.chain_of[rows] >= 0]
    requests, answered = router.requests_of(router.members)
    code = router.chain_of[rows]
    return Plan(rows, router.members, answered[code], requests[code], router.router_s[rows], router.router_j[rows])


@dataclass(frozen=True)
class Shuffled:
    """The hybrid's routes, randomly permuted among its items."""

    outcome: Outcome
    """The expected value over shufflings, item by item: exact, not simulated."""
    p_value: float
    """The share of shufflings whose accuracy is at least the hybrid's own, which counts as one of them."""
    shufflings: int


def shuffled_router(matrix: AnswerMatrix, plan: Plan) -> Shuffled:
    """Permute the routes of a plan among its items.

    Args:
        matrix: in which all members answered all items of the plan.
        plan: the hybrid's own routes.

    Source: P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses" (2005), ch. 3.
    """
    cells = np.ix_(plan.rows, matrix.columns(plan.members))
    score, items, shares = matrix.score[cells], len(plan.rows), plan.requests.mean(axis=0)
    expected = Outcome(
        rows=plan.rows,
        score=score @ plan.answered.mean(axis=0),
        energy_j=asked_sum(shares, matrix.energy_j[cells]) + np.nan_to_num(plan.router_j).mean(),
        seconds=asked_sum(shares, matrix.seconds[cells]) + np.nan_to_num(plan.router_s).mean(),
        money=None
        if matrix.money is None
        else asked_sum(shares, matrix.money[cells]) + (0.0 if plan.router_money is None else plan.router_money.mean()),
    )
    routes, code = _routes(plan.answered)
    small = code.astype(np.min_scalar_type(max(len(routes) - 1, 1)))
    worth = (score @ routes.T).ravel()
    start = np.arange(items) * len(routes)
    observed = float(worth[start + small].sum())
    times = SHUFFLED_ROUTER.count(items)
    rng = np.random.default_rng(SEED)
    sums = np.array([worth[start + rng.permutation(small)].sum() for _ in range(times)])
    at_least = int((sums >= observed - 1e-9).sum())
    return Shuffled(expected, (1 + at_least) / (1 + times), times)


def _routes(answered: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distinct routes, and the index of each item's route."""
    if (answered.max(axis=1) == 1.0).all():  # one member each, as ever without repeats: nothing to sort
        return np.eye(answered.shape[1]), answered.argmax(axis=1)
    routes, code = np.unique(answered, axis=0, return_inverse=True)
    return routes, code.ravel()
