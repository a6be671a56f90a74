"""A file as a task in a suite: its defaults, its paths, and what is wrong with one, with the line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.api.routers.written_suite import WrittenSuite, suite_text
from wattbench.config import FileTask, HybridSystem, Resolved, Suite, TaskChoice, load_suite, tasks_from_record
from wattbench.errors import UserError

ENTRY = {"file": "../data/support tickets.csv", "input": "text", "target": "topic", "score": "label"}


def suite(folder: Path, **settings: Any) -> Resolved:
    for name in ("support tickets.csv", "examples.csv"):
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data" / name).write_text("text,topic\na,b\n")
    (folder / "suites").mkdir(exist_ok=True)
    entry = {key: value for key, value in {**ENTRY, **settings}.items() if value is not None}
    (folder / "suites" / "suite.yaml").write_text(
        f"name: t\ntasks:\n  select:\n  - {json.dumps(entry)}\n"
        'systems: {define: {rules: {kind: specialist, engine: python, call: "./rules.py:topic"}}}\n'
    )
    return load_suite(str(folder / "suites" / "suite.yaml"))


def test_the_name_is_that_of_the_file_and_paths_are_from_the_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    [choice] = suite(tmp_path, fewshot="../data/examples.csv").tasks
    assert isinstance(choice, FileTask)
    assert (choice.task, choice.domain) == ("support-tickets", "support-tickets")
    assert choice.files() == {
        "file": tmp_path / "data" / "support tickets.csv", "fewshot": tmp_path / "data" / "examples.csv",
    }  # fmt: skip
    [named] = suite(tmp_path, name="tickets", domain="support").tasks
    assert (named.task, named.domain) == ("tickets", "support")


def test_a_record_and_a_written_suite_say_the_same(tmp_path: Path) -> None:
    resolved = suite(tmp_path, fewshot=3, split={"test": 0.25, "seed": 7}, limit=5)
    assert tasks_from_record(json.loads(json.dumps(resolved.as_record()))).tasks == resolved.tasks
    hybrid = HybridSystem.model_validate({
        "kind": "hybrid", "engine": "hybrid", "members": {"a": "rules", "b": "rules"},
        "router": {"type": "always", "member": "a"}, "fallback": "a",
    })  # fmt: skip
    written = WrittenSuite(resolved, "w", "d", {"support-tickets": [1, 2]}, ["rules"], "mix", hybrid)
    path = tmp_path / "suites" / "written.yaml"
    path.write_text(suite_text(written, path.parent))
    [choice] = load_suite(str(path)).tasks
    assert choice == resolved.tasks[0].model_copy(update={"limit": None, "documents": [1, 2]})
    assert "../data/support tickets.csv" in path.read_text()


def test_a_task_of_lm_eval_is_what_it_was() -> None:
    given_suite = {"name": "s", "tasks": {"select": [{"task": "t", "domain": "d"}]}, "systems": {"include": ["a.yaml"]}}
    assert Suite.model_validate(given_suite).tasks.select == [TaskChoice(task="t", domain="d")]
    assert FileTask.model_validate({**ENTRY, "metric": "exact_match"}).as_included() == TaskChoice(
        task="support-tickets", domain="support-tickets", metric="exact_match"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scor": "exact"}, "tasks.select.0.scor: unknown key; did you mean 'score'?"),
        ({"input": None}, "tasks.select.0.input: missing; this key is required"),
        ({"score": "labels"}, "tasks.select.0.score: 'labels' is not known here; did you mean 'label'?"),
        ({"file": "../data/none.csv"}, "tasks.select.0.file: no such file: "),
        ({"fewshot": "none.csv"}, "tasks.select.0.fewshot: no such file: "),
        ({"file": "a.xlsx"}, "a.xlsx: a task is one of .csv, .tsv, .jsonl, .ndjson, .parquet; save the sheet as CSV"),
        ({"target": "text"}, "input and target are the same column, 'text': the prompt would hold the answer"),
        ({"score": "choice"}, "score: choice needs choices:"),
        ({"score": "regex"}, "score: regex needs pattern:"),
        ({"score": "regex", "pattern": "("}, "tasks.select.0.pattern: '(': this is not a regular expression"),
        ({"tolerance": 1}, "tolerance: belongs to score: number (here: label)"),
        ({"score": "exact", "labels": ["a", "b"]}, "labels: belongs to score: label (here: exact)"),
        ({"metric": "f1"}, "metric: score: label has exact_match, not 'f1'"),
        ({"split": {"test": 1}}, "tasks.select.0.split.test: "),
        ({"fewshot": 0}, "tasks.select.0.fewshot"),
        ({"encoding": "utf-7000"}, "'utf-7000' is no encoding of texts that Python knows"),
        ({"encoding": "rot13"}, "'rot13' is no encoding of texts that Python knows"),
        ({"name": "a/b"}, "'a/b' does not have the right form"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_file_the_line_and_the_key(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as error:
        suite(tmp_path, **settings)
    assert str(error.value).startswith(f"{tmp_path / 'suites' / 'suite.yaml'}:4: ")
    assert message in str(error.value)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.text(max_size=3))


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(sorted({*FileTask.model_fields, "name"})), VALUES))
def test_any_settings_are_a_task_or_an_error_of_validation(settings: dict[str, Any]) -> None:
    entry = {**ENTRY, **settings}
    try:
        choice = FileTask.model_validate(entry)
    except ValueError:  # pydantic's is one
        return
    assert FileTask.model_validate(choice.model_dump(mode="json")) == choice
