"""Students and teachers: retention, agreement and cost are three things."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from wattbench_reports.analyses.distillation import distillations
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.figures import StudentRetention, TaskRetention, retention
from wattbench_reports.figures.drawing import complete
from wattbench_reports.sections.distillation import distillation_section
from wattbench_reports.stats import Interval
from wattbench_reports.tables.answer_texts import stated_answer


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
        table.loc[ours & (table["doc_id"] % 2 == 0), "output"] = "Überlegt: 42 🙂"

    analysis, table = edited(change, repeats=repeats)
    (found,) = distillations(analysis.measured)
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
        assert kept.agreement is not None
        assert kept.agreement.estimate == pytest.approx(same.mean())
        assert kept.compared == kept.items
        assert kept.agreement_where_wrong is not None
        assert kept.agreement_where_wrong.estimate == pytest.approx(same[theirs["correct"] == 0].mean())
        assert kept.both_right == pytest.approx((ours["correct"] * theirs["correct"]).mean())
        four = (kept.both_right, kept.both_wrong, kept.student_only, kept.teacher_only)
        assert sum(four) == pytest.approx(1.0)
        assert kept.tokens is not None
        for length, lengths in (
            (kept.tokens, (ours["output_tokens"], theirs["output_tokens"])),
            (kept.characters, (ours["output"].str.len(), theirs["output"].str.len())),
        ):
            assert (length.student, length.teacher) == pytest.approx((lengths[0].mean(), lengths[1].mean()))
            assert length.ratio is not None
            assert length.ratio.estimate == pytest.approx(lengths[0].sum() / lengths[1].sum())
        spent = [rows["energy_j"].sum() / rows["correct"].sum() for rows in (ours, theirs)]
        for figure, joules in zip((kept.joules.student, kept.joules.teacher), spent, strict=True):
            assert figure is not None
            assert figure.estimate == pytest.approx(joules)
        assert kept.joules.saved is not None
        assert kept.joules.saved.estimate == pytest.approx(spent[1] - spent[0])
    every = [table[table["system"] == name] for name in ("student", "teacher")]
    ours_j, theirs_j = (rows["energy_j"].sum() / rows["correct"].sum() for rows in every)
    assert found.overall.saved is not None
    assert found.overall.saved.estimate == pytest.approx(theirs_j - ours_j)


def test_a_teacher_that_is_never_right_leaves_retention_undefined(edited) -> None:
    def change(table: pd.DataFrame) -> None:
        table.loc[(table["system"] == "teacher") & (table["task"] == "chain_sum"), "correct"] = 0.0
        table["output_tokens"] = None

    analysis, _ = edited(change)
    chain, spell = distillations(analysis.measured)[0].tasks
    assert chain.retention is None
    assert spell.retention is not None
    assert chain.tokens is None
    assert chain.joules.teacher is None
    assert chain.joules.saved is None
    section = distillation_section(analysis.measured)
    assert section is not None
    assert "In chain_sum the teacher is never right, so retention is undefined." in section.passages[1].sentences
    assert "undefined" in [cell.text for cell in section.passages[1].tables[0].rows[0]]


def test_accuracy_is_not_fidelity(edited) -> None:
    """As often right as the teacher, and never of its opinion."""

    def change(table: pd.DataFrame) -> None:
        table["correct"] = ((table["doc_id"] % 2 == 0) == (table["system"] == "teacher")).astype(float)
        table["filtered"] = table["system"] + table["doc_id"].astype(str)

    analysis, _ = edited(change)
    for kept in distillations(analysis.measured)[0].tasks:
        assert kept.retention is not None
        assert kept.retention.estimate == 1.0
        assert kept.agreement is not None
        assert kept.agreement.estimate == 0.0
        assert (kept.both_right, kept.both_wrong, kept.student_only, kept.teacher_only) == (0.0, 0.0, 0.5, 0.5)


def test_saying_nothing_is_no_agreement(edited) -> None:
    analysis, _ = edited(lambda table: table.__setitem__("filtered", " "))
    assert {kept.agreement and kept.agreement.estimate for kept in distillations(analysis.measured)[0].tasks} == {0.0}


def test_absent_without_the_teacher(analysed, fake) -> None:
    assert distillation_section(analysed(fake.plain()).measured) is None
    assert distillation_section(analysed(fake.Run((student(fake, teacher="elsewhere"),), name="b")).measured) is None


def test_joules_of_two_kinds_are_not_set_against_each_other(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("teacher", provenance="modelled"), student(fake))))
    section = distillation_section(analyse(run).measured)
    assert section is not None
    assert "; not comparable." in section.passages[1].tables[2].note
    assert {row[3].text for row in section.passages[1].tables[2].rows} == {"–"}
    assert (
        "Its saving in joules is not available: their joules differ in provenance: counter of student and modelled of "
        "teacher." in section.passages[1].sentences
    )


def test_what_is_saved_has_a_paired_interval(edited) -> None:
    """Item by item the student takes half, and is right as often: what an item costs cancels in the difference."""

    def change(table: pd.DataFrame) -> None:
        theirs = table[table["system"] == "teacher"].set_index(["task", "doc_id"])
        ours = table["system"] == "student"
        keys = pd.MultiIndex.from_frame(table.loc[ours, ["task", "doc_id"]])
        table.loc[ours, "correct"] = theirs["correct"].loc[keys].to_numpy()
        table.loc[ours, "energy_j"] = theirs["energy_j"].loc[keys].to_numpy() - 2.0

    analysis, table = edited(change)
    (found,) = distillations(analysis.measured)
    saved = found.overall.saved
    assert saved is not None
    own = table[table["system"] == "teacher"]
    rng = np.random.default_rng(5)
    drawn = [2.0 * len(own) / own["correct"].to_numpy()[rng.integers(0, len(own), len(own))].sum() for _ in range(4000)]
    assert (saved.low, saved.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), rel=0.05)


def test_a_dearer_student_saves_less_than_nothing(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("teacher", accuracy=0.6), student(fake, energy_j=64.0))))
    (found,) = distillations(analyse(run).measured)
    assert found.overall.saved is not None
    assert found.overall.saved.high < 0
    section = distillation_section(analyse(run).measured)
    assert section is not None
    (sentence,) = [said for said in section.passages[1].sentences if said.startswith("Over all tasks")]
    assert "saves −" in sentence
    assert sentence.endswith("it uses more.")


def test_of_many_items_the_texts_of_a_sample_are_compared(make_run, fake, monkeypatch) -> None:
    run = make_run(fake.Run((fake.System("teacher", accuracy=0.6), student(fake))))
    whole = distillations(analyse(run).measured)[0]
    monkeypatch.setattr("wattbench_reports.analyses.distillation.AGREEMENT_ITEMS", 30)
    analysis = analyse(run)
    sampled = distillations(analysis.measured)[0]
    assert sampled == distillations(analysis.measured)[0]  # the same records give the same sample
    assert [kept.compared for kept in sampled.tasks] == [15, 15]
    assert [kept.retention for kept in sampled.tasks] == [kept.retention for kept in whole.tasks]
    section = distillation_section(analysis.measured)
    assert section is not None
    assert any("30 of 80 items, sampled at random" in said for said in section.passages[1].sentences)


@pytest.mark.slow
def test_grouping_keeps_what_an_interval_says(make_run, fake) -> None:
    """Of more items than groups, the interval is as wide as that of drawing items."""
    run = make_run(
        fake.Run(
            (fake.System("teacher", accuracy=0.6), student(fake)), tasks=(("chain_sum", "arithmetic"),), items=1500
        )
    )
    table = pd.read_parquet(run.layout.items_table).set_index("doc_id")
    ours, theirs = (table[table["system"] == name]["correct"].sort_index() for name in ("student", "teacher"))
    (kept,) = distillations(analyse(run).measured)[0].tasks
    rng = np.random.default_rng(8)
    rows = rng.integers(0, 1500, size=(2000, 1500))
    low, high = np.quantile(ours.to_numpy()[rows].sum(axis=1) / theirs.to_numpy()[rows].sum(axis=1), [0.025, 0.975])
    assert kept.retention is not None
    assert kept.retention.high - kept.retention.low == pytest.approx(high - low, rel=0.12)


BOUNDS = st.tuples(st.floats(0, 2), st.floats(0, 1), st.floats(0, 1) | st.just(float("inf"))).map(
    lambda of: Interval(of[0], max(0.0, of[0] - of[1]), of[0] + of[2])
)


@given(st.lists(st.none() | BOUNDS, min_size=1, max_size=8))
def test_the_figure_has_a_panel_per_student_and_a_row_for_every_task(kept: list[Interval | None]) -> None:
    tasks = [TaskRetention(f"<i>task {place}$^", each) for place, each in enumerate(kept)]
    students = [StudentRetention("<s>", "t", 3, tasks), StudentRetention("other", "t", 4, tasks[:1])]
    first, second = complete(retention(students), Figure(layout="constrained"))
    assert [each.get_text() for each in first.get_yticklabels()] == [task.task for task in tasks]
    assert len(second.get_yticklabels()) == 1
    shown = [each.get_text() for each in first.texts]
    assert shown == ["undefined: the teacher is never right"] * kept.count(None)
    assert (first.get_title("left"), second.get_title("left")) == ("<s> relative to t", "other relative to t")


def test_golden(analysed, fake, golden) -> None:
    section = distillation_section(analysed(fake.family()).measured)
    assert section is not None
    lines = [f"== {section.title}", section.lead]
    for passage in section.passages:
        lines += [f"-- {passage.heading}".rstrip(), *passage.sentences]
        if passage.figure:
            lines += [f"({passage.figure.label}) {passage.figure.caption}"]
        for table in passage.tables:
            lines += [f"[{table.caption}]", " | ".join(column.label for column in table.columns)]
            lines += [" | ".join(cell.text for cell in row) for row in table.rows]
            lines += [table.note] if table.note else []
    text = "\n".join(lines) + "\n"
    golden("distillation.txt", text)
