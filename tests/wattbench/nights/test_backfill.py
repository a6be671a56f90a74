"""Nights that were never run are made up for at their own commits, in worktrees that are gone afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from tests.made_up.repositories import git, worktrees
from wattbench.errors import UserError
from wattbench.nights import NightsLayout, backfill, kept_runs
from wattbench.repository import Commit, Repository, repository_of


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Three commits: a suite that says one, none, and one that says three."""
    root = tmp_path / "project"
    suite = root / "bench" / "suite.yaml"
    suite.parent.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    suite.write_text("one")
    git(root, "add", "."), git(root, "commit", "-qm", "1", at="2026-03-01T23:30:00-03:00")
    git(root, "rm", "-q", str(suite)), git(root, "commit", "-qm", "2", at="2026-03-03T12:00:00Z")
    suite.parent.mkdir(exist_ok=True)
    suite.write_text("three")
    git(root, "add", "."), git(root, "commit", "-qm", "3", at="2026-03-04T12:00:00Z")
    return repository_of(suite)


def test_commits_come_oldest_first_with_their_dates(repository: Repository) -> None:
    first, second, third = repository.commits("HEAD~2") + repository.commits("HEAD~2..HEAD")
    assert [each.date for each in (first, second, third)] == [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)]
    assert third.sha == git(repository.root, "rev-parse", "HEAD")
    assert repository.suite == Path("bench/suite.yaml")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("nowhere", "--commit nowhere: "),
        ("HEAD..nowhere", "--commit HEAD..nowhere: "),
        ("HEAD..HEAD", "there is no commit in this range"),
        ("--all", "--commit --all: "),
        ("--output=x", "--commit --output=x: "),
    ],
)
def test_what_git_does_not_know_is_said(repository: Repository, wanted: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        repository.commits(wanted)
    assert not (repository.root / "x").exists()


def test_a_suite_outside_of_any_repository_is_said(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text("")
    with pytest.raises(UserError, match=r"suite\.yaml: not a git repository"):
        repository_of(tmp_path / "suite.yaml")


@pytest.fixture
def command(make_run, tmp_path: Path) -> Callable[[Path, Path, Commit], Sequence[str]]:
    """Instead of a run: a copy of one that says what the suite file said, or exit code 3 where that is `broken`."""

    def build(suite: Path, folder: Path, commit: Commit) -> list[str]:
        made = make_run(tmp_path / commit.sha, commit.date.isoformat(), night={
            "date": commit.date.isoformat(), "commit": commit.sha, "backfilled": True,
        }, environment={"said": suite.read_text()})  # fmt: skip
        program = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2])"
        return [sys.executable, "-c", program, str(made), str(folder / "runs" / made.name)]

    return build


def test_each_commit_is_run_as_it_was_and_a_broken_one_stops_no_other(
    layout: NightsLayout, repository: Repository, command
) -> None:
    commits = repository.commits("HEAD~2") + repository.commits("HEAD~2..HEAD")
    done = list(backfill(layout, repository, commits, command))
    assert [each.root is not None for each in done] == [True, False, True]
    assert done[1].why_not == "bench/suite.yaml does not exist at this commit"
    assert [(each.commit, each.date) for each in kept_runs(layout)] == [
        (commits[0].sha, commits[0].date), (commits[2].sha, commits[2].date),
    ]  # fmt: skip
    assert '"said": "three"' in (done[2].root / "run.json").read_text()
    assert worktrees(repository.root) == 1
    assert not list(layout.aside.iterdir())


def test_a_run_that_fails_is_reported_and_leaves_nothing(layout: NightsLayout, repository: Repository) -> None:
    def failing(suite: Path, folder: Path, commit: Commit) -> list[str]:
        program = "import pathlib, sys; pathlib.Path(sys.argv[1], 'runs', 'half').mkdir(parents=True); sys.exit(3)"
        return [sys.executable, "-c", program, str(folder)]

    (done,) = backfill(layout, repository, repository.commits("HEAD"), failing)
    assert done.why_not == "its run ended with exit code 3; see its messages above"
    assert not list(layout.runs.iterdir())
    assert not list(layout.aside.iterdir())


@pytest.mark.slow
def test_an_interruption_ends_the_run_and_removes_the_worktree(
    layout: NightsLayout, repository: Repository, tmp_path: Path
) -> None:
    """The run itself interrupts us, and then would go on for ever."""
    told = tmp_path / "told"
    program = (
        "import os, pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path(sys.argv[1]).write_text('ended'), sys.exit(1)))\n"
        "os.kill(int(sys.argv[2]), signal.SIGINT)\n"
        "time.sleep(600)\n"
    )

    def interrupting(suite: Path, folder: Path, commit: Commit) -> list[str]:
        return [sys.executable, "-c", program, str(told), str(os.getpid())]

    with pytest.raises(KeyboardInterrupt):
        list(backfill(layout, repository, repository.commits("HEAD"), interrupting))
    assert told.read_text() == "ended"
    assert worktrees(repository.root) == 1
    assert not list(layout.runs.iterdir())
