"""The scripts of `nightly.yml`, run here against a repository of this test's own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.github.machine import WORKFLOWS, Job, Step, read

STEPS: list[Step] = read(WORKFLOWS / "nightly.yml")["jobs"]["night"]["steps"]
NAMED = {each["name"]: each for each in STEPS if "name" in each}
NIGHT = [NAMED[name] for name in ("Fetch the history", "Measure and judge the night", "Keep the night", "Pass or fail")]

# Stands in for the command: a night more, a site of all nights, and the exit code that it was told.
WATTBENCH = """
import os, sys
from pathlib import Path

[command, suite, option, history] = sys.argv[1:]
assert (command, suite, option) == ("nightly", "nightly", "--history")
runs = Path(history, "runs")
before = sorted(each.name for each in runs.iterdir()) if runs.exists() else []
if os.environ["NIGHT"]:
    (runs / os.environ["NIGHT"]).mkdir(parents=True)
    (runs / os.environ["NIGHT"] / "run.json").write_text("{}")
    for made in ("site/index.html", ".index/runs.duckdb", f"verdicts/{os.environ['NIGHT']}.json"):
        Path(history, made).parent.mkdir(exist_ok=True)
        Path(history, made).write_text(" ".join(before))
sys.exit(int(os.environ["CODE"]))
"""


def git(folder: Path, *arguments: object) -> str:
    own = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *own, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with one commit on `main`."""
    root = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", root)
    made = tmp_path / "made"
    git(tmp_path, "clone", "--quiet", root, made)
    (made / "README.md").write_text("one\n")
    git(made, "add", ".")
    git(made, "commit", "--quiet", "--message", "one")
    git(made, "push", "--quiet", "origin", "HEAD:main")
    return root


@pytest.fixture
def night(origin: Path, tmp_path: Path) -> Callable[..., Job]:
    """A machine with a fresh checkout: `night("2026-01-01", code=1)`."""

    def ready(name: str, *, code: int = 0) -> Job:
        machine = Job(tmp_path / f"machine-{name}", {})
        git(tmp_path, "clone", "--quiet", "--depth", "1", origin.as_uri(), machine.workspace)
        machine.stand_in("wattbench", WATTBENCH)
        machine.env = {"NIGHT": name, "CODE": str(code)}
        return machine

    return ready


def kept(origin: Path) -> list[str]:
    return git(origin, "ls-tree", "-r", "--name-only", "history").split()


def test_the_first_night_begins_a_history_and_the_next_goes_on_with_it(night: Callable[..., Job], origin: Path) -> None:
    first = night("one")
    assert first.run_all(NIGHT).returncode == 0
    assert kept(origin) == ["runs/one/run.json", "verdicts/one.json"]
    assert (first.temp / "history" / "site" / "index.html").read_text() == ""

    second = night("two")
    assert second.run_all(NIGHT).returncode == 0
    assert kept(origin) == ["runs/one/run.json", "runs/two/run.json", "verdicts/one.json", "verdicts/two.json"]
    assert (second.temp / "history" / "site" / "index.html").read_text() == "one"
    assert git(origin, "rev-list", "--count", "history").strip() == "2"
    assert git(origin, "ls-tree", "--name-only", "main").split() == ["README.md"]


def test_the_checkout_stays_clean_so_that_the_run_s_commit_is_what_ran(night: Callable[..., Job]) -> None:
    machine = night("one")
    machine.run_all(NIGHT)
    assert git(machine.workspace, "status", "--porcelain") == ""


@pytest.mark.parametrize(("code", "fails"), [(1, True), (2, False), (3, True)])
def test_a_night_that_fails_is_kept_and_shown_all_the_same(
    night: Callable[..., Job], origin: Path, code: int, fails: bool
) -> None:
    machine = night("one", code=code)
    done = machine.run_all(NIGHT)
    assert done.returncode == (code if fails else 0)
    assert ("::warning" in done.stdout) is not fails
    assert kept(origin) == ["runs/one/run.json", "verdicts/one.json"]
    assert machine.outputs["night"]["outputs"] == {"exit-code": str(code), "site": "true"}


def test_a_night_that_left_nothing_changes_nothing(night: Callable[..., Job], origin: Path) -> None:
    night("one").run_all(NIGHT)
    machine = night("", code=3)
    assert machine.run_all(NIGHT).returncode == 3
    assert machine.outputs["night"]["outputs"] == {"exit-code": "3"}
    assert git(origin, "rev-list", "--count", "history").strip() == "1"


def test_a_first_night_that_left_nothing_begins_no_history(night: Callable[..., Job], origin: Path) -> None:
    assert night("", code=3).run_all(NIGHT).returncode == 3
    assert git(origin, "branch", "--list", "history") == ""


def test_a_reference_that_was_moved_during_the_night_stays(
    night: Callable[..., Job], origin: Path, tmp_path: Path
) -> None:
    night("one").run_all(NIGHT)
    machine = night("two")
    machine.run_all(NIGHT[:2])
    reviewer = tmp_path / "reviewer"
    git(tmp_path, "clone", "--quiet", "--branch", "history", origin, reviewer)
    (reviewer / "reference.yaml").write_text("run: one\n")
    git(reviewer, "add", ".")
    git(reviewer, "commit", "--quiet", "--message", "one is what we hold nights against")
    git(reviewer, "push", "--quiet")
    done = machine.run_all(NIGHT[2:])
    assert done.returncode == 0, done.stderr
    assert kept(origin) == [
        "reference.yaml", "runs/one/run.json", "runs/two/run.json", "verdicts/one.json", "verdicts/two.json",
    ]  # fmt: skip


def test_a_history_that_cannot_be_reached_is_no_first_night(night: Callable[..., Job]) -> None:
    machine = night("one")
    git(machine.workspace, "remote", "set-url", "origin", "file:///nowhere/at/all.git")
    assert machine.run_all(NIGHT).returncode not in (0, 2)
    assert "night" not in machine.outputs


def test_the_site_is_published_whatever_the_verdict() -> None:
    jobs: dict[str, Any] = read(WORKFLOWS / "nightly.yml")["jobs"]
    assert jobs["night"]["outputs"] == {"site": "${{ steps.night.outputs.site }}"}
    assert jobs["publish"]["if"] == (
        "${{ !cancelled() && needs.night.outputs.site == 'true' && vars.PAGES != 'docs' }}"
    )
    assert STEPS[-1] is NIGHT[-1]
    assert [each.get("uses", "").partition("@")[0] for each in jobs["publish"]["steps"]] == [
        "actions/configure-pages",
        "actions/deploy-pages",
    ]
