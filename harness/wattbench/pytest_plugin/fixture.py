"""The `wattbench` fixture: measures the systems that a test names, and prints the figures under a failure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import pytest

from wattbench.api.narrowing import names_of
from wattbench.errors import UserError
from wattbench.pytest_plugin.judged import Judged
from wattbench.pytest_plugin.marker_settings import Settings, settings_of
from wattbench.pytest_plugin.measured import Measured
from wattbench.redaction import hide, keep_environment

if TYPE_CHECKING:
    from wattbench.api.gate import GateResult
    from wattbench.pytest_plugin.session_runs import Runs, SharedRun

P = ParamSpec("P")
T = TypeVar("T")


def _failing(method: Callable[P, T]) -> Callable[P, T]:
    """Turn a method's user errors into one message that fails the test, at the line that called the method."""

    @functools.wraps(method)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        __tracebackhide__ = True
        try:
            return method(*args, **kwargs)
        except UserError as error:
            raise pytest.fail.Exception(str(error)) from None

    return called


class Wattbench:
    """What one test gets. Runs are real, and shared by the tests of a session that need the same ones."""

    def __init__(self, item: pytest.Item, runs: Runs) -> None:
        self._item, self._runs = item, runs
        self._reported: set[str] = set()

    @_failing
    def measure(
        self, *systems: str, tasks: Sequence[str] | None = None, limit: int | None = None
    ) -> tuple[Measured, ...]:
        """Measure some systems on the same items, in one run.

        Args:
            systems: of the suite; without any: those that the marker names, or all of the suite.
            tasks: only these tasks of the suite, in place of the marker's.
            limit: at most this many items of each task, in place of the marker's.

        Returns:
            One per system, in the order in which they were named.
        """
        settings = self._settings(tasks, limit)
        shared = self._run(settings, systems)
        names = systems or settings.systems or tuple(shared.resolved.systems)
        return tuple(Measured.of(shared.run, name, modelled=settings.modelled) for name in names)

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
        """Judge two systems by their answers in one run, as `wattbench gate RUN RUN` does.

        Args:
            baseline: the system in use.
            candidate: the system that is to replace it.
            policy: a file, as `--policy` takes it; None: the suite's own, or that of the nearest `pyproject.toml`.
            tasks: as for `measure`.
            limit: as for `measure`.
        """
        settings = self._settings(tasks, limit)
        run = self._run(settings, (baseline, candidate)).run
        return self._judged(self._runs.compared(run, baseline, candidate, policy, modelled=settings.modelled))

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
        """Measure two systems in alternation in a new run, as `wattbench gate SUITE` does, and judge them.

        The arguments are those of `compare`. One system may be both.
        """
        return self._judged(self._runs.gated(self._settings(tasks, limit), baseline, candidate, policy))

    def _settings(self, tasks: Sequence[str] | None, limit: int | None) -> Settings:
        settings = settings_of(self._item)
        if tasks is not None:
            settings = replace(settings, tasks=names_of(tasks, f"{self._item.nodeid}: tasks"))
        return settings if limit is None else replace(settings, limit=limit)

    def _run(self, settings: Settings, systems: Sequence[str]) -> SharedRun:
        shared = self._runs.of(settings, systems)
        if shared.run.name not in self._reported:
            from wattbench_reports.export import as_table

            self._reported.add(shared.run.name)
            self._report(f"{as_table(shared.run.analysis.comparison)}\nrecord: {shared.run.path}")
        return shared

    def _judged(self, result: GateResult) -> Judged:
        self._report(f"{result.text()}\nrecord: {result.run}")
        return Judged(result.data)

    def _report(self, text: str) -> None:
        """Print a text under the test's failure, if it fails."""
        self._item.add_report_section("call", "wattbench", text)


def hide_report(report: pytest.TestReport, config: pytest.Config) -> None:
    """Hide the secrets in a test's report: in its failure and in its captured output.

    A failure is taken apart and put together by pytest's own hooks, as it is for pytest-xdist.
    """
    keep_environment()
    report.sections = [(title, hide(text)) for title, text in report.sections]
    if report.longrepr is None:
        return
    data = config.hook.pytest_report_to_serializable(config=config, report=report)
    hidden = config.hook.pytest_report_from_serializable(
        config=config, data={**data, "longrepr": _hidden(data["longrepr"])}
    )
    report.longrepr = hidden.longrepr


def _hidden(data: Any) -> Any:
    if isinstance(data, str):
        return hide(data)
    if isinstance(data, dict):
        return {key: _hidden(value) for key, value in data.items()}
    return type(data)(map(_hidden, data)) if isinstance(data, list | tuple) else data
