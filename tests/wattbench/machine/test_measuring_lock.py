"""One measurement at a time has this machine and its GPUs, whoever starts it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench.machine import measuring_lock as locks
from wattbench.machine.measuring_lock import folder_of_locks, measuring_lock

pytestmark = pytest.mark.usefixtures("folder")


def refused(match: str = "another measurement in this process is measuring on this machine") -> None:
    with pytest.raises(UserError, match=match), measuring_lock():
        pass


def test_a_second_measurement_is_refused_whatever_its_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with measuring_lock():
        monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("HOME", str(tmp_path / "somebody"))
        refused()
    with measuring_lock():
        pass


def test_a_lock_that_a_killed_run_left_is_free() -> None:
    child = os.fork()
    if child == 0:
        with measuring_lock():
            os._exit(0)
    os.waitpid(child, 0)
    with measuring_lock():
        pass


def test_two_hosts_that_share_a_folder_share_only_their_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    with measuring_lock():
        monkeypatch.setattr(locks, "host_id", lambda: "another")
        with measuring_lock():
            pass
    monkeypatch.setattr(locks, "_gpu_uuids", lambda: ["GPU-1", "GPU-2"])
    with measuring_lock():
        monkeypatch.setattr(locks, "host_id", lambda: "a third")
        monkeypatch.setattr(locks, "_gpu_uuids", lambda: ["GPU-2"])
        refused("measuring on the GPU GPU-2")
        monkeypatch.setattr(locks, "_gpu_uuids", lambda: ["GPU-3"])
        with measuring_lock():
            pass


def test_the_file_is_every_users_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        with measuring_lock():
            pass
    finally:
        os.umask(before)
    [file] = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o666


def test_a_link_or_a_pipe_in_place_of_the_file_is_refused(folder: Path, tmp_path: Path) -> None:
    with measuring_lock():
        [file] = folder.iterdir()
    file.unlink()
    file.symlink_to(tmp_path / "target")
    refused("the measuring lock cannot be taken")
    assert not (tmp_path / "target").exists()
    file.unlink()
    os.mkfifo(file)
    refused("not a regular file")


def test_the_folder_is_the_first_that_every_user_can_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(locks.FOLDER)
    mine, everyones = tmp_path / "mine", tmp_path / "everyones"
    mine.mkdir()
    everyones.mkdir()
    everyones.chmod(0o1777)
    assert folder_of_locks([tmp_path / "none", mine, everyones]) == everyones
    with pytest.raises(UserError, match=f"name one that they share in {locks.FOLDER}"):
        folder_of_locks([mine])
