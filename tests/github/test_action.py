"""The action at the root: what it is made of, and each of its scripts run here, outside GitHub."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import write_program
from tests.github.machine import GATE, ROOT, Job, Step, read

ACTION = read(ROOT / "action.yml")
STEPS: list[Step] = ACTION["runs"]["steps"]

# Stands in for python3, as far as it would install something.
PYTHON = f"""
import json, os, sys
from pathlib import Path

if sys.argv[1:3] == ["-m", "pip"]:
    Path(os.environ["INSTALLED"]).write_text(json.dumps(sys.argv[3:]))
else:
    os.execv({sys.executable!r}, [{sys.executable!r}, *sys.argv[1:]])
"""


def step(name: str) -> Step:
    return next(each for each in STEPS if each["name"] == name)


@pytest.fixture
def action(job: Callable[[dict[str, Any]], Job]) -> Callable[..., Job]:
    """Make a machine on which the action can run: `action(code=1, verdict="regressed", suite="gate", ...)`."""

    def ready(*, code: int = 0, verdict: str | None = "pass", **inputs: str) -> Job:
        defaults = {name: each["default"] for name, each in ACTION["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= defaults.keys()
        machine = job({"inputs": defaults | given})
        machine.env = {
            "TOLD": json.dumps({"code": code, "verdict": verdict}),
            "CALLS": str(machine.root / "calls.json"),
            "INSTALLED": str(machine.root / "installed.json"),
            "GITHUB_ACTION_PATH": str(machine.root / "watt bench"),
        }
        install = machine.root / "watt bench" / ".ci" / "install"
        install.parent.mkdir(parents=True)
        install.write_text('echo "locked [$1] $TORCH_INDEX" > "$INSTALLED"\n')
        machine.stand_in("wattbench", GATE)
        machine.stand_in("python3", PYTHON)
        return machine

    return ready


def called(machine: Job) -> list[str]:
    """Return the command's arguments, without the folder of this run."""
    folder = machine.outputs["gate"]["outputs"]["folder"]
    return [each.replace(folder, "F") for each in json.loads((machine.root / "calls.json").read_text())]


def test_it_is_a_composite_action_with_a_word_on_everything() -> None:
    assert ACTION.keys() == {"name", "description", "inputs", "outputs", "runs"}
    assert ACTION["runs"].keys() == {"using", "steps"}
    assert ACTION["runs"]["using"] == "composite"
    for each in ACTION["inputs"].values():
        assert each.keys() == {"description", "default"}
        assert isinstance(each["default"], str)
    for each in ACTION["outputs"].values():
        assert each.keys() == {"description", "value"}


@pytest.mark.parametrize("each", STEPS, ids=[each["name"] for each in STEPS])
def test_a_step_uses_a_pinned_action_or_runs_a_script_in_bash(each: Step) -> None:
    if "uses" in each:
        assert each.keys() <= {"name", "id", "if", "uses", "with"}
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", each["uses"])
    else:
        assert each.keys() <= {"name", "id", "if", "shell", "env", "run"}
        assert each["shell"] == "bash"
        assert each["run"].startswith("set -euo pipefail\n")


@pytest.mark.parametrize("each", STEPS, ids=[each["name"] for each in STEPS])
def test_no_script_holds_an_expression(each: Step) -> None:
    assert "${{" not in each.get("run", "")


def test_every_expression_names_an_input_or_an_output_that_there_is() -> None:
    text = (ROOT / "action.yml").read_text()
    assert set(re.findall(r"\binputs\.([\w-]+)", text)) == ACTION["inputs"].keys()
    written = re.findall(r"[\"\s](folder|verdict|exit-code|junit|markdown|json|report|run)=", step("Gate")["run"])
    assert set(re.findall(r"\bsteps\.gate\.outputs\.([\w-]+)", text)) == set(written)


