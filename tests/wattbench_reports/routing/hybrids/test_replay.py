"""Replaying a router: recounted answer by answer from the table, and checked against the hybrid that ran."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.made_up.records import call_on, read_again
from tests.made_up.routed import CHOOSING_J, CHOOSING_S, by_score, cascading, members
from wattbench_reports.routing.answers.answer_matrix import hybrid_answers, matrix_of
from wattbench_reports.routing.hybrids.hybrid_and_members import bench_of
from wattbench_reports.routing.hybrids.replay import Plan, replay
from wattbench_reports.routing.hybrids.study import check_of, studies
from wattbench_reports.sections.hybrids import hybrids_section
from wattbench_reports.tables.item_matrix import item_table


def bench(routed):
    matrix = call_on(matrix_of, routed.analysis)
    (hybrid,) = hybrid_answers(routed.analysis.measured, matrix)
    return call_on(bench_of, routed.analysis, matrix, hybrid)


def recounted(routed) -> dict[str, float]:
    """What the recorded routes come to, by the means of the members' own answers."""
    own = routed.table[routed.table["system"] == "mixed"]
    cells = routed.cells()
    score, energy_j, seconds = [], [], []
    for _, row in own.iterrows():
        answers = [cells[name, row["task"], row["doc_id"]] for name in row["route_asked"]]
        alone = len(answers) == 1
        score.append(answers[-1]["correct"])
        energy_j.append(sum(each["energy_j"] for each in answers) + (CHOOSING_J if alone else 0.0))
        spent = sum(each["finished_s"] - each["started_s"] for each in answers)
        seconds.append(spent + (CHOOSING_S if alone else 0.0))
    return {
        "accuracy": np.mean(score),
        "j_per_request": np.mean(energy_j),
        "j_per_correct": np.sum(energy_j) / np.sum(score),
        "mean_s": np.mean(seconds),
    }


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("route", [by_score(0.3), cascading(0.5)], ids=["classifier", "cascade"])
def test_a_replay_is_what_the_members_answers_come_to(compose, route, repeats: int) -> None:
    routed = compose(route, repeats=repeats, items=20)
    found = bench(routed).replayed
    for name, value in recounted(routed).items():
        assert getattr(found, name) == pytest.approx(value), name


@pytest.mark.parametrize("route", [by_score(0.3), cascading(0.5)], ids=["classifier", "cascade"])
def test_a_hybrid_of_its_members_answers_agrees_with_its_replay(compose, route) -> None:
    check = check_of(bench(compose(route)))
    assert (check.same_score, check.accuracy.estimate, check.accuracy_agrees) == (1.0, 0.0, True)
    assert check.energy_j is not None and check.energy_j.estimate == pytest.approx(0.0)
    assert check.live.mean_s == pytest.approx(check.replayed.mean_s)
    assert (len(check.live.rows), check.of) == (80, 80)


def test_joules_that_no_replay_knows_of_are_found_and_said(compose) -> None:
    routed = compose(by_score(0.3), extra_j=2.0)
    check = check_of(bench(routed))
    assert check is not None and check.energy_j is not None
    assert check.energy_j.estimate == pytest.approx(2.0)
    assert (check.accuracy_agrees, check.energy_agrees) == (True, False)
    text = " ".join(call_on(hybrids_section, routed.analysis).passages[2].sentences)
    assert "and its joules per request do not agree" in text
    assert "On 100.0% of these items the recorded answer has the same score" in text


def test_answers_that_differ_from_the_members_are_counted(compose) -> None:
    routed = compose(by_score(0.3))
    own = np.flatnonzero((routed.table["system"] == "mixed") & (routed.table["correct"] == 1.0))[:20]
    routed.table.loc[own, "correct"] = 0.0
    routed = type(routed)(routed.run, routed.again(), routed.table)
    check = check_of(bench(routed))
    assert check.same_score == pytest.approx(60 / 80)
    assert check.accuracy.estimate == pytest.approx(-20 / 80)
    assert not check.accuracy_agrees


