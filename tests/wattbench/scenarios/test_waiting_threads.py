"""On a busy machine threads of models sleep while they wait for each other; a resumed run goes on as it began."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from wattbench.config import PythonSystem, SystemBase, TransformersSystem, Weights
from wattbench.machine.busy import BusyNow
from wattbench.machine.environment import WAIT_POLICY, environment
from wattbench.scenarios import waiting_threads
from wattbench.scenarios.waiting_threads import let_waiting_threads_sleep

MODEL: SystemBase = TransformersSystem(
    kind="generalist", engine="transformers", weights=Weights(path=Path("/nowhere")), domain=None
)
RULE: SystemBase = PythonSystem.model_validate({"kind": "generalist", "engine": "python", "call": "m:f"})


@pytest.fixture(autouse=True)
def no_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not imported PyTorch, on a machine of two processors; its variables are put back."""
    monkeypatch.setenv(WAIT_POLICY, "")
    monkeypatch.delenv(WAIT_POLICY)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(waiting_threads.os, "cpu_count", lambda: 2)


def busy(share: float | None):
    return lambda: BusyNow(share)


def test_next_to_other_work_the_threads_of_a_model_sleep_and_the_record_says_so() -> None:
    said = let_waiting_threads_sleep({"small": MODEL}, look=busy(0.5))
    assert said is not None
    assert f"{WAIT_POLICY}=PASSIVE" in said
    assert os.environ[WAIT_POLICY] == "PASSIVE"
    recorded = environment(Path.cwd())
    assert recorded["variables"][WAIT_POLICY] == "PASSIVE"
    del os.environ[WAIT_POLICY]
    assert (
        let_waiting_threads_sleep({"small": MODEL}, recorded, look=busy(0.0)) is not None
    )  # resumed on a quiet machine
    assert os.environ[WAIT_POLICY] == "PASSIVE"


@pytest.mark.parametrize("share", [0.0, 0.05, None])
def test_on_a_quiet_machine_nothing_changes(share: float | None) -> None:
    assert let_waiting_threads_sleep({"small": MODEL}, look=busy(share)) is None
    assert WAIT_POLICY not in os.environ


def test_a_run_that_began_on_a_quiet_machine_goes_on_so() -> None:
    assert let_waiting_threads_sleep({"small": MODEL}, {"variables": {}}, look=busy(0.9)) is None
    assert let_waiting_threads_sleep({"small": MODEL}, {"variables": "damaged"}, look=busy(0.9)) is None
    assert WAIT_POLICY not in os.environ


def test_the_users_policy_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WAIT_POLICY, "ACTIVE")
    assert let_waiting_threads_sleep({"small": MODEL}, look=busy(0.9)) is None
    assert os.environ[WAIT_POLICY] == "ACTIVE"


def test_without_a_model_to_load_the_machine_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert let_waiting_threads_sleep({"rule": RULE}, look=lambda: pytest.fail("looked")) is None
    monkeypatch.setitem(sys.modules, "torch", os)  # too late: it reads the policy once
    assert let_waiting_threads_sleep({"small": MODEL}, look=lambda: pytest.fail("looked")) is None
