"""The example projects and the tutorials, each as its page says, in a copy of its folder; measured briefly."""

from __future__ import annotations

import json
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

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
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
def environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a shell that finds the programs of the pages."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    path = f"{programs(tmp_path / 'bin')}{os.pathsep}{inherited['PATH']}"
    return inherited | {"WATTBENCH_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", **WHO, "PATH": path}


def copied(name: str, folder: Path) -> Path:
    """Copy an example, and return the folder."""
    return Path(shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("runs", "exported", "*.skops")))


def shell(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def commands_of(page: str) -> list[str]:
    """Return the blocks of commands of a page."""
    return [each.text for each in snippets() if each.page == page and each.language == "sh"]


@pytest.fixture
def project(tmp_path: Path, free_port: int, environment: dict[str, str]) -> Project:
    """Copy an example, and run the commands of its README there."""

    def run(name: str, suite: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
        folder = copied(name, tmp_path / "a copy")
        text = (folder / suite).read_text()
        assert re.search(r"^measure: .*$", text, re.MULTILINE)
        text = re.sub(r"^measure: .*$", QUICK, text, flags=re.MULTILINE)
        (folder / suite).write_text(PORT.sub(str(free_port), text))
        [commands] = commands_of(f"examples/{name}/README.md")
        script = f"set -e\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{PORT.sub(str(free_port), commands)}"
        return folder, shell(script, folder, environment)

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


def test_settings_of_one_model(tmp_path: Path, environment: dict[str, str], fill_cache: Callable[[Path], Path]) -> None:
    """The example of docs/grids.md, on few items: that a run finishes, and from one server."""
    fill_cache(Path(environment["WATTBENCH_CACHE"]))
    folder = copied("a-grid", tmp_path / "a copy")
    suite, quick = folder / "suite.yaml", QUICK.replace("}", ", warmup: 0}")
    suite.write_text(re.sub(r"^measure: .*$", quick, suite.read_text(), flags=re.MULTILINE))
    done = shell("wattbench run suite.yaml --limit 2 --report report.html", folder, environment)
    assert done.returncode == 0, done.stderr
    [run] = (folder / "runs").iterdir()
    first = "small-8-none-text"
    rows = [json.loads(line) for line in (run / "systems.jsonl").read_text().splitlines()]
    shared = {row["system"]: row["shares_base_with"] for row in rows}
    assert len(shared) == 8
    assert shared == {name: None if name == first else first for name in shared}
    systems = json.loads((run / "run.json").read_text())["suite"]["systems"]
    labels = {"max_tokens": "32", "examples": "four", "form": "chat"}
    assert systems["small-32-four-chat"]["arm"] == {"grid": "small", "labels": labels}


def test_from_a_csv_to_a_report(tmp_path: Path, environment: dict[str, str]) -> None:
    """The tutorial docs/start/run.md; what `init` prints, and the accuracies, are those of the page."""
    page = (ROOT / "docs/start/run.md").read_text()
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("tickets.csv", "rules.py"):
        shutil.copy(EXAMPLES / "support-tickets" / name, folder)
    said = ""
    for commands in commands_of("docs/start/run.md"):
        done = shell(f"set -e\n{commands}", folder, environment)
        assert done.returncode == 0, f"{commands}: {done.stderr}"
        said += done.stderr + done.stdout
        if "wattbench init" in commands:
            suite = folder / "tickets.yaml"  # the settings that the suite offers as a comment are shorter
            suite.write_text(suite.read_text().replace("# measure:", "measure:"))
    guessed = re.search(r"```text\n(input: message.*?)```", page, re.DOTALL)
    assert guessed
    assert guessed[1] in said
    for system, accuracy in accuracies(folder).items():
        stated_percent = re.search(rf"^{system} +([\d.]+)%", page, re.MULTILINE)
        assert stated_percent
        assert accuracy == pytest.approx(float(stated_percent[1]), abs=0.06)
    assert "Answer: no rule" in said
    assert "Run rules: it meets both requirements" in said
    assert "47.3%" in (folder / "report.html").read_text()


def test_a_table_of_answers_is_decided_as_the_tutorial_says(tmp_path: Path, environment: dict[str, str]) -> None:
    """docs/start/decide.md and README.md, on the table that they name: advice and rows are those of the pages."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(EXAMPLES / "answers.csv", folder)
    page = (ROOT / "docs/start/decide.md").read_text()
    _, one, two, whole = commands_of("docs/start/decide.md")
    plain = shell(f"set -e\n{one}", folder, environment)
    assert plain.returncode == 0, plain.stderr
    shown = re.search(r"```text\n(Run hybrid.*?)```", page, re.DOTALL)
    assert shown
    assert shown[1] in plain.stdout
    required = shell(f"set -e\n{two}", folder, environment).stdout
    readme = (ROOT / "README.md").read_text()
    shown_lines = readme.partition("$ wattbench decide answers.csv")[2].partition("\n\n`")[0].splitlines()[1:]
    lines = [line.removeprefix("    ").removesuffix(" ...") for line in shown_lines if line.strip(" .")]
    assert len(lines) == 8
    assert [line for line in lines if line not in required] == []
    assert "Measure about 1,690 more items" in required
    assert shell(whole, folder, environment).returncode == 0
    assert "generalist-tuned" in (folder / "page.html").read_text()


def test_a_shorter_prompt_does_not_pass(tmp_path: Path, environment: dict[str, str]) -> None:
    """The tutorial docs/start/gate.md: a regression, no change, and a drill."""
    folder = copied("gate-in-a-repository", tmp_path / "a copy")
    suite = folder / "gate.yaml"
    suite.write_text(re.sub(r"^measure: .*$", QUICK, suite.read_text(), flags=re.MULTILINE))
    first, second = commands_of("docs/start/gate.md")
    done = shell(first, folder, environment)
    assert done.returncode == 1, done.stderr
    assert re.search(r"^REGRESSED: Keep teams.base: with teams, accuracy is [\d.]+ points lower", done.stdout, re.M)
    assert "prompt.txt" in done.stdout
    assert "Items that flipped" in (folder / "verdict.html").read_text()
    *unchanged, drill = second.strip().splitlines()
    done = shell("set -e\n" + "\n".join(unchanged), folder, environment)
    assert (done.returncode, "no item was asked" in " ".join(done.stdout.split())) == (0, True)
    done = shell(drill, folder, environment)
    assert done.returncode == 1, done.stderr
    assert re.search(r"^REGRESSED: ", done.stdout, re.MULTILINE)
