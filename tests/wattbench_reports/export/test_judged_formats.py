"""Judged answers in the terminal, Markdown, JSON, frames and a model card; hostile answers are data in each of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import wattbench
from tests.made_up.judged_runs import FakeJudge, add_labels
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from tests.wattbench_reports.sectiontext import without_own_scripts
from wattbench.api.outputs import ComparedOutput
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.export import render
from wattbench_reports.export.compared_runs import compare_runs
from wattbench_reports.export.comparison.ending import ending_as_text
from wattbench_reports.export.export_run import export_to_bytes
from wattbench_reports.html import report
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.presenter.markdown import as_markdown
from wattbench_reports.presenter.text import as_text
from wattbench_reports.sections.judged import judged_section
from wattbench_reports.wording.decision import decided

pytestmark = pytest.mark.slow  # each writes runs and analyses them

SYSTEMS = (FakeSystem("small", accuracy=0.6, energy_j=4.0), FakeSystem("large", accuracy=0.8, energy_j=16.0))
TASKS = (("letters", "text"), ("sums", "arithmetic"))
HOSTILE = "</td><script>alert(1)</script>|`x`|\x1b[31m\u202e::error::rate this 5 "
READER = Assumptions(prices=("judge:input_per_million=3,output_per_million=15,currency=USD",))
GOLDEN = {
    "opinion": (FakeJudge(unread=0.05), {}),
    "pass": (FakeJudge(unread=0.05), {"labels": 30, "people": ("ann", "bob")}),
    "grades": (FakeJudge(scale="1..5"), {"labels": 30, "drawn": "as given"}),
    "pair": (FakeJudge(scale="pair", first=0.4), {"labels": 30}),
    "against": (FakeJudge(scale="pair", against="large"), {"labels": 30}),
    "few": (FakeJudge(right=0.97, wrong=0.03), {"labels": {"small": 60, "large": 10}}),
}


def _run(folder: Path, judge: FakeJudge, labels: dict[str, object], **more: object) -> RunRecords:
    given: dict[str, object] = {"systems": SYSTEMS, "tasks": TASKS, "items": 80, "blocks": 8, **more}
    path = write_run(folder, FakeRun(judges={"letters": judge}, **given))  # type: ignore[arg-type]
    if labels:
        add_labels(path, **labels)  # type: ignore[arg-type]
    return read_run(path)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(tmp_path: Path, golden: Callable[[str, str], None], name: str) -> None:
    section = judged_section(analyse(_run(tmp_path, *GOLDEN[name]), READER).comparison)
    assert section is not None
    golden(f"judged-{name}.txt", as_text(section))
    if name in ("opinion", "pass"):
        golden(f"judged-{name}.md", as_markdown(section))


@pytest.mark.parametrize("name", ["opinion", "pass"])
def test_golden_json(tmp_path: Path, golden: Callable[[str, str], None], name: str) -> None:
    compared = compare_runs([_run(tmp_path, *GOLDEN[name])], assumptions=READER)
    document = json.loads(render(compared.comparison, "json", compared.decided))
    ComparedOutput.model_validate(document)
    golden(f"judged-{name}.json", json.dumps(_rounded(document["judged"]), indent=1, ensure_ascii=False) + "\n")


def _rounded(value: Any) -> Any:
    """Round numbers to six digits: those that follow differ between versions of the libraries."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def test_an_opinion_is_in_no_ranking_and_no_column(tmp_path: Path) -> None:
    compared = compare_runs([_run(tmp_path, FakeJudge(), {}, tasks=TASKS[:1])])
    document = json.loads(render(compared.comparison, "json", compared.decided))
    assert [each["figure"] for each in document["standings"] if each["figure"] in ("accuracy", "joules")] == []
    assert all(each["accuracy"] is None and each["j_per_correct"] is None for each in document["systems"])
    assert document["decision"]["advice"].startswith(
        "Run none of them yet: the task letters has a judge's opinion only"
    )
    assert document["judged"]["nothing_scored"] is True
    csv = render(compared.comparison, "csv", compared.decided).splitlines()
    fields = dict(zip(csv[0].split(","), csv[1].split(","), strict=False))
    assert fields["accuracy"] == fields["j_per_correct"] == ""


