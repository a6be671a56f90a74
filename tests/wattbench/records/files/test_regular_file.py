"""The one door: what is no regular file, has holes or is too large is named before a byte of it is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.made_up.odd_files import ODD, put
from wattbench.errors import UserError
from wattbench.records.files import regular_file
from wattbench.records.files.jsonl import Appender, read_lines
from wattbench.records.files.regular_file import (
    MOST_BYTES,
    MissingFileError,
    copy_record,
    open_regular,
    open_to_append,
    read_record,
    read_regular,
)

SAID = {
    "a pipe": "it is a pipe, not a file",
    "a socket": "it is a socket or a device, not a file",
    "a folder": "it is a folder, not a file",
    "a link to itself": "it is a symbolic link, not a file",
    "a link to nowhere": "it is a symbolic link, not a file",
    "a link to a device": "it is a symbolic link, not a file",
    "a terabyte that is not there": "it has 1,099,511,627,776 bytes, and a file of its kind has at most",
    "a hole": "it has a hole at byte 0",
}


@pytest.mark.parametrize("kind", ODD)
def test_a_file_of_a_record_is_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.jsonl"
    put(kind, path)
    for use in (read_record, lambda each: list(read_lines(each)), open_to_append, Appender):
        with pytest.raises(UserError, match=SAID[kind]) as caught:
            use(path)
        assert str(path) in str(caught.value)
    with pytest.raises(UserError, match=SAID[kind]):
        copy_record(path, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a folder", "a link to itself", "a link to a device"])
def test_a_file_that_a_person_names_is_one(tmp_path: Path, kind: str) -> None:
    put(kind, tmp_path / "x")
    with pytest.raises(UserError, match="not a file; save what it holds in a file"):
        open_regular(tmp_path / "x")


def test_a_file_that_a_person_names_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link") == b"text"
    with pytest.raises(UserError, match="larger than 3 bytes"):
        read_regular(tmp_path / "link", 3)
    with pytest.raises(UserError, match="it is a symbolic link"):
        read_record(tmp_path / "link")


def test_a_file_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    for read in (read_record, read_regular):
        with pytest.raises(MissingFileError, match="no such file"):
            read(tmp_path / "none")
    with pytest.raises(UserError, match="cannot be read"):
        read_record(Path("a\0b"))
    assert list(read_lines(tmp_path / "none")) == []


def test_a_line_without_end_is_not_taken_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular_file, "MOST_LINE_BYTES", 100)
    (tmp_path / "x.jsonl").write_bytes(b'{"a": 1}\n' + b'{"a": "' + b"b" * 100 + b'"}\n')
    lines = read_lines(tmp_path / "x.jsonl")
    assert next(lines) == {"a": 1}
    with pytest.raises(UserError, match="line 2 is longer than 100 bytes"):
        next(lines)


def test_the_rest_of_a_line_is_cut_off_however_long_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"b" * 3_000_000)
    Appender(path).append({"a": 2})
    assert path.read_bytes() == b'{"a": 1}\n{"a": 2}\n'
    path.write_bytes(b"b" * 3_000_000)
    Appender(path).append({"a": 3})
    assert path.read_bytes() == b'{"a": 3}\n'


def test_the_name_of_a_file_is_on_disk_before_its_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda each: (synced.append(os.readlink(f"/proc/self/fd/{each}")), fsync(each)))
    Appender(tmp_path / "a" / "b" / "x.jsonl").append({})
    names = [str(tmp_path / each) for each in ("a", ".", "a/b", "a/b/x.jsonl")]
    assert sorted(synced[:-1]) == sorted(map(os.path.normpath, names[:-1]))
    assert synced[-1] == names[-1]
    assert MOST_BYTES > 1
