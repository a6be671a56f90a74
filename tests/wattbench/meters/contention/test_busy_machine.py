"""Real windows next to a busy loop on each core, and the seconds of real processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.made_up.meters import PlayedMeter
from wattbench.meters import MachineWatch, Metering
from wattbench.meters.contention.own_processes import OwnProcesses, cpu_s
from wattbench.records import WindowLabel, WindowRow

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="only Linux shows its processes"),
]


def window(steady: PlayedMeter, label: WindowLabel) -> WindowRow:
    import numpy as np

    numbers = np.random.default_rng(1).random((200, 200))
    with Metering([steady], MachineWatch()) as metering:
        opened = metering.open(label)
        while opened.elapsed_s < 1.0:
            numbers @ numbers
        return opened.close()


@pytest.mark.usefixtures("busy_loops")
def test_a_window_next_to_a_busy_loop_on_each_core_is_contended(steady: PlayedMeter, label: WindowLabel) -> None:
    row = window(steady, label)
    assert row.contended
    assert not row.valid
    assert row.contention["foreign_cpu"] > 0.1
    assert any("other processes used" in reason for reason in row.reasons)
    assert row.own_cpu_s is not None


def test_children_are_own_and_what_they_used_is_counted_when_they_have_ended() -> None:
    own = OwnProcesses()
    before = own.processes()
    code = "import os, time\nprint(flush=True)\nwhile sum(os.times()[:2]) < 0.5: pass\nprint(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdout.readline()
        assert any(pid == child.pid for pid, _ in own.processes())
        child.stdout.readline()
        running_s = cpu_s(before, own.processes())
    ended = own.processes()
    assert not any(pid == child.pid for pid, _ in ended)
    assert running_s >= 0.45
    assert cpu_s(before, ended) >= running_s - 0.05
