"""What is written down of the machine, and what is not."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path

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
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "suite.yaml").write_text("name: x")
    git("add", ".")
    git("commit", "-qm", "x")
    clean = environment(tmp_path)
    assert clean["commit"] == git("rev-parse", "HEAD")
    assert clean["commit_dirty"] is False
    (tmp_path / "suite.yaml").write_text("name: y")
    assert environment(tmp_path)["commit_dirty"] is True
