"""Tables that have a judge's verdicts and people's labels: what arrives, what is refused, and what is concluded."""

from __future__ import annotations

import csv
import io
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.made_up.records import call_on
from wattbench import decide
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.importers import JudgedOptions, TableOptions, read_sources, write_run
from wattbench.importers.imported import Imported
from wattbench.records import RunRecords, read_run
from wattbench.records.judged_checks import judgement_problems, label_problems
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.export.comparison.compared_section import as_table
from wattbench_reports.export.frames.items_frame import items_frame

SAMPLE = Path("tests/data/judges/llmbar.csv")

HEADER = "system,item,task,answer,verdict,human_label,person,judge\n"
TWO = (
    f"{HEADER}a,1,t,one,4,5,anna,j\na,1,t,one,4,3,ben,j\na,2,t,two,,2,anna,j\na,3,t,three,1,,,j\n"
    "b,1,t,one,5,,,\nb,2,t,,2,,,\nb,3,t,four,3.5,,,\n"
)


def judged(imported: Imported) -> list[tuple[str, str, float | None]]:
    return [(answer.system, answer.item, answer.verdict) for answer in imported.answers]


def read(path: Path, **options: Any) -> Imported:
    return read_sources([path], table=TableOptions(judged=JudgedOptions(**options)))


def run_of(imported: Imported, to: Path) -> RunRecords:
    return read_run(write_run(imported, to / "runs", "judged", ["wattbench", "runs", "import"]))


def wattbench(*arguments: object) -> click.testing.Result:
    return click.testing.CliRunner().invoke(main, [str(each) for each in arguments])


def test_verdicts_and_labels_of_several_people_arrive_on_their_scale(table, tmp_path) -> None:
    rubric = tmp_path / "rubric.md"
    rubric.write_text("Good is what helps. <!-- no note -->")
    imported = read(table(TWO), scale="1..5", judge="j", rubric=rubric)
    assert judged(imported) == [
        *(("a", "1", 0.75), ("a", "2", None), ("a", "3", 0.0)),
        *(("b", "1", 1.0), ("b", "2", 0.25), ("b", "3", 0.625)),
    ]
    run = run_of(imported, tmp_path)
    judge = run.judges()["t"]
    assert (judge.judge, judge.scale, judge.rubric, judge.prompt_version) == (
        "j",
        "1..5",
        "Good is what helps.",
        "imported",
    )
    items = pd.read_parquet(run.layout.items_table)
    assert items["correct"].isna().all()
    assert items["judged"].tolist() == pytest.approx([0.75, np.nan, 0.0, 1.0, 0.25, 0.625], nan_ok=True)
    rows = run.judgements()
    assert [row.verdict for row in rows] == [0.75, None, 0.0, 1.0, 0.25, 0.625]
    assert [row.why for row in rows if row.verdict is None] == ["the source has no verdict"]
    assert {(row.window, row.started_s, row.finished_s, row.reply) for row in rows} == {("", None, None, "")}
    assert [(row.system, row.doc_id, row.person, row.score, row.drawn) for row in run.labels()] == [
        ("a", 1, "anna", 1.0, "as given"),
        ("a", 1, "ben", 0.5, "as given"),
        ("a", 2, "anna", 0.25, "as given"),
    ]
    assert [*judgement_problems(run), *label_problems(run)] == []


def test_words_truth_and_numbers_are_a_pass(table) -> None:
    text = "item,system,verdict,label\n1,a,pass,fail\n2,a,True,0\n3,a,0.5,1\n4,a,FAIL,\n"
    imported = read(table(text))
    assert [verdict for *_, verdict in judged(imported)] == [1.0, 1.0, 0.5, 0.0]
    assert [(label.row, label.score, label.person) for label in imported.labels] == [
        *((0, 0.0, "1"), (1, 0.0, "1"), (2, 1.0, "1"))
    ]
    assert imported.judges["items"].judge == "judge"


def test_a_label_is_the_right_answer_where_there_is_no_verdict(table) -> None:
    imported = read_sources([table("item,system,answer,label\n1,a,x,x\n2,a,x,y\n")])
    assert [(answer.target, answer.score) for answer in imported.answers] == [("x", 1.0), ("y", 0.0)]
    assert not imported.judges


def test_parquet_and_csv_say_the_same(table, tmp_path) -> None:
    rows = pd.read_csv(table(TWO))
    path = tmp_path / "table.parquet"
    rows.to_parquet(path)
    first, second = (read(each, scale="1..5", judge="j") for each in (tmp_path / "table.csv", path))
    assert judged(first) == judged(second)
    assert first.labels == second.labels


def test_scored_and_judged_tasks_are_in_one_table_and_a_failure_is_no_answer(table, tmp_path) -> None:
    text = (
        "system,item,task,answer,score,verdict,human_label,failure\n"
        "a,1,sums,4,1,,,\na,1,free,well,,pass,pass,\na,2,free,,,,,timeout\na,3,free,,,1,,timeout\n"
    )
    run = run_of(read(table(text)), tmp_path)
    items = pd.read_parquet(run.layout.items_table).sort_values(["task", "doc_id"])
    assert items["correct"].tolist() == pytest.approx([np.nan, np.nan, np.nan, 1.0], nan_ok=True)
    assert items["judged"].tolist() == pytest.approx([1.0, 0.0, 0.0, np.nan], nan_ok=True)
    assert [(row.task, row.doc_id) for row in run.judgements()] == [("free", 1)]
    assert [*judgement_problems(run), *label_problems(run)] == []


