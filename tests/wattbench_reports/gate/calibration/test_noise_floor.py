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
from wattbench_reports.gate.calibration.simulate import simulate, single_metric_policy, worse_by
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.policy import Policy, policy_of

HERE = {"cpu": "Example CPU", "cpus_usable": 2, "cpus_quota": None, "gpus": [], "cpu_power": {}}


def policy(**metrics: float) -> Policy:
    told = {"metrics": {name: {"margin": margin} for name, margin in metrics.items()}}
    return policy_of(GatePolicy.model_validate(told).model_dump(mode="json"))


RULES = policy(accuracy=0.05, latency_p50=0.1, ttft=0.1)


def equal(noise: float, pairs: int = 80, *, seed: int = 4, apart: float = 0.0) -> Evidence:
    """A gate of one system against itself in short rounds, two to a pair. `apart`: how much slower one load is."""
    rng = np.random.default_rng(seed)
    told = []
    for number in range(2 * pairs):
        seconds = 0.2 * np.exp(rng.normal([0, apart], noise, (1, 2)))
        correct = np.repeat((rng.random((1, 1)) < 0.6).astype(float), 2, axis=1)
        told.append(Round(correct, seconds, None, (4.0, 4.0), ("sums",), ("text",), number // 2))
    return Evidence("a", "a.candidate", tuple(told), True, ("modelled", "modelled"))


@pytest.fixture(autouse=True)
def few_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_floor, "FLOOR_GATES", 20)


@cache
def made(noise: float = 0.02) -> Calibration:
    restarts = [equal(noise, seed=seed) for seed in (4, 5)]
    return calibrate(
        restarts,
        [
            ({"delay": 0.1}, [worse_by(each, "latency_p50", 0.1, 1) for each in restarts]),
            ({"drop": 0.05}, [worse_by(each, "accuracy", 0.3, 1) for each in restarts]),
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
    own = single_metric_policy(RULES, "latency_p50", 0.1)
    told = [equal(0.02), equal(0.02, seed=5)]
    assert simulate(told, own, gates=50, items=160, swap=True).passed.estimate > 0.9
    slower = [worse_by(each, "latency_p50", 0.1, 1) for each in told]
    assert simulate(slower, own, gates=50, items=160, swap=False).regressed.estimate > 0.9


def test_rates_sum_to_one() -> None:
    own = single_metric_policy(RULES, "latency_p50", 0.1)
    rates = simulate([equal(0.3)], own, gates=40, items=160, swap=True)
    assert rates.regressed.estimate + rates.passed.estimate + rates.inconclusive.estimate == pytest.approx(1)


def test_a_restart_that_differs_from_itself_counts_as_one_of_few() -> None:
    """In one restart of three a load is 8% slower: all of its gates fail, and hundreds of them are one restart."""
    own = single_metric_policy(RULES, "latency_p50", 0.1)
    alike = [equal(0.02, seed=seed) for seed in (4, 5)]
    rates = simulate([*alike, equal(0.02, apart=0.08)], own, gates=60, items=160, swap=False)
    assert rates.gates == 60
    assert rates.regressed.estimate == pytest.approx(1 / 3, abs=0.02)
    assert rates.regressed.high > 0.8


@pytest.mark.parametrize("metric", ["accuracy", "latency_p50", "joules_per_request"])
def test_a_harm_changes_one_metric_and_no_baseline(metric: str) -> None:
    told = equal(0.02)
    harmed = worse_by(told, metric, 0.2, 1)
    for before, after in zip(told.rounds, harmed.rounds, strict=True):
        assert (after.correct[:, 0] == before.correct[:, 0]).all()
        assert (after.seconds[:, 0] == before.seconds[:, 0]).all()
        assert (after.seconds[:, 1] == before.seconds[:, 1]).all() == (metric != "latency_p50")
        assert (after.energy_j == before.energy_j) == (metric != "joules_per_request")
    lost = np.mean([before.correct[:, 1].mean() for before in told.rounds]) - np.mean(
        [after.correct[:, 1].mean() for after in harmed.rounds]
    )
    assert lost == pytest.approx(0.2 if metric == "accuracy" else 0.0, abs=0.06)


def test_nobody_can_lose_more_than_is_right() -> None:
    with pytest.raises(ValueError, match="cannot fall"):
        worse_by(equal(0.02), "accuracy", 0.9, 1)


@pytest.mark.simulation
def test_more_noise_has_a_higher_floor() -> None:
    quiet, loud = made(0.005).floors["latency_p50"], made(0.1).floors["latency_p50"]
    assert quiet is not None
    assert loud is not None
    assert quiet < loud


@pytest.mark.simulation
def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(made()))
    assert read_calibration(path) == made()


def test_a_margin_below_the_floor_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(replace(made(), floors={"accuracy": 0.02, "latency_p50": 0.08})))
    assert check_floor(policy(latency_p50=0.1), path, HERE) == []
    with pytest.raises(UserError, match=r"5\.0%, is below the noise floor of this machine, 8\.0%"):
        check_floor(policy(latency_p50=0.05), path, HERE)
    with pytest.raises(UserError, match=r"1\.0 points, is below .* 2\.0 points"):
        check_floor(policy(accuracy=0.01), path, HERE)


def test_a_floor_that_is_none_lets_no_margin_through(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(replace(made(), floors={"latency_p50": None})))
    with pytest.raises(UserError, match="too noisy"):
        check_floor(policy(latency_p50=0.4), path, HERE)


def test_a_calibration_says_what_it_is_not_of(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(made()))
    [note] = check_floor(policy(latency_p50=0.001), path, HERE | {"cpu": "Other CPU"})
    assert "another machine" in note
    [note] = check_floor(policy(joules_per_request=0.1), path, HERE)
    assert "joules per request" in note


def test_the_noise_of_a_pair_is_known_on_the_machine_of_its_calibration_alone(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(as_json(made()))
    # Each figure is the mean of two ratios of two times, each of which scatters by 2%.
    assert noise_here(path, HERE) == {"latency_p50": pytest.approx(0.02, rel=0.15)}
    assert noise_here(path, HERE | {"cpu": "Other CPU"}) == {}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema_version": 99}', '{"schema_version": 2, "equal": {}, "drills": 3}']
)
def test_what_is_no_calibration_is_said_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(UserError, match="not a calibration"):
        check_floor(RULES, path, HERE)


def test_a_calibration_of_single_rounds_is_refused_with_the_command_for_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text('{"schema_version": 1, "equal": {}, "drills": []}')
    with pytest.raises(UserError, match=f"wattbench calibrate SUITE --system SYSTEM -o {path}"):
        check_floor(RULES, path, HERE)


def test_a_name_cannot_steer_the_terminal() -> None:
    text = calibration_text(replace(made(), suite="a\x1b[2J", system="b\u202e"))
    assert "a?[2J" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_it_reads_well(golden) -> None:
    text = calibration_text(made())
    golden("calibration.txt", text)
