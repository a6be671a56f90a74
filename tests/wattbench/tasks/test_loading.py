"""Tasks that cannot be loaded, and where the files of a task are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.repositories import repository
from wattbench.config import Resolved, load_suite
from wattbench.errors import UserError
from wattbench.tasks.loading import load_task

SUITE = """\
name: tickets
tasks: {include: [tasks], select: [{task: tickets, domain: support}]}
systems: {define: {rules: {kind: specialist, engine: python, call: "./rules.py:topic"}}}
"""
TASK = """\
task: tickets
dataset_path: csv
dataset_kwargs: {data_files: FILES}
test_split: test
output_type: generate_until
doc_to_text: "{{text}}"
doc_to_target: topic
"""


def suite(root: Path, files: str, *, include: str = "") -> Resolved:
    """A suite whose task names files, or includes a file that does."""
    (root / "tasks" / "data").mkdir(parents=True)
    (root / "suite.yaml").write_text(SUITE)
    named = TASK.replace("FILES", files) + "tag: mine\n"
    if include:
        (root / include).write_text(named.replace("task: tickets\n", ""))
        named = f"task: tickets\ninclude: ../{include}\n"
    (root / "tasks" / "tickets.yaml").write_text(named)
    return load_suite(str(root / "suite.yaml"))


def texts(resolved: Resolved) -> list[str]:
    return list(load_task(resolved, resolved.tasks[0]).task.eval_docs["text"])


def csv(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"text,topic\n{text},b\n")


def test_a_csv_is_found_next_to_the_yaml_that_names_it_and_else_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "project", items=6)
    resolved = load_suite(str(root / "gates" / "tickets.yaml"))
    monkeypatch.chdir(root)
    assert len(texts(resolved)) == 6
    monkeypatch.chdir(root / "gates")
    with pytest.raises(UserError, match=r"data_files: tickets\.csv is not in .*/project/tasks, whose YAML names it"):
        load_task(resolved, resolved.tasks[0])
    csv(root / "tasks" / "tickets.csv", "next to it")
    assert texts(resolved) == ["next to it"]


@pytest.mark.parametrize(
    "files",
    ["{test: data/a.csv}", "{test: [data/a.csv]}", "{test: 'data/*.csv'}", "{test: ./data/../data/a.csv}"],
)  # fmt: skip
def test_files_are_named_in_any_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: str) -> None:
    resolved = suite(tmp_path / "suite", files)
    csv(tmp_path / "suite" / "tasks" / "data" / "a.csv", "here")
    csv(tmp_path / "data" / "a.csv", "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert texts(resolved) == ["here"]


def test_an_included_file_names_them_from_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = suite(tmp_path, "{test: a.csv}", include="common.yaml")
    csv(tmp_path / "a.csv", "next to common.yaml")
    csv(tmp_path / "tasks" / "a.csv", "next to tickets.yaml")
    monkeypatch.chdir(tmp_path / "tasks")
    assert texts(resolved) == ["next to common.yaml"]