@pytest.mark.parametrize(
    ("rows", "line", "said"),
    [
        ("a,1,t,x,6,,,\n", 2, "verdict is '6': expected a number from 1 to 5"),
        ("a,1,t,x,good,,,\n", 2, "verdict is 'good'"),
        ("a,1,t,x,4,0,,\n", 2, "human_label is '0': expected a number from 1 to 5"),
        ("a,1,t,x,4,,,j\na,2,t,x,4,,,k\n", 3, "a task has one judge"),
        ("a,1,t,x,4,1,ben,\na,1,t,x,4,2,ben,\n", 3, "ben labels the answer in"),
        ("a,1,t,x,4,1,ben,\na,1,t,y,4,2,anna,\n", 3, "must have the same answer and verdict"),
        ("a,1,t,x,4,1,ben,\na,1,t,x,5,2,anna,\n", 3, "must have the same answer and verdict"),
        ("a,1,t,x,4,1,,\na,1,t,x,4,2,,\n", 3, "a second time"),
        ("a,1,t,x,4,1,a\x07b,\n", 2, "control characters"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(table, tmp_path, rows, line, said) -> None:
    path, out = table(HEADER + rows), tmp_path / "runs"
    result = wattbench("runs", "import", path, "--scale", "1..5", "--out", out)
    assert result.exit_code == 2, result.output
    assert f"{path}:{line}" in result.output
    assert said in result.output
    assert not [*out.glob("*")]


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("item,system,score,verdict\n1,a,1,1\n", (), "items has scores and verdicts"),
        ("item,system,task,score,verdict\n1,a,t,,1\n2,a,t,1,\n", (), "table.csv:3: t has scores and verdicts"),
        ("item,system,score,human_label\n1,a,1,1\n", (), "no column is `verdict`"),
        ("item,system,score\n1,a,1\n", ("--scale", "1..5"), "no answer has one"),
        ("item,system,verdict\n1,a,1\n", ("--scale", "5..1"), "--scale '5..1': write pass, pair, or a range"),
        ("item,system,verdict\n1,a,1\n", ("--rubric", "missing.md"), "no such rubric"),
        ("item,system,verdict\n1,a,4\n", (), "Name another scale with --scale, such as 1..5"),
        ("item,system,verdict,drawn\n1,a,1,well\n", (), ""),
        ("item,system,verdict,label,drawn\n1,a,1,1,well\n", (), "drawn is 'well'"),
        ("item,system,verdict,label,failure\n1,a,1,1,timeout\n", (), "failure says that there is none"),
        ("sample_id,m,m|total_cost,v\n1,1,2,1\n", ("--map", "v=verdict"), "write a row per answer"),
    ],
)
def test_what_does_not_fit_is_named(table, tmp_path, text, arguments, said) -> None:
    result = wattbench("runs", "import", table(text), *arguments, "--out", tmp_path / "runs")
    assert result.exit_code == (2 if said else 0), result.output
    assert said in result.output


def test_a_rule_of_scores_and_columns_of_systems_do_not_go_with_verdicts(table) -> None:
    path = table("item,a,answer,target,verdict,system\n1,x,x,x,1,s\n")
    with pytest.raises(UserError, match="--score computes scores"):
        decide(path, score="exact")
    with pytest.raises(UserError, match="is of one answer, and a row has several"):
        decide(path, systems=["a"], target="target")


CELLS = st.one_of(
    st.sampled_from(["", "1", "5", "0", "6", "nan", "inf", "1e999", "pass", "better", "true", " 3 ", "-1"]), st.text()
)


@given(st.lists(st.tuples(st.integers(0, 3), CELLS, CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_any_cell_is_read_or_named(rows: Sequence[tuple[Any, ...]]) -> None:
    of_answers = [{"item": item, "system": "a", "answer": "x"} for item, *_ in rows]
    of_judging = [dict(zip(_OF_JUDGING, cells, strict=True)) for _, *cells in rows]
    imported = _written([one | other for one, other in zip(of_answers, of_judging, strict=True)], scale="1..5")
    if imported is None:
        return
    answers = [*imported.answers]
    assert all(answer.verdict is None or 0 <= answer.verdict <= 1 for answer in answers)
    assert all(0 <= label.score <= 1 and 0 <= label.row < len(answers) for label in imported.labels)


_OF_JUDGING = ("verdict", "human_label", "person", "judge", "drawn")


def _written(rows: Sequence[Mapping[str, Any]], **options: Any) -> Imported | None:
    """Write rows as CSV and read them; None where that is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
            writer = csv.DictWriter(file, [*rows[0]])
            writer.writeheader()
            writer.writerows(rows)
        try:
            return read(path, **options)
        except UserError:
            return None


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.integers(0, 5)),
        st.tuples(
            st.sampled_from([None, 1, 2, 3, 4, 5]),
            st.dictionaries(st.sampled_from(["anna", "ben", "eve"]), st.integers(1, 5), max_size=3),
        ),
        min_size=1,
    ),
    st.randoms(use_true_random=False),
)
def test_what_was_said_of_each_answer_is_read_in_any_order(
    said: Mapping[tuple[str, int], tuple[int | None, Mapping[str, int]]], order: random.Random
) -> None:
    rows = [
        {"system": system, "item": item, "answer": f"{system}{item}", "verdict": verdict, "label": label, "person": who}
        for (system, item), (verdict, labels) in said.items()
        for who, label in (labels or {"": None}).items()
    ]
    assume(any(verdict is not None or labels for verdict, labels in said.values()))
    order.shuffle(rows)
    imported = _written(rows, scale="1..5")
    assert imported is not None
    names = [(answer.system, int(answer.item)) for answer in imported.answers]
    assert sorted(names) == sorted(said)
    verdicts = {name: answer.verdict for name, answer in zip(names, imported.answers, strict=True)}
    assert verdicts == {name: None if each is None else (each - 1) / 4 for name, (each, _) in said.items()}
    labels = {(*names[label.row], label.person): label.score for label in imported.labels}
    assert labels == {
        (*name, who): (label - 1) / 4 for name, (_, of_people) in said.items() for who, label in of_people.items()
    }
    assert len(labels) == len(imported.labels)


def neighbors(labelled: int, judge: str = "ChatGPT") -> tuple[str, float]:
    """Return the subset Neighbor of LLMBar as a table, and the share of pairs whose longer answer is the better one.

    An answer is the longer one of a pair; its verdict is the mean over both orders.
    """
    rows = [row for row in csv.DictReader(SAMPLE.open()) if row["subset"] == "Adversarial/Neighbor"]
    longer = ["1" if int(row["length_1"]) >= int(row["length_2"]) else "2" for row in rows]
    better = [row["label"] == long for row, long in zip(rows, longer, strict=True)]
    drawn = set(random.Random(1).sample(range(len(rows)), labelled))
    lines = ["item,system,answer,target,verdict,label"]
    for number, (row, long, right) in enumerate(zip(rows, longer, better, strict=True)):
        said = "" if "-" in row[judge] else sum(each == long for each in row[judge]) / 2
        label = ("better" if right else "worse") if number in drawn else ""
        lines.append(f"{row['item']},longer,{'x' * (number + 1)},y,{said},{label}")
    return "\n".join(lines) + "\n", sum(better) / len(better)


@pytest.mark.slow
def test_labels_of_a_public_sample_correct_its_judge(table, tmp_path, golden) -> None:
    text, truth = neighbors(25)
    result = wattbench(
        *("runs", "import", table(text), "--judge", "ChatGPT", "--scale", "pair", "--out", tmp_path / "runs")
    )
    assert result.exit_code == 0, result.output
    run = read_run(next((tmp_path / "runs").iterdir()))
    comparison = compare(run)
    (system,) = comparison.judged.tasks[0].systems
    assert system.labels == 25
    assert system.corrected.low < truth < system.corrected.high
    assert system.corrected.high - system.corrected.low < 0.4
    half_width = 1.96 * (system.judges_opinion * (1 - system.judges_opinion) / system.answers) ** 0.5
    assert system.judges_opinion - half_width > truth + 0.1
    golden("judged.txt", as_table(side_by_side([run])).replace(run.header.run, "RUN"))


@pytest.mark.slow
def test_people_label_an_imported_run(table, tmp_path, monkeypatch) -> None:
    root = run_of(read(table(neighbors(0)[0]), scale="pair"), tmp_path).layout.root
    assert compare(read_run(root)).judged.tasks[0].systems[0].corrected is None
    monkeypatch.setattr(sys, "__stdin__", io.StringIO("a\n" * 20))
    result = wattbench("label", root, "--person", "eve")
    assert result.exit_code == 0, result.output
    assert len(read_run(root).labels()) == 20
    assert compare(read_run(root)).judged.tasks[0].systems[0].corrected is not None
    verified = wattbench("runs", "verify", root)
    assert verified.exit_code == 0, verified.output
    assert "those of an imported run are its source's" in verified.output


@pytest.mark.slow
def test_judged_answers_survive_an_export_and_an_import(table, tmp_path) -> None:
    first = run_of(read(table(TWO), scale="1..5", judge="j"), tmp_path)
    path = tmp_path / "items.csv"
    call_on(items_frame, analyse(first)).to_csv(path, index=False)
    again = run_of(read(path, judge="j"), tmp_path / "again")
    assert [row.verdict for row in again.judgements()] == [row.verdict for row in first.judgements()]
    assert [row.answer_sha256 for row in again.judgements()] == [row.answer_sha256 for row in first.judgements()]
    assert [(row.doc_id, row.score) for row in again.labels()] == [(1, 0.75), (2, 0.25)]  # the mean over people
