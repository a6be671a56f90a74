"""A suite that is written from a record."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from wattbench.api.routers.written_suite import WrittenSuite, suite_text
from wattbench.config import HybridSystem, load_suite

SUITE = """
name: demo
tasks: {select: [{task: sums, domain: arithmetic, source: lm_eval}]}
systems:
  define:
    one: {kind: specialist, domain: arithmetic, engine: python, call: "./answers.py:solve"}
"""


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_name_in_a_comment_adds_no_key(tmp_path: Path, end: str) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    resolved = load_suite(str(tmp_path / "suite.yaml"), tasks_exist=False)
    hybrid = HybridSystem.model_validate(
        {"kind": "hybrid", "engine": "hybrid", "members": {"a": "one"}, "fallback": "a",
         "router": {"type": "always", "member": "a"}}
    )  # fmt: skip
    suite = WrittenSuite(resolved, "routed", "", {"sums": [1]}, ["one"], "both", hybrid)
    text = suite_text(suite, tmp_path, [f"of run a{end}added: 1"])
    assert yaml.safe_load(text).keys() == {"name", "description", "tasks", "systems"}
