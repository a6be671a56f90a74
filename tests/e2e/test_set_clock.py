"""A wall clock that is set while a run measures: forward, back, to 1970 and to 2039."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import commands
from tests.fakes.driver import HERE, compiler
from wattbench.records import read_run

RULES = """
import pathlib, time
OFF = pathlib.Path(__file__).parent / "off"
calls = 0

def answer(prompt):
    global calls
    calls += 1
    if calls in (8, 12):
        OFF.with_suffix(".new").write_text(str({8: FIRST, 12: SECOND}[calls]))
        OFF.with_suffix(".new").replace(OFF)
    time.sleep(0.05)
    return "yes"
"""
SUITE = """
name: clocks
tasks: {select: [{file: data.csv, input: q, target: a, score: exact, domain: x}]}
systems:
  define:
    one: {kind: specialist, engine: python, call: "./rules.py:answer"}
    two: {kind: specialist, engine: python, call: "./rules.py:answer"}
measure: {idle_s: 0.3, warmup: 0, min_window_s: 0.3, blocks: 2}
"""

Clock = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def under_clock(tmp_path: Path, environment: dict[str, str]) -> Clock:
    """Run `wattbench ARGUMENTS` under a clock that can be set."""
    cc = compiler()
    if cc is None:
        pytest.skip("no C compiler to build the clock with")
    library = tmp_path / "clock.so"
    subprocess.run([cc, "-shared", "-fPIC", "-o", library, HERE / "wall_clock.c", "-ldl"], check=True)
    clock = {"LD_PRELOAD": str(library), "FAKE_CLOCK": str(tmp_path / "off")}

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return commands.run(arguments, cwd=tmp_path, env=environment | clock)

    return call


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (-3600, 0, ""),  # there and back again
        (400_000_000, -1_700_000_000, "the clock was set back by 1,700,000,000 s"),
    ],
)
def test_no_second_and_no_joule_is_of_a_clock_that_is_set(
    under_clock: Clock, tmp_path: Path, first: int, second: int, said: str
) -> None:
    (tmp_path / "data.csv").write_text("q,a\n" + "".join(f"is it {i},yes\n" for i in range(12)))
    (tmp_path / "rules.py").write_text(RULES.replace("FIRST", str(first)).replace("SECOND", str(second)))
    (tmp_path / "suite.yaml").write_text(SUITE)
    done = under_clock("run", "suite.yaml")
    assert done.returncode == 0, done.stderr
    assert ("the clock was set" in done.stderr) is bool(said)
    assert said in done.stderr
    [root] = (tmp_path / "runs").iterdir()
    records = read_run(root)
    answers = [row for cell in records.header.cells for row in records.answers(cell["system"], cell["task"])]
    assert len(answers) == 24
    assert all(0.05 <= row.finished_s - row.started_s < 5.0 for row in answers)
    windows = sorted(records.windows(), key=lambda row: row.started_s)
    assert all(a.finished_s <= b.started_s for a, b in itertools.pairwise(windows))
    assert max(row.finished_s for row in windows) - min(row.started_s for row in windows) < 120.0
    checked = under_clock("runs", "verify", root)
    assert checked.returncode == 0, checked.stdout
