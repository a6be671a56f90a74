"""A disk that takes no more, a removed folder, too few files: one sentence, and nothing that was recorded is lost."""

from __future__ import annotations

import contextlib
import resource
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up.rows import ANSWER, HEADER
from wattbench.errors import UserError
from wattbench.records import RunWriter, read_run
from wattbench.records.files.jsonl import read_lines


@contextlib.contextmanager
def limited(kind: int, most: int) -> Iterator[None]:
    """What a process may have of something, while the block lasts."""
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


@pytest.mark.parametrize("rest", [1, 40, 200])
def test_a_line_that_the_disk_takes_in_part_leaves_no_damage(tmp_path: Path, rest: int) -> None:
    with RunWriter.create(tmp_path / "run", HEADER) as writer:
        writer.append_answer("s", "t", ANSWER)
        file = writer.layout.answers("s", "t")
        with (
            limited(resource.RLIMIT_FSIZE, file.stat().st_size + rest),
            pytest.raises(UserError, match=r"t\.jsonl: cannot be written \(File too large\)"),
        ):
            writer.append_answer("s", "t", replace(ANSWER, doc_id=1))
        writer.append_answer("s", "t", replace(ANSWER, doc_id=2))  # there is space again
    assert [row.doc_id for row in read_run(tmp_path / "run").answers("s", "t")] == [0, 2]


def test_a_run_that_was_removed_is_not_continued_in_the_air(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", HEADER) as writer:
        writer.append_answer("s", "t", ANSWER)
        shutil.rmtree(tmp_path / "run")
        with pytest.raises(UserError, match="it was removed while it was written"):
            writer.append_answer("s", "t", replace(ANSWER, doc_id=1))
        with pytest.raises(UserError, match="the run was removed, or renamed"):
            writer.append_answer("s", "another", ANSWER)
        with pytest.raises(UserError, match="the run was removed, or renamed"):
            writer.finish([], [], "2026-01-01T00:00:00+00:00")
    assert not (tmp_path / "run").exists()


def test_a_run_that_was_renamed_keeps_what_it_has(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", HEADER) as writer:
        writer.append_answer("s", "t", ANSWER)
        (tmp_path / "run").rename(tmp_path / "kept")
        with pytest.raises(UserError, match="the run was removed, or renamed"):
            writer.append_answer("s", "another", ANSWER)
    assert not (tmp_path / "run").exists()
    assert [row.doc_id for row in read_run(tmp_path / "kept").answers("s", "t")] == [0]


def test_too_few_files_are_a_sentence(tmp_path: Path) -> None:
    with (
        RunWriter.create(tmp_path / "run", HEADER) as writer,
        limited(resource.RLIMIT_NOFILE, 3),
        pytest.raises(UserError, match="Too many open files"),
    ):
        writer.append_answer("s", "t", ANSWER)
    assert list(read_lines(writer.layout.answers("s", "t"))) == []
