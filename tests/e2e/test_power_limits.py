"""Two power limits of one model as two systems of a suite, and a run that is killed while one of them is set."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from tests import commands
from tests.e2e.conftest import DATA
from tests.fakes.driver import FakeDriver, build, compiler
from wattbench.records import read_run

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SUITE = f"""
name: limits
tasks:
  include: [{DATA / "tasks"}]
  select: [{{task: sums, domain: arithmetic, limit: 4}}]
systems:
  define:
    low: {{kind: generalist, engine: lm_eval, model: dummy, power_limit_w: 150}}
    high: {{kind: generalist, engine: lm_eval, model: dummy, power_limit_w: 250}}
    free: {{kind: generalist, engine: lm_eval, model: dummy}}
meters: [nvml]
measure: {{idle_s: 0.5, warmup: 1, min_window_s: WINDOW_S, blocks: BLOCKS}}
"""
BEFORE_W = 450.0
Running = subprocess.Popen[str]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fake NVIDIA driver."""
    if (cc := compiler()) is None:
        pytest.skip("no C compiler to build the fake NVIDIA driver with")
    return build(cc, tmp_path_factory.mktemp("driver"))


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """The limit that the card keeps, and each change of it: 450 W, as its owner set it."""
    kept = tmp_path / "kept" / "gpu0"
    kept.parent.mkdir()
    kept.write_text(f"0 {BEFORE_W}\n")
    return kept


@pytest.fixture
def environment(environment: dict[str, str], library: Path, tmp_path: Path, card: Path) -> dict[str, str]:
    """Return the environment of a machine with a GPU of 400 W, whose model rests as the processor answers."""
    fake = FakeDriver(library, tmp_path)
    known = fake.environment({}, limit=500, watts=400, step=0.02, use=0, limits=card.parent)
    chosen = {name: known[name] for name in ("LD_LIBRARY_PATH", "FAKE_NVML")}
    return environment | chosen | {"WATTBENCH_WATCH": "off", "WATTBENCH_LOCKS": str(tmp_path / "locks")}


@pytest.fixture
def limits(tmp_path: Path) -> Callable[..., Path]:
    """Write the suite."""

    def write(window_s: float = 0.5, blocks: int = 2) -> Path:
        path = tmp_path / "limits.yaml"
        path.write_text(SUITE.replace("WINDOW_S", str(window_s)).replace("BLOCKS", str(blocks)))
        return path

    return write


def in_force_w(card: Path) -> float:
    """Return the watts of the card's limit now."""
    return float(card.read_text().splitlines()[-1].split()[1])


@pytest.mark.parametrize("blocks", [1, 2])
def test_joules_follow_the_limit_of_each_system(
    limits: Callable[..., Path], wattbench, card: Path, blocks: int
) -> None:
    done = wattbench("run", limits(blocks=blocks))
    assert done.returncode == 0, done.stderr
    [root] = (card.parents[1] / "runs").iterdir()
    table = pq.read_table(root / "windows.parquet").to_pylist()
    for row in table:
        limited = row["purpose"] in ("measured", "warm-up") and row["system"] != "free"
        assert (row["power_limit_w"] != "{}") == limited, row  # not of idle draw and loading
    for name, watts in {"low": 150.0, "high": 250.0, "free": 400.0}.items():
        windows = [row for row in read_run(root).windows() if (row.system, row.purpose) == (name, "measured")]
        assert len(windows) == blocks
        for row in windows:
            assert row.energy_j["gpu0"] == pytest.approx(watts * row.duration_s, rel=0.1)
            limit = {} if name == "free" else {"gpu0": watts}
            assert row.power_limit_w == limit
            assert row.valid, row.reasons  # though the limit holds its clocks down
    assert in_force_w(card) == BEFORE_W
    assert not list(Path(card.parents[1] / "locks").glob("wattbench-power-*"))
    verified = wattbench("runs", "verify", root)
    assert verified.returncode == 0, verified.stdout
    shown = wattbench("runs", "compare", root)
    assert shown.returncode == 0, shown.stderr


def test_plan_names_the_limits(limits: Callable[..., Path], wattbench) -> None:
    planned = wattbench("suites", "plan", limits())
    assert "limits the power of each GPU while a system is asked, and sets it back: low 150 W, high 250 W" in (
        " ".join(planned.stdout.split())
    )


