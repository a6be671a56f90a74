"""What docs/gates.md tells people to copy is right: policies, suites, workflows and scripts."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.github.machine import GATE, ROOT, Job, read
from wattbench.config import GatePolicy, MetricPolicy, load_suite
from wattbench_reports.gate.result import EXIT_CODES

GATES = (ROOT / "docs" / "gates.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", GATES, re.DOTALL | re.MULTILINE)


def block(start: str) -> str:
    [found] = [each for each in BLOCKS if each.startswith(start)]
    return found


def rows(after: str) -> dict[str, list[str]]:
    """The table behind some text: what its first column names in backticks, to its other cells."""
    lines = GATES[GATES.index(after) :].splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("| "))
    found = {}
    for line in lines[start + 2 :]:
        if not line.startswith("| "):
            break
        first, *rest = [cell.strip() for cell in line.strip("|").split(" | ")]
        found |= dict.fromkeys(re.findall(r"`([^`]+)`", first), rest)
    return found


def test_every_key_of_a_policy_is_explained_with_its_default() -> None:
    told = rows("| key | default | meaning |\n| --- | --- | --- |\n| `metrics` |")
    assert told.keys() == GatePolicy.model_fields.keys()
    for name in ("alpha", "beta", "block"):
        assert float(told[name][0]) == getattr(GatePolicy(), name)
    for name in ("drift", "reloads"):
        assert told[name][0] == f"`{getattr(GatePolicy(), name)}`"
    assert rows("For each metric:").keys() == MetricPolicy.model_fields.keys()


def test_the_defaults_are_those_that_are_told() -> None:
    [metrics, _] = rows("| key | default | meaning |\n| --- | --- | --- |\n| `metrics` |")["metrics"]
    assert metrics == "`accuracy` 5 points, `latency_p50` 10%, `joules_per_correct` 10% if measured"
    assert {name: (each.margin, each.blocks) for name, each in GatePolicy().metrics.items()} == {
        "accuracy": (0.05, True),
        "latency_p50": (0.10, True),
        "joules_per_correct": (0.10, "if_measured"),
    }


def test_every_verdict_has_its_exit_code() -> None:
    told = rows("| verdict | meaning for a metric | exit code |")
    assert {name: int(cells[-1]) for name, cells in told.items()} == {
        str(each): code for each, code in EXIT_CODES.items()
    }


def test_every_input_of_the_action_is_explained() -> None:
    inputs = read(ROOT / "action.yml")["inputs"]
    told = rows("| input | default | |")
    assert told.keys() == inputs.keys()
    for name in ("fail-on", "extras", "artifact"):
        assert told[name][0] == f"`{inputs[name]['default']}`"
    assert told["python-version"][0] == inputs["python-version"]["default"]


def test_the_example_of_a_policy_is_one_with_every_key() -> None:
    told = yaml.safe_load(block("gate:\n  metrics:\n    accuracy: {margin: 5 points, each_domain"))["gate"]
    policy = GatePolicy.model_validate(told)
    assert policy.model_fields_set == GatePolicy.model_fields.keys() - {"suite"}  # not within a suite
    assert policy.metrics["peak_memory"].direction == "either"


def test_the_example_of_a_suite_takes_the_baseline_from_the_base(tmp_path: Path) -> None:
    [gate] = [each["with"] for each in _steps() if "wattbench@" in each["uses"]]
    suite = tmp_path / gate["suite"]
    suite.parent.mkdir(parents=True)
    suite.write_text(block("# gates/pull-request.yaml"))
    for folder in ("base/adapters/invoices", "merge/adapters/invoices", "merge/tasks"):
        (tmp_path / folder).mkdir(parents=True)
    resolved = load_suite(str(suite))
    systems = resolved.as_record()["systems"]
    assert {name: each["adapter"] for name, each in systems.items()} == {
        gate["baseline"]: str(tmp_path / "base/adapters/invoices"),
        gate["candidate"]: str(tmp_path / "merge/adapters/invoices"),
    }
    assert resolved.suite.gate is not None


def _steps() -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = yaml.safe_load(block("# .github/workflows/gate.yml"))["jobs"]["gate"]["steps"]
    return steps


def test_the_example_of_a_workflow_passes_actionlint(
    actionlint: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    file = tmp_path / "gate.yml"
    file.write_text(block("# .github/workflows/gate.yml"))
    assert actionlint(file) == []
    [gate] = [each["with"] for each in _steps() if "wattbench@" in each["uses"]]
    assert gate.keys() <= read(ROOT / "action.yml")["inputs"].keys()


CURL = """
import json, os, sys
from pathlib import Path
Path(os.environ["CURLED"]).write_text(json.dumps(sys.argv[1:]))
"""


@pytest.mark.parametrize("token", ["", "secret"])
@pytest.mark.parametrize(
    ("code", "verdict", "expected"), [(0, "pass", 0), (1, "regressed", 1), (2, "inconclusive", 2), (2, None, 3)]
)
def test_the_example_for_gitlab_ends_as_the_gate_did(
    job: Callable[[dict[str, Any]], Job], code: int, verdict: str | None, expected: int, token: str
) -> None:
    gate = yaml.safe_load(block("# .gitlab-ci.yml"))["gate"]
    machine = job({})
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--message", "one"]):
        subprocess.run([*git, *command], cwd=machine.workspace, check=True)
    machine.stand_in("wattbench", GATE)
    machine.stand_in("pip", "")
    machine.stand_in("curl", CURL)
    curled = machine.root / "curled.json"
    machine.env = {
        "TOLD": json.dumps({"code": code, "verdict": verdict}), "CALLS": str(machine.root / "calls.json"),
        "CURLED": str(curled), "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD", "CI_API_V4_URL": "https://gitlab/api/v4",
        "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "7", "GATE_TOKEN": token,
    }  # fmt: skip
    done = machine.run({"run": "\n".join(gate["script"])})
    assert done.returncode == expected, done.stderr
    assert curled.exists() == bool(token and verdict)
    if curled.exists():
        assert json.loads(curled.read_text())[-3:] == [
            "--data-urlencode", "body@gate/gate.md", "https://gitlab/api/v4/projects/5/merge_requests/7/notes",
        ]  # fmt: skip
    kept = gate["artifacts"]["reports"]["junit"]
    assert (machine.workspace / kept).exists() == (verdict is not None)
    assert gate["allow_failure"] == {"exit_codes": [2]}
