"""A system as the suite of a base has it, and what differs from the working tree's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.made_up.repositories import commit, repository
from wattbench.config import Checkout, GatePolicy, HybridSystem, PythonSystem, load_suite
from wattbench.errors import UserError
from wattbench.repository import changes_since, worktree
from wattbench.scenarios.interleaved.base_system import (
    BaseSystem,
    Checkouts,
    Differences,
    base_system,
    differences,
    digest_of,
    with_checkout,
)

SUITE = Path("gates", "tickets.yaml")
MODEL = """\
name: tickets
tasks: {include: [../tasks], select: [{task: tickets, domain: support}]}
systems:
  define:
    model:
      kind: specialist
      engine: transformers
      weights: {path: ../../../shared/model}
      adapter: ../adapter
      prompt: {fewshot: 0, system: /not/a/file}
gate: {metrics: {accuracy: {margin: 5 points}}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The working tree of a repository with a model, whose adapter is a folder of one file."""
    made = repository(tmp_path / "one" / "project")
    (made / SUITE).write_text(MODEL)
    (made / "adapter").mkdir()
    (made / "adapter" / "weights.safetensors").write_text("old")
    commit(made, "a model")
    return made


@contextmanager
def base(root: Path, name: str = "model") -> Iterator[tuple[BaseSystem, Checkouts]]:
    with worktree(root, "HEAD") as tree:
        checkouts = Checkouts(root, tree, "main, its last commit")
        yield base_system(checkouts, SUITE, name, load_suite(str(root / SUITE))), checkouts


def compared(root: Path, name: str = "model", before: GatePolicy | None = None) -> Differences:
    with base(root, name) as (system, checkouts):
        working = load_suite(str(root / SUITE))
        changes = changes_since(root, "HEAD", root / "runs")
        return differences(checkouts, system, working.systems[name], changes, (before, working.suite.gate))


def test_its_files_are_the_base_s_and_what_is_outside_is_shared(root: Path, tmp_path: Path) -> None:
    with base(root) as (system, checkouts):
        assert system.config.adapter == checkouts.tree / "adapter"
        assert system.config.weights.path == tmp_path / "shared" / "model"
        assert system.config.prompt.system == "/not/a/file"
        assert system.shared == (str(tmp_path / "shared" / "model"),)


def test_a_file_that_git_ignores_is_the_working_tree_s_for_both(root: Path) -> None:
    text = MODEL.replace("../../../shared/model", "../model.bin")
    (root / SUITE).write_text(text)
    commit(root, "a model in the repository")
    (root / "model.bin").write_text("weights")
    with base(root) as (system, _):
        assert system.config.weights.path == root / "model.bin"
        assert system.shared == ("model.bin",)
    (root / ".gitignore").write_text("")
    with (
        pytest.raises(UserError, match=r"model.bin is missing in main, its last commit, whose system needs it"),
        base(root),
    ):
        pass


def test_a_solver_of_inspect_ai_is_the_base_s_unless_git_ignores_it(root: Path) -> None:
    suite = MODEL[: MODEL.index("      engine:")] + (
        '      engine: inspect\n      base_url: "http://127.0.0.1:9/v1"\n      model: m\n'
        "      solver: ../mine.py@best\n"
    )
    (root / SUITE).write_text(suite)
    (root / "mine.py").touch()
    commit(root, "a solver")
    with base(root) as (system, checkouts):
        assert system.config.solver == f"{checkouts.tree}/mine.py@best"
    (root / ".gitignore").write_text("other.py\n")
    (root / SUITE).write_text(suite.replace("mine.py", "other.py"))
    commit(root, "a solver that is not committed")
    (root / "other.py").touch()
    with base(root) as (system, _):
        assert system.config.solver == f"{root}/other.py@best"
        assert system.shared == ("other.py",)


def test_nothing_differs(root: Path) -> None:
    (root / "tasks" / "tickets.yaml").write_text("changed")
    (root / "README.md").write_text("new")
    (root / "rules.py").write_text("changed")
    found = compared(root)
    assert not found.concern_the_system
    assert found.notes[0] == (
        "Baseline: the system of main, its last commit. Candidate: the working tree, with uncommitted changes in "
        "README.md, rules.py, tasks/tickets.yaml."
    )
    assert found.notes[1] == (
        "Not of the system, so the working tree's for both: README.md, rules.py, tasks/tickets.yaml."
    )


def test_a_changed_file_of_its_folder_and_a_changed_setting_count(root: Path) -> None:
    (root / "adapter" / "weights.safetensors").write_text("new")
    (root / "adapter-2").mkdir()
    (root / SUITE).write_text(MODEL.replace("fewshot: 0", "fewshot: 2").replace("../adapter", "../adapter-2"))
    found = compared(root)
    assert found.settings == ("prompt.fewshot: 0 → 2", "adapter: adapter → adapter-2")
    assert found.files == ("adapter/weights.safetensors",)


def test_any_file_may_concern_a_system_that_runs_code(root: Path) -> None:
    (root / SUITE).write_text(
        MODEL.replace("define:\n", 'define:\n    rules: {kind: moe, engine: python, call: "../rules.py:topic"}\n')
    )
    commit(root, "rules")
    (root / "lexicon.md").write_text("")
    assert compared(root, "rules").files == ("lexicon.md",)
    assert not compared(root, "model").files


def test_a_changed_policy_is_said(root: Path) -> None:
    found = compared(root, before=GatePolicy.model_validate({"metrics": {"accuracy": {"margin": 0.01}}}))
    assert "The policy was changed, and the new one judges: metrics.accuracy.margin: 0.01 → 0.05." in found.notes
    assert not found.concern_the_system


def test_many_files_are_counted(root: Path) -> None:
    for number in range(12):
        (root / "adapter" / f"{number:02}").write_text("")
    assert any("adapter/07 and 4 more." in note for note in compared(root).notes)


def test_a_base_without_the_suite_or_the_system_says_what_to_do(root: Path) -> None:
    with (
        pytest.raises(UserError, match=r"no system 'rules' in main, its last commit \(systems: model\)"),
        base(root, "rules"),
    ):
        pass
    (root / SUITE).rename(root / "gates" / "new.yaml")
    commit(root, "renamed")
    (root / SUITE).write_text(MODEL)
    with pytest.raises(UserError, match=r"gates/tickets.yaml does not exist in main, its last commit"), base(root):
        pass


def test_a_broken_suite_of_the_base_is_said_with_its_place(root: Path) -> None:
    (root / SUITE).write_text(MODEL.replace("engine: transformers", "engine: transformer"))
    commit(root, "broken")
    (root / SUITE).write_text(MODEL)
    with pytest.raises(UserError, match=rf"in main, its last commit: {root / SUITE}:\d+: .*transformer"), base(root):
        pass


def test_tasks_that_the_base_lacks_are_no_obstacle(root: Path) -> None:
    (root / SUITE).write_text(MODEL.replace("../tasks", "../tasks-of-old"))
    commit(root, "other tasks")
    (root / SUITE).write_text(MODEL)
    with base(root) as (system, _):
        assert system.config.kind == "specialist"


def test_a_checkout_reaches_the_members_of_a_hybrid(root: Path) -> None:
    rules = PythonSystem(kind="specialist", engine="python", call="rules:topic")
    hybrid = HybridSystem.model_validate(
        {"kind": "hybrid", "engine": "hybrid", "members": {"a": "rules"}, "router": {"type": "always", "member": "a"}}
    ).model_copy(update={"pool": {"rules": rules}})
    where = Checkout(root=root, working_tree=root)
    marked = with_checkout(hybrid, where)
    assert isinstance(marked, HybridSystem)
    assert marked.pool["rules"].checkout == where
    assert rules.checkout is None


def test_a_checkout_cannot_be_written_by_hand(root: Path) -> None:
    (root / SUITE).write_text(
        MODEL.replace("define:\n", "define:\n    rules: {kind: moe, engine: python, call: 'm:f', "
                      "checkout: {root: /a, working_tree: /b}}\n")
    )  # fmt: skip
    with pytest.raises(UserError, match="checkout is filled in by gate --base"):
        load_suite(str(root / SUITE))


def test_a_digest_is_of_contents(root: Path) -> None:
    before = digest_of(root, ["rules.py", "gone.py"])
    assert before == digest_of(root, ["gone.py", "rules.py"])
    (root / "gone.py").write_text("")
    assert digest_of(root, ["rules.py", "gone.py"]) != before
