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
from wattbench.config import GatePolicy
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


def test_the_defaults_are_those_of_the_page() -> None:
    assert (
        "**Without a policy** accuracy (`auto`), mean seconds (5%) and measured joules per request (5%) block." in GATES
    )
    assert {name: each.margin for name, each in GatePolicy().metrics.items() if each.blocks} == {
        "accuracy": "auto",
        "latency_mean": 0.05,
        "joules_per_request": 0.05,
    }
    assert GatePolicy().metrics["joules_per_request"].blocks == "if_measured"


def test_every_verdict_has_its_exit_code() -> None:
    told = rows("| verdict | meaning for a metric | exit code |")
    assert {name: int(cells[-1]) for name, cells in told.items()} == {
        str(each): code for each, code in EXIT_CODES.items()
    }


def test_the_example_of_a_policy_is_one_with_every_key() -> None:
    told = yaml.safe_load(block("gate:\n  metrics:\n    accuracy: {margin: 5 points, each_domain"))["gate"]
    policy = GatePolicy.model_validate(told)
    assert policy.model_fields_set == GatePolicy.model_fields.keys() - {"suite"}  # not within a suite
    assert policy.metrics["peak_memory"].direction == "either"


def test_the_example_of_a_workflow_passes_actionlint(
    actionlint: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    file = tmp_path / "gate.yml"
    file.write_text(block("# .github/workflows/gate.yml"))
    assert actionlint(file) == []
    checkout, gate = _workflow()["jobs"]["gate"]["steps"]
    assert checkout["uses"].startswith("actions/checkout@")
    assert "wattbench@" in gate["uses"]
    assert gate["with"].keys() <= read(ROOT / "action.yml")["inputs"].keys()
    assert (gate["with"]["base"], checkout["with"]["fetch-depth"]) == ("HEAD^1", 2)


def _workflow() -> dict[Any, Any]:
    workflow: dict[Any, Any] = yaml.safe_load(block("# .github/workflows/gate.yml"))
    return workflow


def test_a_changed_document_costs_no_gate() -> None:
    ignored = _workflow()[True]["pull_request"]["paths-ignore"]
    assert ignored == read(ROOT / ".github" / "workflows" / "pr-gate.yml")["on"]["pull_request"]["paths-ignore"]


def test_the_page_begins_with_ten_lines() -> None:
    fence, language = re.search(r"^```(\w+)\n(?:.*\n)*?^```$", GATES, re.MULTILINE).group(0, 1)
    assert language == "sh"
    assert fence.count("\n") - 1 <= 10
    assert fence.splitlines()[-2] == "wattbench gate --base main"


@pytest.mark.parametrize(
    ("code", "verdict", "expected"), [(0, "pass", 0), (1, "regressed", 1), (2, "inconclusive", 2), (2, None, 3)]
)
def test_the_example_for_gitlab_ends_as_the_gate_did(
    job: Callable[[dict[str, Any]], Job], code: int, verdict: str | None, expected: int
) -> None:
    gate = yaml.safe_load(block("# .gitlab-ci.yml"))["gate"]
    machine = job({})
    (machine.workspace / "gate").mkdir()
    machine.stand_in("wattbench", GATE)
    machine.stand_in("pip", "")
    machine.env = {
        "TOLD": json.dumps({"code": code, "verdict": verdict}), "CALLS": str(machine.root / "calls.json"),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "f00",
    }  # fmt: skip
    done = machine.run({"run": "\n".join(gate["script"])})
    assert done.returncode == expected, done.stderr
    assert json.loads((machine.root / "calls.json").read_text())[:3] == ["gate", "--base", "f00"]
    kept = gate["artifacts"]["reports"]["junit"]
    assert (machine.workspace / kept).exists() == (verdict is not None)
    assert gate["allow_failure"] == {"exit_codes": [2]}
