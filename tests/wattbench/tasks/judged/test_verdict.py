"""Verdicts are read strictly: what is not exactly one is none, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.config.judged import JudgedBy
from wattbench.tasks.judged.verdict import read_verdict


def judged(scale: str) -> JudgedBy:
    return JudgedBy(judge="j", rubric=Path("/rubric.md"), scale=scale)


@pytest.mark.parametrize(
    ("scale", "reply", "score"),
    [
        ("pass", "It is polite.\nVerdict: pass", 1.0),
        ("pass", "Verdict: fail", 0.0),
        ("pass", "No.\n\n**Verdict: FAIL.**\n\n", 0.0),
        ("pass", "**Verdict:** pass", 1.0),
        ("pass", "> verdict : `pass`", 1.0),
        ("pass", "Verdict: pass\r\nVerdict: pass\r\n", 1.0),
        ("pass", "<think>Verdict: fail\nor pass?</think>\nVerdict: pass", 1.0),
        ("1..5", "Verdict: 1", 0.0),
        ("1..5", "Verdict: 4.", 0.75),
        ("0..100", "Verdict: 100", 1.0),
        ("3..4", "Verdict: 04", 1.0),
        ("pair", "Verdict: A", 1.0),
        ("pair", "Verdict: b", 0.0),
        ("pair", "Verdict: tie", 0.5),
    ],
)
def test_verdicts_that_can_be_read(scale: str, reply: str, score: float) -> None:
    read = read_verdict(reply, judged(scale))
    assert (read.score, read.why) == (score, None)


@pytest.mark.parametrize(
    ("scale", "reply", "why"),
    [
        ("pass", "", "the judge's reply is empty"),
        ("pass", "<think>hm</think>  ", "the judge's reply is empty"),
        ("pass", "<think>Verdict: pass", "the judge's thoughts did not end"),
        ("pass", "pass", "the reply has no line with a verdict"),
        ("pass", "The verdict: pass", "the reply has no line with a verdict"),
        ("pass", "Verdict: pass\nVerdict: fail", "the reply has 2 verdicts that differ"),
        ("pass", "> Verdict: pass\nquoted it says.\nVerdict: fail", "the reply has 2 verdicts that differ"),
        ("pass", "Verdict: pass\nAs it is polite.", "the reply goes on after its verdict"),
        ("pass", "Verdict: pass or fail", "'pass or fail' is no verdict on the scale pass"),
        ("pass", "Verdict:", "'' is no verdict on the scale pass"),
        ("pass", "Verdict: 1", "'1' is no verdict on the scale pass"),
        ("1..5", "Verdict: 4.5", "'4.5' is no verdict on the scale 1..5"),
        ("1..5", "Verdict: .5", "'.5' is no verdict on the scale 1..5"),
        ("1..5", "Verdict: 4/5", "'4/5' is no verdict on the scale 1..5"),
        ("1..5", "Verdict: 0", "'0' is no verdict on the scale 1..5"),
        ("1..5", "Verdict: 6", "'6' is no verdict on the scale 1..5"),
        ("1..5", "Verdict: -3", "'-3' is no verdict on the scale 1..5"),
        ("1..5", "Verdict: ٤", "'٤' is no verdict on the scale 1..5"),
        ("1..5", "Verdict: four", "'four' is no verdict on the scale 1..5"),
        ("pair", "Verdict: A and B", "'a and b' is no verdict on the scale pair"),
        ("pair", "Verdict: C", "'c' is no verdict on the scale pair"),
    ],
)
def test_what_cannot_be_read_is_not_judged(scale: str, reply: str, why: str) -> None:
    read = read_verdict(reply, judged(scale))
    assert (read.score, read.why) == (None, why)


def test_a_reply_that_was_cut_says_so() -> None:
    assert read_verdict("First,", judged("pass"), cut_at=1024).why == (
        "the reply has no line with a verdict (it was cut at 1,024 tokens)"
    )


SCALES = st.sampled_from(["pass", "1..5", "0..10", "pair"])
PIECES = st.sampled_from(
    ["Verdict:", "verdict", ":", " ", "\n", "pass", "fail", "A", "tie", "3", "5", ".", "*", "</think>"]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join), SCALES)
def test_any_reply_has_a_score_from_0_to_1_or_a_reason(reply: str, scale: str) -> None:
    read = read_verdict(reply, judged(scale))
    assert (read.score is None) == bool(read.why)
    assert read.score is None or 0.0 <= read.score <= 1.0


@given(st.text().filter(lambda text: "verdict" not in text.lower() and "think>" not in text), st.integers(1, 5))
def test_words_before_the_last_line_change_nothing(words: str, grade: int) -> None:
    assert read_verdict(f"{words}\nVerdict: {grade}", judged("1..5")).score == (grade - 1) / 4
