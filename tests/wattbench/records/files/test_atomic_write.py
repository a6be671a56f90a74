"""Files that are on disk complete, or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.errors import UserError
from wattbench.records.files import atomic_write
from wattbench.records.files.atomic_write import (
    failing_as,
    link_or_copy,
    move_into_place,
    write_all_atomically,
    write_atomically,
)

KILLED = """
import os, signal, sys
from pathlib import Path
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from wattbench.records.files import atomic_write
atomic_write.{call}
"""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def killed(call: str) -> None:
    """Run a call in a process that is killed when it is about to rename."""
    code = KILLED.format(call=call)
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_kill_before_the_rename_leaves_the_old_file_and_the_next_write_works(tmp_path) -> None:
    path = tmp_path / "page.html"
    write_atomically(path, b"old")
    killed(f"write_atomically(Path({str(path)!r}), b'new')")
    assert path.read_bytes() == b"old"
    assert len(names(tmp_path)) == 2  # the old one, and what the killed process had written
    write_atomically(path, b"newer")
    assert path.read_bytes() == b"newer"


def test_a_kill_before_the_rename_leaves_no_part_of_a_folder(tmp_path) -> None:
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "run.json").write_text("{}")
    killed(f"move_into_place(Path({str(tmp_path / 'aside')!r}), Path({str(tmp_path / 'run')!r}))")
    assert names(tmp_path) == {"aside"}


def test_a_kill_before_the_first_of_several_renames_leaves_all_old_files(tmp_path) -> None:
    pages = [tmp_path / "a", tmp_path / "b"]
    write_all_atomically(dict.fromkeys(pages, b"old"))
    killed(f"write_all_atomically({{Path(each): b'new' for each in {[str(page) for page in pages]!r}}})")
    assert [page.read_bytes() for page in pages] == [b"old", b"old"]


@settings(max_examples=30)  # a disk takes its time
@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b", "deep/c", "deep/er/d"]), st.binary(max_size=300)), max_size=5)
)
def test_what_was_written_last_is_what_is_read_and_nothing_else_is_there(writes: list[dict[str, bytes]]) -> None:
    expected: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for files in writes:
            write_all_atomically({root / name: data for name, data in files.items()})
            expected |= files
        found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert found == expected


@settings(max_examples=30)  # a disk takes its time
@given(st.integers(0, 3), st.sampled_from(["fsync", "chmod"]))
def test_where_one_of_several_cannot_be_written_none_is(failing: int, call: str) -> None:
    """The disk is full at the n-th file."""
    real, calls = getattr(os, call), 0

    def full(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls > failing:
            raise OSError(28, "No space left on device")
        real(*arguments)

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        pages = [Path(folder) / name for name in "abcd"]
        for page in pages:
            page.write_bytes(b"old")
        patch.setattr(os, call, full)
        with pytest.raises(UserError, match=r"cannot be written \(No space left on device\)"):
            write_all_atomically(dict.fromkeys(pages, b"new"))
        assert names(Path(folder)) == set("abcd")
        assert {page.read_bytes() for page in pages} == {b"old"}


def test_every_file_and_its_folder_are_synced_before_and_after_the_rename(tmp_path, monkeypatch) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def seen_fsync(descriptor: int) -> None:
        events.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        fsync(descriptor)

    def seen_replace(path: Path, target: Path) -> Path:
        events.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "replace", seen_replace)
    write_atomically(tmp_path / "a", b"1")
    assert events == ["sync file", "rename", "sync folder"]
    events.clear()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "b").write_bytes(b"2")
    move_into_place(tmp_path / "new", tmp_path / "moved")
    assert events == ["sync file", "sync folder", "rename", "sync folder"]


def test_a_new_file_has_the_umask_s_mode_and_a_replaced_one_keeps_its_own(tmp_path) -> None:
    path, before = tmp_path / "a", os.umask(0o027)
    try:
        write_atomically(path, b"1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o600)
        write_atomically(path, b"2")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_link_or_a_device_is_not_replaced(tmp_path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, why in (
        ("link", "it is a symbolic link; name the file it points to"),
        ("dangling", "it is a symbolic link; name the file it points to"),
        ("pipe", "it is not a regular file"),
        ("folder", "it is a directory"),
    ):
        with pytest.raises(UserError) as caught:
            write_atomically(tmp_path / name, b"new")
        assert str(caught.value) == f"{tmp_path / name}: cannot be written ({why})"
    assert names(tmp_path) == {"real", "link", "dangling", "pipe", "folder"}
    assert (tmp_path / "real").read_bytes() == b"old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_ends_in_a_sentence(tmp_path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match=r"a: the report cannot be written \(Permission denied\)"):
        write_atomically(tmp_path / "a", b"new", failure="the report cannot be written")


def test_a_parent_that_is_a_file_ends_in_a_sentence(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="a: cannot be written"):
        write_atomically(tmp_path / "file" / "a", b"new")


def test_the_longest_name_that_is_allowed_can_be_written(tmp_path) -> None:
    path = tmp_path / ("x" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    write_atomically(path, b"1")
    assert names(tmp_path) == {path.name}


def test_a_folder_that_is_there_is_not_replaced(tmp_path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(b"")
    with pytest.raises(UserError, match="the run cannot be moved"):
        move_into_place(tmp_path / "new", tmp_path / "old", failure="the run cannot be moved")
    assert names(tmp_path / "old") == {"old"}


@pytest.mark.parametrize("links", [True, False])
def test_a_second_name_is_given_by_a_link_or_as_a_copy(tmp_path, monkeypatch, links) -> None:
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(1, "Operation not permitted")))
    source, path = tmp_path / "kept", tmp_path / "site" / "page"
    write_atomically(source, b"1")
    for _ in range(2):  # the second time the two may be one file already
        link_or_copy(source, path)
        assert path.read_bytes() == b"1"
        assert path.samefile(source) == links
        assert names(path.parent) == {"page"}
    source.unlink()
    write_atomically(source, b"2")
    link_or_copy(source, path)
    assert path.read_bytes() == b"2"


def test_another_error_than_the_disk_s_is_not_renamed(tmp_path) -> None:
    with pytest.raises(ValueError, match="a mistake"), failing_as(tmp_path, "cannot be written"):
        raise ValueError("a mistake")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hours have passed since anything was written."""
    now = time.time()
    monkeypatch.setattr(atomic_write.time, "time", lambda: now + 7200)


