"""Compute everything that the report shows on routing, once per run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wattbench_reports.analyses.hybrids.answer_matrix import AnswerMatrix, hybrid_answers, matrix_of
from wattbench_reports.analyses.hybrids.counterfactuals import (
    Choice,
    OtherChoices,
    always_each,
    choices_of,
    plan_of_file,
)
from wattbench_reports.analyses.hybrids.frontier import Frontier, Quality, frontier_of, quality_of
from wattbench_reports.analyses.hybrids.hybrid_and_members import Bench, bench_of, without_joules
from wattbench_reports.analyses.hybrids.misroutes import Misroutes, misroutes_of
from wattbench_reports.analyses.hybrids.replay import Outcome, replay
from wattbench_reports.analyses.hybrids.replay_check import ReplayCheck, check_of
from wattbench_reports.analyses.hybrids.resident_idle import Resident, resident_of
from wattbench_reports.analyses.hybrids.routing_summary import Routing, routing_of
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.tables.routes import OfflineRouter


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


def studies(analysis: Analysis) -> Studies | None:
    """Analyse the hybrids of a run and the routers of a file; None without either.

    Raises:
        UserError: the table of items is damaged.
    """
    recorded = analysis.frames.run.systems()
    if not analysis.offline_routers and not any(row.members for row in recorded.values()):
        return None
    matrix = matrix_of(analysis)
    hybrids = hybrid_answers(analysis, matrix)
    if not hybrids and not analysis.offline_routers:
        return None
    windows = analysis.frames.window_rows
    hybrid_studies = []
    for hybrid in hybrids:
        bench = bench_of(analysis, matrix, hybrid)
        chosen = choices_of(analysis, bench)
        hybrid_studies.append(
            Study(
                routing=routing_of(analysis, bench),
                bench=bench,
                misroutes=misroutes_of(bench),
                other=chosen,
                check=check_of(bench),
                resident=resident_of(analysis, bench, windows),
                frontier=frontier_of(analysis, bench, chosen.listed),
                always=always_each(bench) if analysis.priced is not None else (),
            )
        )
    return Studies(
        tuple(hybrid_studies),
        quality_of([each.frontier for each in hybrid_studies]),
        tuple(_offline(analysis, matrix, router) for router in analysis.offline_routers),
    )


def _offline(analysis: Analysis, matrix: AnswerMatrix, router: OfflineRouter) -> Offline:
    reason = analysis.why_joules_not_comparable(*router.members)
    rows = np.arange(len(matrix.domain))
    outcome = replay(without_joules(matrix) if reason else matrix, plan_of_file(router, rows))
    return Offline(router, outcome, reason)