def test_items_for_a_member_that_is_not_in_the_run_are_left_out(compose, fake) -> None:
    routed = compose(by_score(0.3), systems=members()[:2])
    found = bench(routed)
    own = routed.table[routed.table["system"] == "mixed"]
    kept = own[own["route"] != "c"]
    assert (found.present, found.fully_replayable) == (("a", "b"), False)
    assert len(found.replayed.rows) == len(kept) < len(own)
    cells = routed.cells()
    answers = [cells[row["route"], row["task"], row["doc_id"]]["correct"] for _, row in kept.iterrows()]
    assert found.replayed.accuracy == pytest.approx(np.mean(answers))
    text = " ".join(" ".join(passage.sentences) for passage in call_on(hybrids_section, routed.analysis).passages)
    assert f"over {len(kept)} of 80 items" in text
    assert "Its threshold cannot be varied after the run: c is not in this run as a system of its own." in text


def test_a_member_that_skipped_an_item_leaves_that_item_out(compose, fake) -> None:
    routed = compose(by_score(0.3))
    table = routed.table
    routed = type(routed)(routed.run, routed.analysis, table.drop(table[(table["system"] == "c")].index[:5]))
    found = bench(type(routed)(routed.run, routed.again(), routed.table))
    assert len(found.rows) == 75


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"provenance": "modelled"}, "differ in provenance: "),
        ({"invalid": ("throttled",)}, "the measured windows of c are not all valid"),
        ({"energy_j": None}, "c has no joules"),
    ],
)
def test_without_comparable_joules_only_accuracy_is_stated(compose, fake, change, why: str) -> None:
    *rest, last = members()
    routed = compose(by_score(0.3), systems=(*rest, dataclasses.replace(last, **change)))
    (found,) = call_on(studies, routed.analysis).hybrids
    assert why in found.bench.no_joules
    assert found.resident is None and found.frontier.curve is None
    for choice in found.choices:
        assert choice.outcome.accuracy is not None
        assert (choice.outcome.j_per_request, choice.outcome.j_per_correct, choice.saved_j) == (None, None, None)
    text = " ".join(" ".join(passage.sentences) for passage in call_on(hybrids_section, routed.analysis).passages)
    assert f"are not compared, because {found.bench.no_joules}" in text


def test_a_run_without_recorded_askings_takes_whoever_answered(compose) -> None:
    routed = compose(by_score(0.3))
    expected = bench(routed).replayed.j_per_request
    table = routed.table.drop(columns=["route_score"])
    table["route_asked"] = [[] for _ in range(len(table))]
    found = bench(type(routed)(routed.run, type(routed)(routed.run, None, table).again(), table))
    assert found.replayed.j_per_request == pytest.approx(expected)


def test_nothing_correct_is_not_divided_by(compose) -> None:
    found = bench(compose(by_score(0.3)))
    none = replay(
        found.matrix,
        Plan(found.rows[:0], ("a",), np.empty((0, 1)), np.empty((0, 1)), np.empty(0), np.empty(0)),
    )
    assert (none.accuracy, none.j_per_request, none.j_per_correct) == (None, None, None)
    wrong = np.flatnonzero(found.replayed.score == 0)
    assert found.replayed.among(found.replayed.rows[wrong]).j_per_correct == np.inf


def test_some_of_the_answers_alone_are_read_row_by_row(compose) -> None:
    """As in a run under load, where all figures are of one rate."""
    routed = compose(by_score(0.3), repeats=2)
    rows = routed.table["repeat"] == 1
    frames = routed.analysis.measured.frames.only(rows, frozenset())
    routed.analysis = read_again(routed.analysis, frames=frames, table=item_table(frames))
    routed.table = routed.table[rows]
    (hybrid,) = hybrid_answers(routed.analysis.measured)
    own = routed.table[routed.table["system"] == "mixed"]
    assert hybrid.frame["route"].tolist() == own["route"].tolist()
    assert hybrid.frame["route_score"].tolist() == own["route_score"].tolist()
    (study,) = call_on(studies, routed.analysis).hybrids
    assert study.check.same_score == 1.0
    for name, value in recounted(routed).items():
        assert getattr(study.bench.replayed, name) == pytest.approx(value), name
    kinds = {choice.kind for choice in study.choices}
    assert {"live", "replayed", "domain", "item", "single", "chance", "shuffled"} <= kinds
