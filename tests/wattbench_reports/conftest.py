"""Made-up runs for the tests of the reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.made_up.runs import FakeRun, FakeSystem, write_run
from tests.made_up.standard_runs import family_run, golden_run, hostile_run, machine, plain_systems, recorded, trained
from wattbench.records import RunRecords, read_run


@pytest.fixture
def fake() -> SimpleNamespace:
    """The makers of made-up runs, for tests that need their own."""
    return SimpleNamespace(
        Run=FakeRun,
        System=FakeSystem,
        plain=lambda: FakeRun(plain_systems()),
        hostile=hostile_run,
        golden=golden_run,
        family=family_run,
        trained=trained,
        machine=machine,
        recorded=recorded,
        write=write_run,
    )


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[[FakeRun], RunRecords]:
    """Write a made-up run and open it."""
    return lambda made_up: read_run(write_run(tmp_path, made_up))
