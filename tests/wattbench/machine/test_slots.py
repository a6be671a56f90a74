"""Slots share a machine with each other and not their GPUs; a run without a slot has the machine alone."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.made_up.other_process import holding_elsewhere
from wattbench.errors import UserError
from wattbench.machine import measuring_lock as locks
from wattbench.machine import slot as slot_module
from wattbench.machine.lock_holder import Waiting
from wattbench.machine.measuring_lock import measuring_lock, slots_now
from wattbench.machine.slot import Slot, all_slots, find_slot
from wattbench.meters.nvml.visible_gpus import Gpu
from wattbench.meters.slots.here import slot_book

ONE, TWO, BOTH = Slot(("GPU-1",)), Slot(("GPU-2",)), Slot(("GPU-1", "GPU-2"))


@pytest.fixture(autouse=True)
def _two_gpus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_gpu_uuids", lambda: ["GPU-1", "GPU-2"])
    monkeypatch.setattr("wattbench.meters.slots.presence.AHEAD", 0)


@contextmanager
def measuring(slot: Slot | None) -> Iterator[None]:
    with measuring_lock(slot=slot):
        locks.name_run(Path("runs/other"))
        yield


def elsewhere(slot: Slot | None) -> AbstractContextManager[int]:
    """A process that measures, as a slot or with the whole machine."""
    return holding_elsewhere(lambda: measuring(slot))


def refused(slot: Slot | None, match: str) -> None:
    with pytest.raises(UserError, match=match), measuring_lock(slot=slot):
        pass


@pytest.mark.slow
def test_two_slots_measure_at_once_and_see_each_other() -> None:
    with elsewhere(TWO) as pid, measuring_lock(slot=ONE):
        book = slot_book()
        assert book is not None
        assert book.others_now == 1
        other = next(slot for slot in slots_now() if slot.gpus == TWO.gpus)
        assert f"process {pid} (" in other.text
        assert other.text.startswith("GPU-2: ")
        assert other.text.endswith("runs/other")
    assert slot_book() is None
    assert slots_now() == []  # the other was killed, and what it left does not count


@pytest.mark.parametrize("slot", [ONE, BOTH])
def test_a_gpu_is_one_slots_and_its_holder_is_named(slot) -> None:
    with elsewhere(ONE) as pid:
        refused(slot, rf"process {pid} \(.*run .*runs/other, is measuring on the GPU GPU-1")


def test_a_run_without_a_slot_has_the_machine_alone() -> None:
    with elsewhere(None) as pid:
        refused(TWO, rf"process {pid} \(.* is measuring on this machine")
    with elsewhere(TWO) as pid:
        refused(None, rf"process {pid} \(.* is measuring on this machine")
    with measuring_lock():
        refused(ONE, "another measurement in this process")


@pytest.mark.slow
def test_a_slot_waits_for_its_gpu() -> None:
    said: list[str] = []
    with elsewhere(ONE) as pid:

        def sleep(_: float) -> None:
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

        with measuring_lock(Waiting(math.inf, said.append, sleep=sleep), ONE):
            assert "on the GPU GPU-1, 0 s so far" in said[0]
            assert len(slots_now()) == 1


@pytest.mark.slow
def test_a_process_has_one_slot() -> None:
    with measuring_lock(slot=ONE):
        refused(TWO, "a process has one slot")


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Sequence[Gpu]:
    found = [Gpu(number, None, "H100", f"GPU-{number}a{number}") for number in range(5)]
    monkeypatch.setattr(slot_module, "usable_gpus", lambda: found)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", ["GPU-3a3"]),
        ("GPU-2a2", ["GPU-2a2"]),
        ("GPU-2", ["GPU-2a2"]),
        (" 4, GPU-0a0 ", ["GPU-0a0", "GPU-4a4"]),
    ],
)
def test_a_slot_is_named_by_numbers_and_uuids(gpus, text, expected) -> None:
    assert find_slot(text).gpus == tuple(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", "'5' names no GPU that can be measured; there are 0 \\(GPU-0a0\\)"),
        ("GPU-", "names more than one GPU"),
        ("", "names no GPU"),
        ("1,GPU-1", "names a GPU twice"),
        ("-1", "names no GPU"),
        ("MIG-1", "names no GPU"),
    ],
)
def test_a_slot_that_is_none_is_refused(gpus, text, message) -> None:
    with pytest.raises(UserError, match=message):
        find_slot(text)


def test_the_gpus_of_a_machine_are_divided_into_neighbours(gpus) -> None:
    assert [slot.gpus for slot in all_slots(2)] == [("GPU-0a0", "GPU-1a1"), ("GPU-2a2", "GPU-3a3")]
    assert len(all_slots(1)) == 5
    with pytest.raises(UserError, match="only 5 can be used"):
        all_slots(6)


def test_a_slot_sees_its_gpus_alone(monkeypatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    BOTH.take()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-1,GPU-2"


def test_without_a_gpu_there_is_no_slot(monkeypatch) -> None:
    from wattbench.meters.base import AbsentError

    def absent() -> None:
        raise AbsentError("no NVIDIA driver")

    monkeypatch.setattr(slot_module, "start_nvml", absent)
    with pytest.raises(UserError, match=r"no NVIDIA driver.*Processors cannot be measured apart"):
        find_slot("0")


class Nvml:
    """A driver that says of some GPUs that they are divided into instances."""

    NVML_DEVICE_MIG_ENABLE = 1
    NVMLError = RuntimeError

    def __init__(self, *divided: int) -> None:
        self._divided = divided

    def nvmlDeviceGetMigMode(self, handle: int) -> tuple[int, int]:
        mode = int(handle in self._divided)
        return mode, mode

    def nvmlShutdown(self) -> None: ...


def test_gpus_that_are_divided_into_instances_are_no_slots(monkeypatch) -> None:

    there = [Gpu(number, number, "H100", f"GPU-{number}") for number in range(3)]
    monkeypatch.setattr(slot_module, "find_gpus", lambda nvml, environ=None: there)
    monkeypatch.setattr(slot_module, "start_nvml", lambda: Nvml(1))
    assert [slot.gpus for slot in all_slots(1)] == [("GPU-0",), ("GPU-2",)]
    with pytest.raises(UserError, match="'1' names no GPU that can be measured; there are 0"):
        find_slot("1")
    monkeypatch.setattr(slot_module, "start_nvml", lambda: Nvml(0, 1, 2))
    with pytest.raises(UserError, match="none can be used here \\(gpu2: MIG mode is on"):
        find_slot("0")