@pytest.mark.parametrize("fail_on", ["regressed", "no-verdict", "never"])
@pytest.mark.parametrize(
    ("code", "verdict"),
    [(0, "pass"), (0, "improved"), (1, "regressed"), (2, "inconclusive"), (2, "not_comparable"), (3, "error")],
)
def test_the_job_fails_by_the_gate_s_code_as_fail_on_says(
    action: Callable[..., Job], code: int, verdict: str, fail_on: str
) -> None:
    machine = action(code=code, verdict=verdict, suite="gate", fail_on=fail_on)
    done = machine.run_all(STEPS)
    lets_through = {"regressed": {0, 2}, "no-verdict": {0}, "never": {0, 1, 2}}[fail_on]
    assert done.returncode == (0 if code in lets_through else code), done.stderr
    assert ("::warning" in done.stdout) == (code in lets_through - {0})
    assert verdict in done.stdout
    said = machine.outputs["gate"]["outputs"]
    assert (said["verdict"], said["exit-code"]) == (verdict, str(code))


@pytest.mark.parametrize("code", [0, 1, 2, 3, 130, 137])
@pytest.mark.parametrize("fail_on", ["regressed", "no-verdict", "never"])
def test_a_command_that_left_no_verdict_fails_the_job_whatever_its_code(
    action: Callable[..., Job], code: int, fail_on: str
) -> None:
    machine = action(code=code, verdict=None, suite="gate", fail_on=fail_on)
    done = machine.run_all(STEPS)
    assert done.returncode == 3
    said = machine.outputs["gate"]["outputs"]
    assert (said["verdict"], said["exit-code"]) == ("error", "3")
    assert not said.keys() & {"junit", "markdown", "json", "report"}


def test_a_command_that_was_killed_after_it_wrote_a_verdict_has_none(action: Callable[..., Job]) -> None:
    machine = action(code=137, verdict="pass", suite="gate")
    assert machine.run_all(STEPS).returncode == 3
    assert machine.outputs["gate"]["outputs"]["verdict"] == "error"


def test_a_suite_is_run_with_all_that_was_asked(action: Callable[..., Job]) -> None:
    machine = action(
        suite="my suite.yaml", baseline="old", candidate="new $(id)", tasks="a,b", limit="5", policy="gates/p q.yaml"
    )
    assert machine.run_all(STEPS).returncode == 0
    assert called(machine) == [
        "gate", "--junit", "F/gate.xml", "--markdown", "F/gate.md", "--json", "F/gate.json", "--report", "F/gate.html",
        "--baseline", "old", "--candidate", "new $(id)", "--tasks", "a,b", "--limit", "5", "--policy", "gates/p q.yaml",
        "--out", "F/runs", "--", "my suite.yaml",
    ]  # fmt: skip
    said = machine.outputs["gate"]["outputs"]
    assert Path(said["folder"]).parent == machine.temp
    assert Path(said["run"]).name == "20260101T000000Z-sums-abc123"
    assert [Path(said[name]).name for name in ("junit", "markdown", "json", "report")] == [
        "gate.xml", "gate.md", "gate.json", "gate.html",
    ]  # fmt: skip
    assert all(Path(said[name]).exists() for name in ("junit", "markdown", "json", "report", "run"))


@pytest.mark.parametrize("suite", ["", "gates/a.yaml"])
def test_a_base_needs_no_suite(action: Callable[..., Job], suite: str) -> None:
    machine = action(suite=suite, base="HEAD^1", system="$(id)")
    assert machine.run_all(STEPS).returncode == 0
    assert called(machine)[9:] == [
        "--base",
        "HEAD^1",
        "--system",
        "$(id)",
        "--out",
        "F/runs",
        "--",
        *filter(None, [suite]),
    ]


def test_runs_are_given_one_a_line(action: Callable[..., Job]) -> None:
    machine = action(runs="runs/first one\n\nruns/second\n")
    assert machine.run_all(STEPS).returncode == 0
    assert called(machine)[-3:] == ["--", "runs/first one", "runs/second"]
    assert "--out" not in called(machine)
    assert "run" not in machine.outputs["gate"]["outputs"]


def test_two_uses_in_one_job_keep_out_of_each_other_s_way(action: Callable[..., Job]) -> None:
    machine = action(suite="gate")
    folders = [machine.run_all(STEPS) and machine.outputs["gate"]["outputs"]["folder"] for _ in range(2)]
    assert folders[0] != folders[1]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "give a base to compare with, a suite to run, or runs to judge"),
        ({"base": "main", "runs": "a"}, "base and runs are both given"),
        ({"suite": "gate", "runs": "a\nb"}, "suite and runs are both given"),
        ({"suite": "gate", "fail_on": "regresed"}, "fail-on must be one of: regressed, no-verdict, never"),
    ],
)
def test_a_mistake_is_said_before_anything_is_installed(
    action: Callable[..., Job], inputs: dict[str, str], said: str
) -> None:
    machine = action(**inputs)
    done = machine.run_all(STEPS)
    assert done.returncode == 3
    assert said in done.stdout
    assert not (machine.root / "installed.json").exists()


