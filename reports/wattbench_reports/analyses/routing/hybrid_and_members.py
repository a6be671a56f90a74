"""What a hybrid is set against: the items that its members answered too, and whether their joules may be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.analyses.routing.answer_matrix import AnswerMatrix, HybridAnswers
from wattbench_reports.analyses.routing.replay import Outcome, Plan, plan_of, replay
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.tables.suite_record import SystemSettings


@dataclass(frozen=True)
class Bench:
    """One hybrid beside its members, each as a system of its own in this run."""

    hybrid: HybridAnswers
    members: tuple[str, ...]
    """Those that it can send an item to."""
    present: tuple[str, ...]
    """Of them, those that are in this run as systems of their own."""
    field: AnswerMatrix
    """Without joules where those may not be compared."""
    rows: NDArray[np.int64]
    """Shape (items,): what the hybrid and all of `present` answered; rows of the field."""
    live: Outcome
    """What the hybrid really came to, over `rows`."""
    plan: Plan
    """Its own routes, over those of `rows` for which it asked members in `present` alone."""
    replayed: Outcome
    no_joules: str
    """Why no joules are compared, as a clause; empty where they are."""

    @property
    def whole(self) -> bool:
        """Whether every item can be replayed."""
        return len(self.replayed.rows) == len(self.rows)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Shape (items, members in the run): their own, over `rows`."""
        return np.asarray(self.field.score[np.ix_(self.rows, self.field.columns(self.present))])

    @property
    def base(self) -> Outcome:
        """The hybrid as others are set against it: replayed, so that both rest on the same answers, where all of it
        can be; else as it ran."""
        return self.replayed if self.whole else self.live


def bench_of(analysis: Analysis, field: AnswerMatrix, hybrid: HybridAnswers) -> Bench:
    """Set a hybrid beside its members."""
    members = members_of(analysis, hybrid)
    present = tuple(name for name in members if name in analysis.frames.systems)
    reason = analysis.why_joules_not_comparable(hybrid.system, *present)
    if reason:
        field = without_joules(field)
    columns = field.columns((hybrid.system, *present))
    rows = np.flatnonzero(field.answered[:, columns].all(axis=1) & _routed(field, hybrid))
    own = columns[0]
    live = Outcome(rows, field.score[rows, own], field.energy_j[rows, own], field.seconds[rows, own])
    plan = _within(plan_of(hybrid, present), rows)
    return Bench(hybrid, members, present, field, rows, live, plan, replay(field, plan), reason)


def best_of_domain(bench: Bench) -> NDArray[np.int64]:
    """Return the most accurate member of each item's domain, of `bench.present`; shape (items,)."""
    domains = bench.field.domain[bench.rows]
    choice = np.zeros(len(bench.rows), dtype=np.int64)
    for domain in np.unique(domains):
        own = domains == domain
        choice[own] = most_accurate(bench.scores[own])
    return choice


def most_accurate(scores: NDArray[np.float64]) -> int:
    """Return the column with the highest mean score; of equal ones the first, as in every ranking.

    Args:
        scores: shape (items, members).
    """
    return int(scores.mean(axis=0).argmax())


def _routed(field: AnswerMatrix, hybrid: HybridAnswers) -> NDArray[np.bool_]:
    """Items of which at least one answer's route is on record."""
    routed = np.zeros(len(field.domain), dtype=bool)
    routed[hybrid.frame["row"].to_numpy()] = True
    return routed


def _within(plan: Plan, rows: NDArray[np.int64]) -> Plan:
    keep = np.isin(plan.rows, rows)
    arrays = ("rows", "answered", "asked", "router_s", "router_j")
    return replace(plan, **{name: getattr(plan, name)[keep] for name in arrays})


def members_of(analysis: Analysis, hybrid: HybridAnswers) -> tuple[str, ...]:
    """Whom it can send an item to: of what it keeps loaded, a router's reader is not one of them."""
    declared = analysis.frames.record.suite.systems.get(hybrid.system, SystemSettings()).members
    loaded = analysis.frames.run.systems()[hybrid.system].members
    named = loaded if declared is None else list(declared.values())
    return tuple(dict.fromkeys([*named, *hybrid.names]))


def without_joules(field: AnswerMatrix) -> AnswerMatrix:
    """The same answers, with no joules on record."""
    return replace(field, energy_j=np.full_like(field.energy_j, np.nan))
