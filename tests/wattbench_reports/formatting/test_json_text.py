"""JSON that can be shown in a terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.formatting.json_text import json_text

TEXTS = st.text(st.characters(codec=None), max_size=20)


@given(st.dictionaries(TEXTS, st.lists(TEXTS, max_size=3), max_size=3))
def test_it_is_the_same_document_and_nothing_in_it_steers_a_terminal(document: dict[str, list[str]]) -> None:
    text = json_text(document)
    text.encode()
    assert text.replace("\n", "").isprintable()
    # Two halves of a surrogate pair that are next to each other are one character in JSON.
    assert json.loads(text) == json.loads(json.dumps(document))


def test_what_people_write_stays() -> None:
    assert json_text({"é": "漢字 עברית"}) == '{\n  "é": "漢字 עברית"\n}\n'
    assert json_text(["\u202e\x9b\U000e0001"]) == '[\n  "\\u202e\\u009b\\udb40\\udc01"\n]\n'


def test_infinity_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text([float("inf")])