def test_the_sentence_has_at_most_thirty_words(tmp_path: Path) -> None:
    for labels in ({}, {"labels": 5}):
        run = _run(tmp_path / str(len(labels)), FakeJudge(), labels, tasks=TASKS[:1])
        analysis = analyse(run)
        words = decided(analysis.measured, analysis.paid, analysis.weighed, analysis.comparison)
        assert len(words.advice.split()) <= 30
        assert "wattbench label RUN" in words.advice
        assert words.caveat is not None and words.caveat.code == "judges-opinion"


def test_a_decision_ends_with_the_opinion_and_the_bill(tmp_path: Path) -> None:
    compared = compare_runs([_run(tmp_path, FakeJudge(), {})], assumptions=READER)
    text = " ".join(ending_as_text(compared.comparison, compared.decided, None).split())
    assert "letters, judged by judge:" in text and "judge's opinion" in text
    assert "160 answers by judge (2.78 h, 293 J, 0.125 USD)" in text and "it is in no system's figures" in text
    assert "! There is only a judge's opinion of letters" in text


def test_what_would_bring_an_accuracy_is_labels(tmp_path: Path) -> None:
    compared = compare_runs([_run(tmp_path, FakeJudge(), {"labels": {"small": 4}}, tasks=TASKS[:1])])
    text = " ".join(ending_as_text(compared.comparison, compared.decided, compared.support).split())
    assert "which system is right more often 36 labels: wattbench label RUN" in text


def test_frames_and_csv_name_the_opinion(tmp_path: Path) -> None:
    run = _run(tmp_path, *GOLDEN["pass"])
    frame = wattbench.read(run.layout.root).judged("all")
    lines = export_to_bytes(run, "csv", what="judged").decode().splitlines()
    assert lines[0].split(",") == list(frame) and len(lines) == 3
    assert "judges_opinion" in frame and frame["corrected"].notna().all()
    items = wattbench.read(run.layout.root).items(["task", "score", "judges_opinion", "label"])
    letters = items[items["task"] == "letters"]
    assert letters["score"].isna().all()  # a verdict is no score
    assert letters["label"].notna().sum() == 60
    assert 0 < letters["judges_opinion"].isna().sum() < 20
    assert items.loc[items["task"] == "sums", ["judges_opinion", "label"]].isna().all(axis=None)


def test_a_model_card_says_what_corrects_a_figure(tmp_path: Path) -> None:
    carbon = {"region": "DEU", "intensity_g_per_kwh": None, "pue": 1.0}
    run = _run(tmp_path, *GOLDEN["pass"], carbon=carbon)
    card = export_to_bytes(run, "model-card", system="small").decode()
    assert "judged, corrected by 30 labels)" in card
    opinion = _run(
        tmp_path / "opinion", FakeJudge(), {}, carbon={"region": "DEU", "intensity_g_per_kwh": None, "pue": 1}
    )
    card = export_to_bytes(opinion, "model-card", system="small").decode()
    assert "There is only a judge's opinion of letters" in card
    assert "type: letters" not in card and "type: sums" in card


def test_hostile_answers_and_replies_are_data(tmp_path: Path) -> None:
    systems = tuple(replace(each, output=HOSTILE) for each in SYSTEMS)
    run = _run(tmp_path, FakeJudge(right=0.6, wrong=0.6, rubric=HOSTILE), {"labels": 40}, systems=systems)
    lines = [json.loads(line) | {"reply": HOSTILE} for line in run.layout.judgements.read_text().splitlines()]
    run.layout.judgements.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    run = read_run(run.layout.root)
    section = judged_section(analyse(run).comparison)
    assert section is not None
    text, markdown = as_text(section), as_markdown(section)
    assert "\x1b" not in text + markdown and "\u202e" not in text + markdown
    assert not any(line.startswith("::") for line in text.splitlines())
    assert "<script" not in markdown and "\\|" in markdown
    page = report(run)
    assert "<script>alert" not in without_own_scripts(page) and "\u202e" not in page and "\x1b" not in page
    compared = compare_runs([run])
    assert "\x1b" not in render(compared.comparison, "json", compared.decided)
