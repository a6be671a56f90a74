"""The `wattbench` fixture: measures what a test asks for, and puts the figures under a failure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import pytest

from wattbench.errors import UserError
from wattbench.pytest_plugin.judged import Judged
from wattbench.pytest_plugin.marker_settings import Settings, names_of, settings_of
from wattbench.pytest_plugin.measured import Measured

if TYPE_CHECKING:
    from wattbench.pytest_plugin.session_runs import Run, Runs
    from wattbench_reports.gate.result import GateResult

P = ParamSpec("P")
T = TypeVar("T")


def _failing(method: Callable[P, T]) -> Callable[P, T]:
    """A method whose user errors fail the test, at the line that called it and in one message."""

    @functools.wraps(method)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        __tracebackhide__ = True
        try:
            return method(*args, **kwargs)
        except UserError as error:
            raise pytest.fail.Exception(str(error)) from None

    return called


class Wattbench:
    """One test's. Runs are real, and shared by the tests of a session that ask for the same."""

    def __init__(self, item: pytest.Item, runs: Runs) -> None:
        self._item, self._runs = item, runs
        self._told: set[str] = set()

    @_failing
    def measure(
        self, *systems: str, tasks: Sequence[str] | None = None, limit: int | None = None
    ) -> tuple[Measured, ...]:
        """Measure some systems on the same items, in one run.

        Args:
            systems: of the suite; none: those that the marker names, or all of the suite.
            tasks: only these of the suite, in place of the marker's.
            limit: at most so many items of each, in place of the marker's.

        Returns:
            One for each system, in the order in which they were named.
        """
        settings = self._settings(tasks, limit)
        run = self._run(settings, systems)
        names = systems or settings.systems or tuple(run.resolved.systems)
        return tuple(Measured.of(run, name, modelled=settings.modelled) for name in names)

    @_failing
    def compare(
        self,
        baseline: str,
        candidate: str,
        *,
        policy: str | None = None,
        tasks: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Judged:
        """Judge two systems by the answers of one run, as `wattbench gate RUN RUN` does.

        Args:
            baseline: what is in use.
            candidate: what is to take its place.
            policy: a file, as `--policy` takes it; None: the suite's own, or that of the `pyproject.toml` here.
            tasks: as for `measure`.
            limit: likewise.
        """
        settings = self._settings(tasks, limit)
        run = self._run(settings, (baseline, candidate))
        return self._judged(self._runs.compared(run, baseline, candidate, policy, modelled=settings.modelled), run.path)

    @_failing
    def gate(
        self,
        baseline: str,
        candidate: str,
        *,
        policy: str | None = None,
        tasks: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Judged:
        """Ask two systems in turns, in a run of their own, until it is known which is which: `wattbench gate SUITE`.

        The arguments are those of `compare`. One system may be both.
        """
        gated = self._runs.gated(self._settings(tasks, limit), baseline, candidate, policy)
        return self._judged(gated.result, gated.path)

    def _settings(self, tasks: Sequence[str] | None, limit: int | None) -> Settings:
        settings = settings_of(self._item)
        if tasks is not None:
            settings = replace(settings, tasks=names_of(tasks, f"{self._item.nodeid}: tasks"))
        return settings if limit is None else replace(settings, limit=limit)

    def _run(self, settings: Settings, systems: Sequence[str]) -> Run:
        run = self._runs.of(settings, systems)
        if run.records.header.run not in self._told:
            from wattbench_reports.export import as_table

            self._told.add(run.records.header.run)
            self._tell(f"{as_table(run.analysis.comparison)}\nrecord: {run.path}")
        return run

    def _judged(self, result: GateResult, path: Path) -> Judged:
        from wattbench_reports.export.gate import as_text

        self._tell(f"{as_text(result)}\nrecord: {path}")
        return Judged(result)

    def _tell(self, text: str) -> None:
        """Put a text under the test's failure, if it fails."""
        self._item.add_report_section("call", "wattbench", text)
