"""Which judged tasks of a run have scores, and what each answer then has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.made_up.judged_runs import FakeJudge, add_labels, judgement, truth_of
from tests.made_up.rows import item, write_items
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.errors import UserError
from wattbench.records import RunWriter, read_run
from wattbench.records.label_order import STRATA
from wattbench.records.rows.judgements import JudgeRow, LabelRow, answer_digest
from wattbench_reports.stats.label_correction import corrected_scores
from wattbench_reports.tables.judged_tasks import JudgedTasks
from wattbench_reports.tables.run_tables import Frames, check_whole, load_frames

LETTERS, SUMS = ("letters", "writing"), ("chain_sum", "arithmetic")
SYSTEMS = (FakeSystem("small", accuracy=0.5), FakeSystem("large", accuracy=0.7, energy_j=16.0))


def judged_run(
    folder: Path, judge: FakeJudge, *, tasks: tuple[tuple[str, str], ...] = (LETTERS, SUMS), **more: Any
) -> Path:
    return write_run(folder, FakeRun(SYSTEMS, tasks=tasks, judges={"letters": judge}, **more))


def frames_of(root: Path, labels: int | Mapping[str, int] = 0, **more: Any) -> Frames:
    if labels:
        add_labels(root, labels, **more)
    return load_frames(read_run(root))


def judged_in(frames: Frames) -> JudgedTasks:
    assert frames.judged_tasks is not None
    return frames.judged_tasks


def scores_in(frames: Frames, system: str, task: str, column: str = "correct") -> np.ndarray[Any, Any]:
    items = frames.items
    return items.loc[(items["system"] == system) & (items["task"] == task), column].to_numpy(dtype=float)


def test_a_run_without_judges_has_none(tmp_path: Path) -> None:
    frames = load_frames(read_run(write_run(tmp_path, FakeRun(SYSTEMS))))
    assert frames.judged_tasks is None and not frames.corrected and not frames.why_unscored
    assert frames.items["score"].equals(frames.items["correct"])


def test_an_opinion_is_left_out_next_to_scores(tmp_path: Path) -> None:
    frames = frames_of(judged_run(tmp_path, FakeJudge(unread=0.1)), {"small": 20, "large": 14})
    judged = judged_in(frames)
    assert frames.categories("task") == ["chain_sum"] and set(frames.items["task"]) == {"chain_sum"}
    assert judged.opinions == {"letters": "it lacks 6 labels of large"} and judged.left_out == {"letters"}
    assert not judged.counted and not frames.corrected and not frames.why_unscored
    assert set(frames.domains_left_out) == {"writing"}
    assert len(judged.answers) == 80 and judged.answers["correct"].isna().all() and judged.answers["score"].isna().all()
    assert judged.answers["label"].notna().sum() == 34
    cell = judged.cells["large", "letters"]
    assert (cell.answers, cell.labels, cell.people, cell.lacking) == (40, 14, 1, 6)
    assert cell.not_judged == judged.answers.query("system == 'large'")["verdict"].isna().sum() > 0
    check_whole(frames)


def test_a_run_of_opinions_alone_keeps_its_answers_and_has_no_scores(tmp_path: Path) -> None:
    frames = frames_of(judged_run(tmp_path, FakeJudge(), tasks=(LETTERS,)), 7)
    assert len(frames.items) == 80 and frames.items[["correct", "score"]].isna().all(axis=None)
    assert not judged_in(frames).left_out and not frames.domains_left_out
    assert frames.why_unscored == ("the task letters has a judge's opinion only; label 26 answers: wattbench label RUN")


@pytest.mark.parametrize("scale", ["pass", "1..5", "pair"])
def test_enough_labels_correct_the_verdicts(tmp_path: Path, scale: str) -> None:
    frames = frames_of(judged_run(tmp_path, FakeJudge(scale=scale, unread=0.1, first=0.2)), 25)
    judged = judged_in(frames)
    assert judged.counted == {"letters"} and not judged.opinions and frames.corrected
    for system in ("small", "large"):
        own = judged.answers[judged.answers["system"] == system]
        expected = corrected_scores(own["verdict"].to_numpy(), own["label"].to_numpy())
        assert scores_in(frames, system, "letters") == pytest.approx(expected.scores)
        cell = judged.cells[system, "letters"]
        assert cell.corrected is not None and cell.opinion == pytest.approx(own["verdict"].mean())
        shown = scores_in(frames, system, "letters", "score")
        labelled = own["label"].notna().to_numpy()
        assert shown[labelled] == pytest.approx(own.loc[labelled, "label"])
        assert np.array_equal(shown[~labelled], own.loc[~labelled, "verdict"], equal_nan=True)
    assert set(scores_in(frames, "small", "chain_sum")) == {0.0, 1.0}


def test_labels_of_everything_are_the_scores(tmp_path: Path) -> None:
    frames = frames_of(judged_run(tmp_path, FakeJudge(wrong=0.8), items=12), 12)
    for system in ("small", "large"):
        texts = judged_in(frames).answers.query("system == @system")["label"]
        assert scores_in(frames, system, "letters").tolist() == texts.tolist()


def test_a_label_is_the_mean_of_people_and_their_last_word(tmp_path: Path) -> None:
    root = judged_run(tmp_path, FakeJudge())
    add_labels(root, 30, people=("ann",), score=lambda text: 1 - truth_of(text))
    add_labels(root, 30, people=("ann", "bob"))
    add_labels(root, 30, people=("cat",), score=lambda text: 0.0)
    add_labels(root, 30, people=("dan",), score=lambda text: None)
    judged = judged_in(load_frames(read_run(root)))
    assert judged.cells["small", "letters"].people == 3
    truths = judged.answers["label"].dropna()
    assert len(truths) == 60 and set(np.round(truths, 9)) == {0.0, round(2 / 3, 9)}


def test_a_label_of_another_text_or_of_nothing_known_does_not_count(tmp_path: Path) -> None:
    root = judged_run(tmp_path, FakeJudge())
    add_labels(root, 25)
    path = read_run(root).layout.labels
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows[:5]:
        row["answer_sha256"] = answer_digest("another text")
    rows[5]["score"] = None
    rows += [rows[6] | {"doc_id": 999}, rows[6] | {"system": "gone"}, rows[6] | {"task": "chain_sum"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    judged = judged_in(load_frames(read_run(root)))
    counts = {system: judged.cells[system, "letters"].labels for system in ("small", "large")}
    assert counts == {"small": 19, "large": 25}
    assert judged.opinions == {"letters": "it lacks 1 label of small"}


def test_labels_drawn_by_verdict_weigh_by_their_chance(tmp_path: Path) -> None:
    root = judged_run(tmp_path, FakeJudge(), items=200)
    answers = judged_in(load_frames(read_run(root))).answers
    for verdict, number in ((0.0, 30), (1.0, 10)):
        for system in ("small", "large"):
            rows = answers[(answers["system"] == system) & (answers["verdict"] == verdict)].head(number)
            _label(root, rows["place"].tolist(), drawn="by verdict")
    judged = judged_in(load_frames(read_run(root)))
    own = judged.answers[judged.answers["system"] == "small"]
    for verdict, number in ((0.0, 30), (1.0, 10)):
        of = own[own["verdict"] == verdict]
        assert of["chance"].to_numpy() == pytest.approx(number / len(of) / (40 / 200))
    expected = corrected_scores(own["verdict"].to_numpy(), own["label"].to_numpy(), own["chance"].to_numpy())
    assert own["correct"].to_numpy() == pytest.approx(expected.scores)


def _label(root: Path, places: list[int], **changes: Any) -> None:
    run = read_run(root)
    items = pd.read_parquet(run.layout.items_table).iloc[places]
    with run.layout.labels.open("a") as file:
        for row in items.itertuples():
            label = LabelRow(
                system=row.system, task=row.task, doc_id=row.doc_id, repeat=row.repeat,
                answer_sha256=answer_digest(row.output), score=truth_of(row.output), person="ann",
                labelled_utc="2026-01-03T03:04:05+00:00", **changes,
            )  # fmt: skip
            file.write(json.dumps(label.as_json()) + "\n")


def test_a_verdict_has_a_stratum_of_its_own_or_its_neighbours(tmp_path: Path) -> None:
    root = judged_run(tmp_path, FakeJudge(scale="1..5", unread=0.2), items=200)
    answers = judged_in(load_frames(read_run(root))).answers
    for system in ("small", "large"):
        rows = answers[(answers["system"] == system) & answers["verdict"].isin((0.25, 1.0))]
        _label(root, rows.groupby("verdict").head(12)["place"].tolist(), drawn="by verdict")
    own = judged_in(load_frames(read_run(root))).answers.query("system == 'small'")
    stratum = own["verdict"].mul(STRATA).fillna(-1).clip(upper=STRATA - 1).astype(int)
    near = stratum.isin([-1, 0, 1, 2])
    assert own.loc[near, "chance"].to_numpy() == pytest.approx(12 / near.sum() / (24 / 200))
    assert own.loc[~near, "chance"].to_numpy() == pytest.approx(12 / (~near).sum() / (24 / 200))


def test_failed_requests_are_wrong_and_need_no_label(tmp_path: Path) -> None:
    judge = JudgeRow(judge="j", task="sums", scale="pass", rubric="Good.", prompt_version="1")
    rows = [
        item(number, system=system, correct=None, judged=0.0 if number < 10 else 1.0, output=f"{system} {number}",
             failure="refused" if number < 10 else None)
        for system in ("one", "two")
        for number in range(40)
    ]  # fmt: skip
    labels = [
        LabelRow(system=row.system, task="sums", doc_id=row.doc_id, repeat=0, answer_sha256=answer_digest(row.output),
                 score=float(row.doc_id % 4 > 0), person="ann", labelled_utc="2026-01-03T03:04:05+00:00")
        for row in rows
        if row.doc_id < 34
    ]  # fmt: skip
    frames = load_frames(write_items(tmp_path, rows, also=lambda writer: _judge(writer, judge, rows, labels)))
    cell = judged_in(frames).cells["one", "sums"]
    assert (cell.answers, cell.failed, cell.labels, cell.not_judged, cell.opinion) == (40, 10, 24, 0, 0.75)
    scores = scores_in(frames, "one", "sums")
    assert (scores[:10] == 0).all()
    own = judged_in(frames).answers.query("system == 'one'").iloc[10:]
    assert scores[10:].mean() == pytest.approx(own["label"].mean())


def _judge(writer: RunWriter, judge: JudgeRow, rows: list[Any], labels: list[LabelRow]) -> None:
    writer.append_judge(judge)
    for row in rows:
        if row.failure is None:
            writer.append_judgement(judgement(FakeJudge(judge="j"), row, None, row.judged))
    writer.layout.labels.write_text("".join(json.dumps(label.as_json()) + "\n" for label in labels))


def test_the_system_that_others_are_compared_with_needs_no_label(tmp_path: Path) -> None:
    root = judged_run(tmp_path, FakeJudge(scale="pair", against="small"))
    add_labels(root, {"large": 20})
    frames = load_frames(read_run(root))
    cell = judged_in(frames).cells["small", "letters"]
    assert cell.by_definition and cell.lacking == 0 and judged_in(frames).counted == {"letters"}
    assert set(scores_in(frames, "small", "letters")) == {0.5} == set(scores_in(frames, "small", "letters", "score"))


def test_labels_of_other_systems_correct_nothing(tmp_path: Path) -> None:
    frames = frames_of(judged_run(tmp_path, FakeJudge(), items=60), {"small": 19, "large": 60})
    cell = judged_in(frames).cells["small", "letters"]
    assert cell.corrected is None and judged_in(frames).opinions == {"letters": "it lacks 1 label of small"}


def test_labels_of_two_items_asked_many_times_correct_nothing(tmp_path: Path) -> None:
    frames = frames_of(judged_run(tmp_path, FakeJudge(), items=2, repeats=30), 25)
    assert judged_in(frames).opinions == {"letters": "it lacks 1 label of small and 1 label of large"}
    assert judged_in(frames_of(frames.run.layout.root, 60)).counted == {"letters"}


def test_repeats_of_an_item_are_corrected_together(tmp_path: Path) -> None:
    frames = frames_of(judged_run(tmp_path, FakeJudge(), repeats=3), 40)
    own = judged_in(frames).answers.query("system == 'small'")
    arrays = (own[name].to_numpy() for name in ("verdict", "label", "chance", "doc_id"))
    assert scores_in(frames, "small", "letters") == pytest.approx(corrected_scores(*arrays).scores)


def test_of_a_system_that_was_dropped_no_label_is_needed(tmp_path: Path) -> None:
    systems = (*SYSTEMS, FakeSystem("late", accuracy=0.1, dropped_after=2))
    fake = FakeRun(systems, tasks=(LETTERS, SUMS), judges={"letters": FakeJudge()}, blocks=4)
    root = write_run(tmp_path, fake)
    add_labels(root, {"small": 20, "large": 20})
    frames = load_frames(read_run(root))
    assert judged_in(frames).counted == {"letters"} and "late" not in frames.systems
    everyone = load_frames(read_run(root), ["small", "large", "late"])
    assert everyone.judged_tasks is not None and everyone.judged_tasks.left_out == {"letters"}


def test_some_machines_keep_their_scores(tmp_path: Path) -> None:
    frames = frames_of(judged_run(tmp_path, FakeJudge(), blocks=4), 25)
    some = frames.items["block"] < 2
    part = frames.only(some, frozenset())
    assert np.array_equal(part.items["correct"], frames.items.loc[some, "correct"])


@pytest.mark.parametrize(
    ("change", "why"),
    [({"judged": 1.5}, "not between 0 and 1"), ({"correct": 1.0}, "have scores in `correct`")],
)
def test_impossible_verdicts_are_a_damaged_record(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    rows = [replace(item(number, correct=None, judged=1.0), **(change if number == 3 else {})) for number in range(5)]
    judge = JudgeRow(judge="j", task="sums", scale="pass", rubric="Good.", prompt_version="1")
    run = write_items(tmp_path, rows, also=lambda writer: writer.append_judge(judge))
    with pytest.raises(UserError, match=why):
        load_frames(run)
