"""What a score would be if answers were compared less exactly: known texts, sums by hand, no alarm without cause."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records import COMBINATIONS, AnswerForm, equal_in, read_run, targets_of
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.metrics import strictness as module
from wattbench_reports.metrics.strictness import fewest_forms, strictness
from wattbench_reports.tables.run_tables import load_frames

STRIP, LOWER, LINE = AnswerForm.STRIP, AnswerForm.LOWER, AnswerForm.FIRST_LINE


@pytest.fixture
def written(make_run, fake):
    """A run whose answers are given as (filtered, target), by system and task, scored by equality or as given."""

    def write(answers, *, right=lambda filtered, target: filtered == target):
        systems = tuple(fake.System(name) for name in dict.fromkeys(system for system, _ in answers))
        tasks = tuple((task, f"domain of {task}") for task in dict.fromkeys(task for _, task in answers))
        run = make_run(fake.Run(systems, tasks, items=max(len(each) for each in answers.values())))
        path = run.layout.items_table
        table = pd.read_parquet(path)
        keep = []
        for row in table.itertuples():
            of_cell = answers[row.system, row.task]
            if row.doc_id < len(of_cell):
                filtered, target = of_cell[row.doc_id]
                keep.append({"at": row.Index, "filtered": filtered, "target": target})
        texts = pd.DataFrame(keep).set_index("at")
        table = table.loc[texts.index].assign(filtered=texts["filtered"], target=texts["target"])
        pairs = zip(table["filtered"], table["target"], strict=True)
        table["correct"] = [float(right(filtered, target)) for filtered, target in pairs]
        pq.write_table(pa.Table.from_pandas(table, schema=pq.read_schema(path), preserve_index=False), path)
        return read_run(run.layout.root)

    return write


def test_each_change_and_the_best_of_them_by_hand(written) -> None:
    answers = [(" 72", "72"), ("Yes", "yes"), (" NO \nas I said", "no"), ("5", "5"), ("6", "7")]
    (found,) = strictness(load_frames(written({("smol", "sums"): answers}))).values()
    (cell,) = found.cells
    assert cell.score() == found.score() == 1 / 5
    assert found.gain((STRIP,)) == pytest.approx(1 / 5)
    assert found.gain((LOWER,)) == pytest.approx(1 / 5)
    assert found.gain((LINE,)) == 0
    assert found.score((STRIP, LOWER, LINE)) == pytest.approx(4 / 5)
    assert found.best() == (STRIP, LOWER, LINE)
    assert (found.wrong, found.sampled, len(cell.places)) == (4, 4, 3)


def test_the_answers_that_would_be_right_are_those_that_are_named(written) -> None:
    run = written({("s", task): [(" 0" if doc % 3 == 0 else "x", "0") for doc in range(30)] for task in ("a", "b")})
    frames = load_frames(run)
    (each,) = strictness(frames).values()
    for cell in each.cells:
        assert len(cell.places) == module.EXAMPLES
        rows = frames.items.iloc[list(cell.places)]
        assert set(rows["task"]) == {cell.task}
        assert set(rows["doc_id"] % 3) == {0}


def test_the_fewest_changes_that_reach_the_best_are_named(written) -> None:
    answers = [(f" {number}", str(number)) for number in range(10)]
    (found,) = strictness(load_frames(written({("smol", "sums"): answers}))).values()
    assert found.best() == (STRIP,)
    assert found.score((STRIP,)) == 1


def test_one_of_several_targets_is_enough(written) -> None:
    answers = [(" Paris", "['Paris', 'Paname']"), (" x", "[[[["), (" [", "["), ("paname", "['Paris', 'Paname']")]
    (found,) = strictness(load_frames(written({("smol", "cities"): answers}))).values()
    assert found.gain((STRIP,)) == pytest.approx(2 / 4)
    assert found.gain((LOWER,)) == pytest.approx(1 / 4)


def test_a_task_that_calls_its_very_target_wrong_compares_something_else(written) -> None:
    run = written({("smol", "choices"): [("1", "1"), (" 0", "0")]}, right=lambda *_: False)
    (found,) = strictness(load_frames(run)).values()
    assert found.best() == ()
    assert found.cells[0].gains == {}


def test_a_task_that_compares_likelihoods_has_none(written) -> None:
    run = written({("smol", "choices"): [(" 1", "1"), (" 0", "0")]})
    path = run.layout.answers("smol", "choices")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"request_type": "loglikelihood"}) + "\n")
    (found,) = strictness(load_frames(run)).values()
    assert (found.wrong, found.best()) == (0, ())


def test_a_score_under_a_mix_weighs_domains(written) -> None:
    run = written({("s", "one"): [(" 1", "1"), (" 2", "2")], ("s", "two"): [("3", "3"), ("4", "4"), (" 5", "5")]})
    (found,) = strictness(load_frames(run)).values()
    shares = {"domain of one": 0.25, "domain of two": 0.75}
    assert found.score((), shares) == pytest.approx(0.75 * 2 / 3)
    assert found.score((STRIP,), shares) == 1
    assert found.gain((STRIP,)) == pytest.approx(3 / 5)
    assert found.score((), {"domain of two": 0.5}) == pytest.approx(2 / 3)
    assert found.score((), {}) == 0


def test_of_many_wrong_answers_a_sample_stands_for_all(written, monkeypatch) -> None:
    monkeypatch.setattr(module, "STRICTNESS_ANSWERS", 40)
    answers = {("s", task): [((" " if doc % 2 else "x") + str(doc), str(doc)) for doc in range(200)] for task in "ab"}
    (found,) = strictness(load_frames(written(answers))).values()
    assert (found.wrong, found.sampled) == (400, 40)
    assert found.score((STRIP,)) == pytest.approx(0.5, abs=0.2)
    assert all(cell.gains for cell in found.cells)


def test_every_choice_of_changes_has_a_gain_of_its_own_code(written) -> None:
    (found,) = strictness(load_frames(written({("s", "one"): [(" A.", "a")]}))).values()
    assert {forms for forms in COMBINATIONS if found.gain(forms)} == {
        forms for forms in COMBINATIONS if {"strip", "lower", "punctuation"} <= {*forms}
    }


def test_a_comparison_warns_of_five_systems_and_counts_the_others(written, golden) -> None:
    answers = {(f"system {name}", "sums"): [(" 72", "72"), ("5", "5")] for name in "abcdefg"}
    comparison = analyse(written(answers)).comparison
    (caveat,) = (each for each in comparison.caveats if each.code == "strict-scoring")
    assert len(caveat.systems) == 7
    golden("strict_scoring.txt", caveat.text + "\n")


def test_two_points_are_no_reason_for_a_warning(written) -> None:
    answers = [("5", "5")] * 98 + [(" 5", "5")] * 2
    comparison = analyse(written({("s", "sums"): answers})).comparison
    assert "strict-scoring" not in {caveat.code for caveat in comparison.caveats}


def test_replies_without_an_answer_are_a_warning_of_their_own_where_they_are_many(written, monkeypatch) -> None:
    answers = [("[invalid]", "5")] * 30 + [("5", "5")] * 70
    run = written({("s", "sums"): answers, ("s", "cities"): [("[invalid]", "5")] * 10 + [("5", "5")] * 90})
    (caveat,) = (each for each in analyse(run).comparison.caveats if each.code == "unread-answers")
    assert "no answer was found in 30 of 100 replies of s to sums. Read some" in caveat.text
    monkeypatch.setattr(module, "STRICTNESS_ANSWERS", 20)  # of 40
    (found,) = strictness(load_frames(run)).values()
    assert [round(cell.unread) for cell in found.cells] == [30, 10]


PIECES = st.lists(st.sampled_from(["a", "A", "\u03a3", "\u0130", " ", "\n", "\r\n", ".", "'", "7"]), max_size=5).map(
    "".join
)


@given(PIECES, st.one_of(PIECES, st.lists(PIECES, max_size=2).map(repr)), PIECES)
def test_what_is_in_no_target_is_passed_over_and_nothing_else(before: str, target: str, after: str) -> None:
    for answer in (before + target + after, before + after, before + target.lower(), target.upper() + after):
        if answer in targets_of(target):
            continue
        equal = [forms for forms in COMBINATIONS if target and equal_in(answer, targets_of(target), forms)]
        plain = equal if any(forms in equal for forms in module._STRONGEST) else []
        assert fewest_forms(answer, target) == (plain[0] if plain else ())
