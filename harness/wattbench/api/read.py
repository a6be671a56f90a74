"""`wattbench.read`: a finished run as data frames, a comparison or a report."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import pandas as pd

from wattbench.api.assumptions import AssumptionOptions, assumptions_of
from wattbench.api.compare import Comparison, compare, decision_of
from wattbench.api.labelling.label_table import label_columns, label_table
from wattbench.api.labelling.sheet import read_sheet
from wattbench.api.plot import RunPlot
from wattbench.api.route import route_run
from wattbench.api.run_folder import find_run
from wattbench.api.shown import lines_of, names_of_systems
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.export.frames import (
    calls_frame,
    dropped_frame,
    items_frame,
    judged_frame,
    machines_frame,
    systems_frame,
    windows_frame,
)
from wattbench_reports.export.frames.chosen_columns import with_columns
from wattbench_reports.export.frames.power_frame import power_frame
from wattbench_reports.export.frames.systems_frame import figures_frame
from wattbench_reports.html import write_report
from wattbench_reports.metrics.assumptions import AS_IN_SUITE
from wattbench_reports.tables.run_tables import check_finished

if TYPE_CHECKING:
    from wattbench.api.compare import RunDecision
    from wattbench.api.route import RouteOptions, RunRouting
    from wattbench.records import RunRecords
    from wattbench_reports.comparison.analysis import Analysis
    from wattbench_reports.export.frames.chosen_columns import Columns
    from wattbench_reports.metrics.assumptions import Assumptions


def read(run: str | os.PathLike[str]) -> Run:
    """Open a finished run.

    Args:
        run: its directory, or a folder of runs, of which the newest finished one is read.

    Raises:
        UserError: it is not the directory of a run, is not finished, is damaged, or is from a newer wattbench.
    """
    records = read_run(find_run(run))
    check_finished(records)
    return Run(records)


class Run:
    """A finished run. It can be passed wherever a run's directory can."""

    def __init__(self, records: RunRecords) -> None:
        self.records = records
        """The run as the reports know it. Its form may change without notice."""
        self._first: Analysis | None = None

    @property
    def path(self) -> Path:
        """The run's directory."""
        return self.records.layout.root

    @property
    def name(self) -> str:
        """The run's identity: ``<UTC>-<suite>-<id>``."""
        return self.records.header.run

    @cached_property
    def analysis(self) -> Analysis:
        """The run's figures with all that they were computed from. Its form may change without notice."""
        return self._analysed(AS_IN_SUITE)

    @cached_property
    def _shown(self) -> RunDecision:
        """The decision that a notebook shows."""
        analysis = self.analysis
        return decision_of(analysis.measured, analysis.paid, analysis.weighed, analysis.comparison)

    def _analysed(self, assumptions: Assumptions) -> Analysis:
        """Analyse the run under some assumptions, and keep what is read of the record for the next time."""
        if self._first is not None:
            return self._first.under(assumptions)
        self._first = analyse(self.records, assumptions)
        return self._first

    def systems(self, columns: Columns = None) -> pd.DataFrame:
        """Return the figures: one row per system over all items, then one per system and domain.

        Args:
            columns: ``"all"`` (74), or names in the order wanted. Without: `system`, `kind`, `domain`, `items`,
                `accuracy`, `accuracy_low`, `accuracy_high`, `latency_p50_s`, `latency_p95_s`, `energy_j_per_request`,
                `j_per_correct` and `energy_provenance`.

        Raises:
            UserError: the record is damaged, or there is no such column. So for the other frames.
        """
        whole = figures_frame(
            self.analysis.measured, self.analysis.paid, self.analysis.emitted, self.analysis.comparison
        )
        return with_columns(whole, systems_frame.FIRST, columns)

    def items(self, columns: Columns = None) -> pd.DataFrame:
        """Return one row per answer: its score, seconds, joules and texts.

        Args:
            columns: ``"all"`` (35), or names in the order wanted. Without: `system`, `task`, `item`, `score`,
                `seconds`, `joules`, `energy_provenance`, `output_tokens`, `failure`, `prompt`, `answer` and `target`.
        """
        whole = items_frame.items_frame(self.analysis.measured, self.analysis.paid)
        return with_columns(whole, items_frame.FIRST, columns)

    def windows(self, columns: Columns = None) -> pd.DataFrame:
        """Return one row per window in which meters counted joules, and whether they can be believed.

        Args:
            columns: ``"all"`` (28), or names in the order wanted. Without: `system`, `task`, `window`, `purpose`,
                `block`, `started_s`, `finished_s`, `total_j`, `above_idle_j`, `provenance_label`, `valid` and
                `reasons`.
        """
        return with_columns(windows_frame.windows_frame(self.analysis.measured), windows_frame.FIRST, columns)

    def calls(self, columns: Columns = None) -> pd.DataFrame:
        """Return one row per model call of an agent, with its tokens and joules; none of a run without agents.

        Args:
            columns: ``"all"`` (32), or names in the order wanted. Without: `system`, `task`, `item`, `repeat`, `step`,
                `seconds`, `first_byte_seconds`, `prompt_tokens`, `cached_tokens`, `output_tokens`, `joules` and
                `error`.
        """
        return with_columns(calls_frame.calls_frame(self.analysis.measured), calls_frame.FIRST, columns)

    def machines(self, columns: Columns = None) -> pd.DataFrame:
        """Return one row per machine that measured the run, and how it compares with the others of its class.

        Args:
            columns: ``"all"`` (21), or names in the order wanted. Without: `node`, `device`, `driver`, `power_limit`,
                `meter`, `blocks`, `answers`, `seconds_relative`, `joules_relative`, `temperature_c`, `hotter_c` and
                `flags`.
        """
        return with_columns(machines_frame.machines_frame(self.analysis.measured), machines_frame.FIRST, columns)

    def dropped(self, columns: Columns = None) -> pd.DataFrame:
        """Return one row per system that was not asked to the end, with its figures when it was dropped, and why.

        Args:
            columns: ``"all"`` (18), or names in the order wanted. Without: `system`, `after_blocks`, `items`,
                `accuracy` and `cost_per_request` with their bounds, `unit` and `why`.
        """
        return with_columns(dropped_frame.dropped_frame(self.analysis.comparison), dropped_frame.FIRST, columns)

    def labels(self) -> pd.DataFrame:
        """Return one row per label of a person, as `wattbench.label` takes it: `task`, `doc_id`, `repeat`, `system`,
        `answer_sha256`, `score` on the scale of the task, `person`, `drawn`, `labelled_utc` and `seconds`.

        Raises:
            UserError: no judge scores a task of the run.
        """
        sheet = read_sheet(self.records)
        return pd.DataFrame(label_table(sheet, sheet.labels), columns=label_columns(sheet.labels))

    def judged(self, columns: Columns = None) -> pd.DataFrame:
        """Return one row per judged task and system: the judge's opinion, labels, and the corrected figure.

        Args:
            columns: ``"all"`` (17), or names in the order wanted. Without: `task`, `system`, `judge`, `answers`,
                `not_judged`, `judges_opinion`, `labels`, `corrected`, `corrected_low`, `corrected_high`, `counts` and
                `why_opinion`.
        """
        return with_columns(judged_frame.judged_frame(self.analysis.comparison), judged_frame.FIRST, columns)

    def power(self, system: str | None = None) -> pd.DataFrame:
        """Return one row per reading of a meter's component, with its nine columns.

        Args:
            system: only the readings of this system, which is faster for a long run.

        Raises:
            UserError: there is no such system, or a trace is damaged.
        """
        return power_frame(self.records, system)

    @cached_property
    def plot(self) -> RunPlot:
        """The figures of the run, a method each: ``run.plot.tradeoff(ax)`` draws with matplotlib."""
        return RunPlot(self.analysis)

    def compare(self, **assumptions: Unpack[AssumptionOptions]) -> Comparison:
        """Compare the run's systems; the arguments are those of `wattbench.compare`."""
        return compare([self], **assumptions)

    def decide(self, **assumptions: Unpack[AssumptionOptions]) -> RunDecision:
        """Decide which of its systems to run: ``run.decide(min_accuracy=0.8)``.

        Args:
            assumptions: those of `wattbench.compare`. Requirements and worths that are not given are those of the
                suite; without any the decision states what each further right answer costs.

        Raises:
            UserError: an argument is wrong.
        """
        analysis = self._analysed(assumptions_of(**assumptions))
        return decision_of(analysis.measured, analysis.paid, analysis.weighed, analysis.comparison)

    def route(self, routes: str | os.PathLike[str] | None = None, **options: Unpack[RouteOptions]) -> RunRouting:
        """Say whether a router in front of the run's systems is worth building: ``run.route(min_accuracy=0.8)``.

        Args:
            routes: a file of routes to judge as well, as `wattbench route --routes` takes it.
            options: `members`, `requests_per_hour`, `router_joules`, `router_seconds`, `router_cost`, `check_cost`, and
                those of `wattbench.compare`. Requirements and worths say what a router is to gain.

        Raises:
            UserError: an argument is wrong, or the file cannot be read.
        """
        return route_run(self.records, routes, **options)

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        routes: str | os.PathLike[str] | None = None,
        **assumptions: Unpack[AssumptionOptions],
    ) -> Path:
        """Write the report as one HTML page, and its figures next to it as CSV and Parquet; return the page's path.

        Args:
            path: the HTML file.
            routes: a file of routers to score from this run's answers, as `wattbench runs report --routes` takes it.
            assumptions: those of `wattbench.compare`.

        Raises:
            UserError: a file cannot be read or written, or an argument is wrong.
        """
        return write_report(self.path, Path(path), assumptions_of(routes, **assumptions))

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        try:
            advice = self._shown.advice
        except UserError:  # damaged, or figures of another tool alone: the methods that return figures say so
            return lines_of(f"run {self.name}")
        systems = [each.system for each in self.analysis.comparison.systems]
        return lines_of(f"run {self.name}", advice, names_of_systems(systems))

    def _repr_html_(self) -> str | None:
        """Return the advice and a row per system as a notebook shows them; None where nothing can be advised."""
        try:
            return self._shown._repr_html_()
        except UserError:
            return None
