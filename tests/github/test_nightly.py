"""The scripts of `nightly.yml`, run here against a repository of this test's own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.github.machine import WORKFLOWS, Job, Step, read, resolved

JOBS: dict[str, Any] = read(WORKFLOWS / "nightly.yml")["jobs"]
STEPS: list[Step] = JOBS["night"]["steps"]
NAMED = {each["name"]: each for each in STEPS if "name" in each}
MEASURE = [NAMED[name] for name in ("Fetch the history", "Measure and judge the night", "Commit the night")]
PASS = NAMED["Pass or fail"]
*_, KEEP = JOBS["keep"]["steps"]

# Stands in for the command: a night more, a site of all nights, and the exit code that it was told.
WATTBENCH = """
import os, sys
from dataclasses import dataclass
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
    """Make a repository with one commit on `main`."""
    root = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", root)
    made = tmp_path / "made"
    git(tmp_path, "clone", "--quiet", root, made)
    (made / "README.md").write_text("one\n")
    git(made, "add", ".")
    git(made, "commit", "--quiet", "--message", "one")
    git(made, "push", "--quiet", "origin", "HEAD:main")
    return root


@dataclass
class Night:
    """The machines of a night: what measures, and what keeps it, each with a checkout of its own."""

    root: Path
    origin: Path
    name: str
    code: int

    def __post_init__(self) -> None:
        self.machine = self._machine("night", {"github": {"token": "t"}})
        self.machine.stand_in("wattbench", WATTBENCH)
        self.machine.env = {"NIGHT": self.name, "CODE": str(self.code)}
        self.machine.outputs["history"] = {"outputs": {"base": ""}}  # as GitHub has it of a step that writes none

    def _machine(self, name: str, context: dict[str, Any]) -> Job:
        machine = Job(self.root / f"{name}-{self.name}", context)
        git(self.root, "clone", "--quiet", "--depth", "1", self.origin.as_uri(), machine.workspace)
        return machine

    def measure(self) -> subprocess.CompletedProcess[str]:
        """Run the scripts up to the artifact."""
        for step in MEASURE:
            done = self.machine.run(step)
            if done.returncode:
                break
            if step.get("id") == "history":
                self.machine.outputs["history"]["outputs"].setdefault("base", "")
        return done

    def keep(self) -> subprocess.CompletedProcess[str]:
        """Run the job that pushes, with the artifact."""
        outputs = {
            name: resolved(text, self.machine.context)
            for name, text in JOBS["night"]["outputs"].items()
            if name != "site"
        }
        shutil.rmtree(self.root / f"keep-{self.name}", ignore_errors=True)
        keeper = self._machine("keep", {"needs": {"night": {"outputs": outputs}}})
        shutil.copytree(self.machine.temp / "night", keeper.temp / "night")
        return keeper.run(KEEP)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run both jobs, and return the end of the first."""
        done = self.measure()
        if done.returncode:
            return done
        if self.machine.outputs["commit"]["outputs"]:
            kept = self.keep()
            assert kept.returncode == 0, kept.stderr
        return self.machine.run(PASS)


@pytest.fixture
def night(origin: Path, tmp_path: Path) -> Callable[..., Night]:
    """Make a night: `night("2026-01-01", code=1)`."""
    return lambda name, *, code=0: Night(tmp_path, origin, name, code)


def kept(origin: Path) -> list[str]:
    return git(origin, "ls-tree", "-r", "--name-only", "history").split()


@pytest.mark.slow
def test_the_first_night_begins_a_history_and_the_next_goes_on_with_it(
    night: Callable[..., Night], origin: Path
) -> None:
    first = night("one")
    assert first.run().returncode == 0
    assert kept(origin) == ["runs/one/run.json", "verdicts/one.json"]
    assert (first.machine.temp / "history" / "site" / "index.html").read_text() == ""

    second = night("two")
    assert second.run().returncode == 0
    assert kept(origin) == ["runs/one/run.json", "runs/two/run.json", "verdicts/one.json", "verdicts/two.json"]
    assert (second.machine.temp / "history" / "site" / "index.html").read_text() == "one"
    assert git(origin, "rev-list", "--count", "history").strip() == "2"
    assert git(origin, "ls-tree", "--name-only", "main").split() == ["README.md"]


def test_the_checkout_stays_clean_so_that_the_run_s_commit_is_what_ran(night: Callable[..., Night]) -> None:
    made = night("one")
    made.measure()
    assert git(made.machine.workspace, "status", "--porcelain") == ""


@pytest.mark.parametrize(("code", "fails"), [(1, True), (2, False), (3, True)])
def test_a_night_that_fails_is_kept_and_shown_all_the_same(
    night: Callable[..., Night], origin: Path, code: int, fails: bool
) -> None:
    made = night("one", code=code)
    done = made.run()
    assert done.returncode == (code if fails else 0)
    assert ("::warning" in done.stdout) is not fails
    assert kept(origin) == ["runs/one/run.json", "verdicts/one.json"]
    assert made.machine.outputs["night"]["outputs"] == {"exit-code": str(code), "site": "true"}


def test_a_night_that_left_nothing_changes_nothing(night: Callable[..., Night], origin: Path) -> None:
    night("one").run()
    made = night("", code=3)
    assert made.run().returncode == 3
    assert made.machine.outputs["night"]["outputs"] == {"exit-code": "3"}
    assert git(origin, "rev-list", "--count", "history").strip() == "1"


def test_a_first_night_that_left_nothing_begins_no_history(night: Callable[..., Night], origin: Path) -> None:
    assert night("", code=3).run().returncode == 3
    assert git(origin, "branch", "--list", "history") == ""


@pytest.mark.slow
def test_a_reference_that_was_moved_during_the_night_stays(
    night: Callable[..., Night], origin: Path, tmp_path: Path
) -> None:
    night("one").run()
    made = night("two")
    made.measure()
    reviewer = tmp_path / "reviewer"
    git(tmp_path, "clone", "--quiet", "--branch", "history", origin, reviewer)
    (reviewer / "reference.yaml").write_text("run: one\n")
    git(reviewer, "add", ".")
    git(reviewer, "commit", "--quiet", "--message", "one is what we hold nights against")
    git(reviewer, "push", "--quiet")
    done = made.keep()
    assert done.returncode == 0, done.stderr
    assert kept(origin) == [
        "reference.yaml", "runs/one/run.json", "runs/two/run.json", "verdicts/one.json", "verdicts/two.json",
    ]  # fmt: skip


def test_a_history_that_cannot_be_reached_is_no_first_night(night: Callable[..., Night]) -> None:
    made = night("one")
    git(made.machine.workspace, "remote", "set-url", "origin", "file:///nowhere/at/all.git")
    assert made.run().returncode not in (0, 2)
    assert "night" not in made.machine.outputs


@pytest.mark.parametrize("path", ["reference.yaml", ".github/workflows/mine.yml", "runs/../README.md"])
def test_a_night_that_changes_more_than_its_runs_is_not_pushed(
    night: Callable[..., Night], origin: Path, path: str
) -> None:
    night("one").run()
    before = kept(origin)
    made = night("two")
    made.measure()
    history = made.machine.temp / "history"
    (history / path).parent.mkdir(parents=True, exist_ok=True)
    (history / path).write_text("hostile\n")
    git(history, "add", "--all", "--", path)
    git(history, "commit", "--quiet", "--amend", "--no-edit")
    base = git(history, "rev-parse", "HEAD^").strip()
    git(history, "bundle", "create", "--quiet", made.machine.temp / "night" / "night.bundle", "HEAD", f"^{base}")
    assert made.keep().returncode == 1  # another commit than the job named
    made.machine.outputs["commit"]["outputs"]["night"] = git(history, "rev-parse", "HEAD").strip()
    done = made.keep()
    assert done.returncode == 1
    assert "changes more than runs and verdicts" in done.stdout
    assert kept(origin) == before


def test_the_token_is_gone_before_anything_is_installed() -> None:
    """Only the step that fetches the history has it, and only to read; the job that may push runs git alone."""
    tokens = [place for place, each in enumerate(STEPS) if "TOKEN" in each.get("env", {})]
    installs = next(place for place, each in enumerate(STEPS) if ".ci/install" in each.get("run", ""))
    assert tokens == [STEPS.index(NAMED["Fetch the history"])]
    assert tokens[0] < installs
    assert [each.get("uses", "").partition("@")[0] for each in JOBS["keep"]["steps"]] == [
        "actions/checkout", "actions/download-artifact", "",
    ]  # fmt: skip
    commands = {line.split()[0] for line in KEEP["run"].splitlines() if line.strip()}
    assert commands <= {"set", "if", "git", "before=${BASE:-$(git", "echo", "exit", "fi", "#", "}"}


def test_the_site_is_published_whatever_the_verdict() -> None:
    jobs: dict[str, Any] = read(WORKFLOWS / "nightly.yml")["jobs"]
    assert jobs["night"]["outputs"]["site"] == "${{ steps.night.outputs.site }}"
    assert jobs["publish"]["if"] == (
        "${{ !cancelled() && needs.night.outputs.site == 'true' && vars.PAGES != 'docs' }}"
    )
    assert STEPS[-1] is PASS
    assert [each.get("uses", "").partition("@")[0] for each in jobs["publish"]["steps"]] == [
        "actions/configure-pages",
        "actions/deploy-pages",
    ]
