"""Nothing that only looks runs code: a suite full of traps is planned, and no trap springs."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click.testing
import pytest

from tests.made_up.repositories import git
from wattbench.cli import main
from wattbench.config import Resolved, TaskChoice, load_suite
from wattbench.errors import UserError
from wattbench.measure.code_to_run import code_to_run
from wattbench.measure.preview import preview
from wattbench.repository import repository_state
from wattbench.systems.python import PythonEngine
from wattbench.tasks.loading import code_of_task, load_task, outline_task

TASK = (
    "dataset_path: json\ndataset_kwargs: {{data_files: {documents}}}\ntest_split: train\noutput_type: generate_until\n"
    'doc_to_text: "{{{{q}}}}"\ndoc_to_target: "{{{{a}}}}"\n'
)
MODULE = "from pathlib import Path\nPath({sprung!r}).touch()\n\n\ndef load(*_, **__):\n    return None\n"

TRAPS = {
    "function": "process_docs: !function trap.load\n",
    "unused": "x: [{y: !function trap.load}]\n",
    "percent": "process_docs: !func%74ion trap.load\n",
    "verbatim": "process_docs: !<!function> trap.load\n",
    "included": "include: [shared]\n",
    "included_by_merge": "base: &b {include: shared}\n<<: *b\n",
    "overridden": "include: shared\nprocess_docs: null\n",
    "metric": "metric_list: [{metric: TRAP, aggregation: mean, higher_is_better: true}]\n",
    "hf_evaluate": "metric_list: [{metric: exact_match, hf_evaluate: true}]\n",
    "class": "class: trap.load\n",
    "class_function": "class: !function trap.load\n",
}
"""What a stranger's task file can hold that runs code when the task is loaded."""


@pytest.fixture
def sprung(tmp_path: Path) -> Iterator[Path]:
    """A file that every trap makes."""
    sprung = tmp_path / "sprung"
    before = set(sys.modules)
    yield sprung
    for name in set(sys.modules) - before:
        if "trap" in name:
            del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path, sprung: Path) -> Path:
    """A suite whose system, tasks and meter are traps."""
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    (tasks / "trap.py").write_text(MODULE.format(sprung=str(sprung)))
    (tasks / "shared").write_text("process_docs: !function trap.load\n")
    (tmp_path / "documents.jsonl").write_text(json.dumps({"q": "1 + 1", "a": "2"}) + "\n")
    shared = TASK.format(documents=tmp_path / "documents.jsonl")
    for name, trap in TRAPS.items():
        text = trap.replace("TRAP", str(tasks / "trap.py"))
        (tasks / f"{name}.yaml").write_text(f"task: {name}\n{shared}{text}")
    (tasks / "honest.yaml").write_text(f"task: honest\n{shared}")
    (tmp_path / "suite.yaml").write_text(
        "name: traps\n"
        f"tasks: {{include: [tasks], select: [{', '.join(f'{{task: {n}, domain: x}}' for n in [*TRAPS, 'honest'])}]}}\n"
        "systems:\n  define:\n"
        "    own: {kind: specialist, engine: python, call: './tasks/trap.py:load'}\n"
        "    both: {kind: hybrid, engine: hybrid, members: {x: own}, router: {type: random}}\n"
        "    served: {kind: generalist, engine: endpoint, base_url: 'http://127.0.0.1:{port}/v1',\n"
        f"      serve: {{command: 'touch {sprung} {{port}} --key sesame'}}}}\n"
        "meters:\n"
        "  - {use: external, component: wall, command: "
        f"{{run: 'touch {sprung} --key sesame', power_unit: W, pattern: '([0-9]+)'}}}}\n"
    )
    return tmp_path


@pytest.fixture
def resolved(folder: Path) -> Resolved:
    return load_suite(str(folder / "suite.yaml"))


