"""Headers of schema 1: 256 tokens that no suite named are none, and files have the limits that they had."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records.upgrade import with_limits_named

OLD: dict[str, Any] = {
    "schema_version": 1,
    "suite": {
        "path": "/s.yaml",
        "suite": {
            "tasks": {
                "select": [
                    {"task": "sums", "limit": 3},
                    {"file": "/a.csv", "score": "label", "max_tokens": None},
                    {"file": "/a.csv", "score": "f1"},
                    {"file": "/a.csv", "score": "number", "max_tokens": None},
                    {"file": "/a.csv", "score": "exact", "max_tokens": 8},
                ]
            }
        },
        "systems": {
            "plain": {"engine": "endpoint", "max_output_tokens": 256},
            "long": {"engine": "endpoint", "max_output_tokens": 2048},
            "both": {"engine": "hybrid", "pool": {"plain": {"max_output_tokens": 256}, "rules": {"engine": "python"}}},
        },
    },
}


def test_limits_mean_what_they_meant() -> None:
    before = copy.deepcopy(OLD)
    suite = with_limits_named(OLD)["suite"]
    assert [each.get("max_tokens") for each in suite["suite"]["tasks"]["select"]] == [None, 32, 64, 256, 8]
    assert "max_tokens" not in suite["suite"]["tasks"]["select"][0]
    systems = suite["systems"]
    assert [systems[name].get("max_output_tokens") for name in ("plain", "long")] == [None, 2048]
    assert systems["both"]["pool"] == {"plain": {"max_output_tokens": None}, "rules": {"engine": "python"}}
    assert before == OLD
    assert with_limits_named(with_limits_named(OLD)) == with_limits_named(OLD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["suite", "systems", "tasks", "select", "pool", "file", "score", "max_output_tokens"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(suite=JSON)
def test_a_damaged_header_is_left_to_who_refuses_it(suite: Any) -> None:
    assert set(with_limits_named({"schema_version": 1, "suite": suite})) == {"schema_version", "suite"}


@pytest.mark.parametrize("raw", [{}, {"suite": None}, {"suite": {"suite": 3, "systems": []}}])
def test_what_is_not_there_is_not_made(raw: dict[str, Any]) -> None:
    assert with_limits_named(raw) == raw
