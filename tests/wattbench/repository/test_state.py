"""What is recorded of the repository of a suite: never a secret."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.repository import MOST_FILES, repository_state, web_address

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """A repository with one commit."""

    def run(*arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    run("init", "-q")
    (tmp_path / "suite.yaml").write_text("name: x")
    run("add", ".")
    run("commit", "-qm", "x")
    return run


def test_a_folder_outside_a_repository_has_none(tmp_path: Path) -> None:
    assert repository_state(tmp_path) == {"commit": None, "commit_dirty": False, "repository": None}


def test_a_clean_repository_without_a_remote(git: Git, tmp_path: Path) -> None:
    assert repository_state(tmp_path) == {
        "commit": git("rev-parse", "HEAD"),
        "commit_dirty": False,
        "repository": {"remote": None, "uncommitted": [], "uncommitted_files": 0},
    }


def test_uncommitted_files_are_named(git: Git, tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").rename(tmp_path / "näme with space.yaml")
    git("add", "-A")
    (tmp_path / "new.py").write_text("1")
    recorded = repository_state(tmp_path)
    assert recorded["commit_dirty"] is True
    assert recorded["repository"]["uncommitted"] == ["näme with space.yaml", "new.py"]


def test_of_many_uncommitted_files_the_first_are_named(git: Git, tmp_path: Path) -> None:
    for number in range(MOST_FILES + 3):
        (tmp_path / f"{number:02d}").write_text("")
    recorded = repository_state(tmp_path)["repository"]
    assert recorded["uncommitted"] == [f"{number:02d}" for number in range(MOST_FILES)]
    assert recorded["uncommitted_files"] == MOST_FILES + 3


def test_the_token_of_a_remote_is_not_recorded(git: Git, tmp_path: Path) -> None:
    git("remote", "add", "origin", "https://x-access-token:ghs_SECRET@github.com/owner/name.git?token=SECRET")
    recorded = repository_state(tmp_path)
    assert recorded["repository"]["remote"] == "https://github.com/owner/name"
    assert "SECRET" not in str(recorded)


def test_a_remote_that_is_not_called_origin_counts_if_it_is_the_only_one(git: Git, tmp_path: Path) -> None:
    git("remote", "add", "up", "git@github.com:owner/name.git")
    assert repository_state(tmp_path)["repository"]["remote"] == "https://github.com/owner/name"
    git("remote", "add", "down", "git@github.com:other/name.git")
    assert repository_state(tmp_path)["repository"]["remote"] is None


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/owner/name.git", "https://github.com/owner/name"),
        ("https://user:pass@git.example.org:8443/a/b/c", "https://git.example.org:8443/a/b/c"),
        ("ssh://git@example.org:2222/owner/name.git", "https://example.org/owner/name"),
        ("git@gitlab.com:group/sub/name.git", "https://gitlab.com/group/sub/name"),
        ("example.org:owner/name", "https://example.org/owner/name"),
        ("/srv/git/name.git", None),
        ("../name", None),
        ("file:///home/someone/name", None),
        ("https://github.com/../x", None),
        ("https://github.com/", None),
        ("https://example.org:port/x", None),
        ("javascript:alert(1)", None),
        ('https://github.com/"><script>', None),
        ("", None),
    ],
)
def test_the_address_of_a_remote(remote: str, address: str | None) -> None:
    assert web_address(remote) == address


@given(st.text(), st.text(st.characters(exclude_characters="/?#[]@: \t\r\n\\", max_codepoint=0x7E, min_codepoint=0x21)))
def test_an_address_has_no_user_and_no_password(text: str, secret: str) -> None:
    assert "@" not in (web_address(text) or "")
    shown = web_address(f"https://user:{secret}@example.org/a/b")
    assert shown in (None, "https://example.org/a/b")
