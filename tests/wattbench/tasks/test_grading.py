"""Tasks that a grading function of one's own scores, and tasks that a judge scores: they build, and hold their code."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.rows import ANSWER
from tests.made_up.suites import replaced, suite_of
from wattbench.callables import modules_of
from wattbench.config import Checkout, FileTask, Resolved, TaskChoice
from wattbench.errors import UserError
from wattbench.measure.code_to_run import code_to_run
from wattbench.measure.plan import plan
from wattbench.measure.preview import preview
from wattbench.measure.scorer import Scorer
from wattbench.tasks.answer_changes import AnswerChanges
from wattbench.tasks.file_task.build import build
from wattbench.tasks.file_task.export import export_task
from wattbench.tasks.grading import Grader
from wattbench.tasks.loading import load_task

DATA = Path(__file__).parents[2] / "data"

SUITE = """
name: graded
tasks:
  include: [INCLUDED]
  select:
    - {file: tickets.csv, input: Ticket text, score: "./grade.py:grade"}
systems:
  define:
    rules: {kind: specialist, engine: python, call: "./grade.py:answer", sees: prompt, domain: tickets}
"""
GRADE = """
def grade(item, answer):
    item["changed"] = "a copy is the function's"
    return len(answer) >= int(item["At least"])

def answer(prompt):
    return prompt
