"""`wattbench dev calibrate`, as a user runs it: its gates, their rates, and a policy that is held against them."""

from __future__ import annotations

import json
from pathlib import Path

QUICK = ("idle_s: 1.1, warmup: 2, min_window_s: 1.1", "idle_s: 0, warmup: 1, min_window_s: 0.1")


def test_it_says_what_gates_here_can_tell(wattbench, suite, tmp_path: Path) -> None:
    path = suite(QUICK)
    done = wattbench(
        "dev",
        "calibrate",
        path,
        "--system",
        "adder",
        "--items",
        16,
        "--gates",
        20,
        "--restarts",
        1,
        "-o",
        "calibration.json",
    )
    assert done.returncode == 0, done.stderr
    assert "adder compared with itself" in done.stdout
    assert "10% delay" in done.stdout
    assert "drop" in done.stdout
    found = json.loads((tmp_path / "calibration.json").read_text())
    planted = [list(drill["planted"]) for drill in found["drills"]]
    assert [names for names in planted if len(names) == 1] == [["delay"], ["drop"], ["work"]]
    assert len(found["runs"]) == len(list((tmp_path / "runs").iterdir())) == 1 + len(planted)
    assert all(len(drill["verdicts"]) == found["restarts"] == 1 for drill in found["drills"])
    assert {"accuracy", "latency_mean"} <= set(found["floors"])

    (tmp_path / "policy.yaml").write_text("metrics: {accuracy: {margin: 0.001}}\ncalibration: calibration.json\n")
    refused = wattbench(
        "gate", path, "--baseline", "adder", "--candidate", "adder", "--policy", tmp_path / "policy.yaml"
    )
    assert refused.returncode == 3
    assert "noise floor" in refused.stderr or "too noisy" in refused.stderr


def test_a_mistake_is_an_error_and_leaves_nothing(wattbench, suite, tmp_path: Path) -> None:
    done = wattbench("dev", "calibrate", suite(), "--system", "absent")
    assert done.returncode == 3
    assert "no system 'absent'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "calibration.json").exists()
