"""Which answers of a run can be labelled, and what is shown of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up.judged_runs import FakeJudge, judge_items
from tests.made_up.rows import item, write_items
from tests.made_up.runs import FakeSystem, write_run
from tests.wattbench.api.labelling.conftest import JUDGED
from wattbench.api.labelling.sheet import LabelSheet, read_sheet
from wattbench.errors import UserError
from wattbench.records import ItemRow, RunRecords, RunWriter, read_run
from wattbench.records.rows.judgements import answer_digest


def judged(folder: Path, items: list[ItemRow], judge: FakeJudge | None = None) -> RunRecords:
    """A run of some answers to one task, which a made-up judge scored."""
    rows: list[ItemRow] = []

    def also(writer: RunWriter) -> None:
        rows.extend(judge_items(writer, {"sums": judge or FakeJudge()}, items))

    run = write_items(folder, items, also=also)
    with RunWriter(run.layout.root) as writer:
        run.layout.finished.unlink()
        writer.finish([replace(row, run=run.header.run) for row in rows], run.windows(), "2026-01-02T03:10:00+00:00")
    return read_run(run.layout.root)


def documents(sheet: LabelSheet) -> list[tuple[str, int]]:
    return sorted((system, key[0]) for system, _, key in sheet.answers)


def test_failed_requests_are_not_labelled(tmp_path: Path) -> None:
    run = judged(tmp_path, [item(0), item(1, failure="no reply", correct=0.0), item(2)])
    assert documents(read_sheet(run)) == [("one", 0), ("one", 2)]


def test_a_pair_is_labelled_where_both_systems_answered(tmp_path: Path) -> None:
    items = [replace(item(number), system=system, window=system) for system in ("one", "two") for number in range(3)]
    run = judged(tmp_path, items, FakeJudge(scale="pair", against="two"))
    sheet = read_sheet(run)
    assert documents(sheet) == [("one", 0), ("one", 1), ("one", 2)]
    (texts,) = sheet.texts([sheet.answers["one", "sums", (1, 0, None, None)]])
    assert "one 1.0" in texts.answer
    assert texts.compared is not None
    assert "two 1.0" in texts.compared
    assert texts.reference == "42"


def test_systems_that_were_not_asked_to_the_end_are_not_labelled(tmp_path: Path) -> None:
    systems = (FakeSystem("small", accuracy=0.1, dropped_after=2), FakeSystem("large", accuracy=0.8))
    run = write_run(tmp_path, replace(JUDGED, systems=systems, blocks=4))
    assert {system for system, _ in documents(read_sheet(read_run(run)))} == {"large"}


def test_the_item_is_shown_in_one_form_for_all_systems(tmp_path: Path) -> None:
    """A chat template, or a prompt of its own, would say whose answer it is."""
    chat = json.dumps({"messages": [{"role": "user", "content": "How many?"}]})
    items = [
        replace(item(0, prompt=prompt), system=system, window=system)
        for system, prompt in (("one", chat), ("two", "How many?\nAnswer:"))
    ]
    sheet = read_sheet(judged(tmp_path, items))
    assert {each.item for each in sheet.texts(list(sheet.answers.values()))} == {"user: How many?"}


def test_thoughts_are_not_shown_and_count_for_the_digest(tmp_path: Path) -> None:
    sheet = read_sheet(judged(tmp_path, [item(0, output="<think>hm</think>\nTwelve,")]))
    (answer,) = sheet.answers.values()
    (texts,) = sheet.texts([answer])
    assert texts.answer.startswith("Twelve,")
    assert answer.sha256 == answer_digest(sheet.outputs([answer])[0])
    assert sheet.outputs([answer])[0].startswith("<think>")


def test_a_scale_that_is_none_is_a_damaged_record(judged_run: Path) -> None:
    path = read_run(judged_run).layout.judges
    path.write_text(path.read_text().replace('"scale": "pass"', '"scale": "5..1"'))
    with pytest.raises(UserError, match=r"judges.jsonl: line 1: scale is '5..1'.*the record is damaged"):
        read_sheet(read_run(judged_run))


def test_an_answer_that_was_changed_is_a_damaged_record(judged_run: Path) -> None:
    path = read_run(judged_run).layout.judgements
    digest = json.loads(path.read_text().splitlines()[0])["answer_sha256"]
    path.write_text(path.read_text().replace(digest, "0" * 64))
    sheet = read_sheet(read_run(judged_run))
    with pytest.raises(UserError, match="another one than the judge got; the record is damaged"):
        sheet.texts(list(sheet.answers.values()))
