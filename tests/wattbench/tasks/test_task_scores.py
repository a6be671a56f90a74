"""How answers count is known before anything is asked, and a metric that a task does not have is found then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wattbench.api.plans.plan_section import scores_passage
from wattbench.config import Resolved, TaskChoice, load_suite
from wattbench.errors import UserError
from wattbench.measure.plan import plan
from wattbench.measure.preview import preview
from wattbench.tasks.loading import load_task, outline_task
from wattbench.tasks.task_scores import scores_of, scores_written
from wattbench_reports.presenter.text import passage_lines

DATA = Path(__file__).parents[2] / "data"
HEAD = "dataset_path: json\ndataset_kwargs: {data_files: {test: documents.jsonl}}\ntest_split: test\n"
TASKS = {
    "read": "doc_to_text: '{{q}}'\ndoc_to_target: '{{a}}'\noutput_type: generate_until\n"
    'generation_kwargs: {until: ["\\n", "."], max_gen_toks: 9}\n'
    "filter_list:\n"
    "  - {name: strict, filter: [{function: regex, regex_pattern: '#### (\\d+)'}, {function: take_first}]}\n"
    "  - {name: loose, filter: [{function: take_first}]}\n"
    "metric_list: [{metric: exact_match, ignore_case: true, regexes_to_ignore: [',']}]\n",
    "chosen": "doc_to_text: '{{q}}'\ndoc_to_target: 1\ndoc_to_choice: ['1', '2']\noutput_type: multiple_choice\n"
    "metric_list: [{metric: acc_norm}, {metric: acc}]\n",
    "silent": "doc_to_text: '{{q}}'\ndoc_to_target: '{{a}}'\noutput_type: generate_until\n",
}


@pytest.fixture
def resolved(tmp_path: Path) -> Resolved:
    (tmp_path / "documents.jsonl").write_text('{"q": "1 + 1 =", "a": "2"}\n')
    for name, text in TASKS.items():
        (tmp_path / f"{name}.yaml").write_text(f"task: {name}\n{HEAD}{text}")
    suite = load_suite(str(DATA / "suite.yaml"))
    tasks = suite.suite.tasks.model_copy(
        update={"include": [tmp_path], "select": [TaskChoice(task=name, domain="x") for name in ("read", "silent")]}
    )
    return replace(suite, suite=suite.suite.model_copy(update={"tasks": tasks}))


def with_metric(resolved: Resolved, metric: str) -> Resolved:
    select = [TaskChoice(task="read", domain="x", metric=metric)]
    tasks = resolved.suite.tasks.model_copy(update={"select": select})
    return replace(resolved, suite=resolved.suite.model_copy(update={"tasks": tasks}))


@pytest.mark.parametrize("name", TASKS)
def test_a_tasks_yaml_names_the_metrics_that_lm_eval_gives(resolved: Resolved, name: str) -> None:
    choice = TaskChoice(task=name, domain="x")
    outline, loaded = outline_task(resolved, choice), load_task(resolved, choice)
    assert outline is not None
    written, given = scores_written(outline), scores_of(loaded)
    assert (written.metric, written.metrics) == (given.metric, given.metrics)


def test_what_counts_in_words(resolved: Resolved, golden) -> None:
    loaded = [load_task(resolved, TaskChoice(task=name, domain="x")) for name in TASKS]
    golden("scores.txt", "\n".join(passage_lines(scores_passage([scores_of(task) for task in loaded]))) + "\n")


def test_the_suites_metric_counts(resolved: Resolved) -> None:
    choice = TaskChoice(task="read", domain="x", metric="exact_match,loose")
    record = scores_of(load_task(resolved, choice)).as_record()
    assert record["metric"] == "exact_match,loose"
    assert record["metrics"] == ["exact_match,strict", "exact_match,loose"]
    assert (record["until"], record["max_tokens"]) == (["\n", "."], 9)


@pytest.mark.parametrize("metric", ["exact_mach", "exact_match,lose"])
def test_a_metric_that_the_task_does_not_have_is_found_by_a_plan_and_before_a_run(
    resolved: Resolved, metric: str
) -> None:
    there = with_metric(resolved, metric)
    for look in (preview, plan):
        with pytest.raises(UserError, match=f"task 'read': metric: the task has no '{metric}'; did you mean"):
            look(there)


def test_so_it_is_of_a_task_whose_documents_are_far_away(resolved: Resolved, tmp_path: Path) -> None:
    far = TASKS["read"].replace("doc_to_text", "dataset_path: nobody/nothing\ntest_split: test\ndoc_to_text")
    (tmp_path / "read.yaml").write_text(f"task: read\n{far}")
    with pytest.raises(UserError, match="the task has no 'acc'"):
        preview(with_metric(resolved, "acc"))
    [scores] = preview(with_metric(resolved, "exact_match")).scores
    assert scores.metric == "exact_match,strict"


def test_metrics_that_code_names_are_left_to_the_run(resolved: Resolved, tmp_path: Path) -> None:
    trap = "metric_list: [{metric: !function trap.metric}]\n"
    (tmp_path / "read.yaml").write_text(f"task: read\n{HEAD}{TASKS['silent']}{trap}")
    [scores] = preview(with_metric(resolved, "anything")).scores
    assert (scores.metric, scores.metrics) == (None, ())
    assert scores_passage([scores]).points == ("read: a metric that a run shows",)
