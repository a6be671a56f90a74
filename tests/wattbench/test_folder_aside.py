"""Folders that are built aside: removed at their end, and by the next process if theirs was killed."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from wattbench import folder_aside as aside
from wattbench.folder_aside import folder_aside, remove_left


def test_it_is_there_within_and_gone_afterwards_whatever_happens(tmp_path: Path) -> None:
    def interrupted() -> None:
        with folder_aside(tmp_path / "a" / "one") as folder:
            (folder / "half").write_text("")
            assert folder.stat().st_mode & 0o077 == 0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list((tmp_path / "a").iterdir())


def test_what_was_moved_away_stays(tmp_path: Path) -> None:
    with folder_aside(tmp_path / "one") as folder:
        (folder / "whole").mkdir()
        (folder / "whole").rename(tmp_path / "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_a_killed_process_leaves_one_that_the_next_removes(tmp_path: Path) -> None:
    def killed() -> None:
        with folder_aside(tmp_path / "killed") as folder:
            (folder / "half").write_text("")
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=killed)
    process.start()
    process.join(60)
    assert (tmp_path / "killed" / "half").exists()
    with folder_aside(tmp_path / "alive") as alive, folder_aside(tmp_path / "next", left=tmp_path.iterdir()) as folder:
        assert {*tmp_path.iterdir()} == {alive, folder}


def test_only_folders_are_removed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    remove_left([tmp_path / "file", tmp_path / "link", tmp_path / "nowhere"])
    assert {path.name for path in tmp_path.iterdir()} == {"file", "theirs", "link"}


def test_on_a_disk_without_locks_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", refused)
    (tmp_path / "left").mkdir()
    with folder_aside(tmp_path / "one", left=[tmp_path / "left"]) as folder:
        assert folder.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["left"]


def test_one_that_is_taken_for_a_left_one_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = fcntl.flock
    removed: list[Path] = []

    def after_another(descriptor: int, operation: int) -> None:
        if not removed:
            removed.append(tmp_path / "one")
            (tmp_path / "one").rmdir()
        locked(descriptor, operation)

    monkeypatch.setattr(aside.fcntl, "flock", after_another)
    with folder_aside(tmp_path / "one") as folder:
        assert folder.is_dir()
        assert removed
