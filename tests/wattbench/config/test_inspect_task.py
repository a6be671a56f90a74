"""A task of inspect_ai in a suite: by its file or its name, and only for systems that run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.config import InspectTask, Resolved, load_suite, resolved_from_record
from wattbench.errors import UserError
from wattbench.measure.code_to_run import code_to_run
from wattbench.measure.plan import check_pair
from wattbench.tasks.loading import TaskOutline

SUITE = """\
name: mixed
tasks:
  select:
    - {inspect: ./evals.py@repair, limit: 5, args: {level: 2}}
    - {inspect: inspect_evals/gsm8k, domain: maths, metric: match}
systems:
  define:
    solver: {kind: generalist, engine: inspect, base_url: "http://127.0.0.1:9/v1", model: m, solver: ./mine.py@best}
    plain: {kind: generalist, engine: endpoint, base_url: "http://127.0.0.1:9/v1", model: m}
"""


def suite(folder: Path, *changes: tuple[str, str]) -> Resolved:
    text = SUITE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "evals.py").touch()
    (folder / "suite.yaml").write_text(text)
    return load_suite(str(folder / "suite.yaml"))


def test_files_are_relative_to_the_suite_and_names_follow_from_the_tasks(tmp_path: Path) -> None:
    resolved = suite(tmp_path)
    repair, gsm8k = resolved.tasks
    assert isinstance(repair, InspectTask)
    assert (repair.task, repair.domain, repair.inspect) == ("repair", "repair", f"{tmp_path}/evals.py@repair")
    assert (gsm8k.task, gsm8k.domain, gsm8k.inspect) == ("gsm8k", "maths", "inspect_evals/gsm8k")
    assert (repair.files(), gsm8k.files()) == ({"inspect": tmp_path / "evals.py"}, {})
    assert resolved.systems["solver"].solver == f"{tmp_path}/mine.py@best"


def test_a_record_of_the_suite_is_read_back(tmp_path: Path) -> None:
    resolved = suite(tmp_path)
    again = resolved_from_record(resolved.as_record())
    assert again.tasks == resolved.tasks
    assert again.sha256 == resolved.sha256


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("./evals.py@repair", "./gone.py@repair"), r"yaml:4: tasks\.select\.0\.inspect: no such file: .*gone\.py"),
        (("./evals.py@repair", "./evals.py"), r"yaml:4: .*write file\.py@name, or the name of what is installed"),
        (("./evals.py@repair", "a/b/c"), r"suite\.yaml:4: .*write file\.py@name"),
        (("level: 2", "level: 2026-01-02"), r"suite\.yaml:4: .*args: .*quote a date"),
        (("level: 2}", "level: 2}, input: text"), r"suite\.yaml:4: .*input: unknown key"),
        (("inspect: inspect_evals/gsm8k", "inspect: inspect_evals/repair"), r"task 'repair' is selected twice"),
        (("./mine.py@best", "./mine.py"), r"suite\.yaml:\d+: .*solver: .*write file\.py@name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        suite(tmp_path, change)


def test_only_inspect_ai_is_asked_its_tasks_and_no_others(tmp_path: Path) -> None:
    resolved = suite(tmp_path)
    outline = TaskOutline(resolved.tasks[0], "generate_until")
    check_pair(resolved, "solver", resolved.systems["solver"], outline, allow_unsafe_code=False)
    with pytest.raises(UserError, match=r"'plain' on task 'repair': inspect_ai solves .* engine: endpoint cannot"):
        check_pair(resolved, "plain", resolved.systems["plain"], outline, allow_unsafe_code=False)
    other = TaskOutline(resolved.tasks[0].as_included(), "generate_until")
    with pytest.raises(UserError, match=r"'solver' on task 'repair': engine: inspect runs tasks of inspect_ai"):
        check_pair(resolved, "solver", resolved.systems["solver"], other, allow_unsafe_code=False)


@pytest.mark.parametrize(
    ("sandbox", "expected"), [("local", "with your rights"), ("docker:compose.yml", "in a sandbox: docker")]
)
def test_a_plan_says_whose_solver_is_run_and_how_it_is_shut_in(tmp_path: Path, sandbox: str, expected: str) -> None:
    resolved = suite(tmp_path, ("solver: ./mine.py@best}", f"solver: ./mine.py@best, sandbox: '{sandbox}'}}"))
    solver = f"the solver {tmp_path}/mine.py@best"
    line = f"system 'solver' ({solver}, an agent, and what its model has it run, {expected})"
    assert line in code_to_run(resolved)
