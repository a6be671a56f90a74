"""`wattbench label`: a session with lines on standard input, a CSV, a page; what is there at the end."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from click.testing import CliRunner

import wattbench
from tests.made_up.digests import without_digests
from tests.made_up.judged_runs import FakeJudge, add_labels
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.api.label import user_name
from wattbench.api.labelling.needed import label_need
from wattbench.api.outputs import output_schema
from wattbench.cli import main
from wattbench.records import read_run

JUDGED = FakeRun(
    systems=(FakeSystem("small"), FakeSystem("large", accuracy=0.8)),
    tasks=(("letters", "text"), ("notes", "text")),
    items=25,
    judges={"letters": FakeJudge(), "notes": FakeJudge(scale="pair", against="small")},
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "runs", JUDGED)


def called(*words: object) -> str:
    result = CliRunner().invoke(main, ["label", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: object) -> str:
    result = CliRunner().invoke(main, ["label", *map(str, words)])
    assert result.exit_code == 2
    return result.stderr


def test_progress_of_a_run_is_that_of_the_golden_file(
    run: Path, tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    table = tmp_path / "labels.csv"
    empty = called(run, "--export", table)
    add_labels(run, 20, people=("ann", "bea"), tasks=["letters"])
    path = read_run(run).layout.labels
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines[::7]:
        line["score"] = 1 - line["score"]
    lines[-1]["score"] = lines[-2]["score"] = None
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    some = called(run, "--export", table)
    add_labels(run, 25, tasks=["letters", "notes"])
    golden("label.txt", "\n".join((empty, some, called(run, "--export", table))).replace(str(run), "RUN"))


def test_what_lacks_is_that_of_the_golden_file(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    run = write_run(tmp_path / "runs", replace(JUDGED, items=300))
    header = json.loads((run / "run.json").read_text())
    header["suite"]["suite"]["decide"] = {"min_accuracy": {"text": 0.6}}
    (run / "run.json").write_text(json.dumps(header))
    without_digests(run)
    nothing = called(run, "--need", "5")
    add_labels(run, 40)
    texts = (nothing, called(run, "--need", "5"), called(run, "--need", "1", "--task", "letters"))
    golden("label-need.txt", "\n".join(texts).replace(str(run), "RUN"))
    shown = json.loads(called(run, "--need", "5", "--json"))
    jsonschema.validate(shown, output_schema("label"))
    assert [each["further"] for each in shown["need"]["intervals"]] == [None, 92, 52]


def test_labels_as_many_as_are_needed_bring_the_interval(tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs", replace(JUDGED, items=400))
    add_labels(run, 40, tasks=["letters"])
    need = label_need(read_run(run), 0.08, ["letters"])
    further = max(each.further or 0 for each in need.intervals)
    assert 0 < further < 300
    read_run(run).layout.labels.unlink()
    add_labels(run, 40 + further, tasks=["letters"])
    widths = [each.half_width for each in label_need(read_run(run), 0.08, ["letters"]).intervals]
    assert widths == pytest.approx([0.075, 0.075], abs=0.02), "estimates from 40 labels are rough"


def test_json_is_an_object_of_its_schema(run: Path, tmp_path: Path) -> None:
    add_labels(run, 20, people=("ann", "bea"))
    shown = json.loads(called(run, "--export", tmp_path / "labels.csv", "--json"))
    jsonschema.validate(shown, output_schema("label"))
    assert [each["labels"] for each in shown["cells"]] == [20, 20, 20]
    assert [each["agreement"]["alpha"] for each in shown["agreements"]] == [1.0, 1.0]


def test_a_csv_comes_in_as_a_whole_or_not_at_all(run: Path, tmp_path: Path) -> None:
    add_labels(run, 5)
    table = tmp_path / "labels.csv"
    called(run, "--export", table)
    read_run(run).layout.labels.unlink()
    text = table.read_text()
    table.write_text(text + text.splitlines()[-1].replace(",small,", ",gone,").replace(",large,", ",gone,") + "\n")
    assert "line 17: no system 'gone'" in refused(run, "--import", table)
    assert not read_run(run).layout.labels.exists()
    called(run, "--import", table, "--skip-foreign")
    assert len(read_run(run).labels()) == 15


def test_options_that_do_not_go_together_are_named(run: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    assert "steps of their own: name one of them" in refused(run, "--import", one, "--export", two)
    assert "--skip-foreign goes with --import" in refused(run, "--skip-foreign", "--export", two)
    assert "no judge scores a task 'poems'" in refused(run, "--task", "poems", "--html", tmp_path / "page.html")
    assert "20 labels of each system and task" in refused(run, "--where-they-tell-most", "--html", two)


def test_labels_are_read_as_a_frame(run: Path, tmp_path: Path) -> None:
    assert wattbench.read(run).labels().empty
    add_labels(run, 3)
    table = tmp_path / "labels.csv"
    called(run, "--export", table)
    frame = wattbench.read(run).labels()
    assert list(frame) == list(pd.read_csv(table))
    assert set(frame[frame["task"] == "notes"]["score"]) <= {"better", "tie", "worse"}


def test_a_page_says_no_system_and_no_verdict(run: Path, tmp_path: Path) -> None:
    """Its CSV, written here as its script writes it, brings labels of the same answers."""
    page = tmp_path / "page.html"
    called(run, "--html", page, "--labels", "12", "--person", "bea")
    text = page.read_text()
    data = json.loads(re.findall(r'<script type="application/json" id="labels--data">(.*?)</script>', text)[0])
    assert len(data["answers"]) == 12
    blind = [{**each, "texts": []} for each in data["answers"]]  # the made-up answers name their systems
    assert not re.search("small|large|verdict|judge", json.dumps(blind))
    assert all(each["id"] and not set(each["id"]) - set("0123456789abcdef") for each in data["answers"])
    table = tmp_path / "labels.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        names = ("task", "doc_id", "repeat", "id", "answer_sha256", "drawn")
        writer.writerow([*names, "score", "person"])
        for each in data["answers"]:
            writer.writerow([*(each[name] for name in names), each["choices"][0]["word"], data["person"]])
    called(run, "--import", table)
    labels = read_run(run).labels()
    assert len(labels) == 12
    assert {(row.person, row.drawn) for row in labels} == {("bea", "evenly")}


SUITE = """name: tickets
measure: {energy: false}
tasks:
  select:
    - {file: tickets.csv, input: text, domain: support, score: {judge: judge, rubric: rubric.md, labels: labels.csv}}