LEFT = ".wattbench-0123456789abcdef.tmp"


@pytest.mark.parametrize("write", ["write_atomically", "open_atomically", "link_or_copy"])
def test_what_a_killed_process_left_is_removed_by_the_next_write_of_the_file(tmp_path, later, write: str) -> None:
    path, source = tmp_path / "page.html", tmp_path / "source"
    source.write_bytes(b"newer")
    killed(f"write_atomically(Path({str(path)!r}), b'new')")
    assert len(names(tmp_path)) == 2
    if write == "write_atomically":
        write_atomically(path, b"newer")
    elif write == "link_or_copy":
        link_or_copy(source, path)
    else:
        with atomic_write.open_atomically(path) as file:
            file.write(b"newer")
    assert names(tmp_path) == {"page.html", "source"}
    assert path.read_bytes() == b"newer"


def test_what_was_left_just_now_stays(tmp_path) -> None:
    (tmp_path / LEFT).write_bytes(b"")
    write_atomically(tmp_path / "page.html", b"")
    assert LEFT in names(tmp_path)


def test_what_another_process_still_writes_stays(tmp_path, later) -> None:
    with atomic_write.open_atomically(tmp_path / "large.parquet") as file:
        file.write(b"so far")
        write_atomically(tmp_path / "page.html", b"")
        assert len(names(tmp_path)) == 2
    assert names(tmp_path) == {"page.html", "large.parquet"}


def test_what_is_not_ours_stays(tmp_path, later, monkeypatch: pytest.MonkeyPatch) -> None:
    others = {".wattbench-notes.tmp", ".wattbench-0123456789abcdef.tmp.gz", "0123456789abcdef.tmp", ".wattbench-0.tmp"}
    for name in others:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".wattbench-00000000000000aa.tmp").mkdir()
    os.mkfifo(tmp_path / ".wattbench-00000000000000bb.tmp")
    (tmp_path / ".wattbench-00000000000000cc.tmp").symlink_to(tmp_path / "0123456789abcdef.tmp")
    before = names(tmp_path)
    write_atomically(tmp_path / "page.html", b"")
    assert names(tmp_path) == before | {"page.html"}
    (tmp_path / LEFT).write_bytes(b"")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    write_atomically(tmp_path / "page.html", b"")
    assert LEFT in names(tmp_path), "another user's"
