"""A gate that a worker process measures from its first pair to its last, as on a slot of a cluster."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands import offline
from wattbench.api.gates.gate_on_cluster import measured_on
from wattbench.api.gates.gate_worker import WORKER
from wattbench.api.gates.judge_gate import judge_gate
from wattbench.api.gates.measure_gate import GateJob
from wattbench.distributed.slots import ThisMachine
from wattbench.errors import UserError
from wattbench.records import read_run

AS_IT_IS = "{idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2}"


@pytest.fixture
def job(tmp_path: Path, suite, monkeypatch: pytest.MonkeyPatch) -> GateJob:
    # What starts a worker gives it the environment that it was started with; here that of the test.
    monkeypatch.setattr("wattbench.distributed.agent.node_environment", lambda: {**os.environ, **offline(), **SETTINGS})
    policy = tmp_path / "policy.yaml"
    policy.write_text("block: 4\nmetrics: {accuracy: {margin: 20 points}}\n")
    path = suite((AS_IT_IS, "{idle_s: 0, warmup: 1, min_window_s: 0.1}"))
    monkeypatch.setitem(SETTINGS, "WATTBENCH_LOCKS", str(tmp_path / "locks"))
    return GateJob(str(path), "adder", "small", ["wattbench", "gate"], policy)


SETTINGS = {"WATTBENCH_WATCH": "off", "ANSWER_S": "0.002"}


def test_a_gate_elsewhere_is_a_run_here_and_has_a_verdict(tmp_path: Path, job: GateJob, capfd) -> None:
    begun: list[Path] = []
    notes = measured_on(ThisMachine(WORKER), job, tmp_path / "runs", begun.append)
    (root,) = begun
    assert [*(tmp_path / "runs").iterdir()] == [root]
    records = read_run(root)
    assert records.finished
    assert records.header.run == root.name
    assert judge_gate(root, notes=notes).verdict == "regressed"
    assert "this machine: the gate is complete" in capfd.readouterr().err


def test_what_is_wrong_there_is_said_in_a_sentence(tmp_path: Path, job: GateJob, monkeypatch) -> None:
    sent = "wattbench.api.gates.gate_on_cluster.gate_to_begin"
    from wattbench.api.gates.gate_worker import gate_to_begin

    monkeypatch.setattr(sent, lambda given: {**gate_to_begin(given), "suite_sha256": "other"})
    with pytest.raises(UserError, match=r"^this machine: .*suite\.yaml differs from the driver's"):
        measured_on(ThisMachine(WORKER), job, tmp_path / "runs", lambda _: None)
    assert [*(tmp_path / "runs").iterdir()] == []
