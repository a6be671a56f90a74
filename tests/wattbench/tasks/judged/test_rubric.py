"""How a task is judged is a part of what identifies its scores; where its files are is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.made_up.suites import suite_of
from wattbench.tasks.judged.rubric import judging_identity

SUITE = """
name: s
tasks: {select: [{file: t.csv, input: q, domain: d, score: {judge: j, rubric: r.md}}]}
systems: {define: {a: {kind: generalist, engine: python, call: "x:y"}}}
judges: {j: {kind: generalist, engine: endpoint, base_url: "http://localhost:1/v1?key=SECRET", model: m}}
"""


def identity(folder: Path, *changes: tuple[str, str], rubric: str = "Be polite.") -> Any:
    folder.mkdir(exist_ok=True)
    (folder / "t.csv").write_text("q\none\n")
    (folder / "r.md").write_text(rubric)
    resolved = suite_of(SUITE, folder, *changes)
    return judging_identity(resolved, resolved.tasks[0])


def test_it_holds_what_decides_a_verdict(tmp_path: Path) -> None:
    known = identity(tmp_path / "one")
    assert identity(tmp_path / "two") == known
    assert identity(tmp_path / "two", ("localhost", "elsewhere")) == known
    assert "SECRET" not in str(known)
    for changes, rubric in (
        ([("model: m", "model: n")], "Be polite."),
        ([("rubric: r.md", "rubric: r.md, scale: 1..5")], "Be polite."),
        ([("model: m", "model: m, prompt: {chat: true}")], "Be polite."),
        ([], "Be short."),
    ):
        assert identity(tmp_path / "three", *changes, rubric=rubric) != known


def test_comments_in_a_rubric_are_for_who_writes_it(tmp_path: Path) -> None:
    known = identity(tmp_path / "one")
    assert known["rubric"] == "Be polite."
    assert identity(tmp_path / "two", rubric="<!-- a\ndraft -->Be polite.\n<!-- more") == known


def test_a_task_without_a_judge_has_none(tmp_path: Path) -> None:
    assert identity(tmp_path, (", score: {judge: j, rubric: r.md}", ", target: q2, score: exact")) is None
