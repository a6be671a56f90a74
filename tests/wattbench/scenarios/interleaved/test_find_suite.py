"""Which suite and which system a gate against a base takes where the command names none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.repositories import repository
from wattbench.config import GatePolicy, load_suite
from wattbench.errors import UserError
from wattbench.scenarios.interleaved.find_suite import find_suite, find_system


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "project")


def second_suite(root: Path) -> Path:
    path = root / "gates" / "other.yaml"
    path.write_text((root / "gates" / "tickets.yaml").read_text())
    return path


def test_the_only_suite_with_a_gate_is_taken_from_anywhere_in_the_repository(root: Path) -> None:
    (root / "gates" / "plain.yaml").write_text("tasks: {}\nsystems: {}\n# no gate here\n")
    (root / "broken.yml").write_text("gate: [\n")
    for folder in (root, root / "tasks"):
        assert find_suite(None, None, folder) == (
            str(root / "gates" / "tickets.yaml"), "the only suite with gate: in this repository",
        )  # fmt: skip


def test_the_command_goes_before_the_policy_which_goes_before_the_search(root: Path, tmp_path: Path) -> None:
    other = second_suite(root)
    (root / "pyproject.toml").write_text("[tool.wattbench.gate]\nsuite = 'gates/other.yaml'\n")
    assert find_suite(None, None, root / "tasks") == (
        str(other), f"which {root / 'pyproject.toml'} [tool.wattbench.gate] names",
    )  # fmt: skip
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"suite: {root}/gates/tickets.yaml\n")
    assert find_suite(None, policy, root)[0] == str(root / "gates" / "tickets.yaml")
    assert find_suite("mine.yaml", policy, root) == ("mine.yaml", "as named")


def test_several_suites_are_listed_and_none_is_said(root: Path) -> None:
    second_suite(root)
    with pytest.raises(UserError, match=r"2 suites have gate: \(gates/other.yaml, gates/tickets.yaml\)"):
        find_suite(None, None, root)
    for path in (root / "gates").iterdir():
        path.unlink()
    with pytest.raises(UserError, match=r"no suite in this repository has gate: \(YAML files: 1\)"):
        find_suite(None, None, root)


def test_outside_of_a_repository_there_is_nothing_to_find(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="gate --base: not a git repository"):
        find_suite(None, None, tmp_path)


def test_a_suite_may_not_name_another(root: Path) -> None:
    path = root / "gates" / "tickets.yaml"
    path.write_text(path.read_text().replace("gate: {", "gate: {suite: other.yaml, "))
    with pytest.raises(UserError, match="the key belongs into"):
        load_suite(str(path))


def test_a_system_is_named_or_the_only_one(root: Path) -> None:
    path = root / "gates" / "tickets.yaml"
    one = load_suite(str(path))
    assert find_system(one, None, GatePolicy(), root) == "rules"
    path.write_text(path.read_text().replace("define: {", "define: {more: {kind: moe, engine: python, call: 'm:f'}, "))
    two = load_suite(str(path))
    with pytest.raises(UserError, match=r"2 systems \(more, rules\); name the one to compare with its base"):
        find_system(two, None, GatePolicy(), root)
    assert find_system(two, None, GatePolicy(system="more"), root) == "more"
    assert find_system(two, "rules", GatePolicy(system="more"), root) == "rules"
    (root / "pyproject.toml").write_text("[tool.wattbench.gate]\nsystem = 'rules'\n")
    assert find_system(two, None, GatePolicy(), root) == "rules"
    with pytest.raises(UserError, match="no system 'rulez' in this suite; did you mean 'rules'"):
        find_system(two, "rulez", GatePolicy(), root)
