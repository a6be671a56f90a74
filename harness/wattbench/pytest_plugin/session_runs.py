"""The runs and gates of one pytest session: made when first asked for, and shared by tests that ask for the same."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.gate_request import GateRequest
from wattbench.api.session import measuring_alone, stdout_to_stderr
from wattbench.api.suite_runs import load, run_new
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
        request = GateRequest(
            targets=[str(run.path), str(run.path)],
            command=self._command,
            baseline=baseline,
            candidate=candidate,
            policy=self._file(policy),
            judge_modelled=modelled,
        )
        return request.judged()

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
        request = GateRequest(
            targets=[self._suite(settings)],
            command=self._command,
            baseline=baseline,
            candidate=candidate,
            policy=policy,
            out=self._folder,
            tasks=settings.tasks,
            limit=settings.limit,
            judge_modelled=settings.modelled,
        )
        result = request.judged()
        assert request.run is not None  # a gate that measures has a run
        return Gated(request.run, result)

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
        from wattbench_reports.comparison.analysis import analyse

        _refuse_side_by_side()
        with stdout_to_stderr(), measuring_alone():
            root = run_new(resolved, self._folder, self._command, resume=None)
        records = read_run(root)
        return Run(records, analyse(records), resolved)


def _refuse_side_by_side() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        raise UserError(
            "energy is counted for the whole machine, and pytest-xdist runs tests side by side on it: run those that "
            "measure without it (-n 0)"
        )
