"""Runs that were judged, next to each other and with other tasks: people are the scale, and judges are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.judged_runs import FakeJudge, add_labels
from tests.made_up.records import call_on
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.records import RunRecords, read_run
from wattbench_reports.analyses.disagreements import chosen_pairs, flips
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.routing.study import routing_study
from wattbench_reports.sections.disagreements import items_section
from wattbench_reports.tables.item_matrix import RIGHT

LETTERS, SUMS = ("letters", "writing"), ("chain_sum", "arithmetic")
SYSTEMS = (FakeSystem("small", accuracy=0.5), FakeSystem("large", accuracy=0.7, energy_j=16.0))
ENVIRONMENT = {"hostname": "bench-1", "cpu": {"model": "Example CPU", "cores": 2}}


def judged(folder: Path, name: str, labels: int, judge: FakeJudge, tasks: tuple[tuple[str, str], ...]) -> RunRecords:
    """Write a run whose judging has a hash of its own, as each has that is judged in another way."""
    known = {"task_sha256": name * 8, "task_version": "1", "docs_sha256": "d" * 64}
    root = write_run(
        folder, FakeRun(SYSTEMS, tasks=tasks, judges={"letters": judge}, id=name, cell=known, environment=ENVIRONMENT)
    )
    if labels:
        add_labels(root, labels)
    return read_run(root)


def accuracy_groups(comparison: Comparison) -> list[set[str]]:
    assert comparison.ranked is not None
    return [
        {each.system for each in group.places} for group in comparison.ranked.standings if group.figure == "accuracy"
    ]


def test_runs_of_two_judges_are_ranked_together_once_people_corrected_both(tmp_path: Path) -> None:
    one, other = FakeJudge(), FakeJudge(judge="stranger", seed=3)
    runs = [judged(tmp_path, "aaaaaa", 25, one, (LETTERS,)), judged(tmp_path, "bbbbbb", 25, other, (LETTERS,))]
    (group,) = accuracy_groups(side_by_side(runs))
    assert group == {"small@aaaaaa", "large@aaaaaa", "small@bbbbbb", "large@bbbbbb"}


def test_an_opinion_is_not_ranked_with_corrected_scores(tmp_path: Path) -> None:
    runs = [judged(tmp_path, name, labels, FakeJudge(), (LETTERS,)) for name, labels in (("aaaaaa", 25), ("bbbbbb", 9))]
    comparison = side_by_side(runs)
    assert accuracy_groups(comparison) == [{"small@aaaaaa", "large@aaaaaa"}]
    assert [row.accuracy is None for row in comparison.systems] == [False, False, True, True]


@pytest.mark.parametrize("other", [FakeJudge(rubric="Another one."), FakeJudge(scale="1..5")])
def test_what_people_scored_by_other_rules_is_not_ranked_together(tmp_path: Path, other: FakeJudge) -> None:
    runs = [judged(tmp_path, "aaaaaa", 25, FakeJudge(), (LETTERS,)), judged(tmp_path, "bbbbbb", 25, other, (LETTERS,))]
    assert accuracy_groups(side_by_side(runs)) == [{"small@aaaaaa", "large@aaaaaa"}, {"small@bbbbbb", "large@bbbbbb"}]


def test_flips_are_of_what_answers_show_and_tested_only_where_all_are_scored(tmp_path: Path) -> None:
    judge = FakeJudge(unread=0.1)
    analysis = analyse(judged(tmp_path, "aaaaaa", 25, judge, (LETTERS, SUMS)))
    measured = analysis.measured
    (found,) = flips(measured, chosen_pairs(measured)[:1])
    by_task = {each.task: each for each in found.tasks}
    known = measured.frames.items.pivot_table("score", ["task", "doc_id"], "system", observed=True).dropna() >= RIGHT
    letters = known.loc["letters"]
    pair = found.pair
    assert by_task["letters"].first_only == int((letters[pair.first] & ~letters[pair.second]).sum())
    assert by_task["letters"].items == len(letters) < 40
    assert by_task["letters"].p is None is found.total.p and by_task["chain_sum"].p is not None
    section = items_section(measured)
    assert section is not None
    assert any("by a judge's verdicts" in text for each in section.passages for text in each.sentences)


def test_no_router_is_studied_over_judged_answers(tmp_path: Path) -> None:
    analysis = analyse(judged(tmp_path, "aaaaaa", 25, FakeJudge(), (LETTERS, SUMS)))
    why = call_on(routing_study, analysis)
    assert isinstance(why, str) and why.startswith("letters is judged")
    without = analyse(judged(tmp_path, "bbbbbb", 3, FakeJudge(), (LETTERS, SUMS)))
    assert not isinstance(call_on(routing_study, without), str)


def test_a_run_with_judges_is_held_in_memory_however_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = judged(tmp_path, "aaaaaa", 25, FakeJudge(), (LETTERS, SUMS))
    whole = analyse(run)
    monkeypatch.setattr("wattbench_reports.comparison.analysis.MOST_IN_MEMORY", 10)
    again = analyse(run)
    assert again.sample is None and again.comparison.systems == whole.comparison.systems
