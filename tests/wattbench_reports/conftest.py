"""Made-up runs for the tests of the reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.made_up.runs import FakeRun, FakeSystem
from tests.made_up.standard_runs import (
    family_run,
    golden_run,
    hostile_run,
    machine,
    plain_systems,
    quick_systems,
    recorded,
    trained,
)
from tests.made_up.store import RunStore
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparison.analysis import Analysis


@pytest.fixture(scope="session")
def run_store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """Every made-up run of the session, written once."""
    return RunStore(tmp_path_factory.mktemp("made-up"))


@pytest.fixture(scope="session")
def fake(run_store: RunStore) -> SimpleNamespace:
    """The makers of made-up runs, for tests that need their own."""
    return SimpleNamespace(
        Run=FakeRun,
        System=FakeSystem,
        plain=lambda: FakeRun(plain_systems()),
        hostile=hostile_run,
        golden=golden_run,
        quick=quick_systems,
        family=family_run,
        trained=trained,
        machine=machine,
        recorded=recorded,
        write=run_store.write,
    )


@pytest.fixture
def make_run(run_store: RunStore, tmp_path: Path) -> Callable[[FakeRun], RunRecords]:
    """Write a made-up run and open it. The test may change its files."""
    return lambda made_up: read_run(run_store.write(tmp_path, made_up))


@pytest.fixture(scope="session")
def analysed(run_store: RunStore) -> Callable[[FakeRun], Analysis]:
    """Analyse a made-up run, once for all tests that ask for the same one. A test may not change it."""
    return run_store.analysis


@pytest.fixture(scope="session")
def reported(run_store: RunStore) -> Callable[[FakeRun], tuple[RunRecords, str]]:
    """Read a made-up run and its report, once for all tests that ask for the same one. A test may change neither."""
    return run_store.page
