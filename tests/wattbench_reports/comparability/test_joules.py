"""Joules are compared only if they are valid, of one provenance, and measured alike."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.comparability.joules import SystemJoules, same_provenance, why_not_comparable

A, B = (SystemJoules(name, True, True, "counter") for name in "ab")
LABELS = st.sampled_from(["", "counter", "counter+rapl", "declared", "counter+declared", "modelled", "rapl+modelled"])


@pytest.mark.parametrize(
    ("change", "groups", "why"),
    [
        ({}, [("a", "b")], ""),
        ({"stated": False, "valid": False}, [("a", "b")], "b has no joules"),
        ({"valid": False, "provenance": "rapl"}, [("a", "b")], "the measured windows of b are not all valid"),
        ({"provenance": "modelled"}, [("a", "b")], "their joules differ in provenance: counter of a and modelled of b"),
        (
            {"provenance": "counter+modelled"},
            [("a", "b")],
            "their joules differ in provenance: counter of a and counter+modelled of b",
        ),
        ({}, [("a",), ("b",)], "their joules were measured under different conditions or by different meters"),
    ],
)
def test_the_first_condition_that_fails_is_the_reason(
    change: dict[str, object], groups: list[tuple[str]], why: str
) -> None:
    assert why_not_comparable((A, dataclasses.replace(B, **change)), groups) == why


def test_all_systems_that_fail_are_named() -> None:
    bare = [dataclasses.replace(each, stated=False) for each in (A, B)]
    assert why_not_comparable(bare, [("a", "b")]) == "a and b have no joules"


@pytest.mark.parametrize(
    ("change", "why"),
    [({}, ""), ({"stated": False, "valid": False}, "no joules"), ({"valid": False}, "measured windows not all valid")],
)
def test_why_a_system_takes_part_in_no_comparison(change: dict[str, object], why: str) -> None:
    assert dataclasses.replace(A, **change).why_not_usable == why


@given(st.lists(LABELS, max_size=4), LABELS)
def test_what_is_declared_makes_no_difference_and_no_order_does(labels: list[str], other: str) -> None:
    assert same_provenance(["declared", *labels]) == same_provenance(labels) == same_provenance(labels[::-1])
    assert same_provenance([other, other])
    if not same_provenance(labels):
        assert not same_provenance([*labels, other])
