"""A run has the machine while it measures; where GPUs can be used, while it loads too; without energy, never."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench.machine import measuring_lock as locks
from wattbench.machine import shared_machine
from wattbench.machine.lock_holder import LockHolder, Waiting
from wattbench.machine.shared_machine import SharedMachine

pytestmark = pytest.mark.usefixtures("folder")


def unknown() -> None:
    """How long it takes is not known."""


def holder() -> LockHolder | None:
    return locks.measures_now()


def test_the_lock_is_held_while_it_measures_and_names_its_run() -> None:
    machine, said = SharedMachine(), list[str]()
    with machine.shared(Waiting(), metered=True):
        machine.name_run(Path("/runs/one"))
        with machine.loading(said.append, unknown):
            assert holder() is None
        with machine.alone(said.append, unknown), machine.alone(said.append, unknown):
            held = holder()
            assert held is not None
            assert held.run == "/runs/one"
        assert holder() is None
        with machine.alone(said.append, unknown):
            assert holder() is not None, "again, if there is more to measure"
    assert said == []


def test_loading_is_under_the_lock_where_gpus_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_gpu_uuids", lambda: ["GPU-1"])
    machine = SharedMachine()
    with machine.shared(Waiting(), metered=True), machine.loading(print, unknown):
        assert holder() is not None
        with machine.alone(print, unknown):
            """Nothing is taken a second time."""
        assert holder() is not None, "what is loaded stays so"


def test_without_energy_nothing_is_held_and_nothing_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_gpu_uuids", lambda: ["GPU-1"])
    machine = SharedMachine()
    with (
        locks.measuring_lock(),
        machine.shared(Waiting(), metered=False),
        machine.loading(pytest.fail, unknown),
        machine.alone(pytest.fail, unknown),
    ):
        assert not machine.is_waited_for
    with machine.shared(Waiting(), metered=False), machine.alone(pytest.fail, unknown):
        assert holder() is None


def test_without_a_folder_of_locks_a_run_without_energy_goes_on(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(locks.FOLDER, str(tmp_path / "file"))
    with SharedMachine().shared(Waiting(), metered=False):
        """It is not seen."""


@pytest.mark.parametrize("limit_s", [0.0, math.inf])
def test_another_measurement_in_this_process_is_refused_at_once(limit_s: float) -> None:
    refused = pytest.raises(UserError, match="another measurement in this process is measuring")
    with locks.measuring_lock(), refused, SharedMachine().shared(Waiting(limit_s), metered=True):
        pass


def test_a_machine_that_the_caller_has_is_not_taken() -> None:
    with locks.measuring_lock(), SharedMachine().alone(pytest.fail, unknown):
        assert holder() is not None


@pytest.mark.slow
def test_others_see_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_machine, "TELL_EVERY_S", 0.01)
    machine = SharedMachine()
    known: list[float | None] = [None]

    def seen(condition: Callable[[float | None], bool]) -> None:
        until_s = time.monotonic() + 60
        while not condition(None if (now := holder()) is None else now.left_s):
            assert time.monotonic() < until_s
            time.sleep(0.01)

    with machine.shared(Waiting(), metered=True), machine.alone(print, lambda: known[0]):
        known[0] = 3000.0
        seen(lambda left_s: left_s is not None and 2900 < left_s <= 3000)
        known[0] = None
        seen(lambda left_s: left_s is None)
