"""Byte-order marks, one or more, at the beginning of files and where files were joined: read, or refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.traces import azure
from wattbench.errors import UserError
from wattbench.importers import read_sources
from wattbench.importers.files import read_object, read_objects
from wattbench.tasks.file_task.rows import csv_rows, jsonl_rows
from wattbench.traces import read_trace
from wattbench_reports.metrics.carbon.hourly_csv import read_hourly

MARK = b"\xef\xbb\xbf"


def table(path: Path) -> list[Any]:
    return [(each.system, each.task, each.item, each.score) for each in read_sources([path], "table").answers]


def task(path: Path) -> list[Any]:
    return [row for _, row in csv_rows(path, ("text", "team"), "utf-8", 1000)]


def hours(path: Path) -> list[Any]:
    hourly = read_hourly(path)
    return [hourly.column, hourly.starts_s.tolist(), hourly.slot_g_per_kwh.tolist()]


READERS: dict[str, tuple[Callable[[Path], Any], bytes]] = {
    "answers.csv": (table, b"task,system,item,score\nsums,a,1,1\nsums,a,2,0\n"),
    "answers.tsv": (table, b'"task"\tsystem\titem\tscore\nsums\ta\t1\t1\n'),
    "task.csv": (task, b'"text",team\na,b\nc,d\n'),
    "task.jsonl": (lambda path: [row for _, row in jsonl_rows(path, 1000)], b'{"a": 1}\n{"a": 2}\n'),
    "log.jsonl": (lambda path: [row for _, row in read_objects(path)], b'{"a": 1}\n{"a": 2}\n'),
    "log.json": (read_object, b'{"a": 1}'),
    "trace.csv": (lambda path: read_trace(path).arrivals, azure([0.0, 1.0, 2.5]).encode() + b"\r\n"),
    "grid.csv": (hours, b"time (UTC),g_per_kwh\n2026-01-02T03:00,100\n2026-01-02T04:00,90\n"),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("marks", [1, 2, 5])
def test_marks_at_the_beginning_change_nothing(tmp_path: Path, name: str, marks: int) -> None:
    read, data = READERS[name]
    path = tmp_path / name
    path.write_bytes(data)
    plain = read(path)
    path.write_bytes(MARK * marks + data)
    assert read(path) == plain


@pytest.mark.parametrize("name", [name for name in READERS if name.endswith("jsonl")])
def test_joined_lines_of_json_are_read(tmp_path: Path, name: str) -> None:
    read, data = READERS[name]
    path = tmp_path / name
    path.write_bytes(data)
    plain = read(path)
    path.write_bytes(MARK + data + MARK * 2 + data)
    assert read(path) == plain * 2


@pytest.mark.parametrize("name", [name for name in READERS if name.endswith("sv")])
@pytest.mark.parametrize("header", [True, False])
def test_a_mark_where_tables_were_joined_is_named_with_its_line(tmp_path: Path, name: str, header: bool) -> None:
    read, data = READERS[name]
    path = tmp_path / name
    path.write_bytes(MARK + data + MARK + (data if header else data.partition(b"\n")[2]))
    line = data.count(b"\n") + 1
    with pytest.raises(UserError, match=rf"{name}: ?(line )?{line}: ") as refused:
        read(path)
    assert "\ufeff" not in str(refused.value)


def test_a_mark_within_a_text_is_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "task.csv"
    path.write_bytes(b'text,team\n"a\n' + MARK + b'b",' + MARK + b"c\n")
    assert task(path) == [{"text": "a\n\ufeffb", "team": "\ufeffc"}]
    path.write_bytes(b'system,item,score,answer\nx,1,1,"a\n' + MARK + b'b"\n')
    (answer,) = read_sources([path], "table").answers
    assert answer.answer == "a\n\ufeffb"
