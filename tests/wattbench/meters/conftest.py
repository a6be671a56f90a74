"""The label of a window, and a busy machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from wattbench.meters.contention.watch import usable_cpus
from wattbench.records import WindowLabel

LOOP = "print(flush=True)\nwhile True: pass"
DETACHED = f"""
import subprocess, sys
loop = subprocess.Popen(
    [sys.executable, "-c", {LOOP!r}], start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
)
loop.stdout.readline()
print(loop.pid, flush=True)
"""


@pytest.fixture
def label() -> WindowLabel:
    return WindowLabel(window="w1", run="r", system="s", task="t", purpose="measured")


@pytest.fixture
def busy_loops() -> Iterator[None]:
    """One on each processor, none of them a child of this process: each was started by one that has ended."""
    pids = []
    try:
        for _ in usable_cpus():
            started = subprocess.run([sys.executable, "-c", DETACHED], capture_output=True, text=True, check=True)
            pids.append(int(started.stdout))
        yield
    finally:
        for pid in pids:
            os.kill(pid, 9)