def guardians_of(process: Running) -> list[psutil.Process]:
    """Return the guardian of a run, in a list."""
    children = psutil.Process(process.pid).children()
    return [each for each in children if any(word.endswith("guardian.py") for word in each.cmdline())]


@pytest.fixture
def in_a_turn(environment: dict[str, str], card: Path) -> Iterator[Callable[[Path], Running]]:
    """Start a run of a suite, and return it in the measured window of a limited system."""
    started: list[Running] = []

    def start(suite: Path) -> Running:
        words = commands.words("run", suite)
        # lm-eval prints a bar for each request: a pipe that no one reads would fill up.
        with (card.parents[1] / "said.txt").open("w") as said:
            running = subprocess.Popen(words, cwd=card.parents[1], env=environment, stdout=said, stderr=said, text=True)
        started.append(running)
        commands.wait_until(lambda: measures(card), running)
        return running

    yield start
    for running in started:
        running.kill()
        running.wait()


def measures(card: Path) -> bool:
    """Return whether the last window that was opened is a measured one, and a limit is in force."""
    runs = card.parents[1] / "runs"
    opened = "".join(path.read_text() for path in runs.glob("*/open-windows.jsonl")).splitlines()
    return bool(opened) and '"measured"' in opened[-1] and in_force_w(card) != BEFORE_W


def test_a_killed_run_leaves_no_limit(
    limits: Callable[..., Path], in_a_turn: Callable[[Path], Running], card: Path
) -> None:
    running = in_a_turn(limits(window_s=20.0))
    [guardian] = guardians_of(running)
    running.kill()
    running.wait()
    guardian.wait(60)
    assert in_force_w(card) == BEFORE_W
    assert not list(Path(card.parents[1] / "locks").glob("wattbench-power-*"))


def test_a_run_killed_with_its_guardian_is_resumed_as_if_it_had_left_no_limit(
    limits: Callable[..., Path], in_a_turn: Callable[[Path], Running], wattbench, card: Path
) -> None:
    running = in_a_turn(limits(window_s=3.0))
    [guardian] = guardians_of(running)
    guardian.kill()
    running.kill()
    running.wait()
    assert in_force_w(card) != BEFORE_W
    [root] = (card.parents[1] / "runs").iterdir()
    resumed = wattbench("run", "--resume", root)
    assert resumed.returncode == 0, resumed.stderr
    assert "a run was killed while the power limit was" in resumed.stderr
    assert "it is 450 W again" in resumed.stderr
    assert in_force_w(card) == BEFORE_W
    windows = [row for row in read_run(root).windows() if row.purpose == "measured" and row.system != "free"]
    assert all(row.power_limit_w for row in windows)  # the one that the kill left open as well
    verified = wattbench("runs", "verify", root)
    assert verified.returncode == 0, verified.stdout


def test_what_cannot_be_set_is_refused_before_a_run_is_made(
    limits: Callable[..., Path], wattbench, card: Path, environment: dict[str, str]
) -> None:
    settings = Path(environment["FAKE_NVML"])
    settings.write_text(settings.read_text() + "set_fail=4\n")
    refused = wattbench("run", limits())
    assert refused.returncode == 2
    assert "power_limit_w of low, high: the power limit of gpu0 (Fake H100) cannot be set: only root may set it" in (
        refused.stderr
    )
    assert "Traceback" not in refused.stderr
    assert not (card.parents[1] / "runs").exists()
    planned = wattbench("suites", "plan", limits(), "--load")
    assert "missing here, needed to run: a power limit that can be set:" in " ".join(planned.stdout.split())
    doctor = wattbench("dev", "doctor")
    assert "450 W now; cannot be set: only root may set it" in doctor.stdout


def test_a_gate_limits_each_side_in_its_rounds(limits: Callable[..., Path], wattbench, card: Path) -> None:
    policy = card.with_name("policy.yaml")
    policy.write_text("block: 4\nalpha: 0.2\nmetrics: {accuracy: {margin: 5 points}}\n")
    judged = wattbench("gate", limits(0.1), "--baseline", "low", "--candidate", "high", "--policy", policy)
    [root] = (card.parents[1] / "runs").iterdir()
    assert (root / "finished.json").exists(), judged.stderr  # four items tell little, whatever the verdict
    measured = [row for row in read_run(root).windows() if row.purpose == "measured"]
    assert {row.system for row in measured} == {"low", "high"}
    for row in measured:
        assert row.power_limit_w == {"gpu0": 150.0 if row.system == "low" else 250.0}
    assert in_force_w(card) == BEFORE_W
