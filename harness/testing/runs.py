"""The runs of one pytest session: made when a test first asks for them, and shared by all that ask for the same."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.surroundings import measuring_alone, meters_here, stdout_to_stderr
from harness.config import Resolved, load_suite
from harness.errors import UserError
from harness.records import RunRecords, read_run
from harness.testing.settings import Settings

if TYPE_CHECKING:
    from reports.compare import Analysis


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


class Runs:
    """Makes runs below a folder, each distinct one once."""

    def __init__(self, folder: Path, root: Path, command: Sequence[str]) -> None:
        self._folder, self._root, self._command = folder, root, list(command)
        self._made: dict[str, list[Run]] = {}

    def of(self, settings: Settings, systems: Sequence[str]) -> Run:
        """A run of some systems of a suite, and of those that its settings name.

        Where this session has one with all of these systems on the same items, that one.

        Raises:
            UserError: it cannot be run here, and why.
        """
        resolved = self.resolved(settings, systems)
        # What is asked and how, whoever is asked.
        made = self._made.setdefault(replace(resolved, systems={}).sha256, [])
        for run in made:
            if set(resolved.systems) <= set(run.resolved.systems):
                return run
        made.append(self._make(resolved))
        return made[-1]

    def resolved(self, settings: Settings, systems: Sequence[str]) -> Resolved:
        """The suite with these systems and those that the settings name; without either, all that it has."""
        beside = self._root / settings.suite
        resolved = load_suite(str(beside) if beside.is_file() else settings.suite)
        return resolved.narrowed(
            systems=tuple(dict.fromkeys((*settings.systems, *systems))), tasks=settings.tasks, limit=settings.limit
        )

    def _make(self, resolved: Resolved) -> Run:
        from harness.plan import plan
        from harness.resume import new_run
        from harness.run import run_to_end
        from reports.carbon import carbon_of_suite
        from reports.compare import analyse

        if "PYTEST_XDIST_WORKER" in os.environ:
            raise UserError(
                "energy is counted for the whole machine, and pytest-xdist runs tests side by side on it: run those "
                "that measure without it (-n 0)"
            )
        carbon_of_suite(resolved.suite.carbon.model_dump())  # what the figures cannot be stated with stops it now
        with stdout_to_stderr(), measuring_alone():
            chosen = meters_here(resolved.suite)
            cells = plan(resolved)
            writer = new_run(self._folder, resolved, cells, chosen.provenance, self._command, chosen.details)
            run_to_end(writer, resolved, cells, chosen)
        records = read_run(writer.layout.root)
        return Run(records, analyse(records), resolved)
