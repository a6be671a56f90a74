"""Patterns over hostile texts: what they extract, and that one which would take for ever is ended."""

from __future__ import annotations

import pytest

from wattbench.errors import UserError
from wattbench.tasks.bounded_pattern import first_matches


@pytest.mark.slow
def test_a_pattern_extracts_its_first_match_and_a_catastrophic_one_is_ended() -> None:
    assert first_matches(r"(?:answer|result): *(\w+)|^(\d+) ", ["answer: a, result: b", "12 apples", "none", ""]) == {
        "answer: a, result: b": "a",
        "12 apples": "12",
    }
    with pytest.raises(UserError, match=r"takes over 0.3 s for one answer \('aaaa.*Repetitions inside repetitions"):
        first_matches(r"(a+)+$", ["b", "a" * 60 + "!"], text_s=0.3)


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "(?P<x>a)(?P<x>b)", "a{99999999999}"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(UserError, match="not a regular expression"):
        first_matches(pattern, ["a"])
