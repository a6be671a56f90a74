"""A suite that is asked in a moment, with joules that are played, for runs whose blocks are handed out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from wattbench.config import Resolved, load_suite
from wattbench.meters.contention.watch import SWITCH

DATA = Path(__file__).parents[2] / "data"
POWER = ["at_s,component,power_w,energy_j", *(f"{i / 100:.2f},package,{20 + i % 7},{0.2 * i:.2f}" for i in range(3001))]
SUITE = """
name: sums
meters: [{use: replay, trace: power.csv, repeat: true}]
tasks: {include: [tasks], select: [{task: sums, domain: arithmetic, limit: ITEMS}]}
systems:
  define:
    adder: {kind: specialist, domain: arithmetic, engine: python, call: "./answers.py:add"}
    small: {kind: generalist, engine: python, call: "./answers.py:add_small"}
measure: {idle_s: 0.01, warmup: 1, min_window_s: 0.01, MEASURE}
"""


@pytest.fixture
def short_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Resolved]:
    """Write and read a suite of two systems in a folder of its own. Nothing watches the machine for other work."""
    monkeypatch.setenv(SWITCH, "off")

    def make(items: int = 8, measure: str = "blocks: 4") -> Resolved:
        folder = tmp_path / "suite"
        if not folder.exists():
            folder.mkdir()
            shutil.copytree(DATA / "tasks", folder / "tasks")
            shutil.copy(DATA / "answers.py", folder)
            (folder / "power.csv").write_text("\n".join(POWER) + "\n")
        (folder / "suite.yaml").write_text(SUITE.replace("ITEMS", str(items)).replace("MEASURE", measure))
        return load_suite(str(folder / "suite.yaml"))

    return make
