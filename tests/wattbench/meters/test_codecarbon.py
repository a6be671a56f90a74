"""Modelled joules: by the CPU seconds of the own processes, whatever else the machine does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.made_up.proc import FakeProc
from wattbench.meters import CodecarbonMeter, MeterError
from wattbench.meters import codecarbon as module
from wattbench.meters.codecarbon import ModelledPower, modelled_power

REPOSITORY = Path(__file__).parents[3]
RATED = ModelledPower(rated_w=100.0, memory_w=10.0, processors=4)
"""25 W for each processor."""
CHILD = 4242
LINUX = pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="only Linux shows its processes")


@pytest.fixture
def rated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "modelled_power", lambda: RATED)


@pytest.fixture
def unconfigured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which no configuration of codecarbon is read."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def opened(meter: CodecarbonMeter) -> CodecarbonMeter:
    meter.open()
    return meter


class Charged(NamedTuple):
    """What a meter counted between two readings."""

    cpu_j: float
    dram_j: float
    seconds: float
    power_w: dict[str, float]


def charged(fake: FakeProc, *, used_s: float, busy_s: float, wait_s: float = 0.0, whole: bool = False) -> Charged:
    """What a meter counts while a child of this process uses CPU seconds, and waits for more."""
    fake.process(os.getpid(), children=(CHILD,))
    fake.process(CHILD, parent=os.getpid(), cpu_s=1.0, threads={CHILD: (1.0, 0.0)})
    fake.machine(busy_s=10.0)
    meter = CodecarbonMeter(proc=fake.root)
    meter.whole_machine = whole
    first = opened(meter).read()
    burn(0.05)  # so that the time of a reading does not matter
    fake.process(CHILD, parent=os.getpid(), cpu_s=1.0 + used_s, threads={CHILD: (1.0 + used_s, wait_s)})
    fake.machine(busy_s=10.0 + busy_s)
    last = meter.read()
    counted_j = [last.energy_j[component] - first.energy_j[component] for component in ("cpu", "dram")]
    return Charged(*counted_j, last.at_s - first.at_s, dict(last.power_w))


@pytest.mark.usefixtures("rated")
@pytest.mark.parametrize("busy_s", [3.0, 30.0, 300.0])
def test_own_cpu_seconds_are_charged_and_other_work_is_not(tmp_path: Path, busy_s: float) -> None:
    seen = charged(FakeProc(tmp_path), used_s=3.0, busy_s=busy_s)
    assert seen.cpu_j == pytest.approx(25.0 * 3.0, rel=0.05)  # and those of this process
    assert seen.dram_j == pytest.approx(10.0 * seen.seconds)
    assert seen.power_w == {
        "cpu": pytest.approx(seen.cpu_j / seen.seconds),
        "dram": pytest.approx(seen.dram_j / seen.seconds),
    }


@pytest.mark.usefixtures("rated")
def test_memory_is_not_charged_while_the_own_threads_wait_for_others(tmp_path: Path) -> None:
    waiting = charged(FakeProc(tmp_path / "waiting"), used_s=3.0, busy_s=30.0, wait_s=9.0)
    assert waiting.dram_j / waiting.seconds == pytest.approx(10.0 / 4.0, abs=1.5)  # it ran for a quarter of the time
    assert waiting.cpu_j == pytest.approx(25.0 * 3.0, rel=0.05)
    each_other = charged(FakeProc(tmp_path / "each other"), used_s=30.0, busy_s=30.0, wait_s=90.0)
    assert each_other.dram_j == pytest.approx(10.0 * each_other.seconds)


@pytest.mark.usefixtures("rated")
def test_where_all_slots_share_a_machine_all_of_it_is_counted(tmp_path: Path) -> None:
    seen = charged(FakeProc(tmp_path), used_s=3.0, busy_s=12.0, wait_s=9.0, whole=True)
    assert seen.cpu_j == pytest.approx(25.0 * 12.0)
    assert seen.dram_j == pytest.approx(10.0 * seen.seconds)


@pytest.mark.usefixtures("rated")
def test_where_the_kernel_hides_processes_this_one_is_charged(tmp_path: Path) -> None:
    meter = opened(CodecarbonMeter(proc=tmp_path / "none"))
    first, before_s = meter.read(), time.process_time()
    burn(0.1)
    last, used_s = meter.read(), time.process_time() - before_s
    assert last.energy_j["cpu"] - first.energy_j["cpu"] == pytest.approx(25.0 * used_s, rel=0.05)
    assert last.energy_j["dram"] - first.energy_j["dram"] == pytest.approx(10.0 * (last.at_s - first.at_s))


@pytest.mark.usefixtures("rated")
def test_readings_never_fall_and_are_of_what_it_was_made_for(tmp_path: Path) -> None:
    meter = CodecarbonMeter(["dram"], proc=tmp_path / "none")
    assert meter.idle_w == {}
    readings = [opened(meter).read(), *(meter.read() for _ in range(50))]
    assert all(reading.energy_j.keys() == reading.power_w.keys() == {"dram"} for reading in readings)
    counts_j = [reading.energy_j["dram"] for reading in readings]
    assert counts_j == sorted(counts_j)
    assert meter.idle_w == {"cpu": 0.0, "dram": 10.0}  # nothing runs, and memory is a constant
    meter.close()
    meter.open()
    assert meter.read().energy_j["dram"] < counts_j[-1]  # it counts anew


def burn(seconds: float) -> None:
    until_s = time.process_time() + seconds
    while time.process_time() < until_s:
        pass


BURN = """
import time
print(flush=True); input()
until_s = time.process_time() + 1.0
while time.process_time() < until_s: pass
print(flush=True); input()
"""


@pytest.fixture
def measured() -> Iterator[dict[str, float]]:
    """Joules by a second of a child's CPU time, by a model of which all is known."""
    with subprocess.Popen([sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdout.readline()
        meter = opened(CodecarbonMeter())
        before_s = time.process_time()
        child.stdin.write(b"\n")
        child.stdin.flush()
        child.stdout.readline()
        energy_j = meter.read().energy_j
        yield {"cpu": energy_j["cpu"], "dram": energy_j["dram"], "used_s": 1.0 + time.process_time() - before_s}
        child.communicate(b"\n")


@LINUX
@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("machine", ["quiet", "busy"])
def test_a_second_of_work_costs_the_same_next_to_a_busy_loop_on_each_core(
    machine: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("rated")
    if machine == "busy":
        request.getfixturevalue("busy_loops")
    measured = request.getfixturevalue("measured")
    assert measured["cpu"] == pytest.approx(25.0 * measured["used_s"], rel=0.2)
    assert measured["dram"] == pytest.approx(10.0 * measured["used_s"], rel=0.2)


def test_it_prints_nothing_writes_nothing_and_calls_nobody(tmp_path: Path) -> None:
    script = """
import os, socket
def refuse(*_): raise SystemExit("it tried to reach the network")
socket.socket.connect = socket.getaddrinfo = refuse
from wattbench.meters import CodecarbonMeter
meter = CodecarbonMeter()
meter.open()
for _ in range(3):
    meter.read()
meter.close()
assert "CODECARBON_LOG_LEVEL" not in os.environ
assert os.environ["SLURM_JOB_ID"] == "7"
"""
    (tmp_path / ".codecarbon.config").write_text(
        "[codecarbon]\nsave_to_api = true\noutput_methods = csv\nlog_level = debug\npue = 2\n"
        "output_dir = /nowhere\nemissions_endpoint = http://127.0.0.1:9\nelectricitymaps_api_token = x\n"
    )
    paths = f"{REPOSITORY}/harness:{REPOSITORY}/reports"
    job = {"SLURM_JOB_ID": "7"}  # of which codecarbon would ask scontrol
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": paths, "HOME": str(tmp_path), **job},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == [".codecarbon.config"]


@pytest.mark.usefixtures("unconfigured")
def test_codecarbons_tables_know_every_machine() -> None:
    power = modelled_power()
    assert power.rated_w >= 1.0
    assert power.memory_w >= 1.0
    assert power.processors == os.cpu_count()


def test_power_that_a_user_configured_for_codecarbon_is_taken(unconfigured: Path) -> None:
    config = unconfigured / ".codecarbon.config"
    config.write_text("[codecarbon]\nforce_cpu_power = 120\nforce_ram_power = 17.5\n")
    power = modelled_power()
    assert (power.rated_w, power.memory_w) == (pytest.approx(120.0), 17.5)
    config.write_text("[codecarbon]\nforce_cpu_power = a lot\n")
    with pytest.raises(MeterError, match=r"codecarbon gives no figure for this machine \(.*a lot"):
        CodecarbonMeter().open()
