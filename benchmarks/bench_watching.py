"""What watching the machine costs and finds: at most 1% of a core, and a busy machine but no idle one.

Counted by the process's own clock, so that other work on the machine does not change the figure. Next to it, the same
for a process with many threads and children, as a served model on a large machine has.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from wattbench.meters.contention.watch import EVERY, Canary, MachineReader, usable_cpus

MOST = 0.01
"""Of one core."""
WINDOW_S = 5.0
"""The shortest measured window of a suite that sets nothing."""
CHILDREN = 8
THREADS = 64


def spent_s(reader: MachineReader) -> float:
    """Return the CPU seconds of the two snapshots of a window."""
    before_s = time.process_time()
    reader.snapshot()
    reader.snapshot()
    return time.process_time() - before_s


@pytest.fixture
def crowd() -> Any:
    """Start threads and children that wait."""
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
    """Time the snapshots of a window of 5 s; the canary is counted below."""
    if many:
        request.getfixturevalue("crowd")
    reader = MachineReader()
    spent_s(reader)
    snapshots_s = [spent_s(reader) for _ in range(20)]
    benchmark.pedantic(reader.snapshot, rounds=20)
    share = sum(snapshots_s) / len(snapshots_s) / WINDOW_S
    benchmark.extra_info.update({"share_of_a_core": share})
    print(f"\n{1000 * share * WINDOW_S / 2:.2f} ms a snapshot on average, {share:.3%} of a core")
    assert share <= MOST / 2


def test_the_canary_costs_at_most_a_hundredth_of_a_core(benchmark: Any) -> None:
    """Time the canary at every edge of windows of half a second, which is more often than it may run."""
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


WORK = """
import os
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "THREADS"
import numpy as np
from wattbench.meters import MachineWatch, Metering
from wattbench.records import WindowLabel
numbers = np.random.default_rng(1).random((400, 400))
with Metering([], MachineWatch()) as metering:
    for number in range(WINDOWS):
        window = metering.open(WindowLabel(window="w", run="r", system="s", task="t", purpose="measured"))
        while window.elapsed_s < 3.0:
            numbers @ numbers
        row = window.close()
        busy = [reason for reason in row.reasons if "busy" in reason]
        print(json.dumps([row.contended, bool(busy), row.contention]), flush=True)
"""
"""Windows of 3 s around real work; each prints whether it is contended, whether anything is said, and the signals."""
WINDOWS = 20


def windows(threads: int) -> list[tuple[bool, bool, dict[str, float]]]:
    """Measure windows in a process of its own."""
    script = "import json\n" + WORK.replace("THREADS", str(threads)).replace("WINDOWS", str(WINDOWS))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def shown(rows: list[tuple[bool, bool, dict[str, float]]]) -> str:
    """Print how many windows were marked, and the median and largest share of each signal."""
    contended, said = sum(row[0] for row in rows), sum(row[1] for row in rows)
    text = f"\n{contended} of {len(rows)} contended, {said} with a remark or more"
    for name in rows[0][2]:
        shares = sorted(row[2].get(name, 0.0) for row in rows)
        text += f"\n  {name}: {shares[len(shares) // 2]:.1%}, at most {shares[-1]:.1%}"
    return text


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_windows_next_to_nothing_are_not_marked(benchmark: Any, threads: int) -> None:
    """Run it on a machine at rest: it says what else the machine did."""
    rows = benchmark.pedantic(windows, args=(threads,), rounds=1)
    print(shown(rows))
    assert sum(row[0] for row in rows) <= 0.02 * len(rows)


@pytest.mark.parametrize("threads", [1, 2])
def test_windows_next_to_a_busy_loop_on_each_core_are_all_marked(benchmark: Any, threads: int) -> None:
    """The loops are children of this process, and foreign to the one that measures."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in usable_cpus()]
    try:
        rows = benchmark.pedantic(windows, args=(threads,), rounds=1)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    print(shown(rows))
    assert all(row[0] for row in rows)
