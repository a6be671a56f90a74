"""Score a router from the answers that its members gave when they ran alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports import stats
from wattbench_reports.routing.answers.answer_matrix import AnswerMatrix, HybridAnswers
from wattbench_reports.routing.answers.item_answers import asked_sum
from wattbench_reports.stats import Interval


@dataclass(frozen=True)
class Plan:
    """Which members a router asks for each item, and its own seconds and joules."""

    rows: NDArray[np.int64]
    """Shape (items,): of the matrix."""
    members: tuple[str, ...]
    answered: NDArray[np.float64]
    """Shape (items, members): the share of the item's answers that each gives; sums to 1."""
    requests: NDArray[np.float64]
    """The same shape: how often each is asked per answer; at least `answered`."""
    router_s: NDArray[np.float64]
    """Shape (items,): the router's own, without the members that it asked; not a number where that is not known."""
    router_j: NDArray[np.float64]
    router_money: NDArray[np.float64] | None = None
    """Shape (items,): likewise; None: choosing costs nothing."""


@dataclass(frozen=True)
class Outcome:
    """The score, joules, seconds and money of a choice of members, item by item."""

    rows: NDArray[np.int64]
    """Shape (items,): of the matrix. So are the others."""
    score: NDArray[np.float64]
    energy_j: NDArray[np.float64]
    """Per request; not a number where a member's answer has no joules."""
    seconds: NDArray[np.float64]
    money: NDArray[np.float64] | None = None
    """Per request, of every member that is asked; not a number where that of one is not known. None in a run without
    any."""

    @property
    def money_per_request(self) -> float | None:
        """Return the mean money; None where that of some item is not known."""
        if self.money is None or not len(self.money) or not np.isfinite(self.money).all():
            return None
        return float(self.money.mean())

    @property
    def money_per_correct(self) -> float | None:
        """Return the money per correct answer; infinite if none is correct, None where it is not known."""
        if self.money is None or self.money_per_request is None:
            return None
        correct = float(self.score.sum())
        return float(self.money.sum()) / correct if correct > 0 else math.inf

    @property
    def accuracy(self) -> float | None:
        """Return the mean score; None without items."""
        return float(self.score.mean()) if len(self.score) else None

    @property
    def j_per_request(self) -> float | None:
        """Return the mean joules over the items with joules; None without any."""
        known = self.energy_j[np.isfinite(self.energy_j)]
        return float(known.mean()) if len(known) else None

    @property
    def j_per_correct(self) -> float | None:
        """Return the joules per correct answer, of items with joules; infinite if none is correct, None without any."""
        known = np.isfinite(self.energy_j)
        if not known.any():
            return None
        correct = float(self.score[known].sum())
        return float(self.energy_j[known].sum()) / correct if correct > 0 else math.inf

    @property
    def mean_s(self) -> float | None:
        """Return the mean seconds per request; None where some are not known."""
        return float(self.seconds.mean()) if len(self.seconds) and np.isfinite(self.seconds).all() else None

    def among(self, rows: NDArray[np.int64]) -> Outcome:
        """Return the outcome of some of its items, in the order of `rows`."""
        index = np.searchsorted(self.rows, rows)
        money = None if self.money is None else self.money[index]
        return Outcome(rows, self.score[index], self.energy_j[index], self.seconds[index], money)


def replay(matrix: AnswerMatrix, plan: Plan) -> Outcome:
    """Compute the outcome of a plan from the members' own answers in this run.

    Items for which a member that it asks gave no answer of its own are left out. Members' joules hold the idle draw
    of that member alone: what other resident members draw while they wait is not in them.
    """
    columns = matrix.columns(plan.members)
    needed = (plan.requests > 0) | (plan.answered > 0)
    answerable = np.asarray((matrix.answered[np.ix_(plan.rows, columns)] | ~needed).all(axis=1))
    rows = plan.rows[answerable]
    cells = np.ix_(rows, columns)
    answered, requests = plan.answered[answerable], plan.requests[answerable]
    return Outcome(
        rows=rows,
        score=(answered * matrix.score[cells]).sum(axis=1),
        energy_j=asked_sum(requests, matrix.energy_j[cells]) + np.nan_to_num(plan.router_j[answerable]),
        seconds=asked_sum(requests, matrix.seconds[cells]) + np.nan_to_num(plan.router_s[answerable]),
        money=None
        if matrix.money is None
        else asked_sum(requests, matrix.money[cells])
        + (0.0 if plan.router_money is None else plan.router_money[answerable]),
    )


def plan_of(hybrid: HybridAnswers, members: tuple[str, ...]) -> Plan:
    """Build the plan of the routes that a hybrid took, over the items for which it asked only these members.

    Where several members were asked for an answer, choosing was asking: those joules are the members', and nothing is
    left as the router's own.
    """
    other_systems = [index for index, name in enumerate(hybrid.names) if name not in members]
    frame = hybrid.frame
    rows, item = np.unique(frame["row"].to_numpy(), return_inverse=True)
    outside = np.bincount(item, weights=hybrid.requests[:, other_systems].sum(axis=1), minlength=len(rows)) > 0
    count = np.bincount(item, minlength=len(rows)).astype(np.float64)
    chose = hybrid.requests.sum(axis=1) <= 1

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(item, weights=values, minlength=len(rows)) / count)

    by = hybrid.answered_by
    answered, requests = np.zeros((len(rows), len(members))), np.zeros((len(rows), len(members)))
    for index, name in enumerate(members):
        if name in hybrid.names:
            code = hybrid.names.index(name)
            answered[:, index], requests[:, index] = (
                mean((by == code).astype(np.float64)),
                mean(hybrid.requests[:, code]),
            )
    bill = {
        name: mean(np.where(chose, frame[name].to_numpy(dtype=np.float64), 0.0))
        for name in ("router_s", "router_energy_j")
    }
    keep = ~outside
    return Plan(
        rows[keep], members, answered[keep], requests[keep], bill["router_s"][keep], bill["router_energy_j"][keep]
    )


def fixed(rows: NDArray[np.int64], members: tuple[str, ...], choice: NDArray[np.int64]) -> Plan:
    """Build the plan of a free router that asks one member per item (`choice`, shape (items,), of `members`)."""
    answered = np.zeros((len(rows), len(members)))
    answered[np.arange(len(rows)), choice] = 1.0
    nothing = np.zeros(len(rows))
    return Plan(rows, members, answered, answered, nothing, nothing)


def mean_interval(values: NDArray[np.float64]) -> Interval | None:
    """Return the mean of the paired differences that are known, with Student's t interval; None without any."""
    known = values[np.isfinite(values)]
    return stats.mean_interval(known, np.arange(len(known)))
