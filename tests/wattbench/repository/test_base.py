"""The commit that `--base` means, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.repositories import commit, git
from wattbench.errors import UserError
from wattbench.repository import find_base


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A branch of two commits; `main`, which it left at its first commit, has gone on by one."""
    made = tmp_path / "project"
    made.mkdir()
    git(made, "init", "--quiet", "--initial-branch=main")
    commit(made, "first")
    git(made, "tag", "--annotate", "v1", "--message", "one")
    git(made, "checkout", "--quiet", "-b", "work")
    commit(made, "second")
    git(made, "checkout", "--quiet", "main")
    commit(made, "of another", other="")
    git(made, "checkout", "--quiet", "work")
    return made


def first(root: Path) -> str:
    return git(root, "rev-parse", "v1^{commit}")


def test_a_branch_means_the_commit_where_head_left_it(root: Path) -> None:
    base = find_base(root, "main")
    assert base.sha == first(root) != git(root, "rev-parse", "main")
    assert base.description == f"main, where HEAD left it ({first(root)[:10]})"


@pytest.mark.parametrize("detached", [False, True])
def test_the_branch_of_head_means_its_last_commit(root: Path, detached: bool) -> None:
    if detached:
        git(root, "checkout", "--quiet", "--detach")
    base = find_base(root, "work")
    assert base.sha == git(root, "rev-parse", "HEAD") == find_base(root, "HEAD").sha
    assert base.description == f"work, its last commit ({base.sha[:10]})"


def test_a_tag_and_a_commit_mean_themselves(root: Path) -> None:
    main = git(root, "rev-parse", "main")
    assert find_base(root, "v1").sha == first(root)
    assert find_base(root, "v1").description == f"v1 ({first(root)[:10]})"
    assert find_base(root, main[:8]).sha == main
    assert find_base(root, main).description == f"commit {main[:10]}"
    assert find_base(root, "HEAD^1").sha == first(root)


def test_where_there_is_no_branch_of_the_name_a_remote_s_is_taken(root: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--branch", "work", str(root), str(clone))
    base = find_base(clone, "main")
    assert base.sha == first(root)
    assert base.description.startswith("origin/main, where HEAD left it")


def test_an_unknown_name_is_said_with_the_one_that_was_meant(root: Path) -> None:
    with pytest.raises(UserError, match=r"--base mian: no branch, tag or commit of this name in .*'main'"):
        find_base(root, "mian")
    for hostile in ("--all", "-h", "", "main..work", "a b"):
        with pytest.raises(UserError, match="no branch, tag or commit of this name"):
            find_base(root, hostile)


def test_a_clone_with_a_remote_says_what_to_fetch(root: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--branch", "work", str(root), str(clone))
    with pytest.raises(UserError, match="run: git fetch origin release"):
        find_base(clone, "release")


def test_a_shallow_clone_says_how_to_deepen_it(root: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(
        tmp_path,
        "clone",
        "--quiet",
        "--depth",
        "1",
        "--no-single-branch",
        "--branch",
        "work",
        root.as_uri(),
        str(clone),
    )
    for name in ("main", "v0"):
        with pytest.raises(UserError, match=r"clone is shallow.*git fetch --unshallow origin.*fetch-depth: 0"):
            find_base(clone, name)
    git(clone, "fetch", "--quiet", "--unshallow", "origin")
    assert find_base(clone, "main").sha == first(root)


def test_unrelated_histories_are_said(root: Path) -> None:
    git(root, "checkout", "--quiet", "--orphan", "island")
    commit(root, "alone")
    with pytest.raises(UserError, match="HEAD and main have no commit in common"):
        find_base(root, "main")


def test_a_repository_without_a_commit_is_said(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(UserError, match="has no commit yet"):
        find_base(tmp_path, "main")


def test_a_machine_without_git_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"--base main: git cannot be started .*is it installed"):
        find_base(root, "main")
