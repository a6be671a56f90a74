"""The runs and gates of one pytest session: made when a test first needs them, and shared by its other tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wattbench.api.gate import GateResult
from wattbench.api.gates.gate_request import GateRequest
from wattbench.api.loaded_suite import asking_all, load
from wattbench.api.read import Run, read
from wattbench.api.suite_runs import HowToRun, run_new
from wattbench.config import Resolved
from wattbench.errors import UserError
from wattbench.progress.notices import stdout_to_stderr
from wattbench.pytest_plugin.marker_settings import Settings


@dataclass(frozen=True)
class SharedRun:
    """A finished run that several tests may use."""

    run: Run
    resolved: Resolved
    """The suite with the systems, tasks and items of the run."""


class Runs:
    """Makes runs in a folder, each distinct one once."""

    def __init__(self, folder: Path, root: Path, command: Sequence[str]) -> None:
        self._folder, self._root, self._command = folder, root, list(command)
        self._made: dict[str, list[SharedRun]] = {}
        self._gates: dict[tuple[Settings, str, str, Path | None], GateResult] = {}

    def of(self, settings: Settings, systems: Sequence[str]) -> SharedRun:
        """Return a run with these systems and those of the test's settings.

        If this session already has a run of all these systems on the same items, that run is returned.

        Raises:
            UserError: it cannot be run here, and why.
        """
        resolved = self._resolved(settings, systems)
        # The items and how they are asked, whichever systems answer.
        made = self._made.setdefault(replace(resolved, systems={}).sha256, [])
        for shared in made:
            if set(resolved.systems) <= set(shared.resolved.systems):
                return shared
        made.append(self._make(resolved))
        return made[-1]

    def compared(self, run: Run, baseline: str, candidate: str, policy: str | None, *, modelled: bool) -> GateResult:
        """Judge two systems of a run.

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
        return GateResult(request.judged(), request.run)

    def gated(self, settings: Settings, baseline: str, candidate: str, policy: str | None) -> GateResult:
        """Measure two systems in alternation until the verdict is decided.

        Raises:
            UserError: they cannot be measured here, or the policy is wrong.
        """
        file = self._file(policy)
        key = (settings, baseline, candidate, file)
        if key not in self._gates:
            self._gates[key] = self._gate(settings, baseline, candidate, file)
        return self._gates[key]

    def _gate(self, settings: Settings, baseline: str, candidate: str, policy: Path | None) -> GateResult:
        _refuse_parallel_tests()
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
        return GateResult(request.judged(), request.run)

    def _resolved(self, settings: Settings, systems: Sequence[str]) -> Resolved:
        """Load the suite with these systems and those of the test's settings; if both are empty, with all systems."""
        names = tuple(dict.fromkeys((*settings.systems, *systems)))
        resolved = load(self._suite(settings), systems=names, tasks=settings.tasks, limit=settings.limit)
        return asking_all(resolved, "a test may assert on any of them", refuse=False)

    def _suite(self, settings: Settings) -> str:
        """Return the path of the suite's file below pytest's root folder, or the name of a suite of wattbench."""
        path = self._root / settings.suite
        return str(path) if path.is_file() else settings.suite

    def _file(self, policy: str | None) -> Path | None:
        return None if policy is None else self._root / policy

    def _make(self, resolved: Resolved) -> SharedRun:
        if resolved.suite.measure.energy:
            _refuse_parallel_tests()
        with stdout_to_stderr():
            root = run_new(resolved, self._folder, HowToRun(command=self._command, resume=None))
        return SharedRun(read(root), resolved)


def _refuse_parallel_tests() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        raise UserError(
            "energy is counted for the whole machine, and pytest-xdist runs tests in parallel on it: run tests that "
            "measure without it (-n 0), or set measure: {energy: off} in the suite"
        )
