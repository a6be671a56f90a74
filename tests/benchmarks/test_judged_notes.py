"""A judge of notes that is wrong, labels of a program that is right, and a corrected figure that holds the truth."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import wattbench
from benchmarks import judged_notes
from benchmarks.systems.rules import careless_judge
from benchmarks.tasks.writing import draw_notes
from wattbench.config.judged import JudgedBy
from wattbench.tasks.judged.prompt import ShownAnswer, judge_prompt
from wattbench.tasks.judged.verdict import read_verdict

SUITES = Path(__file__).parents[2] / "benchmarks" / "suites"
ROW = draw_notes.rows()[0]
JUDGED = JudgedBy.model_validate({"judge": "careless-judge", "rubric": "/rubric.md"}, context={"folder": Path("/")})


@pytest.mark.parametrize(
    ("note", "verdict"),
    [
        ("Order {order} comes on {day}, for {amount} euros.", 1.0),
        ("Order {order} comes on {day}.", 1.0),
        ("Order {order} comes soon, for {amount} euros.", 0.0),
        ("[item 0]\n{order} {day}", 1.0),
        ("", 0.0),
    ],
)
def test_the_careless_judge_overlooks_the_amount_alone(note: str, verdict: float) -> None:
    prompt = judge_prompt(ShownAnswer(ROW["facts"], note.format(**ROW)), JUDGED, "State the facts.", seed=1)
    assert read_verdict(careless_judge.judge(prompt), JUDGED).score == verdict


def test_without_a_note_it_has_no_verdict() -> None:
    assert read_verdict(careless_judge.judge("Which day is it?"), JUDGED).score is None


def test_corrected_intervals_of_the_table_hold_the_truth_where_opinions_do_not() -> None:
    made, *lines = judged_notes.TABLE.read_text(encoding="utf-8").splitlines()
    assert made == judged_notes.MADE
    rows = list(csv.DictReader(lines))
    assert {row["system"] for row in rows} == {"writer", "writer-chat", "form"}
    for row in rows:
        assert float(row["low"]) <= float(row["truth"]) <= float(row["high"])
        assert abs(float(row["corrected"]) - float(row["truth"])) < abs(float(row["opinion"]) - float(row["truth"]))


@pytest.mark.slow
def test_a_run_is_labelled_by_the_program(tmp_path: Path) -> None:
    """Of the form alone, which needs no model: its notes are right where the amount is whole."""
    suite = tmp_path / "notes.yaml"
    text = (SUITES / "notes.yaml").read_text(encoding="utf-8")
    changes = {
        "../": f"{SUITES.parent}/",
        "judge: small-judge": "judge: careless-judge",
        "[writer, writer-chat, form]": "[form]",
        "scenario: single-stream": "energy: off",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    suite.write_text(text, encoding="utf-8")
    wattbench.run(suite, out=tmp_path / "runs", limit=60)
    [folder] = (tmp_path / "runs").iterdir()
    [row] = judged_notes.rows_of(folder)
    judge, system, answers, opinion, labels, corrected, low, high, truth = row
    assert (judge, system, answers, opinion, labels) == ("careless-judge", "form", 60, "100.0", 20)
    right = sum(row["amount"].endswith(".00") for row in draw_notes.rows()[:60])
    assert truth == f"{100 * right / 60:.1f}"
    assert float(str(low)) <= float(str(truth)) <= float(str(high))
    assert float(str(corrected)) < 60
