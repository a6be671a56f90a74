"""Slots of this machine: a worker for each, with its GPUs and what the machine draws at rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from wattbench.distributed.slots import MachineSlots
from wattbench.machine.slot import Slot

ONE, TWO = Slot(("GPU-1",)), Slot(("GPU-2", "GPU-3"))


class Agent:
    """A worker that is only noted."""

    started: list[tuple[bytes, Mapping[str, str], bool]] = []

    def __init__(self, setup: bytes, environment: Mapping[str, str], *, shares: bool) -> None:
        self.started.append((setup, environment, shares))

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def slots(**idle_w: float) -> MachineSlots:
    Agent.started = []
    return MachineSlots([ONE, TWO], idle_w, Agent)


def test_each_slot_has_a_worker_that_sees_its_gpus_alone() -> None:
    machine = slots(cpu=40.0)
    assert machine.number() == 2
    assert [each.name for each in machine.new_slots(b"begin")] == ["GPU GPU-1", "GPUs GPU-2,GPU-3"]
    assert [environment["CUDA_VISIBLE_DEVICES"] for _, environment, _ in Agent.started] == ["GPU-1", "GPU-2,GPU-3"]
    assert all(json.loads(environment["WATTBENCH_IDLE_W"]) == {"cpu": 40.0} for _, environment, _ in Agent.started)
    assert all((setup, shares) == (b"begin", True) for setup, _, shares in Agent.started)
    assert machine.new_slots(b"begin") == []
    assert machine.why_none() is None


def test_a_lost_worker_is_started_again_on_the_same_gpus_where_that_may_help() -> None:
    machine = slots()
    first, second = machine.new_slots(b"")
    machine.gone(second, again=True)
    [again] = machine.new_slots(b"")
    assert again.name == second.name
    assert again is not second
    machine.gone(again, again=False)
    assert machine.new_slots(b"") == []
    machine.gone(first, again=True)
    assert [each.name for each in machine.new_slots(b"")] == ["GPU GPU-1"]
    assert "WATTBENCH_IDLE_W" not in Agent.started[-1][1]