@pytest.mark.parametrize("arguments", [("plan", "suite.yaml"), ("schema",), ("plan", "--help")])
def test_what_only_looks_springs_no_trap(
    folder: Path, sprung: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(folder)
    done = click.testing.CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    assert not sprung.exists()
    assert "sesame" not in done.output


def test_a_plan_names_whose_code_a_run_would_run(resolved: Resolved, sprung: Path) -> None:
    named = code_to_run(resolved)
    assert f"system 'own' ({resolved.path.parent}/tasks/trap.py:load)" in named
    assert "system 'served' (the program touch)" in named
    assert "meter of wall (the program touch)" in named
    assert {name for name in TRAPS if any(line.startswith(f"task {name!r} (") for line in named)} == set(TRAPS)
    assert not any("honest" in line for line in named)
    assert not sprung.exists()


def test_documents_of_a_task_without_code_are_counted_and_the_rest_is_said(resolved: Resolved) -> None:
    seen = preview(resolved)
    assert {cell.choice.task: cell.items for cell in seen.cells} == dict.fromkeys(TRAPS) | {"honest": 1}
    [said] = [note for note in seen.notes if "plan --load" in note]
    assert all(name in said for name in TRAPS)


def test_asked_to_load_it_says_first_what_runs(folder: Path, sprung: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    done = click.testing.CliRunner().invoke(main, ["suites", "plan", "suite.yaml", "--load", "--tasks", "honest"])
    assert f"--load: may run system 'own' ({folder}/tasks/trap.py:load)" in done.stderr
    assert sprung.exists()  # the trap is one: the system was imported


@pytest.mark.parametrize("task", ["function", "unused", "percent", "verbatim", "included", "overridden"])
def test_every_way_to_write_a_function_is_a_trap_indeed(resolved: Resolved, sprung: Path, task: str) -> None:
    with contextlib.suppress(UserError):  # the function is no good, which is said once it has run
        load_task(resolved, TaskChoice(task=task, domain="x"))
    assert sprung.exists()


def test_a_task_of_an_included_folder_that_has_a_name_of_lm_evals_is_the_suites(resolved: Resolved) -> None:
    code = code_of_task(resolved, TaskChoice(task="function", domain="x"))
    assert code.a_strangers
    assert code.named == ("trap.load",)


def test_a_callable_is_looked_for_and_not_imported(resolved: Resolved, sprung: Path, tmp_path: Path) -> None:
    own: Any = resolved.systems["own"]
    PythonEngine.look("own", own)
    for call, said in ((f"{tmp_path}/none.py:load", "no such file"), ("no_such_package.x:load", "no module")):
        with pytest.raises(UserError, match=said):
            PythonEngine.look("own", own.model_copy(update={"call": call}))
    PythonEngine.look("own", own.model_copy(update={"call": "json.tool:main"}))
    assert not sprung.exists()
    assert "json.tool" not in sys.modules


def test_wattbenchs_own_tasks_are_read(folder: Path) -> None:
    shipped = load_suite("quick")
    some = replace(shipped, systems={}).narrowed(limit=2)
    assert not any(code_of_task(some, choice).a_strangers for choice in some.tasks)
    assert [line for line in code_to_run(some) if line.startswith("wattbench's own tasks")]
    assert {outline.local for choice in some.tasks if (outline := outline_task(some, choice))} == {True}


def test_a_plan_asks_no_git_and_git_runs_no_monitor_of_the_repository(
    folder: Path, sprung: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(folder, "init", "--quiet")
    (folder / ".gitattributes").write_text("*.jsonl filter=trap\n")
    git(folder, "add", "documents.jsonl")
    git(folder, "config", "core.fsmonitor", f"touch {sprung}; false")
    git(folder, "config", "filter.trap.clean", f"touch {sprung}; cat")
    os.utime(folder / "documents.jsonl", (0, 0))  # git has to look at its content
    path = folder / "suite.yaml"
    path.write_text(path.read_text() + "gate: {metrics: {accuracy: {margin: 5 points}}}\n")
    monkeypatch.chdir(folder)
    done = click.testing.CliRunner().invoke(main, ["suites", "plan", "suite.yaml", "--tasks", "honest"])
    assert done.exit_code == 0, done.output
    assert not sprung.exists()
    git(folder, "config", "--unset", "filter.trap.clean")
    assert repository_state(folder)["repository"]["uncommitted_files"]
    assert not sprung.exists()


def test_nobody_is_asked_on_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "tasks" / "trap.py").write_text("asked = input('May it run? ')\n")
    monkeypatch.chdir(folder)
    done = click.testing.CliRunner().invoke(
        main, ["suites", "plan", "suite.yaml", "--load", "--systems", "own", "--tasks", "honest"], input="yes\n"
    )
    assert done.exit_code == 2
    assert "EOFError" in done.stderr
