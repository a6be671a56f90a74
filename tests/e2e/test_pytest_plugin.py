"""pytest as a user runs it, in a process of its own; and the files of pytest-benchmark, gated."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import commands

Pytest = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(__file__).parents[2]


TESTS = """
import pytest

@pytest.mark.wattbench(suite="suite.yaml", systems=["adder", "small"])
class TestSmall:
    def test_is_frugal_enough(self, wattbench):
        adder, small = wattbench.measure("adder", "small")
        assert small.accuracy.high < adder.accuracy.low
        assert small.joules_per_correct.low > 0

    def test_is_no_worse(self, wattbench):
        assert wattbench.measure("small")[0].accuracy.estimate > 0.9
"""

CLOCK = """
'''A clock that goes on by what is spent, so that no load on the machine is in a figure.'''
spent_s = 0.0

def clock():
    return spent_s

def spend(seconds):
    global spent_s
    spent_s += seconds
"""

BENCH = """
import os
import random

import played
import pytest
from wattbench.config import load_suite
from wattbench.systems import open_engine
from lm_eval.api.instance import Instance

SUITE = load_suite("suite.yaml")
SUMS = [(a, b) for a in range(10) for b in range(8)]

@pytest.mark.parametrize("name", SUITE.systems)
def test_sums(benchmark, name):
    noise = random.Random(os.environ["SEED"] + name)
    asks = [
        Instance("generate_until", {}, (f"What is {a} + {b}?", {"until": ["|"]}), i) for i, (a, b) in enumerate(SUMS)
    ]
    with open_engine(name, SUITE.systems[name], batch=1, seed=0) as engine:
        def ask():
            played.spend(0.01 * float(os.environ["SLOWER"]) * noise.lognormvariate(0.0, 0.05))
            return [reply.value for reply in engine.answer("generate_until", asks)]
        said = benchmark.pedantic(ask, rounds=160)
    benchmark.extra_info["scores"] = [float(s == str(a + b)) for s, (a, b) in zip(said, SUMS)]
    benchmark.extra_info["documents"] = "eighty sums"
"""


@pytest.fixture
def run_pytest(tmp_path: Path, environment: dict[str, str]) -> Pytest:
    """Run `pytest ARGUMENTS` in the test's folder, in a process of its own."""

    def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        words = ["-p", "no:cacheprovider", *arguments]
        return commands.run(words, cwd=tmp_path, env=environment | variables, module="pytest")

    return run


