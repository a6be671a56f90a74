"""The runs and gates of one pytest session: made when first asked for, and shared by tests that ask for the same."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.cli._judge_gate import judge_gate, judge_runs
from wattbench.cli._measure_gate import Asked, measure_new
from wattbench.cli._session import measuring_alone, meters_here, stdout_to_stderr
from wattbench.cli.run import load
from wattbench.config import Resolved
from wattbench.errors import UserError
from wattbench.pytest_plugin.marker_settings import Settings
from wattbench.records import RunRecords, read_run

if TYPE_CHECKING:
    from wattbench_reports.comparison.analysis import Analysis
    from wattbench_reports.gate.result import GateResult


@dataclass(frozen=True)
class Run:
    """A finished run, analysed as `wattbench compare` and the report analyse it."""

    records: RunRecords
    analysis: Analysis
    resolved: Resolved
    """What was run: the suite with the systems, tasks and items that were asked for."""

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.records.layout.root


@dataclass(frozen=True)
class Gated:
    """A gate that has ended."""

    path: Path
    """The folder of its record."""
    result: GateResult


class Runs:
    """Makes runs below a folder, each distinct one once."""

    def __init__(self, folder: Path, root: Path, command: Sequence[str]) -> None:
        self._folder, self._root, self._command = folder, root, list(command)
        self._made: dict[str, list[Run]] = {}
        self._gates: dict[tuple[Settings, str, str, Path | None], Gated] = {}

    def of(self, settings: Settings, systems: Sequence[str]) -> Run:
        """A run of some systems of a suite, and of those that its settings name.

        Where this session has one with all of these systems on the same items, that one.

        Raises:
            UserError: it cannot be run here, and why.
        """
        resolved = self._resolved(settings, systems)
        # What is asked and how, whoever is asked.
        made = self._made.setdefault(replace(resolved, systems={}).sha256, [])
        for run in made:
            if set(resolved.systems) <= set(run.resolved.systems):
                return run
        made.append(self._make(resolved))
        return made[-1]

    def compared(self, run: Run, baseline: str, candidate: str, policy: str | None, *, modelled: bool) -> GateResult:
        """Two systems of a run, judged.

        Raises:
            UserError: the policy is wrong.
        """
        return judge_runs(
            run.path,
            run.path,
            self._file(policy),
            baseline=baseline,
            candidate=candidate,
            across=(),
            judge_modelled=modelled,
        )

    def gated(self, settings: Settings, baseline: str, candidate: str, policy: str | None) -> Gated:
        """Two systems asked in turns until it is known which is which.

        Raises:
            UserError: they cannot be asked here, or the policy is wrong.
        """
        file = self._file(policy)
        key = (settings, baseline, candidate, file)
        if key not in self._gates:
            self._gates[key] = self._gate(settings, baseline, candidate, file)
        return self._gates[key]

    def _gate(self, settings: Settings, baseline: str, candidate: str, policy: Path | None) -> Gated:
        _refuse_side_by_side()
        asked = Asked(
            suite=self._suite(settings),
            baseline=baseline,
            candidate=candidate,
            policy=policy,
            plant=(),
            tasks=settings.tasks,
            limit=settings.limit,
            allow_unsafe_code=False,
            require_measured=False,
            judge_modelled=settings.modelled,
            command=self._command,
        )
        begun: list[Path] = []
        notes = measure_new(asked, self._folder, begun.append)
        return Gated(begun[0], judge_gate(begun[0], notes=notes))

    def _resolved(self, settings: Settings, systems: Sequence[str]) -> Resolved:
        """The suite with these systems and those that the settings name; without either, all that it has."""
        names = tuple(dict.fromkeys((*settings.systems, *systems)))
        return load(self._suite(settings), systems=names, tasks=settings.tasks, limit=settings.limit)

    def _suite(self, settings: Settings) -> str:
        """A file is meant from pytest's root folder; anything else is the name of a suite that wattbench ships."""
        beside = self._root / settings.suite
        return str(beside) if beside.is_file() else settings.suite

    def _file(self, policy: str | None) -> Path | None:
        return None if policy is None else self._root / policy

    def _make(self, resolved: Resolved) -> Run:
        from wattbench.measure.plan import plan
        from wattbench.measure.resume import new_run
        from wattbench.scenarios.closed_loop import run_to_end
        from wattbench_reports.comparison.analysis import analyse

        _refuse_side_by_side()
        with stdout_to_stderr(), measuring_alone():
            chosen = meters_here(resolved.suite)
            cells = plan(resolved)
            writer = new_run(self._folder, resolved, cells, chosen.provenance, self._command, chosen.details)
            run_to_end(writer, resolved, cells, chosen)
        records = read_run(writer.layout.root)
        return Run(records, analyse(records), resolved)


def _refuse_side_by_side() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        raise UserError(
            "energy is counted for the whole machine, and pytest-xdist runs tests side by side on it: run those that "
            "measure without it (-n 0)"
        )