@pytest.mark.parametrize(
    ("inputs", "what"),
    [
        ({"version": "0.2.0", "extras": "hf"}, ["wattbench[hf]==0.2.0"]),
        ({"version": "0.2.0rc1", "extras": ""}, ["wattbench==0.2.0rc1"]),
        ({"version": "./tools/wattbench", "extras": "hf"}, ["./tools/wattbench[hf]"]),
        ({"version": "$(touch owned)", "extras": ""}, ["$(touch owned)"]),
        (
            {"version": "0.2.0", "extras": "", "torch_index": "$(touch owned)"},
            ["--extra-index-url", "$(touch owned)", "wattbench==0.2.0"],
        ),
    ],
)
def test_pip_is_asked_for_one_thing(action: Callable[..., Job], inputs: dict[str, str], what: list[str]) -> None:
    """pip itself is stood in for: what would be installed is what is tested, and nothing is."""
    machine = action(**inputs)
    assert machine.run(step("Install wattbench")).returncode == 0
    assert json.loads((machine.root / "installed.json").read_text()) == ["install", "--quiet", *what]
    assert not (machine.workspace / "owned").exists()


@pytest.mark.parametrize(
    ("inputs", "what"),
    [
        ({}, "locked [] "),
        ({"extras": "hf,router"}, "locked [hf,router] "),
        ({"extras": "$(touch owned)"}, "locked [$(touch owned)] "),
        ({"extras": "", "torch_index": "https://example.org/cpu"}, "locked [] https://example.org/cpu"),
    ],
)
def test_without_a_version_its_own_checkout_is_installed_by_the_lock(
    action: Callable[..., Job], inputs: dict[str, str], what: str
) -> None:
    machine = action(**inputs)
    assert machine.run(step("Install wattbench")).returncode == 0
    assert (machine.root / "installed.json").read_text() == f"{what}\n"
    assert not (machine.workspace / "owned").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("candidate", "code", "verdict"), [("adder", 0, "pass"), ("small", 1, "regressed"), ("smal", 3, "error")]
)
def test_the_command_itself_gates_a_suite(
    action: Callable[..., Job], tmp_path: Path, candidate: str, code: int, verdict: str
) -> None:
    policy = tmp_path / "policy.yaml"
    # Of answers that take microseconds, seconds say nothing.
    policy.write_text("metrics: {accuracy: {margin: 20 points}}\nmax_items: 40\n")
    suite = str(ROOT / "tests" / "data" / "suite.yaml")
    machine = action(suite=suite, baseline="adder", candidate=candidate, policy=str(policy))
    write_program(machine.bin)
    machine.env |= {"WATTBENCH_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    done = machine.run_all(STEPS)
    said = machine.outputs["gate"]["outputs"]
    assert (done.returncode, said["verdict"], said["exit-code"]) == (code, verdict, str(code)), done.stderr
    assert json.loads(Path(said["json"]).read_text())["verdict"] == verdict
    assert ET.parse(said["junit"]).getroot().tag == "testsuites"
    assert machine.summary.read_text() == Path(said["markdown"]).read_text()
    assert machine.summary.read_text().startswith("<!-- wattbench-gate -->\n")
    assert ("run" in said) == (verdict != "error")


@pytest.mark.slow
def test_what_the_command_itself_refuses_is_an_error(action: Callable[..., Job], tmp_path: Path) -> None:
    machine = action(runs=f"{tmp_path}/none\n{tmp_path}/neither")
    write_program(machine.bin)
    done = machine.run_all(STEPS)
    assert done.returncode == 3
    assert machine.outputs["gate"]["outputs"]["verdict"] == "error"
    assert f"{tmp_path}/none" in json.loads(Path(machine.outputs["gate"]["outputs"]["json"]).read_text())["headline"]
