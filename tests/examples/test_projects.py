"""The example projects, each as its README says, in a copy of its folder; measured for as short as it can be."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.commands import write_program
from tests.docs.snippets import snippets

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = "measure: {effort: quick, energy: off}"
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
PORT = re.compile(r"\b8765\b")

pytestmark = pytest.mark.slow

Project = Callable[..., "tuple[Path, subprocess.CompletedProcess[str]]"]


@pytest.fixture
def free_port() -> int:
    """Return a port on which no server listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def programs(folder: Path) -> Path:
    """Write the programs that the READMEs call."""
    folder.mkdir()
    (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "python").chmod(0o755)
    write_program(folder)
    return folder


@pytest.fixture
def project(tmp_path: Path, free_port: int) -> Project:
    """Copy an example, and run the commands of its README there."""

    def run(name: str, suite: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
        folder = tmp_path / "a copy"
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("runs", "exported", "*.skops"))
        text = (folder / suite).read_text()
        assert re.search(r"^measure: .*$", text, re.MULTILINE)
        text = re.sub(r"^measure: .*$", QUICK, text, flags=re.MULTILINE)
        (folder / suite).write_text(PORT.sub(str(free_port), text))
        [commands] = [
            each.text for each in snippets() if each.page == f"examples/{name}/README.md" and each.language == "sh"
        ]
        script = f"set -e\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{PORT.sub(str(free_port), commands)}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment |= {"WATTBENCH_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", **WHO}
        environment["PATH"] = f"{programs(tmp_path / 'bin')}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return folder, done

    return run


def accuracies(folder: Path) -> Any:
    """Return the share of right answers by system, in percent."""
    [run] = (folder / "runs").iterdir()
    return pd.read_parquet(run / "items.parquet").groupby("system", observed=True)["correct"].mean() * 100


def stated(name: str, system: str) -> float:
    """Return the accuracy that the README of an example states."""
    found = re.search(rf"^{system} +([\d.]+)%", (EXAMPLES / name / "README.md").read_text(), re.MULTILINE)
    assert found
    return float(found[1])


def test_rules_a_classifier_or_both(project: Project) -> None:
    name = "support-tickets"
    folder, done = project(name, "suite.yaml")
    assert done.returncode == 0, done.stderr
    assert "trained on 150 messages" in done.stdout
    measured = accuracies(folder)
    for system in ("rules", "commonest"):
        assert measured[system] == pytest.approx(stated(name, system), abs=0.1)
    for system in ("classifier", "rules-first"):  # another version of scikit-learn may fit a little differently
        assert measured[system] == pytest.approx(stated(name, system), abs=4)
    assert "rules-first" in (folder / "report.html").read_text()


def test_an_api_or_a_local_specialist(project: Project) -> None:
    folder, done = project("api-or-local", "suite.yaml")
    assert done.returncode == 0, done.stderr
    measured = accuracies(folder)
    for system in ("api", "rules"):
        assert measured[system] == pytest.approx(stated("api-or-local", system), abs=0.1)
    assert "net benefit" in done.stderr
    [run] = (folder / "runs").iterdir()
    assert (run / "spending.jsonl").stat().st_size > 0
    items = pd.read_parquet(run / "items.parquet")
    api = items[items["system"] == "api"]
    assert api["energy_j"].isna().all()
    assert (api["prompt_tokens"] > 10).all()


def test_a_shorter_prompt_does_not_pass(project: Project) -> None:
    _, done = project("gate-in-a-repository", "gate.yaml")
    assert done.returncode == 1, done.stderr
    assert re.search(r"^REGRESSED: Keep teams.base: with teams, accuracy is [\d.]+ points lower", done.stdout, re.M)
    assert "prompt.txt" in done.stdout