"""
JUDGED = 'score: {judge: rules, rubric: rubric.md, scale: "1..5"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "grade.py").write_text(GRADE)
    (tmp_path / "rubric.md").write_text("Is it polite?")
    (tmp_path / "tickets.csv").write_text("Ticket text,At least\nmy card is lost,3\nhow do I pay,8\n")
    return tmp_path


def load(folder: Path, *changes: tuple[str, str]) -> tuple[Resolved, TaskChoice]:
    resolved = suite_of(replaced(SUITE, ("INCLUDED", str(DATA / "tasks"))), folder, *changes)
    [choice] = resolved.tasks
    return resolved, choice


def test_a_function_gets_the_columns_of_an_item_and_the_answer_after_its_thoughts(folder: Path) -> None:
    scorer = Scorer(*load(folder))
    rows = [
        replace(ANSWER, doc_id=0, replies=["<think>as they say</think> yes "]),
        replace(ANSWER, doc_id=1, replies=["<think>a long thought</think>\nno"]),
        replace(ANSWER, doc_id=1, repeat=1, replies=["log in, then pay"]),
        replace(ANSWER, doc_id=0, repeat=1, replies=[""]),
        replace(ANSWER, doc_id=0, repeat=2, replies=["a text of an error"], failure="HTTP 500"),
    ]
    scores = {(row.doc_id, row.repeat): row for row in scorer.score(rows)}
    assert {key: row.correct for key, row in scores.items()} == {
        (0, 0): 1.0, (1, 0): 0.0, (0, 1): 0.0, (1, 1): 1.0, (0, 2): 0.0,
    }  # fmt: skip
    assert (scores[0, 0].filtered, scores[0, 0].metrics, scores[0, 0].target) == ("yes", {"graded,free": 1.0}, "")


def test_the_copy_of_an_item_that_it_changes_is_its_own(folder: Path) -> None:
    scorer = Scorer(*load(folder))
    [before] = {row.doc_hash for row in scorer.score([replace(ANSWER, doc_id=0, replies=["yes"])])}
    assert before == scorer.loaded.doc_hashes[0]


def test_a_task_of_lm_eval_is_graded_in_place_of_its_filters_and_metrics(folder: Path) -> None:
    (folder / "grade.py").write_text("def grade(item, answer):\n    return {'yes': 0.25}.get(answer, 0)")
    task = '{file: tickets.csv, input: Ticket text, score: "./grade.py:grade"}'
    resolved, choice = load(folder, (task, '{task: sums, domain: sums, score: "./grade.py:grade"}'))
    scorer = Scorer(resolved, choice)
    assert scorer.loaded.accepts == "what grade.py:grade returns, from 0 to 1"
    [row] = scorer.score([replace(ANSWER, doc_id=2, replies=["</think>yes\n"])])
    assert (row.correct, row.filtered, row.target) == (0.25, "yes", "2")
    cells = preview(resolved)
    assert cells.scores[0].metric == "graded,free"
    with pytest.raises(UserError, match=r"choices.*compares likelihoods \(multiple_choice\)"):
        preview(load(folder, (task, '{task: choices, domain: sums, score: "./grade.py:grade"}'))[0])
    with pytest.raises(UserError, match=r"choices.*compares likelihoods \(multiple_choice\)"):
        load_task(*load(folder, (task, "{task: choices, domain: sums, " + JUDGED + "}")))


def test_changes_of_answers_come_before_the_function(folder: Path) -> None:
    scorer = Scorer(*load(folder), changes=AnswerChanges(extracted={"Answer: no": "no"}))
    assert [row.correct for row in scorer.score([replace(ANSWER, doc_id=0, replies=["Answer: no"])])] == [0.0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 1.5", r"returned 1\.5 \(float\) for document 0 and the answer ''; a score is a number from 0 to 1"),
        ("return float('nan')", r"returned nan \(float\)"),
        ("return None", r"returned None \(NoneType\)"),
        ("return '1'", r"returned '1' \(str\)"),
        ("return [1]", r"returned \[1\] \(list\)"),
        ("return 10 ** 400", r"returned 1000.* \(int\)"),
        ("return item['nothing']", r"grade.py:grade failed for document 0 .*: KeyError: 'nothing' \(line 3 of /"),
        ("raise SystemExit(3)", r"SystemExit: 3 \(line 3 of /"),
        ("import no_such_module", r"ModuleNotFoundError"),
    ],
)
def test_what_is_no_score_is_found_before_a_system_is_asked(folder: Path, body: str, said: str) -> None:
    (folder / "grade.py").write_text(f"def answer(prompt): return prompt\ndef grade(item, answer):\n    {body}\n")
    resolved, _ = load(folder)
    with pytest.raises(UserError, match=rf"(?s)suite.yaml: tasks.select: 'tickets': score: .*{said}"):
        plan(resolved)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def grades(item, answer): return 1", "has no function 'grade'; did you mean 'grades'"),
        ("def grade(answer): return 1", "called with an item and an answer, .* this function takes answer"),
        ("def grade(item, answer, target): return 1", "this function takes item, answer, target"),
        ("async def grade(item, answer): return 1", "it is an async function"),
        ("def grade(item, answer) return 1", "not valid Python"),
    ],
)
def test_a_wrong_function_is_found_without_running_its_file(folder: Path, code: str, said: str) -> None:
    (folder / "grade.py").write_text(f"{code}\n")
    with pytest.raises(UserError, match=said):
        load_task(*load(folder))


def test_a_file_that_is_missing_is_found_where_the_suite_is_read(folder: Path) -> None:
    with pytest.raises(UserError, match=r"suite.yaml:6: tasks.select.0.score: no such file: .*other.py"):
        load(folder, ("./grade.py:grade", "./other.py:grade"))
    with pytest.raises(UserError, match=r"no module 'no_such_package' is installed"):
        load_task(*load(folder, ("./grade.py:grade", "no_such_package.grading:grade")))


NUMBERS = st.one_of(st.floats(0, 1), st.booleans(), st.integers(0, 1), st.fractions(0, 1), st.floats(0, 1, width=32))
ANYTHING = st.one_of(
    st.floats(), st.integers(), st.text(), st.none(), st.complex_numbers(), st.decimals(), st.lists(st.integers()),
    st.binary(), st.fractions(), st.just(object()), st.just(np.array([0.5, 0.5])), st.floats(width=32).map(np.float32),
)  # fmt: skip


@given(NUMBERS)
def test_any_number_from_0_to_1_is_a_score(tmp_path_factory: pytest.TempPathFactory, number: Any) -> None:
    assert _graded(tmp_path_factory, number) == float(number)
    assert _graded(tmp_path_factory, np.float32(number)) == np.float32(number)
    assert _graded(tmp_path_factory, np.bool_(number == 1)) == (number == 1)


@given(ANYTHING)
def test_whatever_is_returned_is_a_score_or_a_named_error(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    if isinstance(value, int | float | Fraction | np.float32) and 0 <= value <= 1:
        assert _graded(tmp_path_factory, value) == float(value)
    else:
        with pytest.raises(UserError, match="for document 3 and the answer 'yes'; a score is a number from 0 to 1"):
            _graded(tmp_path_factory, value)


def _graded(tmp_path_factory: pytest.TempPathFactory, value: Any) -> float:
    file = tmp_path_factory.getbasetemp() / "returns.py"
    if not file.exists():
        file.write_text("def grade(item, answer): return item['value']\n")
    return Grader("here", f"{file}:grade").score(3, {"value": value}, "yes")


def test_other_code_is_another_scoring_of_the_same_documents(folder: Path) -> None:
    before = load_task(*load(folder))
    moved = folder / "moved"
    moved.mkdir()
    for file in ("grade.py", "tickets.csv"):
        (moved / file).write_bytes((folder / file).read_bytes())
    assert load_task(*load(moved)).asking_sha256 == before.asking_sha256
    (folder / "grade.py").write_text(GRADE + "\n# no longer the same\n")
    after = load_task(*load(folder))
    assert (after.docs_sha256 == before.docs_sha256, after.asking_sha256 == before.asking_sha256) == (True, False)


def test_a_plan_names_the_function_and_runs_none_of_its_code(folder: Path) -> None:
    (folder / "grade.py").write_text("raise SystemError\ndef grade(item, answer): return 1\n")
    resolved, _ = load(folder)
    assert f"task 'tickets' (the grading function {folder / 'grade.py'}:grade)" in code_to_run(resolved)
    seen = preview(resolved)
    assert [cell.items for cell in seen.cells] == [2]
    assert seen.scores[0].accepts == "what grade.py:grade returns, from 0 to 1"


def test_a_function_imports_the_modules_of_this_process_while_a_checkout_is_active(folder: Path) -> None:
    base = folder / "base"
    base.mkdir()
    (folder / "words_of_grading.py").write_text("SCORE = 0.75")
    (base / "words_of_grading.py").write_text("SCORE = 0.5")
    (folder / "grade.py").write_text(
        "def grade(item, answer):\n    from words_of_grading import SCORE\n    return SCORE\n"
    )
    scorer = Scorer(*load(folder))
    sys.path.insert(0, str(folder))
    modules = modules_of(Checkout(root=base, working_tree=folder))
    try:
        modules.activate()
        assert __import__("words_of_grading").SCORE == 0.5
        assert [row.correct for row in scorer.score([replace(ANSWER, doc_id=0, replies=["a"])])] == [0.75]
        assert __import__("words_of_grading").SCORE == 0.5
    finally:
        modules.forget()
        sys.path.remove(str(folder))


def test_a_judged_task_asks_the_input_alone_and_its_answers_have_no_score_yet(folder: Path) -> None:
    resolved, choice = load(folder, ('score: "./grade.py:grade"', JUDGED))
    assert isinstance(choice, FileTask)
    built = build(choice)
    assert (built.config["doc_to_text"], built.config["metric_list"]) == ("{{ Ticket_text }}", [])
    assert built.config["generation_kwargs"] == {"until": [], "do_sample": False}
    assert built.accepts == "what the judge rules says by rubric.md (1..5), corrected by labels of people"
    rows = Scorer(resolved, choice).score(
        [replace(ANSWER, doc_id=0, replies=["a</think>b"]), replace(ANSWER, doc_id=1, replies=[""], failure="HTTP 500")]
    )
    assert [(row.correct, row.metrics, row.filtered) for row in rows] == [(None, {}, "b"), (None, {}, "")]
    assert preview(resolved).scores[0].metric is None
    assert plan(resolved)[0].items == 2


@pytest.mark.parametrize("score", ['score: "./grade.py:grade"', JUDGED])
def test_it_cannot_be_exported(folder: Path, score: str) -> None:
    _, choice = load(folder, ('score: "./grade.py:grade"', score))
    assert isinstance(choice, FileTask)
    with pytest.raises(UserError, match="a judge or a grading function scores its answers"):
        export_task(choice, folder / "out")


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("task: sums, domain: x, score: exact", "'exact': this task is scored by its own metrics"),
        ("task: sums, domain: x, metric: acc, score: './grade.py:grade'", "metric: a judge or a grading function"),
        ("inspect: x/y, score: './grade.py:grade'", "inspect_ai's own scorer scores this task"),
        ("file: tickets.csv, input: Ticket text, fewshot: 1, score: './grade.py:grade'", "fewshot: a worked example"),
        ("file: tickets.csv, input: Ticket text, labels: [a, b], score: './grade.py:grade'", "here: a function"),
        ("file: tickets.csv, input: Ticket text, score: nothing", "'nothing' is not known here"),
    ],
)
def test_keys_that_do_not_fit_a_free_score_are_errors(folder: Path, task: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load(folder, ('{file: tickets.csv, input: Ticket text, score: "./grade.py:grade"}', "{" + task + "}"))
