"""Several runs on one machine, as docs/running.md has it: which parts go on at once, and which wait for each other.

The parts of each run wait at gates until a test lets them pass, so that no order depends on how fast the machine is.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests import commands
from tests.commands import wait_until
from wattbench.machine import measuring_lock as locks
from wattbench.machine.lock_holder import Doing
from wattbench.records import Purpose, WindowRow, read_run

TASK = (Path(__file__).parents[1] / "data" / "tasks" / "sums.yaml").read_text()
SUMS = (Path(__file__).parents[1] / "data" / "tasks" / "sums.py").read_text()
GATES = """
import pathlib, time
FOLDER = pathlib.Path(__file__).parent

def reach(gate):
    (FOLDER / f"{gate}.reached").touch()
    while not (FOLDER / f"{gate}.open").exists():
        time.sleep(0.01)
"""
RULES = """
reach("load")

def answer(prompt):
    reach("answer")
    return "3"
"""
SCORES = """
from wattbench.machine.measuring_lock import measures_now

def score(doc, results):
    # The plan tries it out before anything is answered, and what is shown meanwhile is scored between blocks.
    holder = measures_now()
    if (FOLDER / "answer.reached").exists() and not (holder and holder.is_this_process):
        reach("score")
    return {"exact_match": float(results[0] == "3")}
"""
SUITE = """
name: NAME
tasks: {include: [tasks], select: [{task: sums, domain: arithmetic, limit: 8}]}
systems:
  define:
    one: {kind: specialist, engine: python, call: "./rules.py:answer"}
    two: {kind: specialist, engine: python, call: "./rules.py:answer"}
