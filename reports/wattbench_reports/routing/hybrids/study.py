"""Compute everything that the report shows on routing, once per run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattbench.records import WindowRow
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.routing.answers.answer_matrix import AnswerMatrix, hybrid_answers, matrix_of
from wattbench_reports.routing.hybrids.frontier import Frontier, Quality, frontier_of, quality_of
from wattbench_reports.routing.hybrids.hybrid_and_members import Bench, bench_of, without_joules
from wattbench_reports.routing.hybrids.misroutes import Misroutes, misroutes_of
from wattbench_reports.routing.hybrids.other_choices import (
    Choice,
    OtherChoices,
    always_each,
    choices_of,
    plan_of_file,
)
from wattbench_reports.routing.hybrids.replay import Outcome, mean_interval, replay
from wattbench_reports.routing.hybrids.routing_summary import Routing, routing_of
from wattbench_reports.routing.resident_draw import loaded_idle
from wattbench_reports.stats import Interval, mean_difference
from wattbench_reports.tables.routes import OfflineRouter


@dataclass(frozen=True)
class ReplayCheck:
    """The live hybrid against the replay of its routes, over the same items."""

    live: Outcome
    replayed: Outcome
    of: int
    """Items of the hybrid's: those that are not in the check asked a member that is not in the run."""
    accuracy: Interval
    """Live - replayed, -1 to 1."""
    energy_j: Interval | None
    """Live - replayed, per request; None where joules are not compared."""
    same_score: float
    """The share of items with the same score, live and replayed."""

    @property
    def accuracy_agrees(self) -> bool:
        """Return whether the interval of the difference in accuracy contains 0."""
        return self.accuracy.low <= 0 <= self.accuracy.high

    @property
    def energy_agrees(self) -> bool | None:
        """Return whether the interval of the difference in joules contains 0; None without joules."""
        return None if self.energy_j is None else self.energy_j.low <= 0 <= self.energy_j.high


@dataclass(frozen=True)
class Study:
    """The analyses of one hybrid."""

    routing: Routing
    bench: Bench
    misroutes: Misroutes
    other: OtherChoices
    check: ReplayCheck | None
    resident: Resident | None
    frontier: Frontier
    always: tuple[Choice, ...] = ()
    """Of asking always one member, those that are not among `choices`."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Return the hybrid and every other choice."""
        return self.other.listed


@dataclass(frozen=True)
class Offline:
    """A router from a file, replayed over the run."""

    router: OfflineRouter
    outcome: Outcome
    no_joules: str


@dataclass(frozen=True)
class Studies:
    """The analyses of all hybrids and router files of a run."""

    hybrids: tuple[Study, ...]
    quality: Quality | None
    offline: tuple[Offline, ...]


def studies(measured: Measured, paid: Paid, weighed: Weighed) -> Studies | None:
    """Analyse the hybrids of a run and the routers of a file; None without either.

    Raises:
        UserError: the table of items is damaged.
    """
    recorded = measured.frames.run.systems()
    if not weighed.offline_routers and not any(row.members for row in recorded.values()):
        return None
    matrix = matrix_of(measured, paid)
    hybrids = hybrid_answers(measured, matrix)
    if not hybrids and not weighed.offline_routers:
        return None
    windows = measured.frames.window_rows
    hybrid_studies = []
    for hybrid in hybrids:
        bench = bench_of(measured, paid, matrix, hybrid)
        chosen = choices_of(measured, weighed, bench)
        hybrid_studies.append(
            Study(
                routing=routing_of(measured, bench, chosen.listed),
                bench=bench,
                misroutes=misroutes_of(bench),
                other=chosen,
                check=check_of(bench),
                resident=resident_of(measured, bench, windows),
                frontier=frontier_of(measured, bench, chosen.listed),
                always=always_each(bench) if paid.figures is not None else (),
            )
        )
    return Studies(
        tuple(hybrid_studies),
        quality_of([each.frontier for each in hybrid_studies]),
        tuple(_offline(measured, matrix, router) for router in weighed.offline_routers),
    )


def _offline(measured: Measured, matrix: AnswerMatrix, router: OfflineRouter) -> Offline:
    reason = measured.why_joules_not_comparable(*router.members)
    rows = np.arange(len(matrix.domain))
    outcome = replay(without_joules(matrix) if reason else matrix, plan_of_file(router, rows))
    return Offline(router, outcome, reason)


def check_of(bench: Bench) -> ReplayCheck | None:
    """Compare live and replayed results; None where no item can be replayed."""
    replayed = bench.replayed
    live = bench.live.among(replayed.rows)
    accuracy = mean_difference(live.score, replayed.score)
    if accuracy is None:
        return None
    return ReplayCheck(
        live=live,
        replayed=replayed,
        of=len(np.unique(bench.hybrid.frame["row"])),
        accuracy=accuracy,
        energy_j=mean_interval(live.energy_j - replayed.energy_j),
        same_score=float((np.abs(live.score - replayed.score) < 1e-9).mean()),
    )


@dataclass(frozen=True)
class Resident:
    """Idle watts of a hybrid, and of its members, each loaded alone."""

    hybrid_w: float
    alone_w: dict[str, float]
    """Of the members in the run."""
    answering_w: float
    """Their mean, each by its share of the hybrid's answers."""
    j_per_request: float
    """The rest of the hybrid's idle watts, over the time that its requests took. Below 0 where the idle window of a
    member happened to draw more."""

    @property
    def others_w(self) -> float:
        """Return the idle watts of the hybrid beyond the member that answers."""
        return self.hybrid_w - self.answering_w


def resident_of(measured: Measured, bench: Bench, windows: Sequence[WindowRow]) -> Resident | None:
    """Compute the idle watts of a hybrid and its resident members.

    None where joules are not compared, or some idle was not measured alone.
    """
    plan = measured.frames.run.block_plan()
    if plan is not None and plan.resident == "all":  # every idle window had all systems of the suite loaded
        return None
    if bench.no_joules or len(bench.present) < len(bench.members):
        return None
    names = (bench.hybrid.system, *bench.present)
    idles = {name: each for name in names if (each := loaded_idle(name, windows)) is not None}
    if len(idles) < len(names) or len({each.parts for each in idles.values()}) != 1:
        return None
    watts = {name: each.watts for name, each in idles.items()}
    by = bench.hybrid.answered_by
    shares = np.bincount(by, minlength=len(bench.hybrid.names)) / len(by)
    answering = sum(share * watts[name] for name, share in zip(bench.hybrid.names, shares, strict=True))
    metered = measured.table.metered[:, measured.table.column(bench.hybrid.system)].sum()
    hybrid_w = watts.pop(bench.hybrid.system)
    seconds = idles[bench.hybrid.system].seconds
    return Resident(hybrid_w, watts, answering, (hybrid_w - answering) * seconds / float(metered))
