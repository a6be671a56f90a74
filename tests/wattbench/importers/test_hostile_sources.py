"""Sources that are made to exhaust, stall or mislead an import: each ends in one sentence, and exit code 2."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.importers import (
    files,
    read_sources,
    spool,
    survey,
)
from wattbench.importers.table import csvfile, parquetfile, parquetpages
from wattbench.records.files.atomic_write import open_atomically

NUMBERS = (
    "seconds",
    "first_token_seconds",
    "started_s",
    "joules",
    "joules_above_idle",
    "cost",
    "prompt_tokens",
    "repeat",
)


def refused(tmp_path: Path, *arguments: object) -> str:
    """Import, and return the one sentence that it ends in."""
    result = click.testing.CliRunner().invoke(
        main, ["runs", "import", *map(str, arguments), "--out", str(tmp_path / "runs")], catch_exceptions=False
    )
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())
    return result.output


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["1e308", "-1e308", "1e19"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_figures_that_no_machine_gives_are_refused(tmp_path, name, value, suffix) -> None:
    path = tmp_path / f"table.{suffix}"
    if suffix == "csv":
        path.write_text(f"system,item,score,{name}\na,1,1,1\na,2,1,{value}\n")
    else:
        columns = {"system": ["a"] * 2, "item": [1, 2], "score": [1, 1], name: [1.0, float(value)]}
        pq.write_table(pa.table(columns), path)
    said = refused(tmp_path, path)
    assert str(path) in said
    assert f"{name} is" in said
    assert "it must be 0" in said


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "profile_export.jsonl", "benchmarks.json", "o.jsonl", "o.json"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, name, kind) -> None:
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    said = refused(tmp_path, path)
    assert str(path) in said
    assert len(said.splitlines()) == 1


def test_a_pipe_inside_of_a_folder_is_not_waited_for(tmp_path) -> None:
    date = "2026-01-02T03-04-05.678901"
    (tmp_path / f"results_{date}.json").write_text('{"model_name": "m"}')
    os.mkfifo(tmp_path / f"samples_sums_{date}.jsonl")
    assert "it is a pipe, not a file" in refused(tmp_path, tmp_path)


def test_a_million_columns_are_refused(tmp_path) -> None:
    path = tmp_path / "columns.csv"
    path.write_text("system,item,score," + ",".join(f"c{number}" for number in range(1_000_000)) + "\n")
    assert f"{path}:1: 1,000,003 columns; a table may have 10,000" in refused(tmp_path, path)


def test_many_columns_of_parquet_are_refused(tmp_path, monkeypatch) -> None:
    path = tmp_path / "columns.parquet"
    pq.write_table(pa.table({f"c{number}": [1] for number in range(200)}), path)
    monkeypatch.setattr(parquetfile, "MAX_FOOTER_BYTES", 1000)
    assert "the description of its columns and row groups has" in refused(tmp_path, path)
    monkeypatch.undo()
    monkeypatch.setattr("wattbench.importers.table.tablefile.MOST_COLUMNS", 100)
    assert "200 columns; a table may have 100" in refused(tmp_path, path)


def test_a_thousand_systems_side_by_side_are_read(tmp_path) -> None:
    path = tmp_path / "columns.csv"
    names = [f"m{number}{end}" for number in range(1000) for end in ("", "|total_cost", "|model_response")]
    path.write_text(",".join(["sample_id", *names]) + "\n" + "q1" + ",1,0.5,x" * 1000 + "\n")
    assert len(read_sources([path]).answers) == 1000


def large(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table({"system": ["a"], "item": ["1"], "score": [1.0], **columns}), path, compression="zstd")
    return path


def test_a_page_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(parquetpages, "MAX_PAGE_BYTES", 1_000_000)
    path = large(tmp_path / "bomb.parquet", prompt=["x" * 3_000_000])
    assert path.stat().st_size < 10_000
    said = refused(tmp_path, path)
    assert "a page of the column 'prompt' has 3,0" in said
    assert "1,000,000 are read" in said
    large(path, other=["x" * 3_000_000])  # of columns that are not read
    assert len(read_sources([path]).answers) == 1


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_every_page_is_looked_at(tmp_path, version, dictionary) -> None:
    path = tmp_path / "pages.parquet"
    values = pa.table({"a": np.random.default_rng(1).random(20_000), "b": [f"text {n}" for n in range(20_000)]})
    pq.write_table(
        values, path, use_dictionary=dictionary, data_page_size=4000, data_page_version=version, row_group_size=9000,
        write_page_checksum=True, write_page_index=True, compression="snappy",
    )  # fmt: skip
    with path.open("rb") as file:
        parquet = pq.ParquetFile(path)
        read = parquetpages._chunks(path, file)
        assert len(read) == parquet.metadata.num_row_groups
        for group, chunks in enumerate(read):
            for column in range(2):
                chunk = parquet.metadata.row_group(group).column(column)
                assert chunks[column].column == chunk.path_in_schema
                headers = list(parquetpages._headers(path, file, chunks[column]))
                sizes = [header[2] for header in headers]
                values = [header[kind][1] for header in headers for kind in (5, 8) if kind in header]
                assert sum(values) == chunk.num_values
                assert len(sizes) > 1
                assert sum(sizes) <= chunk.total_uncompressed_size <= sum(sizes) + 200 * len(sizes)


def test_a_text_that_is_repeated_without_end_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(parquetfile, "FREE_BYTES", 20_000_000)
    rows = 3000
    path = tmp_path / "dictionary.parquet"
    prompt = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["x" * 100_000]))
    pq.write_table(
        pa.table({"system": ["a"] * rows, "item": np.arange(rows), "score": [1] * rows, "prompt": prompt}), path,
        compression="zstd",
    )  # fmt: skip
    said = refused(tmp_path, path)
    assert "its texts are more than 1,000 times as large as the file, and over 20,000,000 bytes" in said


def test_a_text_that_is_too_long_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(parquetfile, "MAX_FIELD_BYTES", 1000)
    path = large(tmp_path / "long.parquet", prompt=["x" * 1001])
    assert f"{path}: row 1: a text of 1,001 bytes; 1,000 are read" in refused(tmp_path, path)


def test_too_many_answers_are_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(spool, "MOST_ANSWERS", 3)
    monkeypatch.setattr(parquetfile, "MOST_ANSWERS", 3)
    path = tmp_path / "many.csv"
    path.write_text("system,item,score\n" + "".join(f"a,{item},1\n" for item in range(4)))
    assert "more than 3 answers" in refused(tmp_path, path)
    table = pa.table({"system": ["a"] * 4, "item": range(4), "score": [1] * 4})
    pq.write_table(table, path.with_suffix(".parquet"))
    assert "4 rows; a run can have 3 answers" in refused(tmp_path, path.with_suffix(".parquet"))


def test_names_of_items_have_a_limit(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(survey, "MOST_NAME_BYTES", 1000)
    path = tmp_path / "names.csv"
    path.write_text("system,item,score\n" + "".join(f"a,{item:0100d},1\n" for item in range(20)))
    assert "the names of the items have" in refused(tmp_path, path)


def test_texts_that_are_not_utf8_are_named_by_their_rows(tmp_path) -> None:
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff"))
    path = large(tmp_path / "bytes.parquet", answer=bad)
    assert f"{path}: row 1 or after: a text is not in UTF-8" in refused(tmp_path, path)


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [("MAX_OBJECT_BYTES", 100, "the file is larger than 100 bytes"), ("MAX_OBJECT_VALUES", 20, "more than 20 values")],
)
def test_a_json_file_has_limits(guidellm_file, tmp_path, monkeypatch, limit, value, said) -> None:
    monkeypatch.setattr(files, limit, value)
    assert said in refused(tmp_path, guidellm_file)


def test_a_disk_that_is_full_while_answers_are_kept_is_said(tmp_path, monkeypatch) -> None:
    full = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 - the spool closes it
    monkeypatch.setattr(spool, "MEMORY_BYTES", 0)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
    path = tmp_path / "table.csv"
    path.write_text("system,item,score\na,1,1\n")
    said = refused(tmp_path, path)
    assert f"{tmp_path}: the answers cannot be kept there while they are imported (No space left on device)" in said


@pytest.mark.parametrize("at", ["disk", "code"])
def test_a_file_in_parts_is_there_whole_or_not_at_all(tmp_path, at) -> None:
    path = tmp_path / "sub" / "file"

    def write(fail: Callable[[], None]) -> None:
        with open_atomically(path) as file:
            file.write(b"one ")
            fail()
            file.write(b"two")

    def fail() -> None:
        raise OSError(28, "No space left on device") if at == "disk" else ValueError

    with pytest.raises(UserError if at == "disk" else ValueError):
        write(fail)
    assert list(path.parent.iterdir()) == []
    write(lambda: None)
    assert path.read_bytes() == b"one two"
    assert [each.name for each in path.parent.iterdir()] == ["file"]
    path.unlink()
    path.mkdir()
    with pytest.raises(UserError, match="it is a directory"):
        write(lambda: None)


def test_a_file_of_zeros_is_refused_soon(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(csvfile, "MAX_ROW_CHARACTERS", 1_000_000)
    path = tmp_path / "sparse.csv"
    path.write_bytes(b"system,item,score\n")
    os.truncate(path, 10**12)
    assert f"{path}:2: the row is longer than 1,000,000 characters" in refused(tmp_path, path)
