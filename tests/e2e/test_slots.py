"""Slots of one machine as a user starts them: each with GPUs of its own, at once, and one run of all."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import commands
from tests.docs.snippets import snippets
from tests.fakes.driver import FakeDriver, build, compiler
from wattbench.api.verify import verify
from wattbench.records import read_run

pytestmark = [pytest.mark.slow, pytest.mark.alone]

WATTS = {0: 110.0, 1: 260.0}


@pytest.fixture
def quick(two_blocks: Callable[[int], Path]) -> Path:
    return two_blocks(8)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fake NVIDIA driver."""
    if (found := compiler()) is None:
        pytest.skip("no C compiler to build the fake NVIDIA driver with")
    return build(found, tmp_path_factory.mktemp("driver"))


@pytest.fixture
def environment(environment: dict[str, str], library: Path, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine of two GPUs."""
    fake = FakeDriver(library, tmp_path)
    gpus = {f"gpu{number}__watts": watts for number, watts in WATTS.items()}
    known = fake.environment({}, gpus=len(WATTS), **gpus)
    chosen = {name: known[name] for name in ("LD_LIBRARY_PATH", "FAKE_NVML")}
    return environment | chosen | {"WATTBENCH_WATCH": "off", "WATTBENCH_LOCKS": str(tmp_path / "locks")}


def test_two_slots_measure_at_once_and_are_merged_to_one_run(
    quick: Path, start: Callable[..., subprocess.Popen[str]], wattbench, tmp_path: Path
) -> None:
    [page] = [each for each in snippets() if each.page == "docs/many-machines.md" and " --slot " in each.first]
    _, run, suite, slot, _ = shlex.split(page.first)
    assert suite == "my-suite.yaml"
    running = [
        start(run, quick, slot, number, "--block", f"{number + 1}/2", "--out", "shards", "--wait") for number in WATTS
    ]
    try:
        while not list((tmp_path / "locks").glob("*.slot")) and all(each.poll() is None for each in running):
            time.sleep(0.05)
        whole = wattbench("run", quick)
        assert whole.returncode == 2
        assert "is measuring on this machine" in whole.stderr
        for each in running:
            _, said = each.communicate(120)
            assert each.returncode == 0, said
    finally:
        for each in running:
            each.kill()
            each.communicate()
    assert not list((tmp_path / "locks").glob("*.slot"))
    merged = wattbench("runs", "merge", "shards", "-o", "merged")
    assert merged.returncode == 0, merged.stderr
    records = read_run(tmp_path / "merged")
    windows = [row for row in records.windows() if row.purpose == "measured"]
    assert len(windows) == 4
    for row in windows:
        number = row.block or 0
        assert set(row.energy_j) == {f"gpu{number}", "cpu", "dram"}, row.reasons
        assert row.energy_j[f"gpu{number}"] == pytest.approx(WATTS[number] * row.duration_s, rel=0.05)
        assert row.shared == (["cpu", "dram"] if row.co_runners else [])
        assert row.duration_s > 2.5
    assert max(row.co_runners for row in windows) == 1
    assert all(not check.problems for check in verify(tmp_path / "merged").checks)
    compared = wattbench("runs", "compare", "merged")
    assert compared.returncode == 0, compared.stderr


def test_one_command_asks_on_all_gpus_and_goes_on_after_a_kill(
    quick: Path, start: Callable[..., subprocess.Popen[str]], wattbench, tmp_path: Path
) -> None:
    quick.write_text(quick.read_text().replace("blocks: 2", "blocks: 4"))
    [page] = [each for each in snippets() if each.page == "docs/many-machines.md" and " --slots " in each.first]
    _, run, suite, *options = shlex.split(page.first)
    assert suite == "my-suite.yaml"
    driver = start(run, quick, *options)
    try:
        while not list(tmp_path.glob("runs/*/shards/*/finished.json")):
            assert driver.poll() is None, driver.communicate()[1]
            time.sleep(0.05)
    finally:
        driver.kill()
        driver.communicate()
    [root] = (tmp_path / "runs").iterdir()
    assert not (root / "finished.json").exists()
    resumed = wattbench("run", "--resume", root, "--slots", "2", "--wait")  # until the killed one's workers have ended
    assert resumed.returncode == 0, resumed.stderr
    assert sorted(row.number for row in read_run(root).blocks()) == [0, 1, 2, 3]
    assert all(not check.problems for check in verify(root).checks)
    windows = [row for row in read_run(root).windows() if row.purpose == "measured"]
    assert {name for row in windows for name in row.energy_j} == {"gpu0", "gpu1", "cpu", "dram"}
    for row in windows:
        [gpu] = [name for name in row.energy_j if name.startswith("gpu")]
        assert row.energy_j[gpu] == pytest.approx(WATTS[int(gpu[-1])] * row.duration_s, rel=0.05)


def test_a_slot_that_is_none_is_refused(quick: Path, wattbench) -> None:
    refused = wattbench("run", quick, "--slot", "7")
    assert refused.returncode == 2
    assert "'7' names no GPU that can be measured; there are 0 (GPU-00000010-" in refused.stderr


def test_without_a_driver_there_is_no_slot(quick: Path, environment, tmp_path: Path) -> None:
    without = {name: value for name, value in environment.items() if name != "LD_LIBRARY_PATH"}
    refused = commands.run(["run", quick, "--slot", "0"], cwd=tmp_path, env=without)
    assert refused.returncode == 2
    assert "Processors cannot be measured apart" in refused.stderr
