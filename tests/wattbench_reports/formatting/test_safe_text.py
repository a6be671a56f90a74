"""Excerpts: short, and nothing unseen in them."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.formatting.safe_text import (
    ANSWER_CHARACTERS,
    LINES,
    PROMPT_CHARACTERS,
    first_of,
    last_of,
    visible,
)


def test_controls_become_signs() -> None:
    assert visible("a\x00b\x1b[31mred\x7f") == "a␀b␛[31mred␡"
    assert visible("left\u202eright") == "left⟨U+202E⟩right"
    assert visible("soft\u00adhyphen\u200bzero\u2028line\u0085next") == (
        "soft⟨U+00AD⟩hyphen⟨U+200B⟩zero⟨U+2028⟩line⟨U+0085⟩next"
    )
    assert visible("half\ud800pair") == "half⟨U+D800⟩pair"


def test_what_people_write_stays() -> None:
    for text in ("two\nlines\tand a tab", "ärger 漢字 עברית", "👩\u200d🔬", "क\u094d\u200cष"):
        assert visible(text) == text
    assert visible("dos\r\nlines") == "dos\nlines"


@given(st.text(alphabet=st.characters(codec=None)))
def test_nothing_unseen_is_left(text: str) -> None:
    left = {unicodedata.category(c) for c in visible(text) if c not in "\n\t\u200c\u200d"}
    assert not left & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    visible(text).encode()  # whatever it was, it can be written


@given(st.text(max_size=2000))
def test_lengths_tell_what_was_left_out(text: str) -> None:
    first, last = first_of(text), last_of(text)
    for excerpt, most in ((first, ANSWER_CHARACTERS), (last, PROMPT_CHARACTERS)):
        assert excerpt.length == len(text)
        assert excerpt.shown <= min(most, len(text))
        assert excerpt.cut == (excerpt.shown < len(text))
        assert len(excerpt.text.splitlines()) <= LINES
    assert first.text == visible(text[: first.shown])
    assert last.text == visible(text[len(text) - last.shown :])


def test_the_end_of_a_prompt_and_the_beginning_of_an_answer() -> None:
    text = "".join(chr(ord("a") + place % 26) for place in range(1000))
    assert last_of(text).text == text[-600:]
    assert first_of(text).text == text[:400]
    assert last_of("\n" * 500 + "question").text.endswith("question")
    assert not first_of("short").cut
