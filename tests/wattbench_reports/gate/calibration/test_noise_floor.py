"""Gates played again, noise floors, and the margins that are refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from wattbench.config import GatePolicy
from wattbench.errors import UserError
from wattbench_reports.export.calibration_text import calibration_text
from wattbench_reports.gate.calibration import noise_floor
from wattbench_reports.gate.calibration.noise_floor import calibrate, check_floor, noise_here
from wattbench_reports.gate.calibration.record import Calibration, as_json, read_calibration
from wattbench_reports.gate.calibration.simulate import simulate, single_metric_policy
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.policy import Policy, policy_of

HERE = {"cpu": "Example CPU", "cpus_usable": 2, "cpus_quota": None, "gpus": [], "cpu_power": {}}


def policy(**metrics: float) -> Policy:
    told = {"metrics": {name: {"margin": margin} for name, margin in metrics.items()}}
    return policy_of(GatePolicy.model_validate(told))


LOADS = 8
RULES = policy(accuracy=0.05, latency_mean=0.1, ttft=0.1)


def equal(noise: float, pairs: int = 80, *, seed: int = 4, apart: float = 0.0) -> Evidence:
    """A gate of one system against itself in short rounds, two to a pair. `apart`: how much slower one load is."""
    rng = np.random.default_rng(seed)
    told = []
    for number in range(2 * pairs):
        seconds = 0.2 * np.exp(rng.normal([0, apart], noise, (1, 2)))
        correct = np.repeat((rng.random((1, 1)) < 0.6).astype(float), 2, axis=1)
        load = number * LOADS // (2 * pairs)
        told.append(Round(correct, seconds, None, (4.0, 4.0), ("sums",), ("text",), number // 2, load))
    return Evidence("a", "a.candidate", tuple(told), True, ("modelled", "modelled"))


def worse(evidence: Evidence, *, slower: float = 0.0, wrong: float = 0.0) -> Evidence:
    """The same gate with a slower candidate, of whose answers every few are wrong."""
    right = np.arange(len(evidence.rounds)) % 10 >= 10 * wrong
    rounds = [
        replace(one, seconds=one.seconds * [1.0, 1 + slower], correct=one.correct * [1.0, float(kept)])
        for one, kept in zip(evidence.rounds, right, strict=True)
    ]
    return replace(evidence, rounds=tuple(rounds))


@pytest.fixture(autouse=True)
def few_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_floor, "FLOOR_GATES", 20)


@cache
def made(noise: float = 0.02) -> Calibration:
    restarts = [equal(noise, seed=seed) for seed in (4, 5)]
    return calibrate(
        restarts,
        [
            ({"delay": 0.2}, [worse(each, slower=0.2) for each in restarts]),
            ({"drop": 0.5}, [worse(each, wrong=0.5) for each in restarts]),
            ({"gain@sums": 0.2, "drop@words": 0.3}, restarts),
        ],
        RULES,
        suite="gate",
        system="a",
        environment=HERE,
        runs=("one", "two"),
        items=160,
        gates=40,
        created_utc="2026-11-25T00:00:00+00:00",
    )


def test_equal_gates_pass_and_worse_ones_fail() -> None:
    own = single_metric_policy(RULES, "latency_mean", 0.1)
    told = [equal(0.02), equal(0.02, seed=5)]
    assert simulate(told, own, gates=50, items=160, swap=True).passed.estimate > 0.9
    slower = [worse(each, slower=0.2) for each in told]
    assert simulate(slower, own, gates=50, items=160, swap=False).regressed.estimate > 0.9


def test_rates_sum_to_one() -> None:
    own = single_metric_policy(RULES, "latency_mean", 0.1)
    rates = simulate([equal(0.3)], own, gates=40, items=160, swap=True)
    assert rates.regressed.estimate + rates.passed.estimate + rates.inconclusive.estimate == pytest.approx(1)


def test_a_restart_that_differs_from_itself_counts_as_one_of_few() -> None:
    """In one restart of three a load is 25% slower: all of its gates fail, and hundreds of them are one restart."""
    own = single_metric_policy(RULES, "latency_mean", 0.1)
    alike = [equal(0.02, seed=seed) for seed in (4, 5)]
    rates = simulate([*alike, equal(0.02, apart=0.25)], own, gates=60, items=160, swap=False)
    assert rates.gates == 60
    assert rates.regressed.estimate == pytest.approx(1 / 3, abs=0.02)
    assert rates.regressed.high > 0.8


@pytest.mark.slow
def test_more_noise_has_a_higher_floor() -> None:
    quiet, loud = made(0.005).floors["latency_mean"], made(0.1).floors["latency_mean"]
    assert quiet is not None
    assert loud is not None
    assert quiet < loud


@pytest.mark.slow
def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(made()))
    assert read_calibration(path) == made()


@pytest.mark.slow
def test_a_margin_below_the_floor_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(replace(made(), floors={"accuracy": 0.02, "latency_mean": 0.08})))
    assert check_floor(policy(latency_mean=0.1), path, HERE) == []
    with pytest.raises(UserError, match=r"5\.0%, is below the noise floor of this machine, 8\.0%"):
        check_floor(policy(latency_mean=0.05), path, HERE)
    with pytest.raises(UserError, match=r"1\.0 points, is below .* 2\.0 points"):
        check_floor(policy(accuracy=0.01), path, HERE)


def test_a_floor_that_is_none_lets_no_margin_through(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(replace(made(), floors={"latency_mean": None})))
    with pytest.raises(UserError, match="too noisy"):
        check_floor(policy(latency_mean=0.4), path, HERE)


def test_a_calibration_says_what_it_is_not_of(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(made()))
    [note] = check_floor(policy(latency_mean=0.001), path, HERE | {"cpu": "Other CPU"})
    assert "another machine" in note
    [note] = check_floor(policy(joules_per_request=0.1), path, HERE)
    assert "joules per request" in note


def test_noise_is_known_on_the_machine_of_its_calibration_alone(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(made()))
    # The ratio of two times that scatter by 2% each scatters by 2.8%.
    assert noise_here(path, HERE)["latency_mean"] == pytest.approx(0.028, rel=0.4)
    assert noise_here(path, HERE | {"cpu": "Other CPU"}) == {}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema_version": 99}', '{"schema_version": 3, "equal": {}, "drills": 3}']
)
def test_what_is_no_calibration_is_said_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(UserError, match="not a calibration"):
        check_floor(RULES, path, HERE)


@pytest.mark.parametrize("version", [1, 2])
def test_an_earlier_calibration_is_refused_with_the_command_for_a_new_one(tmp_path: Path, version: int) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(f'{{"schema_version": {version}, "equal": {{}}, "drills": []}}')
    with pytest.raises(UserError, match=f"wattbench dev calibrate SUITE --system SYSTEM -o {path}"):
        check_floor(RULES, path, HERE)


def test_a_name_cannot_steer_the_terminal() -> None:
    text = calibration_text(replace(made(), suite="a\x1b[2J", system="b\u202e"))
    assert "a?[2J" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_it_reads_well(golden) -> None:
    text = calibration_text(made())
    golden("calibration.txt", text)
