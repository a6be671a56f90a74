"""A router scored from the answers that its members gave when they ran alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.analyses.routing.answer_matrix import AnswerMatrix, HybridAnswers
from wattbench_reports.stats import CONFIDENCE, Interval


@dataclass(frozen=True)
class Plan:
    """The members that a router asks for each item, and the router's own cost."""

    rows: NDArray[np.int64]
    """Shape (items,): of the field."""
    members: tuple[str, ...]
    answered: NDArray[np.float64]
    """Shape (items, members): the share of the item's answers that each gives; sums to 1."""
    asked: NDArray[np.float64]
    """The same shape: how often each is asked per answer; at least `answered`."""
    router_s: NDArray[np.float64]
    """Shape (items,): the router's own, without the members that it asked; not a number where that is not known."""
    router_j: NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What some choice comes to, item by item."""

    rows: NDArray[np.int64]
    """Shape (items,): of the field. So are the others."""
    score: NDArray[np.float64]
    energy_j: NDArray[np.float64]
    """Per request; not a number where a member's answer has no joules."""
    seconds: NDArray[np.float64]

    @property
    def accuracy(self) -> float | None:
        """None where there are no items."""
        return float(self.score.mean()) if len(self.score) else None

    @property
    def j_per_request(self) -> float | None:
        """Over the items with joules; None without any."""
        known = self.energy_j[np.isfinite(self.energy_j)]
        return float(known.mean()) if len(known) else None

    @property
    def j_per_correct(self) -> float | None:
        """Over the items with joules; infinite where none of them is correct, None where there are no joules."""
        known = np.isfinite(self.energy_j)
        if not known.any():
            return None
        correct = float(self.score[known].sum())
        return float(self.energy_j[known].sum()) / correct if correct > 0 else math.inf

    @property
    def mean_s(self) -> float | None:
        """Seconds per request."""
        return float(self.seconds.mean()) if len(self.seconds) and np.isfinite(self.seconds).all() else None

    def quantile_s(self, share: float) -> float | None:
        """Seconds within which so large a share of the items ended."""
        known = self.seconds[np.isfinite(self.seconds)]
        return float(np.quantile(known, share)) if len(known) else None

    def among(self, rows: NDArray[np.int64]) -> Outcome:
        """Of some items alone, in the order of `rows`, which must be among its own."""
        place = np.searchsorted(self.rows, rows)
        return Outcome(rows, self.score[place], self.energy_j[place], self.seconds[place])


def replay(field: AnswerMatrix, plan: Plan) -> Outcome:
    """What the plan would have come to, by the members' own answers in this run.

    Items for which a member that it asks gave no answer of its own are left out. Members' joules hold the idle draw
    of that member alone: what other resident members draw while they wait is not in them.
    """
    columns = field.columns(plan.members)
    needed = (plan.asked > 0) | (plan.answered > 0)
    whole = np.asarray((field.answered[np.ix_(plan.rows, columns)] | ~needed).all(axis=1))
    rows = plan.rows[whole]
    cells = np.ix_(rows, columns)
    answered, asked = plan.answered[whole], plan.asked[whole]
    return Outcome(
        rows=rows,
        score=(answered * field.score[cells]).sum(axis=1),
        energy_j=_weighted(asked, field.energy_j[cells]) + _own(plan.router_j[whole]),
        seconds=_weighted(asked, field.seconds[cells]) + _own(plan.router_s[whole]),
    )


def _weighted(weights: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row sums in which a value that no weight asks for may be missing."""
    return np.asarray(np.where(weights > 0, weights * values, 0.0).sum(axis=1))


def _own(bill: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.nan_to_num(bill, nan=0.0)


def plan_of(hybrid: HybridAnswers, members: tuple[str, ...]) -> Plan:
    """The routes that a hybrid really took, over the items for which it asked none but these members.

    Where several members were asked for an answer, choosing was asking: those joules are the members', and nothing is
    left as the router's own.
    """
    strangers = [place for place, name in enumerate(hybrid.names) if name not in members]
    frame = hybrid.frame
    rows, item = np.unique(frame["row"].to_numpy(), return_inverse=True)
    outside = np.bincount(item, weights=hybrid.asked[:, strangers].sum(axis=1), minlength=len(rows)) > 0
    count = np.bincount(item, minlength=len(rows)).astype(np.float64)
    chose = hybrid.asked.sum(axis=1) <= 1

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(item, weights=values, minlength=len(rows)) / count)

    by = hybrid.answered_by
    answered, asked = np.zeros((len(rows), len(members))), np.zeros((len(rows), len(members)))
    for place, name in enumerate(members):
        if name in hybrid.names:
            code = hybrid.names.index(name)
            answered[:, place], asked[:, place] = mean((by == code).astype(np.float64)), mean(hybrid.asked[:, code])
    bill = {
        name: mean(np.where(chose, frame[name].to_numpy(dtype=np.float64), 0.0))
        for name in ("router_s", "router_energy_j")
    }
    keep = ~outside
    return Plan(rows[keep], members, answered[keep], asked[keep], bill["router_s"][keep], bill["router_energy_j"][keep])


def fixed(rows: NDArray[np.int64], members: tuple[str, ...], choice: NDArray[np.int64]) -> Plan:
    """A plan that asks one member per item (`choice`, shape (items,), of `members`), by a router that needs nothing."""
    answered = np.zeros((len(rows), len(members)))
    answered[np.arange(len(rows)), choice] = 1.0
    nothing = np.zeros(len(rows))
    return Plan(rows, members, answered, answered, nothing, nothing)


def mean_interval(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval | None:
    """The mean of paired differences in joules or seconds with Student's t interval; None without any value.

    Source: Student, "The probable error of a mean", Biometrika 6 (1908). One value bounds nothing.
    """
    from scipy.special import stdtrit

    known = values[np.isfinite(values)]
    if not len(known):
        return None
    mean = float(known.mean())
    if len(known) < 2:
        return Interval(mean, -math.inf, math.inf)
    half = float(stdtrit(len(known) - 1, (1 + confidence) / 2)) * float(known.std(ddof=1)) / math.sqrt(len(known))
    return Interval(mean, mean - half, mean + half)
