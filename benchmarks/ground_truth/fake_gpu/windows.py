"""Windows around a sleep, by tools that measure code: wattbench, Zeus and codecarbon."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.codecarbon_tracker import TRACKER
from benchmarks.ground_truth.fake_gpu.machine import WAVE, Machine
from benchmarks.ground_truth.line import WATTBENCH, Line, NotHereError, Sources

WINDOWS = {1.05: 5, 3.05: 4, 9.05: 3}
"""Seconds to how many windows of them there are: of each, the worst is shown."""

LOOP = """
import json, time

def measure(begin, end):
    "Print a row per window: its seconds, the moments between which a user's code ran, joules, what is said of them."
    rows = []
    for seconds, times in WINDOWS.items():
        for _ in range(times):
            begin()
            from_s = time.time()
            time.sleep(seconds)
            until_s = time.time()
            rows.append([seconds, from_s, until_s, *end()])
            time.sleep(0.13)  # the next begins at another moment of the period
    print(json.dumps(rows))
"""

BY_WATTBENCH = """
import wattbench

with wattbench.metering(["nvml"]) as meters:
    def begin():
        global context, window
        context = meters.window("w")
        window = context.__enter__()
    def end():
        context.__exit__(None, None, None)
        return window.joules, "" if window.valid else "refused: " + "; ".join(window.reasons)
    measure(begin, end)
"""

BY_ZEUS = """
from zeus.monitor import ZeusMonitor

monitor = ZeusMonitor(gpu_indices=[0], cpu_indices=[])
measure(
    lambda: monitor.begin_window("w", sync_execution=False),
    lambda: (monitor.end_window("w", sync_execution=False).total_energy, ""),
)
"""

BY_CODECARBON = f"""{TRACKER}
measure(tracker.start_task, lambda: (tracker.stop_task().gpu_energy * 3.6e6, ""))
tracker.stop()
"""


@dataclass(frozen=True)
class _Window:
    """A window that a tool measured."""

    truth_j: float
    found_j: float | None
    said: str

    @property
    def error(self) -> float:
        """Return the relative error of its joules; infinite where it has none."""
        return float("inf") if self.found_j is None else abs(self.found_j / self.truth_j - 1.0)


def by_wattbench(sources: Sources) -> Iterator[Line]:
    """Yield wattbench's worst windows, by `wattbench.metering`."""
    return _lines(sources, WATTBENCH, BY_WATTBENCH, Path(sys.executable), own_environment=False)


def by_zeus(sources: Sources) -> Iterator[Line]:
    """Yield the worst windows of Zeus' `ZeusMonitor`.

    Raises:
        NotHereError: it is not named as a tool.
    """
    return _lines(sources, "zeus", BY_ZEUS, tool(sources, "zeus", "zeus==0.16.0 nvidia-ml-py"), own_environment=True)


def by_codecarbon(sources: Sources) -> Iterator[Line]:
    """Yield the worst windows of codecarbon's tasks, by the installed codecarbon unless another is named."""
    named = sources.tools.get("codecarbon")
    python = Path(sys.executable) if named is None else named
    return _lines(sources, "codecarbon", BY_CODECARBON, python, own_environment=named is not None)


def tool(sources: Sources, name: str, packages: str) -> Path:
    """Return the interpreter of a tool's own environment.

    Raises:
        NotHereError: it is not named; the text says how to make one.
    """
    if name not in sources.tools:
        raise NotHereError(
            f"{name} is not here; make an environment of its own with `python -m venv {name}; {name}/bin/pip install "
            f"{packages}`, and name it with `--tool {name}={name}/bin/python`"
        )
    return sources.tools[name].absolute()


def _lines(sources: Sources, by: str, script: str, python: Path, *, own_environment: bool) -> Iterator[Line]:
    machine = Machine(sources.folder)
    printed = machine.run(
        [str(python), "-c", LOOP.replace("WINDOWS", repr(WINDOWS)) + script], own_environment=own_environment
    )
    windows: dict[float, list[_Window]] = {}
    for seconds, from_s, until_s, found_j, said in json.loads(printed.splitlines()[-1]):
        windows.setdefault(seconds, []).append(_Window(WAVE.energy_j(from_s, until_s), found_j, said))
    for seconds, of_length in windows.items():
        worst = max(of_length, key=lambda each: each.error)
        what = f"the worst of {len(of_length)} windows of {seconds} s"
        yield Line(f"{seconds}-s", what, "J", worst.truth_j, worst.found_j, by, worst.said)
