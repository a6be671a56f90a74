"""Made-up runs for the Python API, and meters whose readings are made up."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up.meters import PlayedMeter
from tests.made_up.runs import FakeRun
from tests.made_up.store import RunStore
from wattbench.meters import Chosen, Reading, Sensor


@pytest.fixture(scope="session")
def api_runs(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """Made-up runs, written once for all tests of the API."""
    return RunStore(tmp_path_factory.mktemp("api-runs"))


@pytest.fixture
def write(api_runs: RunStore, tmp_path: Path) -> Callable[[FakeRun], Path]:
    """Write a made-up run that the test may change; return its directory."""
    return lambda made_up: api_runs.write(tmp_path, made_up)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Make `wattbench.metering()` find given meters and sensors, on a machine where nothing else is measured."""
    monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path / "cache"))

    def choose(*meters: PlayedMeter, sensors: tuple[Sensor, ...] = ()) -> None:
        monkeypatch.setattr(
            importlib.import_module("wattbench.api.metering"), "choose", lambda *_: Chosen(list(meters), list(sensors))
        )

    return choose


@pytest.fixture
def hundred_watts() -> PlayedMeter:
    """A counter of the cpu that advances by 100 J each second."""
    return PlayedMeter(lambda at_s: Reading(at_s, {"cpu": 100.0 * at_s}))
