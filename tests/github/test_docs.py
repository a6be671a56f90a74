"""What docs/gates.md tells people to copy is right: policies, suites, workflows and scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.github.machine import GATE, ROOT, Job, read
from tests.made_up.repositories import commit, git
from wattbench.config import GatePolicy, MetricPolicy
from wattbench_reports.gate.result import EXIT_CODES

GATES = (ROOT / "docs" / "gates.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", GATES, re.DOTALL | re.MULTILINE)


def block(start: str) -> str:
    [found] = [each for each in BLOCKS if each.startswith(start)]
    return found


def rows(after: str) -> dict[str, list[str]]:
    """Return the table after some text: names in backticks of its first column to its other cells."""
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
    assert metrics == (
        "`accuracy` `auto`, `latency_mean` 5%, `joules_per_request` 5% if measured; not blocking: `latency_p50` 5%, "
        "`latency_p95`, `joules_per_correct` and `cost_per_correct` 10%"
    )
    assert {name: (each.margin, each.blocks) for name, each in GatePolicy().metrics.items()} == {
        "accuracy": ("auto", True),
        "latency_mean": (0.05, True),
        "joules_per_request": (0.05, "if_measured"),
        "latency_p50": (0.05, False),
        "latency_p95": (0.10, False),
        "joules_per_correct": (0.10, False),
        "cost_per_correct": (0.10, False),
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
    assert (told["extras"][0], inputs["extras"]["default"]) == ("none", "")
    for name in ("fail-on", "artifact"):
        assert told[name][0] == f"`{inputs[name]['default']}`"
    assert told["python-version"][0] == inputs["python-version"]["default"]


def test_the_example_of_a_policy_is_one_with_every_key() -> None:
    told = yaml.safe_load(block("gate:\n  metrics:\n    accuracy: {margin: 5 points, each_domain"))["gate"]
    policy = GatePolicy.model_validate(told)
    assert policy.model_fields_set == GatePolicy.model_fields.keys() - {"suite"}  # not within a suite
    assert policy.metrics["peak_memory"].direction == "either"


WORKFLOWS = ("gate", "required-gate")


def _workflow(name: str) -> dict[Any, Any]:
    workflow: dict[Any, Any] = yaml.safe_load(block(f"# .github/workflows/{name}.yml"))
    return workflow


def _checkout_and_gate(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    checkout, gate = _workflow(name)["jobs"]["gate"]["steps"]
    assert checkout["uses"].startswith("actions/checkout@")
    assert "wattbench@" in gate["uses"]
    return checkout["with"], gate["with"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_example_of_a_workflow_passes_actionlint(
    actionlint: Callable[..., list[dict[str, Any]]], tmp_path: Path, name: str
) -> None:
    file = tmp_path / f"{name}.yml"
    file.write_text(block(f"# .github/workflows/{name}.yml"))
    assert actionlint(file) == []
    checkout, gate = _checkout_and_gate(name)
    assert gate.keys() <= read(ROOT / "action.yml")["inputs"].keys()
    assert (gate["base"], checkout["fetch-depth"]) == ("HEAD^1", 2)


def test_a_changed_document_costs_no_gate() -> None:
    ignored = _workflow("gate")[True]["pull_request"]["paths-ignore"]
    assert ignored == read(ROOT / ".github" / "workflows" / "pr-gate.yml")["on"]["pull_request"]["paths-ignore"]


@pytest.mark.parametrize(("changed", "expected"), [("docs/a.txt", "false"), ("src/b.md", "false"), ("c.py", "true")])
def test_a_required_gate_is_skipped_for_documents_alone(
    job: Callable[[dict[str, Any]], Job], changed: str, expected: str
) -> None:
    *_, diff = _workflow("required-gate")["jobs"]["changes"]["steps"]
    machine = job({})
    git(machine.workspace, "init", "--quiet")
    commit(machine.workspace, "base")
    file = machine.workspace / changed
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    commit(machine.workspace, "merge")
    assert machine.run(diff).returncode == 0
    assert machine.outputs["diff"]["outputs"] == {"system": expected}
    assert _workflow("required-gate")["jobs"]["gate"]["if"] == "needs.changes.outputs.system == 'true'"


def test_the_page_begins_with_ten_lines() -> None:
    fence, language = re.search(r"^```(\w+)\n(?:.*\n)*?^```$", GATES, re.MULTILINE).group(0, 1)
    assert language == "sh"
    assert fence.count("\n") - 1 <= 10
    assert fence.splitlines()[-2] == "wattbench gate --base main"


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
    (machine.workspace / "gate").mkdir()
    machine.stand_in("wattbench", GATE)
    machine.stand_in("pip", "")
    machine.stand_in("curl", CURL)
    curled = machine.root / "curled.json"
    machine.env = {
        "TOLD": json.dumps({"code": code, "verdict": verdict}), "CALLS": str(machine.root / "calls.json"),
        "CURLED": str(curled), "CI_MERGE_REQUEST_DIFF_BASE_SHA": "f00", "CI_API_V4_URL": "https://gitlab/api/v4",
        "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "7", "GATE_TOKEN": token,
    }  # fmt: skip
    done = machine.run({"run": "\n".join(gate["script"])})
    assert done.returncode == expected, done.stderr
    assert json.loads((machine.root / "calls.json").read_text())[:3] == ["gate", "--base", "f00"]
    assert curled.exists() == bool(token and verdict)
    if curled.exists():
        assert json.loads(curled.read_text())[-3:] == [
            "--data-urlencode", "body@gate/gate.md", "https://gitlab/api/v4/projects/5/merge_requests/7/notes",
        ]  # fmt: skip
    kept = gate["artifacts"]["reports"]["junit"]
    assert (machine.workspace / kept).exists() == (verdict is not None)
    assert gate["allow_failure"] == {"exit_codes": [2]}
