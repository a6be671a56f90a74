"""Compare runs as `wattbench runs compare` does; for one run, also decide which system to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench.records import RunRecords
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.data_support import DataSupport, data_support
from wattbench_reports.comparison.several_runs import of_one_run, side_by_side
from wattbench_reports.metrics.assumptions import AS_IN_SUITE, Assumptions
from wattbench_reports.routing.candidates import could_use_router
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.wording.decision import DecisionWords, decided


@dataclass(frozen=True)
class ComparedRuns:
    """A comparison, and the decision that follows from it."""

    comparison: Comparison
    decided: DecisionWords | None
    """None of several runs: what one decision requires of all is not known to be the same."""
    could_use_router: bool = False
    """Whether it is one run, in which two systems could be members of a router, and no hybrid is."""
    support: DataSupport | None = None
    """What the data can support; None without answers."""
    analysis: Analysis | None = None
    """Of a single run."""


def compare_runs(
    runs: Sequence[RunRecords], *, across: Sequence[str] = (), assumptions: Assumptions = AS_IN_SUITE
) -> ComparedRuns:
    """Compare the systems of one finished run or several. For a single run, also decide which system to run.

    The arguments and errors are those of `wattbench_reports.comparison.several_runs.side_by_side`.
    """
    headers = [header_record(run) for run in runs]
    if len(runs) != 1:
        several = side_by_side(runs, across=across, assumptions=assumptions)
        return ComparedRuns(several, None, support=data_support(several, headers))
    comparison, analysis = of_one_run(runs[0], across=across, assumptions=assumptions)
    return ComparedRuns(
        comparison,
        decided(analysis.measured, analysis.paid, analysis.weighed, analysis.comparison),
        could_use_router(analysis.measured, analysis.paid, analysis.weighed),
        data_support(comparison, headers),
        analysis,
    )