measure: {idle_s: 0.3, warmup: 0, min_window_s: 0.3, blocks: 2}
"""


@dataclass
class GatedRun:
    """A run of a suite in a folder of its own, perhaps begun."""

    folder: Path
    begin: Callable[..., subprocess.Popen[str]]
    process: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> GatedRun:
        self.process = self.begin("run", "suite.yaml", *options, cwd=self.folder)
        return self

    def open(self, *gates: str) -> None:
        for gate in gates:
            (self.folder / f"{gate}.open").touch()

    def reached(self, gate: str) -> bool:
        return (self.folder / f"{gate}.reached").exists()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        assert self.process is not None
        wait_until(condition, self.process)

    def does(self, doing: Doing) -> bool:
        return any(run.pid == self.process.pid and run.does is doing for run in locks.runs_now())

    def ended(self, code: int = 0) -> str:
        """Wait for its end, and return what it printed."""
        said = "\n".join(self.process.communicate(120))
        assert self.process.returncode == code, said
        return said

    @property
    def root(self) -> Path:
        [root] = (self.folder / "runs").iterdir()
        return root

    def windows(self, *purposes: Purpose) -> list[WindowRow]:
        return [row for row in read_run(self.root).windows() if row.purpose in purposes]


@pytest.fixture
def runs(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., GatedRun]]:
    """Make runs that share a machine with no others, and end them."""
    monkeypatch.setenv(locks.FOLDER, str(tmp_path / "locks"))
    made: list[GatedRun] = []

    def begin(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
        env = environment | {locks.FOLDER: str(tmp_path / "locks")}
        return commands.start(arguments, cwd=cwd, env=env)

    def make(name: str, *opened: str) -> GatedRun:
        folder = tmp_path / name
        (folder / "tasks").mkdir(parents=True)
        (folder / "suite.yaml").write_text(SUITE.replace("NAME", name))
        (folder / "rules.py").write_text(GATES + RULES)
        (folder / "tasks" / "sums.py").write_text(SUMS)
        scores = GATES.replace(".parent", ".parents[1]") + SCORES
        (folder / "tasks" / "scores.py").write_text(scores)
        (folder / "tasks" / "sums.yaml").write_text(TASK + "process_results: !function scores.score\n")
        made.append(GatedRun(folder, begin))
        made[-1].open(*opened)
        return made[-1]

    yield make
    for run in made:
        if run.process is not None:
            run.process.kill()


ALL = ("load", "answer", "score")


def overlap(some: list[WindowRow], others: list[WindowRow]) -> bool:
    assert some
    assert others
    return any(a.started_s < b.finished_s and b.started_s < a.finished_s for a, b in product(some, others))


def test_runs_without_energy_go_on_at_once_and_next_to_a_measured_one(runs: Callable[..., GatedRun]) -> None:
    measured = runs("measured", "load").start()
    measured.wait_for(lambda: measured.reached("answer"))
    others = [runs(name, "load", "score").start("--energy", "off") for name in ("first", "second")]
    for other in others:
        other.wait_for(lambda other=other: other.reached("answer"))
        assert other.does(Doing.ENERGY_OFF)
        assert f"process {other.process.pid} (" in str([run.name for run in locks.runs_now()])
    for run in (measured, *others):
        run.open(*ALL)
    for run in (measured, *others):
        run.ended()
    first, second = (other.windows(Purpose.MEASURED) for other in others)
    assert overlap(first, second)
    assert overlap(first, measured.windows(Purpose.MEASURED))
    assert locks.runs_now() == []


def test_a_run_loads_while_another_measures_and_measures_while_it_scores(runs: Callable[..., GatedRun]) -> None:
    first = runs("first", "load").start()
    first.wait_for(lambda: first.reached("answer"))
    second = runs("second", "load", "answer", "score").start("--wait")
    second.wait_for(lambda: second.does(Doing.WAITS))
    assert second.reached("load")
    assert not second.reached("answer")
    first.open("answer")
    first.wait_for(lambda: first.reached("score"))
    said = second.ended()
    assert f"waiting for process {first.process.pid} (wattbench run suite.yaml, runs/{first.root.name}), " in said
    assert "the machine is free, after a wait of" in said
    first.open("score")
    first.ended()
    purposes = (Purpose.MEASURED, Purpose.IDLE)
    assert not overlap(first.windows(*purposes), second.windows(*purposes))


def test_next_to_a_run_that_measures_others_end_in_words(runs: Callable[..., GatedRun]) -> None:
    first, refused, late = runs("first", "load").start(), runs("refused", *ALL), runs("late", *ALL)
    first.wait_for(lambda: first.reached("answer"))
    said = refused.start().ended(2)
    assert f"another wattbench run, process {first.process.pid} (wattbench run suite.yaml), since " in said
    assert "wait for it: --wait" in said
    assert not (refused.folder / "runs").exists(), "before anything is prepared"

    said = late.start("--wait", "1").ended(2)
    assert "is still measuring on this machine after a wait of 1 s" in said
    assert late.reached("load"), "the wait alone counts"

    resume = ("run", "--resume", f"runs/{first.root.name}", "--wait")
    said = GatedRun(first.folder, lambda *_, cwd: first.begin(*resume, cwd=cwd)).start().ended(2)
    assert "another process is writing this run; wait for it to end" in said
    first.open(*ALL)
    first.ended()


def test_a_run_that_has_begun_waits_for_one_that_measures_since(runs: Callable[..., GatedRun]) -> None:
    first, second = runs("first", "answer", "score").start(), runs("second", "load")
    first.wait_for(lambda: first.reached("load"))
    second.start()
    second.wait_for(lambda: second.reached("answer"))
    first.open("load")
    first.wait_for(lambda: first.does(Doing.WAITS))
    second.open("answer", "score")
    second.ended()
    assert f"waiting for process {second.process.pid} (" in first.ended()


def test_what_a_killed_run_held_is_free(runs: Callable[..., GatedRun]) -> None:
    killed = runs("killed", "load").start()
    killed.wait_for(lambda: killed.reached("answer"))
    assert killed.does(Doing.MEASURES)
    killed.process.kill()
    killed.ended(-9)
    assert locks.runs_now() == []
    runs("next", *ALL).start().ended()
    left = [path.name for path in (killed.folder.parent / "locks").iterdir()]
    assert len(left) == 1, "the lock's own file alone: what was killed is cleared away"


def test_windows_of_runs_that_begin_together_are_apart(runs: Callable[..., GatedRun]) -> None:
    both = [runs(name, *ALL).start("--wait") for name in ("first", "second")]
    for run in both:
        run.ended()
    first, second = (run.windows(Purpose.MEASURED, Purpose.IDLE) for run in both)
    assert len(first) == len(second) == 5, "idle draw, and two systems in two blocks"
    assert not overlap(first, second)
