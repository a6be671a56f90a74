"""The JSON Schema of a run's files, its tables and its page of fields are those of the rows."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as pq
from click.testing import CliRunner

from docs.site.record_fields import page
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.cli import main
from wattbench.records import RunLayout
from wattbench.records.record_schema import ROWS, record_schema


def test_the_schema_has_every_field_with_its_bounds_and_meaning() -> None:
    printed = CliRunner().invoke(main, ["dev", "schema", "--records"], catch_exceptions=False).stdout
    schema = json.loads(printed)
    assert schema == record_schema()
    for name, row in ROWS.items():
        of_row = schema["$defs"][schema["properties"][name]["$ref"].rpartition("/")[2]]
        assert list(of_row["properties"]) == [each.name for each in fields(row)]
    answer = schema["$defs"]["AnswerRow"]["properties"]
    assert (answer["doc_id"]["minimum"], answer["doc_id"]["maximum"]) == (0, 2**63 - 1)
    assert answer["finish_reason"]["anyOf"][0]["enum"] == ["stop", "length"]
    assert answer["cached_tokens"]["description"] == "Of `prompt_tokens`, those that a server had in its cache."
    assert schema["$defs"]["ScoreRow"]["properties"]["correct"]["anyOf"][0]["maximum"] == 1
    assert "measured" in schema["$defs"]["Purpose"]["enum"]


def test_files_of_a_run_have_the_fields_of_the_schema(tmp_path: Path) -> None:
    root = write_run(tmp_path, FakeRun((FakeSystem("a"),), items=2))
    schema = record_schema()
    for path in (each for each in sorted(root.rglob("*.jsonl"))):
        name = path.relative_to(root).as_posix()
        kind = {"items": "AnswerRow", "scores": "ScoreRow"}.get(name.partition("/")[0]) or ROWS[name].__name__
        for line in path.read_text().splitlines():
            assert json.loads(line).keys() == schema["$defs"][kind]["properties"].keys()
    items = pq.read_schema(RunLayout(root).items_table)
    of_items = schema["$defs"]["ItemRow"]["properties"]
    assert items.names == list(of_items)
    assert {each.name for each in items if each.nullable} == {
        name for name, each in of_items.items() if {"type": "null"} in each.get("anyOf", [])
    }


def test_the_page_has_a_table_for_each_file_and_a_row_for_each_field() -> None:
    text = page()
    for name, row in ROWS.items():
        table = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")] == [
            each.name for each in fields(row)
        ]
