"""What was committed between two nights."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from wattbench.nights import KeptRun, commits_since, night_before
from wattbench.nights.nights import MOST_COMMITS, MOST_FILES

Commit = Callable[..., str]


@pytest.fixture
def commit(tmp_path: Path) -> Commit:
    """Commits a file and returns the commit."""
    git = lambda *arguments: subprocess.run(  # noqa: E731
        ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    git("init", "-q")

    def made(path: str, text: str, subject: str) -> str:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
        git("add", "-A")
        git("commit", "-qm", subject)
        return git("rev-parse", "HEAD")

    return made


def kept(commit: str | None, day: int = 1, **changes: object) -> KeptRun:
    run = KeptRun(f"run-{day}", Path(), date(2026, 3, day), commit, finished=True, suite="sums", machine="a CPU")
    return replace(run, **changes)


def test_commits_and_files_are_listed_newest_first(commit: Commit, tmp_path: Path) -> None:
    first = commit("suite.yaml", "1", "one")
    second = commit("prompts/answer two.txt", "2", "Shorter: a prompt")
    third = commit("suite.yaml", "3", "three")
    listed = commits_since(tmp_path / "prompts", kept(first))
    assert listed is not None
    assert listed.model_dump(mode="json") == {
        "run": "run-1", "commit": first,
        "commits": [{"commit": third, "subject": "three"}, {"commit": second, "subject": "Shorter: a prompt"}],
        "commits_in_all": 2, "files": ["prompts/answer two.txt", "suite.yaml"], "files_in_all": 2,
    }  # fmt: skip


def test_the_same_commit_lists_nothing(commit: Commit, tmp_path: Path) -> None:
    listed = commits_since(tmp_path, kept(commit("a", "1", "one")))
    assert listed is not None
    assert (listed.commits, listed.files) == ((), ())


def test_only_the_first_of_many_are_listed(commit: Commit, tmp_path: Path) -> None:
    first = commit("a", "1", "one")
    for number in range(MOST_COMMITS + 2):
        commit(f"file{number:02d}", "1", "x" * 500)
    listed = commits_since(tmp_path, kept(first))
    assert listed is not None
    assert (len(listed.commits), listed.commits_in_all) == (MOST_COMMITS, MOST_COMMITS + 2)
    assert (len(listed.files), listed.files_in_all) == (MOST_FILES, MOST_COMMITS + 2)
    assert max(len(each.subject) for each in listed.commits) == 120


@pytest.mark.parametrize("unknown", [None, "f" * 40, "--output=x", "HEAD~1", ""])
def test_an_unknown_commit_gives_none(commit: Commit, tmp_path: Path, unknown: str | None) -> None:
    commit("a", "1", "one")
    assert commits_since(tmp_path, kept(unknown)) is None


def test_without_a_repository_there_is_none(tmp_path: Path) -> None:
    assert commits_since(tmp_path, kept("a" * 40)) is None


def test_the_night_before_is_the_last_finished_one_of_the_suite() -> None:
    runs = [
        kept("a", 1), kept("b", 2), kept("c", 3, finished=False), kept("d", 3, suite="other"), kept("e", 4)
    ]  # fmt: skip
    assert night_before(runs, "sums", date(2026, 3, 4)) == runs[1]
    assert night_before(runs, "sums", date(2026, 3, 1)) is None
