"""Pair a hybrid with its members: the items that all answered, and whether their joules may be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.routing.answers.answer_matrix import AnswerMatrix, HybridAnswers
from wattbench_reports.routing.hybrids.replay import Outcome, Plan, plan_of, replay
from wattbench_reports.tables.suite_record import SystemSettings


@dataclass(frozen=True)
class Bench:
    """One hybrid and those of its members that are systems of their own in this run."""

    hybrid: HybridAnswers
    members: tuple[str, ...]
    """Those that it can send an item to."""
    present: tuple[str, ...]
    """Of them, those that are in this run as systems of their own."""
    matrix: AnswerMatrix
    """Without joules where those may not be compared."""
    rows: NDArray[np.int64]
    """Shape (items,): what the hybrid and all of `present` answered; rows of the matrix."""
    live: Outcome
    """The hybrid as it ran, over `rows`."""
    plan: Plan
    """Its own routes, over those of `rows` for which it asked members in `present` alone."""
    replayed: Outcome
    no_joules: str
    """Why no joules are compared, as a clause; empty where they are."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the members that are not in this run as systems of their own: their answers are not known.

        With any, the others' answers bound nothing: neither an oracle nor the best member of them is that of all.
        """
        return tuple(name for name in self.members if name not in self.present)

    @property
    def fully_replayable(self) -> bool:
        """Return whether every item can be replayed."""
        return len(self.replayed.rows) == len(self.rows)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Return the members' own scores over `rows`, shape (items, members in the run)."""
        return np.asarray(self.matrix.score[np.ix_(self.rows, self.matrix.columns(self.present))])

    @property
    def base(self) -> Outcome:
        """Return the hybrid for comparisons: replayed if all of it can be, else as it ran.

        Replayed, both rest on the same answers.
        """
        return self.replayed if self.fully_replayable else self.live


def bench_of(measured: Measured, paid: Paid, matrix: AnswerMatrix, hybrid: HybridAnswers) -> Bench:
    """Pair a hybrid with its members."""
    members = members_of(measured, hybrid)
    present = tuple(name for name in members if name in measured.frames.systems)
    reason = measured.why_joules_not_comparable(hybrid.system, *present)
    if reason:
        matrix = without_joules(matrix)
    columns = matrix.columns((hybrid.system, *present))
    rows = np.flatnonzero(matrix.answered[:, columns].all(axis=1) & _routed(matrix, hybrid))
    hybrid_column = columns[0]
    live = Outcome(
        rows,
        matrix.score[rows, hybrid_column],
        matrix.energy_j[rows, hybrid_column],
        matrix.seconds[rows, hybrid_column],
        None if matrix.money is None else matrix.money[rows, hybrid_column],
    )
    plan = _within(_with_own_money(measured, paid, hybrid, plan_of(hybrid, present)), rows)
    return Bench(hybrid, members, present, matrix, rows, live, plan, replay(matrix, plan), reason)


def best_of_domain(bench: Bench) -> NDArray[np.int64]:
    """Return the most accurate member of each item's domain, of `bench.present`; shape (items,)."""
    domains = bench.matrix.domain[bench.rows]
    choice = np.zeros(len(bench.rows), dtype=np.int64)
    for domain in np.unique(domains):
        of_domain = domains == domain
        choice[of_domain] = most_accurate(bench.scores[of_domain])
    return choice


def most_accurate(scores: NDArray[np.float64]) -> int:
    """Return the column with the highest mean score; of equal ones the first, as in every ranking.

    Args:
        scores: shape (items, members).
    """
    return int(scores.mean(axis=0).argmax())


def _routed(matrix: AnswerMatrix, hybrid: HybridAnswers) -> NDArray[np.bool_]:
    """Return whether the route of at least one answer to each item is on record."""
    routed = np.zeros(len(matrix.domain), dtype=bool)
    routed[hybrid.frame["row"].to_numpy()] = True
    return routed


def _with_own_money(measured: Measured, paid: Paid, hybrid: HybridAnswers, plan: Plan) -> Plan:
    """Return the plan with the money of routing, item by item.

    It is not known, and not a number, where the hybrid pays for its tokens or hours itself, or its router asks a model:
    what those are in another mix of members is not on record.
    """
    if paid.tariff is None:
        return plan
    name = hybrid.system
    settings = measured.frames.record.suite.systems.get(name, SystemSettings())
    price = paid.prices.by_system.get(name)
    by_answer = price is not None and (price.by_token or price.by_time)
    if by_answer or settings.reader is not None:
        return replace(plan, router_money=np.full(len(plan.rows), np.nan))
    per_joule = float(paid.tariff.per_joule[measured.frames.systems.index(name)])
    per_request = 0.0 if price is None or price.per_request is None else price.per_request
    return replace(plan, router_money=per_request + per_joule * np.nan_to_num(plan.router_j))


def _within(plan: Plan, rows: NDArray[np.int64]) -> Plan:
    keep = np.isin(plan.rows, rows)
    arrays = ["rows", "answered", "requests", "router_s", "router_j"]
    arrays += [] if plan.router_money is None else ["router_money"]
    return replace(plan, **{name: getattr(plan, name)[keep] for name in arrays})


def members_of(measured: Measured, hybrid: HybridAnswers) -> tuple[str, ...]:
    """Return the systems that a hybrid can send an item to, without a model that only its router reads with."""
    declared = measured.frames.record.suite.systems.get(hybrid.system, SystemSettings()).members
    loaded = measured.frames.run.systems()[hybrid.system].members
    named = loaded if declared is None else list(declared.values())
    return tuple(dict.fromkeys([*named, *hybrid.names]))


def without_joules(matrix: AnswerMatrix) -> AnswerMatrix:
    """Return the same answers without joules."""
    return replace(matrix, energy_j=np.full_like(matrix.energy_j, np.nan))
