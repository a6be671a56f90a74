"""Where a policy is found, and what is said where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.config import GatePolicy
from wattbench.errors import UserError
from wattbench.scenarios.interleaved.find_suite import find_policy

TABLE = '[tool.wattbench.gate]\nblock = 3\n[tool.wattbench.gate.metrics]\naccuracy = {margin = "2 points"}\n'


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder below one that has a `pyproject.toml` with a policy; between them is one without."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    below = tmp_path / "package" / "src"
    below.mkdir(parents=True)
    (tmp_path / "package" / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    return below


def test_a_file_goes_before_the_suite_which_goes_before_the_project(here: Path, tmp_path: Path) -> None:
    bare = tmp_path / "policy.toml"
    bare.write_text("block = 5\n")
    own = GatePolicy(block=4)
    assert find_policy(bare, own, here) == (GatePolicy(block=5), str(bare))
    assert find_policy(None, own, here) == (own, "the suite")
    policy, source = find_policy(None, None, here)
    assert policy.block == 3
    assert policy.metrics["accuracy"].margin == 0.02
    assert source == f"{tmp_path / 'pyproject.toml'} [tool.wattbench.gate]"
    (tmp_path / "pyproject.toml").unlink()
    assert find_policy(None, None, here) == (GatePolicy(), "the defaults")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("policy.toml", TABLE),
        ("policy.toml", 'block = 3\nmetrics = {accuracy = {margin = "2 points"}}\n'),
        ("policy.yaml", "block: 3\nmetrics: {accuracy: {margin: 2 points}}\n"),
        ("policy.yml", "gate:\n  block: 3\n  metrics: {accuracy: {margin: 2 points}}\n"),
    ],
)
def test_every_form_says_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    policy, _ = find_policy(tmp_path / name, None, tmp_path)
    assert (policy.block, list(policy.metrics), policy.metrics["accuracy"].margin) == (3, ["accuracy"], 0.02)


def test_shares_and_counts_have_words_too(tmp_path: Path) -> None:
    text = "metrics: {accuracy: {margin: 5 points, each_domain: 10 points}}\ndrift: 3%\nreloads: 2\n"
    (tmp_path / "policy.yaml").write_text(text)
    policy, _ = find_policy(tmp_path / "policy.yaml", None, tmp_path)
    assert (policy.metrics["accuracy"].each_domain, policy.drift, policy.reloads) == (0.1, 0.03, 2)
    assert (GatePolicy().drift, GatePolicy().reloads) == ("measured", "auto")


def test_a_calibration_lies_beside_the_file_that_names_it(here: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.wattbench.gate]\ncalibration = "noise.json"\n')
    assert find_policy(None, None, here)[0].calibration == tmp_path / "noise.json"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("p.toml", TABLE.replace("block", "blocks"), r"p.toml: tool.wattbench.gate.blocks: unknown key; did you"),
        ("p.toml", TABLE.replace("points", "%"), r"tool.wattbench.gate: the margin of accuracy is in points"),
        ("p.toml", "alpha = 0.7\n", r"p.toml: alpha: input should be less than 0.5"),
        ("p.yaml", "metrics: {accuracy: {margin: 0.1, each_domain: 5%}}\n", r"each_domain of accuracy is in points"),
        ("p.yaml", "metrics: {ttft: {margin: 0.1, each_domain: 0.2}}\n", r"metrics.ttft: each_domain goes with"),
        ("p.yaml", "reloads: never\n", r"p.yaml:1: reloads"),
        ("p.yaml", "reloads: -1\n", r"p.yaml:1: reloads"),
        ("p.yaml", "drift: 100%\n", r"p.yaml:1: drift"),
        ("p.toml", "tool = {wattbench = {gate = 3}}\n", r"p.toml: tool.wattbench.gate: must be a table of keys"),
        ("p.toml", "alpha = \n", r"p.toml: not valid TOML"),
        ("p.toml", "a = " + "[" * 5000, r"p.toml: not valid TOML"),
        ("p.yaml", "block: 8\nalfa: 0.1\n", r"p.yaml:2: alfa: unknown key; did you mean 'alpha'"),
        ("p.yaml", "gate:\n  alfa: 0.1\n", r"p.yaml:2: gate.alfa: unknown key"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_by_file_and_key(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=expected):
        find_policy(tmp_path / name, None, tmp_path)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        find_policy(tmp_path / "none.toml", None, tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe9'\n")
    with pytest.raises(UserError, match="not valid TOML"):
        find_policy(tmp_path / "latin.toml", None, tmp_path)
    with pytest.raises(UserError, match="it is a folder"):
        find_policy(tmp_path / "folder.toml", None, _folder(tmp_path))


def _folder(tmp_path: Path) -> Path:
    (tmp_path / "folder.toml").mkdir()
    return tmp_path
