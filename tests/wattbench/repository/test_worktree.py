"""Commits next to the working tree, what differs from them, and paths that leave them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from pathlib import Path

import pytest

from tests.made_up.repositories import commit, git, repository, worktrees
from wattbench.errors import UserError
from wattbench.repository import changes_since, ignored_by_git, outside, suite_files, worktree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "project")


def test_the_files_are_the_commit_s_and_are_gone_afterwards(root: Path) -> None:
    (root / "rules.py").write_text("changed\n")
    hook = root / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\ntouch hooked\n")
    hook.chmod(0o755)

    def interrupted() -> None:
        with worktree(root, "HEAD") as tree:
            trees.append(tree)
            assert (tree / "rules.py").read_text().startswith("import words")
            assert not (tree / "hooked").exists()
            assert worktrees(root) == 2
            raise KeyboardInterrupt

    trees: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    [tree] = trees
    assert not tree.exists()
    assert worktrees(root) == 1


def test_it_works_from_within_a_hook_of_git(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    with worktree(root, "HEAD") as tree:
        assert (tree / "rules.py").exists()
    assert not (tmp_path / "index").exists()


def test_one_that_was_interrupted_is_had_again_in_its_folder(root: Path) -> None:
    with worktree(root, "HEAD") as tree:
        pass
    git(root, "worktree", "add", "--detach", str(tree), "HEAD")  # as a killed process leaves it
    (tree / "half").write_text("")
    for _ in range(2):
        with worktree(root, "HEAD", tree) as again:
            assert again == tree
            assert (tree / "rules.py").exists()
            assert not (tree / "half").exists()
    assert not tree.exists()
    assert worktrees(root) == 1


def test_what_a_killed_process_left_is_removed_by_the_next(root: Path) -> None:
    def killed() -> None:
        with worktree(root, "HEAD"):
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=killed)
    process.start()
    process.join(60)
    assert worktrees(root) == 2
    with worktree(root, "HEAD") as tree:
        assert worktrees(root) == 2
        with worktree(root, "HEAD") as another:
            assert tree.exists()
            assert another.exists()
    assert worktrees(root) == 1


def test_no_other_folder_is_removed_for_one(root: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    git(root, "worktree", "add", "--detach", str(theirs), "HEAD")
    for wrong in (theirs, root, Path(tempfile.gettempdir()).resolve() / "other" / root.relative_to("/")):
        with pytest.raises(UserError, match="the record is damaged"), worktree(root, "HEAD", wrong):
            pass
    assert (theirs / "rules.py").exists()


def test_a_path_that_leaves_the_repository_is_found(root: Path) -> None:
    with worktree(root, "HEAD") as tree:
        assert outside((tree / "../../models/a.gguf").resolve(), root, tree) == root.parent.parent / "models/a.gguf"
        assert outside(tree / "rules.py", root, tree) is None
        assert outside(Path("/elsewhere"), root, tree) is None


def test_every_kind_of_change_counts(root: Path) -> None:
    first = git(root, "rev-parse", "HEAD")
    git(root, "mv", "words.py", "terms.py")
    commit(root, "renamed")
    (root / "rules.py").write_text("")
    (root / "new é.txt").write_text("")
    (root / "weights.bin").write_text("")  # ignored
    for made in (root / "results" / "gate.json", root / "__pycache__" / "rules.pyc"):
        made.parent.mkdir()
        made.write_text("")
    changes = changes_since(root, first, root / "results")
    assert changes.files == ("new é.txt", "rules.py", "terms.py", "words.py")
    assert changes.uncommitted == ("new é.txt", "rules.py")
    assert changes.new == ("new é.txt",)
    assert ignored_by_git(root, [root / "weights.bin", root / "rules.py"]) == {root / "weights.bin"}


def test_yaml_that_git_ignores_is_no_suite(root: Path) -> None:
    (root / "runs").mkdir()
    (root / "runs" / "a.yaml").write_text("")
    (root / "b.yml").write_text("")
    listed = suite_files(root / "gates", "gate --base")
    assert [path.relative_to(root).as_posix() for path in listed] == [
        "b.yml",
        "gates/tickets.yaml",
        "tasks/tickets.yaml",
    ]
