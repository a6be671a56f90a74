"""What watching the machine costs: a snapshot at each end of a window and a canary per window, at most 1% of a core.

Counted by the process's own clock, so that other work on the machine does not change the figure. Next to it, the same
for a process with many threads and children, as a served model on a large machine has.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from wattbench.meters.contention.canary import EVERY, Canary
from wattbench.meters.contention.watch import MachineReader

MOST = 0.01
"""Of one core."""
WINDOW_S = 5.0
"""The shortest measured window of a suite that sets nothing."""
CHILDREN = 8
THREADS = 64


def spent_s(reader: MachineReader) -> float:
    """CPU seconds of the two snapshots of a window."""
    before_s = time.process_time()
    reader.snapshot()
    reader.snapshot()
    return time.process_time() - before_s


@pytest.fixture
def crowd() -> Any:
    """Threads and children that wait."""
    done = threading.Event()
    threads = [threading.Thread(target=done.wait) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    code = f"import threading, sys\nwaits = threading.Event().wait\nfor _ in range({THREADS}):"
    code += " threading.Thread(target=waits, daemon=True).start()"
    children = [
        subprocess.Popen([sys.executable, "-c", f"{code}\nprint(flush=True)\nsys.stdin.read()"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(CHILDREN)
    ]  # fmt: skip
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    yield
    done.set()
    for child in children:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("many", [False, True], ids=["one process", "many threads and children"])
def test_watching_costs_at_most_a_hundredth_of_a_core(
    benchmark: Any, request: pytest.FixtureRequest, many: bool
) -> None:
    """The snapshots of a window of 5 s; the canary is counted below."""
    if many:
        request.getfixturevalue("crowd")
    reader = MachineReader()
    spent_s(reader)
    snapshots_s = [spent_s(reader) for _ in range(20)]
    benchmark.pedantic(reader.snapshot, rounds=20)
    share = sum(snapshots_s) / len(snapshots_s) / WINDOW_S
    benchmark.extra_info.update({"share_of_a_core": share})
    print(f"\n{1000 * share * WINDOW_S / 2:.2f} ms a snapshot on average, {share:.3%} of a core")
    assert share <= MOST / 4


def test_the_canary_costs_at_most_a_hundredth_of_a_core(benchmark: Any) -> None:
    """Asked for at every edge of windows of half a second, which is more often than it may run."""
    canary = Canary()
    once = canary.recent()
    started_s, began_s = time.perf_counter(), time.process_time()
    while time.perf_counter() - started_s < 12.0:
        time.sleep(0.5)
        canary.recent()
    share = (time.process_time() - began_s) / (time.perf_counter() - started_s)
    benchmark.pedantic(canary.recent, rounds=20)
    print(f"\n{1000 * once.total_s:.0f} ms each, {share:.2%} of a core at every {EVERY:g} times its length")
    assert share <= MOST * 1.2
