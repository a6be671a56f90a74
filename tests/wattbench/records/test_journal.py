"""The journal of a run shows what was changed in it, and what another hand put there."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.rows import ANSWER, HEADER, WINDOW
from wattbench.errors import UserError
from wattbench.records import BlockRow, RunHeader, RunLayout, RunWriter, WindowLabel
from wattbench.records.files.jsonl import Appender
from wattbench.records.journal_check import checked_journal
from wattbench.records.rows.answers import ScoreRow

BLOCK = BlockRow(number=0, attempt=0, order=["s"], doc_ids={"t": [0, 1, 2]}, windows={"s": ["w0001"]})
SCORE = ScoreRow(doc_id=0, repeat=0, doc_hash="h", target="2", filtered="2", correct=1.0, metrics={})
ANSWERS, SCORES, TRACE = "items/s/t.jsonl", "scores/s/t.jsonl", "power/s/t.csv"


def begin(root: Path, header: RunHeader = HEADER) -> None:
    """Write a run that was stopped after its first block."""
    with RunWriter.create(root, replace(header, journal=True)) as writer:
        for number in range(3):
            writer.append_answer("s", "t", replace(ANSWER, doc_id=number))
        trace = writer.layout.trace("s", "t")
        trace.parent.mkdir(parents=True)
        trace.write_text("".join(f"{at},cpu\n" for at in range(5)))
        writer.append_open_window(WindowLabel(window="w0001", run="r", system="s", task="t", purpose="measured"))
        writer.append_window(WINDOW)
        writer.append_block(BLOCK)
        writer.write_scores("s", "t", [replace(SCORE, doc_id=number) for number in range(3)])


@pytest.fixture
def run(tmp_path: Path) -> RunLayout:
    begin(tmp_path / "run")
    return RunLayout(tmp_path / "run")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def change(path: Path, line: int, **fields: Any) -> None:
    rows = lines(path)
    rows[line] |= fields
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def resume(run: RunLayout) -> RunWriter:
    with RunWriter(run.root) as writer:
        return writer


def test_it_has_every_write_in_order(run: RunLayout) -> None:
    rows = lines(run.journal)
    assert [row["number"] for row in rows] == [*range(len(rows))]
    assert list(dict.fromkeys(row["file"] for row in rows)) == [
        "run.json", ANSWERS, "open-windows.jsonl", TRACE, "windows.jsonl", "blocks.jsonl", SCORES,
    ]  # fmt: skip
    for name in {row["file"] for row in rows}:
        assert max(row["end"] for row in rows if row["file"] == name) == (run.root / name).stat().st_size


def test_a_run_that_nobody_changed_goes_on(run: RunLayout) -> None:
    assert resume(run).left == ()
    with RunWriter(run.root) as writer:
        writer.append_answer("s", "t", replace(ANSWER, doc_id=3))
    checked = checked_journal(run)
    assert (checked.problems, checked.spoiled, checked.lacking, checked.left) == ((), (), (), ())


@pytest.mark.parametrize(
    ("file", "line", "fields", "named"),
    [
        (ANSWERS, 1, {"replies": ["3"]}, f"line 2 of {ANSWERS}"),
        (ANSWERS, 2, {"finished_s": 1.1}, f"line 3 of {ANSWERS}"),
        (SCORES, 0, {"correct": 0.0}, f"{SCORES} is not"),
        ("windows.jsonl", 0, {"energy_j": {"cpu": 5.0, "dram": 1.0}}, "line 1 of windows.jsonl"),
        ("windows.jsonl", 0, {"valid": False}, "line 1 of windows.jsonl"),
        ("blocks.jsonl", 0, {"number": 1}, "line 1 of blocks.jsonl"),
        (
            "journal.jsonl",
            2,
            {"digest": "0" * 32},
            f"line 2 of {ANSWERS}",
        ),
    ],
)
def test_a_line_that_was_changed_is_named(
    run: RunLayout, file: str, line: int, fields: dict[str, Any], named: str
) -> None:
    change(run.root / file, line, **fields)
    with pytest.raises(UserError, match=named):
        resume(run)


def test_a_header_that_was_changed_is_named(run: RunLayout) -> None:
    run.header.write_text(run.header.read_text().replace('"suite_sha256": "0"', '"suite_sha256": "1"'))
    with pytest.raises(UserError, match=r"run\.json is not as it was written"):
        resume(run)


def test_what_was_cut_or_removed_is_named(run: RunLayout) -> None:
    answers = run.root / ANSWERS
    answers.write_bytes(b"".join(answers.read_bytes().splitlines(keepends=True)[:-1]))
    (run.root / SCORES).unlink()
    with pytest.raises(UserError, match=rf"{ANSWERS} was cut: .*{SCORES} is missing"):
        resume(run)


def test_without_its_journal_a_run_does_not_go_on(run: RunLayout) -> None:
    run.journal.unlink()
    with pytest.raises(UserError, match=r"journal\.jsonl is missing"):
        resume(run)


def test_a_line_of_the_journal_that_was_taken_out_is_named(run: RunLayout) -> None:
    rows = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join(rows[:2] + rows[3:]))
    with pytest.raises(UserError, match="line 3 does not follow"):
        resume(run)


def test_one_line_that_the_journal_lacks_is_kept_and_said(run: RunLayout) -> None:
    appender = Appender(run.root / ANSWERS)  # a kill between a line and that of the journal
    appender.append(asdict(replace(ANSWER, doc_id=3)))
    appender.close()
    writer = resume(run)
    assert len(writer.left) == 1
    assert f"{ANSWERS} has 1 line that the journal lacks" in writer.left[0]
    assert resume(run).left == ()
    assert checked_journal(run).left == (ANSWERS,), "it stays known which lines are of an unknown hand"


def test_more_lines_than_a_kill_leaves_are_refused(run: RunLayout) -> None:
    appender = Appender(run.root / ANSWERS)
    for number in (3, 4):
        appender.append(asdict(replace(ANSWER, doc_id=number)))
    appender.close()
    with pytest.raises(UserError, match=f"{ANSWERS} has 2 lines that the journal lacks"):
        resume(run)


def test_a_spoiled_trace_does_not_lose_the_run(run: RunLayout) -> None:
    trace = run.root / TRACE
    trace.write_text(trace.read_text().replace("2,cpu", "7,cpu"))
    assert f"{TRACE} is not as it was written" in resume(run).left[0]
    with RunWriter(run.root) as writer:
        trace.write_text(trace.read_text() + "9,cpu\n")
        writer.append_window(replace(WINDOW, window="w0002"))
    checked = checked_journal(run)
    assert (checked.spoiled, checked.left) == ((), (TRACE,))


@given(data=st.data())
def test_any_byte_that_was_changed_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    root = tmp_path_factory.mktemp("run") / "run"
    begin(root)
    names = ["run.json", ANSWERS, SCORES, TRACE, "windows.jsonl", "blocks.jsonl", "open-windows.jsonl"]
    path = root / data.draw(st.sampled_from(names))
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    checked = checked_journal(RunLayout(root))
    assert checked.problems or checked.spoiled
    shutil.rmtree(root)


def test_a_journal_that_the_disk_did_not_take_ends_the_run(run: RunLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    append = Appender.append_bytes

    def full(self: Appender, data: bytes) -> None:
        if str(self._file.name).endswith("journal.jsonl"):
            raise OSError(28, "No space left on device")
        append(self, data)

    with RunWriter(run.root) as writer:
        monkeypatch.setattr(Appender, "append_bytes", full)
        with pytest.raises(UserError, match="No space left on device"):
            writer.append_answer("s", "t", replace(ANSWER, doc_id=3))
        monkeypatch.undo()
        with pytest.raises(UserError, match="an earlier line could not be"):
            writer.append_answer("s", "t", replace(ANSWER, doc_id=4))
    assert [answer["doc_id"] for answer in lines(run.root / ANSWERS)] == [0, 1, 2, 3]
    assert len(resume(run).left) == 1
