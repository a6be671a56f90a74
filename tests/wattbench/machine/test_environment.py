"""What is written down of the machine, and what is not."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

from tests.made_up.repositories import commit, git
from wattbench.machine.environment import environment


def test_the_machine_is_described_without_naming_anybody(tmp_path: Path) -> None:
    found = environment(tmp_path)
    assert found["python"] == platform.python_version()
    assert found["cpus_logical"] == os.cpu_count()
    assert found["memory_bytes"] > 0
    assert "lm-eval" in found["packages"]
    assert found["commit"] is None
    text = json.dumps(found)
    assert platform.node() not in text


def test_the_commit_is_that_of_the_suites_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "suite.yaml").write_text("name: x")
    made = commit(tmp_path, "x")
    clean = environment(tmp_path)
    assert (clean["commit"], clean["commit_dirty"]) == (made, False)
    (tmp_path / "suite.yaml").write_text("name: y")
    assert environment(tmp_path)["commit_dirty"] is True