systems:
  define:
    short: {kind: specialist, engine: python, call: "./code.py:short"}
    long: {kind: generalist, engine: python, call: "./code.py:long"}
judges:
  judge: {kind: generalist, engine: python, call: "./code.py:judge"}
"""
CODE = """
def short(prompt): return "Sorry."
def long(prompt): return f"We are sorry about that, and refund you {len(prompt)}."
def judge(prompt): return "Verdict: pass"
"""


@pytest.mark.slow
def test_a_run_takes_the_labels_that_its_suite_names(tmp_path: Path) -> None:
    tickets = "".join(f"parcel {number} is late\n" for number in range(22))
    texts = {"suite.yaml": SUITE, "code.py": CODE, "rubric.md": "Is it kind?", "tickets.csv": f"text\n{tickets}"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    first = wattbench.run(tmp_path / "suite.yaml", out=tmp_path / "runs")
    assert first.labels().empty
    items = first.items("all")
    rows = items[["task", "system", "answer"]].assign(doc_id=items["item"], score="fail", person="ann", drawn="evenly")
    wattbench.label(first, rows[rows["doc_id"] < 20])
    called(first.path, "--export", tmp_path / "labels.csv")
    (tmp_path / "code.py").write_text(CODE.replace("Sorry.", "Sorry!"))
    second = wattbench.run(tmp_path / "suite.yaml", out=tmp_path / "runs")
    labels = second.labels()
    assert labels.groupby("system").size().to_dict() == {"long": 20}
    assert set(labels["drawn"]) == {"evenly"}
    with pytest.raises(wattbench.UserError, match="the labelled answer is another one"):
        wattbench.label(second, rows)


def in_process(*words: object, lines: str | None = None) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "wattbench", "label", *map(str, words)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if lines is not None:
        assert process.stdin is not None
        process.stdin.write(lines)
        process.stdin.flush()
    return process


@pytest.mark.slow
def test_a_scripted_session_labels_and_ends_with_its_lines(run: Path) -> None:
    process = in_process(run, "--task", "letters", "--labels", "10", lines="p\n" * 10)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "10 labels recorded" in stderr
    assert "wattbench label" in stdout
    assert {row.person for row in read_run(run).labels()} == {user_name()}
    process = in_process(run, "--task", "letters", "--person", "bea")
    _, stderr = process.communicate("p\nbad\np\n", timeout=60)
    assert process.returncode == 2
    assert "answer 2: 'bad\\n' says nothing" in stderr
    assert len(read_run(run).labels()) == 11


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_session_that_is_killed_keeps_each_label(run: Path, how: signal.Signals) -> None:
    process = in_process(run, "--task", "letters", lines="p\nf\ns\n")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[4 of 40]"):
            break
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode == (-9 if how == signal.SIGKILL else 130)
    assert [row.score for row in read_run(run).labels()] == [1.0, 0.0, None]
    again = in_process(run, "--task", "letters", "--labels", "1")
    _, stderr = again.communicate("p\n", timeout=60)
    assert "1 labels recorded" in stderr
    assert len({(row.system, row.doc_id) for row in read_run(run).labels()}) == 4
