"""Students and teachers: retention, agreement and cost are three things."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.agreement import stated_answer
from reports.compare import analyse
from reports.distillation import distillations
from reports.panels.distillation import distillation_section


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (" 42", "42"),
        ("42.", "42"),
        ("Yes, ", "yes"),
        ("-7", "-7"),
        ("26 mod 6 = 2. Check: 13 and 3.\nSo the answer is 2.", "2"),
        ("The answer is 4. No, wait: the answer is **5**.", "5"),
        ("<think>the answer is 1</think> Answer: 3\nQuestion: what else?", "3"),
        ("so \\boxed{17}", "17"),
        ("\n\nLondon\nis big", "london"),
        ("the answer is 3.5 metres", "3.5 metres"),
        ("the answer is:", "the answer is"),
        ("  ", ""),
        ("?", "?"),
    ],
)
def test_what_a_text_states(text: str, answer: str) -> None:
    assert stated_answer(text) == answer


@given(st.text(max_size=200))
def test_case_and_spacing_do_not_matter(text: str) -> None:
    assert stated_answer(f"  {text} \n") == stated_answer(text)
    assert stated_answer(stated_answer(text)) is not None


def student(fake, **more):
    return fake.System("student", "distilled", **{"accuracy": 0.4, "energy_j": 2.0, "teacher": "teacher", **more})


@pytest.fixture
def edited(make_run, fake):
    """A run of a student and its teacher with its item table changed, analysed."""

    def make(change, **settings):
        run = make_run(fake.Run((fake.System("teacher", accuracy=0.6), student(fake)), **settings))
        table = pd.read_parquet(run.layout.items_table)
        change(table)
        table.to_parquet(run.layout.items_table)
        return analyse(run), table

    return make


@pytest.mark.parametrize("repeats", [1, 3])
def test_every_figure_is_recomputed_from_the_records(edited, repeats: int) -> None:
    def change(table: pd.DataFrame) -> None:
        ours = table["system"] == "student"
        table.loc[ours & (table["doc_id"] % 3 == 0), "filtered"] = "The answer is 41."

    analysis, table = edited(change, repeats=repeats)
    (found,) = distillations(analysis)
    assert (found.student, found.teacher) == ("student", "teacher")
    assert [kept.task for kept in found.tasks] == ["chain_sum", "spell_backward"]
    for kept in found.tasks:
        own = table[table["task"] == kept.task]
        ours, theirs = (
            own[own["system"] == name].set_index(["doc_id", "repeat"]).sort_index() for name in ("student", "teacher")
        )
        assert kept.items == 40
        assert kept.retention is not None
        assert kept.retention.estimate == pytest.approx(ours["correct"].mean() / theirs["correct"].mean())
        same = ours.index.get_level_values("doc_id") % 3 != 0
        assert kept.agreement.estimate == pytest.approx(same.mean())
        assert kept.agreement_where_wrong is not None
        assert kept.agreement_where_wrong.estimate == pytest.approx(same[theirs["correct"] == 0].mean())
        assert kept.both_right == pytest.approx((ours["correct"] * theirs["correct"]).mean())
        four = (kept.both_right, kept.both_wrong, kept.student_only, kept.teacher_only)
        assert sum(four) == pytest.approx(1.0)
        assert kept.tokens_ratio is not None
        assert kept.tokens_ratio.estimate == pytest.approx(ours["output_tokens"].sum() / theirs["output_tokens"].sum())
        for figure, rows in ((kept.student_j_per_correct, ours), (kept.teacher_j_per_correct, theirs)):
            assert figure is not None
            assert figure.estimate == pytest.approx(rows["energy_j"].sum() / rows["correct"].sum())


def test_a_teacher_that_is_never_right_leaves_retention_undefined(edited) -> None:
    def change(table: pd.DataFrame) -> None:
        table.loc[(table["system"] == "teacher") & (table["task"] == "chain_sum"), "correct"] = 0.0
        table["output_tokens"] = None

    analysis, _ = edited(change)
    chain, spell = distillations(analysis)[0].tasks
    assert chain.retention is None
    assert spell.retention is not None
    assert chain.tokens_ratio is None
    section = distillation_section(analysis)
    assert section is not None
    assert "In chain_sum the teacher is never right, so there is nothing to keep." in section.passages[0].sentences
    assert "undefined" in [cell.text for cell in section.passages[0].tables[0].rows[0]]


def test_accuracy_is_not_fidelity(edited) -> None:
    """As often right as the teacher, and never of its opinion."""

    def change(table: pd.DataFrame) -> None:
        table["correct"] = ((table["doc_id"] % 2 == 0) == (table["system"] == "teacher")).astype(float)
        table["filtered"] = table["system"] + table["doc_id"].astype(str)

    analysis, _ = edited(change)
    for kept in distillations(analysis)[0].tasks:
        assert kept.retention is not None
        assert kept.retention.estimate == 1.0
        assert kept.agreement.estimate == 0.0
        assert (kept.both_right, kept.both_wrong, kept.student_only, kept.teacher_only) == (0.0, 0.0, 0.5, 0.5)


def test_saying_nothing_is_no_agreement(edited) -> None:
    analysis, _ = edited(lambda table: table.__setitem__("filtered", " "))
    assert {kept.agreement.estimate for kept in distillations(analysis)[0].tasks} == {0.0}


def test_absent_without_the_teacher(make_run, fake) -> None:
    assert distillation_section(analyse(make_run(fake.plain()))) is None
    assert distillation_section(analyse(make_run(fake.Run((student(fake, teacher="elsewhere"),), name="b")))) is None


def test_joules_of_two_kinds_are_not_set_against_each_other(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("teacher", provenance="modelled"), student(fake))))
    section = distillation_section(analyse(run))
    assert section is not None
    assert "not to be set against each other" in section.passages[0].tables[1].note
