"""Files that anybody may hand over: each is read whole, or one sentence says what is wrong, and where."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wattbench.errors import UserError
from wattbench.tasks.file_task import rows as reading
from wattbench.tasks.file_task.rows import read_file

WANTED = ["text", "topic"]


def texts(path: Path, **settings: Any) -> list[tuple[Any, ...]]:
    data = read_file(path, WANTED, **settings)
    return [tuple(row.values[name] for name in data.columns) for row in data.rows]


def written(folder: Path, content: str | bytes, name: str = "tickets.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        "text,topic\na,b\n",
        "\ufefftext,topic\na,b",
        "text,topic\r\na,b\r\n\r\n",
        "text;topic\na;b\n",
        "text\ttopic\na\tb\n",
        "text|topic\na|b\n",
        ' text , topic \n"a","b"\n',
    ],
)
def test_marks_line_ends_and_separators_of_spreadsheets_are_read(tmp_path: Path, content: str) -> None:
    assert texts(written(tmp_path, content)) == [("a", "b")]


def test_what_spreadsheets_would_compute_is_text_and_a_column_without_a_name_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, ',text,topic\n0,"=cmd|\' /C calc\'!A0",@SUM(1)\n1,"a\r\nb",-1\n')
    assert texts(path) == [("=cmd|' /C calc'!A0", "@SUM(1)"), ("a\nb", "-1")]


def test_other_encodings_are_read_when_they_are_named(tmp_path: Path) -> None:
    assert texts(written(tmp_path, "text,topic\nKäse,b\n".encode("cp1252")), encoding="cp1252") == [("Käse", "b")]
    assert texts(written(tmp_path, "text,topic\nKäse,b\n".encode("utf-16")), encoding="utf-16") == [("Käse", "b")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text,topic\na,b,c\n", "line 2: 3 cells, but the first line names 2 columns"),
        ("a.csv", 'text,topic\na,b\n"a,b\n', "line 3: not valid CSV"),
        ("a.csv", "text,topic,text\na,b,c\n", "line 1: two columns have the name 'text'"),
        ("a.csv", b"text,topic\na,b\nK\xe4se,b\n", "not text in utf-8; save it as UTF-8, or add its encoding"),
        ("a.csv", "text,topic\nKäse,b\n".encode("utf-16"), "this is UTF-16, not utf-8: add encoding: utf-16"),
        ("a.csv", "text,topic\na\0,b\n", "line 2: column 'text': holds a NUL"),
        ("a.csv", "text,topic\n", "the file has no rows"),
        ("a.csv", "", "the file is empty"),
        ("a.csv", f"text,topic\n{'a' * 1_000_001},b\n", "line 2: not valid CSV (field larger than"),
        ("a.csv", ",".join(f"c{n}" for n in range(1001)) + "\n" + "," * 1000, "more than 1,000 columns"),
        ("a.jsonl", '{"text": "a"}\n[1]\n', "line 2: of type list, not an object"),
        ("a.jsonl", '{"text": "a"\n', "line 1: not valid JSON"),
        ("a.jsonl", '{"text": "a", "text": "b"}\n', "line 1: not valid JSON (the key 'text' is there twice)"),
        ("a.jsonl", "[" * 200_000, "line 1: not valid JSON"),
        ("a.jsonl", '{"text": "\\ud800"}\n', "line 1: column 'text': holds half of a character"),
        ("a.jsonl", '{"text": "\\u0000"}\n', "line 1: column 'text': holds a NUL"),
        ("a.jsonl", b'{"text": "K\xe4se"}\n', "line 1: not text in UTF-8 (byte 12 of the line)"),
        ("a.jsonl", json.dumps({"text": "a" * 1_000_001}), "line 1: column 'text': 1,000,001 characters are more"),
        ("a.jsonl", b"a" * 8_000_002, "line 1: longer than 8,000,000 bytes"),
        ("a.parquet", b"PAR1 nothing PAR1", "not a Parquet file that can be read"),
    ],
)  # fmt: skip
def test_one_sentence_says_what_is_wrong_and_where(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    path = written(tmp_path, content, name)
    with pytest.raises(UserError) as error:
        read_file(path, WANTED)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_of_ten_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path, "text,topic\n")
    os.truncate(path, 10 * 2**30)  # sparse: takes no space
    with pytest.raises(UserError, match=r"10,737,418,240 bytes are more than a task may have \(500,000,000\)"):
        read_file(path, WANTED)


def test_what_is_no_file_is_refused_unread(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name, what in (("pipe.csv", "device or pipe"), ("folder.csv", "folder"), ("none.csv", "No such file")):
        with pytest.raises(UserError, match=what):
            read_file(tmp_path / name, WANTED)


def test_rows_and_characters_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "text,topic\n" + "a,b\n" * 11)
    monkeypatch.setattr(reading, "MAX_ROWS", 10)
    with pytest.raises(UserError, match="more than 10 rows"):
        read_file(path, WANTED)
    packed = tmp_path / "packed.parquet"
    pq.write_table(pa.table({"text": ["a" * 1000] * 9, "topic": ["b"] * 9}), packed)  # dictionaries: small on disk
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 5000)
    assert packed.stat().st_size < 5000
    with pytest.raises(UserError, match="row 5: more than 5,000 characters up to here"):
        read_file(packed, WANTED)


def test_formats_give_the_same_texts(tmp_path: Path) -> None:
    csv = written(tmp_path, "text,topic,score\nKäse,1,0.5\nb,true,\n")
    lines = [{"text": "Käse", "topic": 1, "score": 0.5}, {"text": "b", "topic": True, "score": None}]
    jsonl = written(tmp_path, "\n".join(map(json.dumps, lines)), "a.jsonl")
    parquet = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["Käse", "b"], "topic": ["1", "true"], "score": [0.5, None]}), parquet)
    expected = [("Käse", "1", "0.5"), ("b", "true", "")]
    assert texts(csv) == texts(jsonl) == texts(parquet) == expected


def test_numbers_of_json_stay_as_they_are_written(tmp_path: Path) -> None:
    path = written(tmp_path, '{"text": 1.10, "topic": 123456789012345678901234567890}\n', "a.jsonl")
    assert texts(path) == [("1.10", "123456789012345678901234567890")]


def test_bytes_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [b"\xff\xd8"], "topic": ["b"]}), path)
    with pytest.raises(UserError, match="row 1: column 'text': holds bytes, not text"):
        read_file(path, WANTED)
