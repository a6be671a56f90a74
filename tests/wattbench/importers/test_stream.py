"""Answers are checked by columns, kept on disk and written by batches: the same as one by one, and in any batches."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wattbench.errors import UserError
from wattbench.importers import read_sources, survey, write_run
from wattbench.importers.answer import Answer
from wattbench.importers.batch import batches_of, numbered
from wattbench.importers.imported import Imported
from wattbench.importers.spool import Spool
from wattbench.importers.table import csvfile, item_table, parquetfile, wide_table
from wattbench.importers.table.tablefile import TableBlock
from wattbench.records import read_run
from wattbench.records.rows.answers import named_item_hash
from wattbench.records.tables import batches
from wattbench.redaction import keep_secret

FIGURES = (
    "1", "0", "0.5", "1.5", "-1", "-0", "+1", " 1 ", "\t1", "", "  ", "nan", "NaN", "-nan", "nan(1)", "inf", "-inf",
    "1e308", "1e999", "1e18", "2e18", "1_0", "0x1", "1.", ".5", "1e-400", "true", "False", " TRUE ", "yes", "\u0661",
    "9007199254740993", "1" * 400, "--3", "- 3", "-3", "1,5",
)  # fmt: skip


def rows_of(imported: Imported, to: Path) -> pd.DataFrame:
    return pd.read_parquet(read_run(write_run(imported, to, "run", [])).layout.items_table)


@pytest.mark.parametrize("name", ["score", "seconds", "prompt_tokens", "joules_above_idle", "repeat"])
def test_a_column_of_figures_is_what_each_of_them_is(name) -> None:
    for text in FIGURES:
        given = {"system": pa.array(["a"]), "item": pa.array(["1"]), name: pa.array([text])}
        block = TableBlock(given, lines=pa.array([2]), at=pa.array([numbered("f:")]))
        fast = item_table.checked_columns(block, "items")
        try:
            slow: Any = getattr(item_table._answer("f:2", {"system": "a", "item": "1", name: text}), name)
        except UserError:
            slow = "refused"
        if fast is not None:  # or it is read one by one
            assert fast.column(name).to_pylist() == [slow], text
        elif text in ("0.5", "1", "0", "true", "", "nan", " 1 ") and (name, text) not in (
            ("prompt_tokens", "0.5"),
            ("repeat", "0.5"),
        ):
            pytest.fail(f"{text!r} is read one by one")


def test_what_is_read_one_by_one_is_the_same_as_by_columns(table, tmp_path, monkeypatch) -> None:
    rows = [f"a,{item},{item % 2},0.{item + 1},{item},USD,{'left' if item % 3 else ''},é{item}" for item in range(50)]
    path = table("system,item,score,seconds,cost,currency,route,answer\n" + "\n".join(rows))
    fast = [vars(answer) for answer in read_sources([path]).answers]
    monkeypatch.setattr("wattbench.importers.table.item_table.checked_columns", lambda *_: None)
    assert [vars(answer) for answer in read_sources([path]).answers] == fast
    assert {answer["route"] for answer in fast} == {None, "left"}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_in_many_blocks_is_the_same_run(tmp_path, monkeypatch, suffix) -> None:
    frame = pd.DataFrame(
        [
            {"system": system, "task": task, "item": f"{task}-{item * 7 % 40}" if task == "names" else str(item),
             "score": (item % 3) / 2, "seconds": 0.1 * item, "first_token_seconds": 0.05 * item, "joules": 2.5 * item,
             "cost": 0.25, "currency": "EUR", "prompt": f"prompt {item}\nof {task}", "answer": f"{system} {item}",
             "route": "other" if system == "b" else None, "failure": "late" if item == 7 else None}
            for system, task, item in itertools.product(("a", "b"), ("names", "numbers"), range(40))
        ]
    )  # fmt: skip
    path = tmp_path / f"table.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    whole = rows_of(read_sources([path]), tmp_path / "whole")
    monkeypatch.setattr(csvfile, "CHARACTERS", 300)
    monkeypatch.setattr(parquetfile, "BLOCK_BYTES", 300)
    monkeypatch.setattr(survey, "_MERGE_BYTES", 100)
    monkeypatch.setattr(batches, "GROUP_ROWS", 13)
    imported = read_sources([path])
    assert len(list(imported.answers.batches())) > 10
    run = read_run(write_run(imported, tmp_path / "blocks", "run", []))
    assert pq.ParquetFile(run.layout.items_table).num_row_groups > 10
    blocks = pd.read_parquet(run.layout.items_table)
    pd.testing.assert_frame_equal(blocks.drop(columns="run"), whole.drop(columns="run"))
    assert whole["batch"].tolist() == list(range(160))
    assert whole["doc_hash"][45] == named_item_hash("numbers", "5")
    of_names = whole[(whole["task"] == "names") & (whole["system"] == "a")]
    in_order = sorted(f"names-{number}" for number in range(40))
    assert [in_order[number] for number in of_names["doc_id"]] == [f"names-{item * 7 % 40}" for item in range(40)]
    assert whole[whole["task"] == "numbers"]["doc_id"].tolist() == list(range(40)) * 2
    assert whole["route_asked"].map(list).tolist() == [[]] * 80 + [["other"]] * 80
    assert [cell["items"] for cell in run.header.cells] == [40] * 4
    assert run.header.imported["currency"] == "EUR"


def test_the_table_of_items_has_the_schema_and_the_checksums_of_every_run(table, tmp_path) -> None:
    written = write_run(read_sources([table("system,item,score\na,1,1\n")]), tmp_path, "run", []) / "items.parquet"
    file = pq.ParquetFile(written)
    assert file.schema_arrow.remove_metadata() == batches.items_schema()
    data = bytearray(written.read_bytes())
    data[data.index(written.parent.name.encode()[:12])] ^= 1  # in the first page
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(data)
    with pytest.raises(OSError, match="CRC checksum"):
        pq.ParquetFile(damaged, page_checksum_verification=True).read()


def test_an_answer_that_is_there_twice_is_found_across_files_and_batches(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(csvfile, "CHARACTERS", 100)
    monkeypatch.setattr(survey, "_MERGE_BYTES", 100)
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("system,item,score\n" + "".join(f"a,n{item},1\n" for item in range(200)))
    two.write_text("system,item,score\n" + "".join(f"b,n{item},1\n" for item in range(99)) + "a,n150,1\na,n0,1\n")
    with pytest.raises(UserError) as error:
        write_run(read_sources([one, two]), tmp_path, "run", [])
    assert str(error.value).startswith(
        f"{two}:101: a on items answers item 'n150' a second time (first: {one}:152). If items were asked"
    )
    two.write_text("system,item,score,repeat\na,n150,1,1\na,n0,1,9007199254740991\n")
    assert len(rows_of(read_sources([one, two]), tmp_path)) == 202


def test_numbers_of_items_are_those_of_each_task(tmp_path) -> None:
    answers = [
        Answer(where=f"x:{place}", system="s", task=task, item=item, score=1.0)
        for place, (task, item) in enumerate(
            [("t", "10"), ("t", "9"), ("u", "10"), ("u", "9"), ("u", "09"), ("v", "b"), ("v", "a"), ("v", "10")]
        )
    ]
    source = tmp_path / "x"
    source.write_text("")
    frame = rows_of(Imported("table", None, (source,), Spool.of(answers)), tmp_path)
    assert frame["doc_id"].tolist() == [10, 9, 1, 2, 0, 2, 1, 0]


def test_second_answers_are_found_with_any_numbers() -> None:
    cells = np.array([0, 1, 0, 1, 0], np.int64)
    names = np.array([5, 5, 6, 5, 5], np.int64)
    for repeats, expected in (
        ([0, 0, 0, 0, 0], (3, 1)),
        ([0, 0, 0, 1, 1], None),
        ([0, 2**53, 0, 2**53, 0], (3, 1)),
        ([0, 2**53, 0, 2**53 - 1, 0], (4, 0)),
    ):
        assert survey.second_answer(cells, names, np.array(repeats, np.int64)) == expected
    assert survey.items_by_cell(cells, names, 2) == [2, 1]


def test_a_wide_table_in_any_blocks_keeps_its_order_and_positions(table, tmp_path, monkeypatch) -> None:
    systems = ("org/a", "b", "c,d")
    head = "sample_id,prompt,eval_name," + ",".join(f'"{name}","{name}|model_response"' for name in systems)
    rows = [
        f'{item},"what is\n{item}?",t,' + ",".join(
            "," if (item + place) % 4 == 0 else f"{place / 2},{item}x" if item % 3 else ",y" for place in range(3)
        ) for item in range(30)
    ]  # fmt: skip
    path = table("\n".join([head, *rows]))
    whole = [vars(answer) for answer in read_sources([path]).answers]
    for row, answer in enumerate(whole):
        assert answer["where"] == f"{path}:{2 + 2 * int(answer['item'])}, {answer['system']}", row
    assert [(int(answer["item"]), systems.index(answer["system"])) for answer in whole] == [
        (item, place) for item in range(30) for place in range(3) if (item + place) % 4
    ]
    monkeypatch.setattr(csvfile, "CHARACTERS", 80)
    monkeypatch.setattr(wide_table, "BLOCK_BYTES", 1)
    assert [vars(answer) for answer in read_sources([path]).answers] == whole


def test_a_wide_parquet_table_may_have_columns_of_several_types(tmp_path) -> None:
    frame = pd.DataFrame(
        {"sample_id": ["q1", "q2", "q3"], "a": [1, 0, 1], "a|total_cost": [0.5, np.nan, 0.25], "b": [True, False, True],
         "b|model_response": pd.Categorical(["x", "y", "x"]), "c|total_cost": [1.0, 2.0, 3.0], "c": [0.5, np.nan, 1.0]}
    )  # fmt: skip
    frame.to_parquet(tmp_path / "wide.parquet")
    answers = list(read_sources([tmp_path / "wide.parquet"]).answers)
    assert [(each.system, each.item, each.score, each.cost, each.answer) for each in answers] == [
        ("a", "q1", 1.0, 0.5, ""), ("b", "q1", 1.0, None, "x"), ("c", "q1", 0.5, 1.0, ""),
        ("a", "q2", 0.0, None, ""), ("b", "q2", 0.0, None, "y"), ("c", "q2", None, 2.0, ""),
        ("a", "q3", 1.0, 0.25, ""), ("b", "q3", 1.0, None, "x"), ("c", "q3", 1.0, 3.0, ""),
    ]  # fmt: skip
    assert answers[3].where == f"{tmp_path / 'wide.parquet'}: row 2, a"


@pytest.mark.parametrize("memory_bytes", [0, 16_000_000])
def test_answers_survive_the_spool(monkeypatch, memory_bytes) -> None:
    monkeypatch.setattr("wattbench.importers.spool.MEMORY_BYTES", memory_bytes)
    answer = Answer(
        where="a.jsonl:3", system="s", task="t", item="\ud83d", repeat=2, score=0.5, started_s=1e9, seconds=0.25,
        prompt_tokens=3, failure="late", metrics={"acc,none": 1.0, "nested": [1, {"a": None}]}, target="é\0",
    )  # fmt: skip
    (back,) = Spool.of([answer])
    assert vars(back) == vars(answer) | {"item": "\\ud83d"}
    assert list(Spool.of([])) == []


def test_batches_of_long_texts_have_few_answers() -> None:
    long = "x" * 5_000_000
    answers = [Answer(where="w", system="s", task="t", item=str(place), prompt=long) for place in range(15)]
    assert [batch.num_rows for batch in batches_of(answers)] == [7, 7, 1]


def test_a_secret_of_this_process_is_in_no_column(table, tmp_path) -> None:
    keep_secret("hunter2hunter2")
    path = table(
        "system,item,score,prompt,answer,route,failure,doc_hash\n"
        "a,1,1,say hunter2hunter2,hunter2hunter2!,to-hunter2hunter2,hunter2hunter2,hunter2hunter2\na,2,1,x,y,z,,h\n"
    )
    (tmp_path / "runs").mkdir()
    root = write_run(read_sources([path]), tmp_path / "runs", "run", [])
    frame = pd.read_parquet(root / "items.parquet")
    assert "hunter2" not in json.dumps(frame.to_dict("list"), default=str)
    assert frame["prompt"].tolist() == ["say [secret]", "x"]
    assert frame["route_asked"].map(list).tolist() == [["to-[secret]"], ["z"]]
