"""`power_limit_w` in the suite file: which systems may have it, and what it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.suites import suite_of
from wattbench.config import Resolved, power_limit_of, resolved_from_record
from wattbench.errors import UserError

SUITE = """
name: demo
tasks:
  select: [{{task: sums, domain: arithmetic}}]
systems:
  define:
    one: {{kind: generalist, {one}}}
    two: {{kind: generalist, engine: lm_eval, model: dummy{two}}}
    rule: {{kind: specialist, engine: python, call: "./answers.py:add"}}
    both: {{kind: hybrid, engine: hybrid, members: {members}, router: {{type: oracle}}}}
"""
DUMMY = "engine: lm_eval, model: dummy"


def load(folder: Path, one: str = DUMMY, two: str = "", members: str = "{arithmetic: rule}") -> Resolved:
    return suite_of(SUITE.format(one=one, two=two, members=members), folder)


@pytest.mark.parametrize(
    "one",
    [
        DUMMY,
        "engine: transformers, weights: {hub: a/b}",
        "engine: transformers, weights: {hub: a/b}, device: 'cuda:1'",
        "engine: endpoint, base_url: 'http://localhost:8000/v1'",
        "engine: endpoint, serve: {command: 'serve --port {port}'}, base_url: 'http://localhost:{port}/v1'",
        "engine: lm_eval, model: local-completions, args: {base_url: 'http://127.0.0.1:8000'}",
    ],
)
def test_systems_that_may_use_this_machine_s_gpus_have_it(tmp_path: Path, one: str) -> None:
    resolved = load(tmp_path, f"{one}, power_limit_w: 250")
    assert power_limit_of(resolved.systems["one"]) == 250
    assert power_limit_of(resolved.systems["two"]) is None
    again = resolved_from_record(resolved.as_record())
    assert power_limit_of(again.systems["one"]) == 250


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        ("engine: python, call: './answers.py:add'", "power_limit_w: unknown key"),
        ("engine: transformers, weights: {hub: a/b}, device: cpu",
         "suite.yaml:7: system 'one': power_limit_w: only limits of NVIDIA GPUs can be set, and its device is cpu"),
        ("engine: endpoint, base_url: 'http://gpu-box:8000/v1'",
         "suite.yaml:7: system 'one': power_limit_w: it runs on gpu-box, and only limits of this machine's GPUs can be "
         "set"),
        ("engine: endpoint, service: openai, model: gpt", "only limits of this machine's GPUs can be set"),
        ("engine: lm_eval, model: x, args: {base_url: 'http://gpu-box/v1'}", "it runs on gpu-box"),
    ],
)  # fmt: skip
def test_other_systems_are_refused_it(tmp_path: Path, one: str, expected: str) -> None:
    with pytest.raises(UserError) as refused:
        load(tmp_path, f"{one}, power_limit_w: 250")
    assert expected in str(refused.value)


@pytest.mark.parametrize("given", ["0", "-5", ".inf", ".nan", "1e9", "many", "[150, 250]"])
def test_it_is_a_number_of_watts(tmp_path: Path, given: str) -> None:
    with pytest.raises(UserError, match="power_limit_w"):
        load(tmp_path, f"{DUMMY}, power_limit_w: {given}")


def test_a_hybrid_is_asked_under_the_limit_of_its_members(tmp_path: Path) -> None:
    members = "{arithmetic: one, rest: two, rules: rule}"
    limited = load(tmp_path, f"{DUMMY}, power_limit_w: 250", ", power_limit_w: 250", members)
    assert power_limit_of(limited.systems["both"]) == 250
    assert power_limit_of(load(tmp_path, members=members).systems["both"]) is None
    with pytest.raises(UserError) as refused:
        load(tmp_path, f"{DUMMY}, power_limit_w: 250", members=members)
    assert str(refused.value).endswith(
        "suite.yaml:10: system 'both': power_limit_w: the members of a hybrid are asked under one limit (here: one "
        "250 W, two none)"
    )


def test_it_changes_what_a_suite_measures_and_its_absence_does_not(tmp_path: Path) -> None:
    hashes = [load(tmp_path, DUMMY + limit).sha256 for limit in ("", ", power_limit_w: 150", ", power_limit_w: 250")]
    assert len({*hashes}) == 3
    assert load(tmp_path, DUMMY + ", power_limit_w: null").sha256 == hashes[0]