def test_marker_and_fixture_are_there_without_any_configuration(
    run_pytest: Pytest, suite: Callable[..., Path], wattbench: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = suite(("blocks: 2", "blocks: 1"))  # two blocks show no difference: Student's t has one degree of freedom
    path.write_text(path.read_text() + "\nmeters: [codecarbon]\n")
    tests = path.parent / "test_small.py"
    tests.write_text(TESTS)
    done = run_pytest(tests, "--strict-markers")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed" in done.stdout
    assert "Failed: small: its joules are modelled, not measured" in done.stdout
    assert "assert 0." in done.stdout  # the accuracy that is not above 0.9
    assert done.stdout.count("Captured wattbench call") == 2
    (run,) = (path.parent / ".wattbench" / "runs").iterdir()
    printed = wattbench("runs", "compare", run).stdout
    table, _, _ = printed[printed.index("sums (") :].partition("\n\nBrackets: ")
    assert "system " in table
    assert table in done.stdout  # under a failure stands what the command prints


@pytest.fixture
def bench_file(run_pytest: Pytest, suite: Callable[..., Path]) -> Callable[..., Path]:
    """Write a file of pytest-benchmark, of two systems whose seconds are played."""
    folder = suite().parent
    (folder / "played.py").write_text(CLOCK)
    (folder / "bench_sums.py").write_text(BENCH)

    def make(name: str, *arguments: str, seed: str, slower: float = 1.0) -> Path:
        told = ("--benchmark-timer=played.clock", f"--benchmark-json={name}")
        done = run_pytest("bench_sums.py", *told, *arguments, SEED=seed, ANSWER_S="0", SLOWER=str(slower))
        assert done.returncode == 0, done.stdout + done.stderr
        return folder / name

    return make


def test_files_of_pytest_benchmark_are_gated(
    bench_file: Callable[..., Path], wattbench: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    old = bench_file("old.json", seed="1")
    assert json.loads(old.read_text())["machine_info"]["wattbench"]["cpus_usable"] >= 1
    same = wattbench("gate", old, bench_file("same.json", seed="2"), "--json", "same-verdict.json")
    assert same.returncode == 0, same.stdout + same.stderr
    slow = wattbench("gate", old, bench_file("slow.json", seed="3", slower=1.3), "--json", "verdict.json")
    assert slow.returncode == 1, slow.stdout + slow.stderr
    verdicts = {
        each["metric"]: each["verdict"] for each in json.loads((old.parent / "verdict.json").read_text())["metrics"]
    }
    worse = {metric.split(" · ")[-1] for metric, verdict in verdicts.items() if verdict == "regressed"}
    assert "latency_mean" in worse <= {"latency_mean", "latency_p50", "latency_p95"}


def test_a_benchmark_that_is_gone_does_not_pass(
    bench_file: Callable[..., Path], wattbench: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    old, new = bench_file("old.json", seed="1"), bench_file("new.json", "-k", "adder", seed="2")
    gone = wattbench("gate", old, new)
    assert gone.returncode == 2, gone.stdout + gone.stderr
    assert "small" in gone.stdout
    assert "a removed benchmark cannot pass" in " ".join(gone.stdout.split())  # however the lines break


@pytest.fixture
def bench_systems(environment: dict[str, str], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run the bench of the catalogue's systems on one of them."""

    def bench(system: str, **variables: str) -> dict[str, Any]:
        settings = {"WATTBENCH_BENCH_SYSTEMS": system} | {
            f"WATTBENCH_BENCH_{key}": value for key, value in variables.items()
        }
        words = [
            "-p", "no:cacheprovider", "benchmarks/bench_systems.py", "--benchmark-only",
            f"--benchmark-json={tmp_path / 'out.json'}",
        ]  # fmt: skip
        done = commands.run(words, cwd=ROOT, env=environment | settings, timeout_s=600, module="pytest")
        assert done.returncode == 0, done.stdout + done.stderr
        (one,) = json.loads((tmp_path / "out.json").read_text())["benchmarks"]
        assert one["name"] == f"test_system[{system}]"
        return dict(one)

    return bench


def test_rules_as_a_benchmark_have_scores_and_no_joules(bench_systems: Callable[..., dict[str, Any]]) -> None:
    one = bench_systems("rules-arithmetic", DOCUMENTS="3", ROUNDS="4")
    told = one["extra_info"]
    assert len(one["stats"]["data"]) == 4
    assert told["scores"] == [1.0] * 6 + [0.0] * 18  # two tasks of eight are arithmetic
    assert told["accuracy"] == 0.25
    assert told["accuracy_low"] < 0.25 < told["accuracy_high"]
    assert len(told["documents"]) == 64
    assert "too short for a sensor" in told["energy_missing"]
    assert "round_energy_j" not in told


def test_a_model_as_a_benchmark_has_the_joules_of_its_rounds(
    bench_systems: Callable[..., dict[str, Any]], environment: dict[str, str], fill_cache: Callable[[Path], Path]
) -> None:
    fill_cache(Path(environment["WATTBENCH_CACHE"]))
    one = bench_systems("distilled", DOCUMENTS="2", ROUNDS="2")
    told = one["extra_info"]
    joules = [each for each in told["round_energy_j"] if each is not None]
    assert len(told["round_energy_j"]) == len(one["stats"]["data"]) == 2
    assert told["energy_j_per_request"] == pytest.approx(sum(joules) / len(joules) / 16)
    assert told["j_per_correct"] == pytest.approx(told["energy_j_per_request"] / told["accuracy"])
    assert told["j_per_correct_low"] < told["j_per_correct"] < told["j_per_correct_high"]
    assert told["energy_provenance"]
    assert [len(each) for each in told["weights_sha256"].split("+")] == [64, 64]  # its base's and its adapter's
