"""Tasks of files that a check judges: their folders, their documents and their scores."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up.rows import ANSWER
from tests.made_up.suites import suite_of
from wattbench.config import FileTask, Resolved
from wattbench.errors import UserError
from wattbench.measure.scorer import Scorer
from wattbench.tasks.file_task import folders
from wattbench.tasks.file_task.build import build
from wattbench.tasks.file_task.export import export_task
from wattbench.tasks.file_task.folders import folder_sha256, task_folder
from wattbench.tasks.loading import load_task

SUITE = """
name: agents
tasks:
  select:
    - {file: issues.csv, input: issue, workspace: folder, check_files: tests, check: "python3 check.py"}
systems:
  define:
    agent: {kind: generalist, engine: agent, base_url: "http://localhost:1/v1", model: m, command: "python3 x.py"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work" / "one").mkdir(parents=True)
    (tmp_path / "work" / "one" / "add.py").write_text("broken")
    (tmp_path / "tests").mkdir()
    (tmp_path / "issues.csv").write_text("issue,folder,tests\nmend add,work/one,tests\nwrite add,,\n")
    return tmp_path


def load(folder: Path, *changes: tuple[str, str]) -> tuple[Resolved, FileTask]:
    resolved = suite_of(SUITE, folder, *changes)
    [choice] = resolved.tasks
    assert isinstance(choice, FileTask)
    return resolved, choice


def test_its_prompt_is_the_input_and_its_documents_name_the_files_by_a_digest(folder: Path) -> None:
    _, choice = load(folder)
    built = build(choice)
    assert built.config["doc_to_text"] == "{{ issue }}"
    assert built.accepts == "the check ends with exit code 0 in its working folder"
    first, second = built.splits["test"]
    assert first["workspace_sha256"] == folder_sha256(folder / "work" / "one")
    assert (second["workspace_sha256"], second["check_files_sha256"]) == ("", "")


def test_other_files_make_another_task_and_another_check_another_scoring(folder: Path) -> None:
    before = load_task(*load(folder))
    (folder / "work" / "one" / "add.py").write_text("mended")
    after = load_task(*load(folder))
    assert (before.docs_sha256 == after.docs_sha256, before.asking_sha256 == after.asking_sha256) == (False, True)
    other = load_task(*load(folder, ("python3 check.py", "python3 other.py")))
    assert (after.docs_sha256 == other.docs_sha256, after.asking_sha256 == other.asking_sha256) == (True, False)


def test_the_score_is_what_the_check_said_and_a_failed_attempt_is_not_correct(folder: Path) -> None:
    scorer = Scorer(*load(folder))
    rows = [
        replace(ANSWER, doc_id=0, replies=["a diff"], checked=1.0),
        replace(ANSWER, doc_id=1, replies=[""], checked=0.0),
        replace(ANSWER, doc_id=0, repeat=1, replies=[""], checked=1.0, failure="over the limit max_calls: 3"),
    ]
    scores = scorer.score(rows)
    assert [(row.doc_id, row.repeat, row.correct) for row in scores] == [(0, 0, 1.0), (1, 0, 0.0), (0, 1, 0.0)]
    assert scores[0].metrics == {"checked,check": 1.0}
    assert [row.filtered for row in scores[:2]] == ["a diff", ""]


def test_a_check_counts_instead_of_the_score_for_the_attempts_that_have_one(folder: Path) -> None:
    (folder / "issues.csv").write_text("issue,right,folder,tests\nmend add,a,work/one,tests\nwrite add,b,,\n")
    scorer = Scorer(*load(folder, ("input: issue", "input: issue, target: right, score: exact")))
    rows = [replace(ANSWER, doc_id=0, replies=["no"], checked=1.0), replace(ANSWER, doc_id=1, replies=["b"])]
    assert [row.correct for row in scorer.score(rows)] == [1.0, 1.0]


def test_it_cannot_be_exported(folder: Path) -> None:
    with pytest.raises(UserError, match="which lm-eval has no place for"):
        export_task(load(folder)[1], folder / "out")


@pytest.mark.parametrize("name", ["../work", "/etc", "nothing", "link", "work/one/add.py"])
def test_a_folder_is_below_that_of_the_file(folder: Path, name: str) -> None:
    (folder / "link").symlink_to("/")
    with pytest.raises(UserError, match=name):
        task_folder(folder / "issues.csv", name)
    (folder / "issues.csv").write_text(f"issue,folder,tests\nmend add,{name},tests\n")
    with pytest.raises(UserError, match=r"line 2: column 'folder' \(workspace\): "):
        build(load(folder)[1])


def test_the_digest_of_a_folder_is_of_names_kinds_and_contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("1")
    seen = {folder_sha256(tmp_path)}
    for change in (
        lambda: (tmp_path / "a").write_text("2"),
        lambda: (tmp_path / "a").chmod(0o755),
        lambda: (tmp_path / "a").rename(tmp_path / "b"),
        lambda: (tmp_path / "link").symlink_to("/"),
        lambda: (tmp_path / "link").rename(tmp_path / "other-link"),
    ):
        change()
        digest = folder_sha256(tmp_path)
        assert digest not in seen
        seen.add(digest)
    assert folder_sha256(tmp_path) in seen
    monkeypatch.setattr(folders, "MOST_FILES", 1)
    with pytest.raises(UserError, match="holds more than 1 files"):
        folder_sha256(tmp_path)
    (tmp_path / "b").unlink()
    (tmp_path / "other-link").unlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="is neither a file nor a folder"):
        folder_sha256(tmp_path)
