"""Tables of labels: what is written is read again, and rows that are damaged, doubled or foreign are named."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wattbench
from tests.made_up.judged_runs import FakeJudge, add_labels
from tests.made_up.runs import write_run
from tests.wattbench.api.labelling.conftest import JUDGED
from wattbench.api.label import add_labels_of_suite, export_labels, import_labels
from wattbench.api.labelling.label_table import MatchedLabels, given_labels, match_labels
from wattbench.api.labelling.sheet import LabelSheet, read_sheet
from wattbench.config import TaskChoice
from wattbench.config.judged import JudgedBy
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench.records.rows.judgements import answer_digest

HEAD = "task,doc_id,system,answer,score,person\n"


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> LabelSheet:
    return read_sheet(read_run(write_run(tmp_path_factory.mktemp("judged"), JUDGED)))


def row_of(sheet: LabelSheet, doc_id: int = 0, system: str = "small", **changes: object) -> dict[str, Any]:
    answer = sheet.answers[system, "letters", (doc_id, 0, None, None)]
    text = sheet.outputs([answer])[0]
    row = {"task": "letters", "doc_id": doc_id, "system": system, "answer": text, "score": "pass", "person": "ann"}
    return row | changes


def matched(sheet: LabelSheet, *rows: Mapping[str, Any], **settings: Any) -> MatchedLabels:
    return match_labels(sheet, given_labels(rows), "me", **settings)


@pytest.mark.slow
def test_what_is_exported_is_imported_into_another_copy(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, JUDGED) for name in ("one", "two")]
    add_labels(runs[0], 7, people=("ann", "=1+1"))
    table = tmp_path / "labels.csv"
    assert export_labels(runs[0], table) == 28
    assert "'=1+1" in table.read_text()
    assert len(import_labels(runs[1], table, "me").rows) == 28
    assert read_run(runs[1]).labels() == read_run(runs[0]).labels()
    assert import_labels(runs[1], table, "me") == MatchedLabels((), 28, 0)


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["1..5", "pair"])
def test_scores_are_written_on_the_scale_of_the_task(tmp_path: Path, scale: str) -> None:
    run = write_run(tmp_path, replace(JUDGED, judges={"letters": FakeJudge(scale=scale)}))
    add_labels(run, 10)
    table = tmp_path / "labels.csv"
    export_labels(run, table)
    words = set(pd.read_csv(table)["score"].astype(str))
    assert words <= ({"1", "2", "4", "5"} if scale == "1..5" else {"better", "tie", "worse"})
    before = read_run(run).labels()
    read_run(run).layout.labels.unlink()
    import_labels(run, table, "me")
    assert read_run(run).labels() == before


def test_a_table_of_ones_own_may_have_the_text_in_place_of_the_digest(unlabelled: LabelSheet) -> None:
    (label,) = matched(unlabelled, row_of(unlabelled, score="fail")).rows
    assert (label.score, label.person, label.drawn) == (0.0, "ann", "as given")
    (label,) = matched(unlabelled, row_of(unlabelled, person="", score="0.5")).rows
    assert (label.score, label.person) == (0.5, "me")
    (label,) = matched(unlabelled, row_of(unlabelled, score="")).rows
    assert label.score is None


def test_an_id_names_an_answer_alone(unlabelled: LabelSheet) -> None:
    answer = unlabelled.answers["large", "letters", (3, 0, None, None)]
    (label,) = matched(unlabelled, {"id": unlabelled.id_of(answer.name), "score": "pass"}).rows
    assert (label.system, label.doc_id) == ("large", 3)
    assert "large" not in unlabelled.id_of(answer.name)


DAMAGED = [
    ({"score": "good"}, r"score is 'good': expected pass or fail, or a number from 0 to 1"),
    ({"score": "1.5"}, "score is '1.5'"),
    ({"score": "nan"}, "score is 'nan'"),
    ({"doc_id": "first"}, "doc_id is 'first': it must be a whole number"),
    ({"doc_id": "-1"}, "doc_id is '-1'"),
    ({"doc_id": "1e400"}, "doc_id is '1e400'"),
    ({"doc_id": "0.5"}, "doc_id is '0.5'"),
    ({"task": ""}, "task is empty"),
    ({"person": "a\x1b[2J"}, "person is"),
    ({"person": "a" * 300}, "person is"),
    ({"drawn": "by me"}, "drawn is 'by me': it must be one of"),
    ({"answer_sha256": "12"}, "answer_sha256 is '12': it must have 64 hexadecimal digits"),
    ({"labelled_utc": "yesterday"}, "isoformat"),
    ({"seconds": "-5"}, "seconds is -5"),
    ({"offered_per_s": "fast"}, "offered_per_s or arrivals"),
]
FOREIGN = [
    ({"task": "poems"}, "no judge scores a task 'poems' in this run; did you mean|no judge scores a task 'poems'"),
    ({"system": "smal"}, "no system 'smal' has answers to letters .* did you mean 'small'"),
    ({"doc_id": 999}, "small has no answer to document 999 of letters that a judge was asked about"),
    ({"repeat": 4}, "small has no answer to document 0, repeat 4 of letters"),
    ({"doc_hash": "another"}, "the item is another one than this run's"),
    ({"answer": "another"}, "the labelled answer is another one than this run's"),
    ({"answer_sha256": answer_digest("another")}, "the labelled answer is another one than this run's"),
    ({"id": "0" * 20, "system": ""}, "this run has no answer with the id '0"),
]


@pytest.mark.parametrize(("changes", "problem"), DAMAGED)
def test_a_damaged_row_is_named(unlabelled: LabelSheet, changes: dict[str, object], problem: str) -> None:
    for skip_foreign in (False, True):
        with pytest.raises(UserError, match=rf"row \d.*{problem}.*No label was written") as error:
            matched(unlabelled, row_of(unlabelled, doc_id=1), row_of(unlabelled) | changes, skip_foreign=skip_foreign)
        assert "row 1" in str(error.value)


@pytest.mark.parametrize(("changes", "problem"), FOREIGN)
def test_a_foreign_row_is_named_or_left_out(unlabelled: LabelSheet, changes: dict[str, object], problem: str) -> None:
    rows = (row_of(unlabelled, doc_id=1), row_of(unlabelled) | changes)
    with pytest.raises(UserError, match=rf"row 1: ({problem}).*leave out such rows with --skip-foreign"):
        matched(unlabelled, *rows)
    left = matched(unlabelled, *rows, skip_foreign=True)
    assert (len(left.rows), left.foreign) == (1, 1)


def test_labels_left_over_where_other_answers_have_changed_are_no_random_draw(unlabelled: LabelSheet) -> None:
    small, large = (row_of(unlabelled, system=system, drawn="evenly") for system in ("small", "large"))
    changed = row_of(unlabelled, 1, drawn="evenly", answer="another")
    left = matched(unlabelled, small, large, changed, skip_foreign=True)
    assert [(row.system, row.drawn) for row in left.rows] == [("small", "as given"), ("large", "evenly")]
    beyond = row_of(unlabelled, drawn="evenly") | {"doc_id": 999}
    assert [row.drawn for row in matched(unlabelled, small, beyond, skip_foreign=True).rows] == ["evenly"]


def test_a_row_without_the_text_that_was_labelled_is_named(unlabelled: LabelSheet) -> None:
    row = row_of(unlabelled) | {"id": ""}
    del row["answer"]
    with pytest.raises(UserError, match="row 0: answer_sha256 is empty"):
        matched(unlabelled, row)


def test_a_doubled_row_is_named_with_both_lines(unlabelled: LabelSheet) -> None:
    row = row_of(unlabelled)
    with pytest.raises(UserError, match="row 2: labels the same answer as row 0, by the same person"):
        matched(unlabelled, row, row_of(unlabelled, doc_id=1), row)
    assert len(matched(unlabelled, row, row | {"person": "bea"}).rows) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "the file is empty"),
        (b"task,doc_id\n", "no rows|no column 'score'"),
        (b"task,doc_id,system,scores\nletters,0,small,pass\n", "no column 'score'.*did you mean 'scores'"),
        (b"task,doc_id,system,score\nletters,0,small,pass\n", "no column 'answer' or 'answer_sha256'"),
        (b"score\npass\n", "no column 'task'.*named by its id, or by task, doc_id and system"),
        (HEAD.encode() + b"letters,0,small\n", "line 2: 3 cells, but the first line names 6 columns"),
        (HEAD.encode() + b'letters,0,small,"open\n', "line 2: not valid CSV"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "labels.csv"),
        (codecs.BOM_UTF16_LE + HEAD.encode("utf-16-le"), "UTF-16"),
        (HEAD.encode() + b"letters,0,small,\xff,pass,ann\n", "not text in utf-8"),
    ],
)
def test_a_file_that_is_no_table_of_labels_is_named(
    judged_run: Path, tmp_path: Path, text: bytes, problem: str
) -> None:
    table = tmp_path / "labels.csv"
    table.write_bytes(text)
    with pytest.raises(UserError, match=problem):
        import_labels(judged_run, table, "me")
    assert not read_run(judged_run).layout.labels.exists()


def test_a_file_that_is_far_too_large_is_refused(judged_run: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    with table.open("wb") as file:
        file.truncate(600_000_000)
    with pytest.raises(UserError, match="600,000,000 bytes are more than"):
        import_labels(judged_run, table, "me")


def test_line_numbers_are_those_of_the_file_and_a_mark_at_its_start_is_no_text(
    judged_run: Path, unlabelled: LabelSheet, tmp_path: Path
) -> None:
    text = row_of(unlabelled)["answer"]
    table = tmp_path / "labels.csv"
    rows = f'letters,0,small,"{text}",pass,ann\r\nletters,1,small,"{text}",pass,ann\r\n'
    table.write_text(HEAD.replace("\n", "\r\n") + rows, encoding="utf-8-sig", newline="")
    with pytest.raises(UserError, match=r"labels\.csv: line 3: the labelled answer is another one"):
        import_labels(judged_run, table, "me")
    assert len(import_labels(judged_run, table, "me", skip_foreign=True).rows) == 1


def test_labels_are_added_from_a_data_frame(judged_run: Path, unlabelled: LabelSheet) -> None:
    frame = pd.DataFrame([row_of(unlabelled, number) for number in range(3)])
    frame["repeat"] = [0.0, None, 0.0]
    frame.loc[2, "score"] = None
    progress = wattbench.label(judged_run, frame, person="me")
    (small,) = [each for each in progress.cells if each.system == "small"]
    assert (small.answers, small.labels, small.cannot_tell, small.lacking) == (30, 2, 1, 18)
    with pytest.raises(UserError, match="there are no labels"):
        wattbench.label(judged_run, [])


@pytest.mark.slow
def test_labels_that_a_suite_names_are_added_where_the_text_is_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (write_run(tmp_path / name, JUDGED) for name in ("one", "two"))
    add_labels(one, 5)
    table = tmp_path / "labels.csv"
    export_labels(one, table)
    table.write_text(table.read_text() + table.read_text().splitlines()[1].replace(",small,", ",gone,") + "\n")
    judged = JudgedBy(judge="judge", rubric=tmp_path / "rubric.md", labels=table)
    choices = [TaskChoice(task="letters", domain="any", score=judged), TaskChoice(task="poems", domain="any")]
    monkeypatch.setattr("wattbench.api.label.tasks_from_record", lambda _: SimpleNamespace(tasks=choices))
    for _ in range(2):
        add_labels_of_suite(two)
    assert read_run(two).labels() == read_run(one).labels()
    said = capsys.readouterr().err
    assert f"10 labels added from {table}; 1 are of other answers" in said
    assert f"0 labels added from {table}" in said
    table.write_text("score\npass\n")
    add_labels_of_suite(two)
    assert f"were not added: {table}: no column 'task'" in capsys.readouterr().err
    table.unlink()
    add_labels_of_suite(two)
    assert capsys.readouterr().err == ""


COLUMNS = (
    "id", "task", "doc_id", "repeat", "system", "answer", "answer_sha256", "score", "person", "drawn", "seconds",
    "labelled_utc", "arrivals", "offered_per_s",
)  # fmt: skip
CELLS = st.one_of(st.none(), st.text(max_size=20), st.integers(-5, 40), st.floats(), st.booleans())


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(COLUMNS), CELLS, max_size=5))
def test_whatever_a_row_holds_it_is_a_label_or_a_named_error(unlabelled: LabelSheet, changes: dict[str, Any]) -> None:
    with contextlib.suppress(UserError):
        labels = matched(unlabelled, row_of(unlabelled) | changes).rows
        assert all(0 <= row.score <= 1 for row in labels if row.score is not None)
