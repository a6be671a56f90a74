"""CSV that every reader divides into the same cells."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records.files.csv_text import csv_lines, for_spreadsheet, from_spreadsheet

TEXTS = st.text(st.sampled_from("a,;\"' \r\n\t=+-@é\x1b\u2028"), max_size=8)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_every_cell_comes_back(rows: list[tuple[str, str]]) -> None:
    text = csv_lines(rows)
    assert text.endswith("\n")
    assert [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))] == rows


def test_a_carriage_return_alone_ends_no_row() -> None:
    assert csv_lines([["a\rb", 1, None], ["c", 2.5, True]]) == '"a\rb",1,\nc,2.5,True\n'


@given(TEXTS)
def test_a_text_comes_back_from_a_spreadsheet_that_runs_none(text: str) -> None:
    field = for_spreadsheet(text)
    assert isinstance(field, str)
    assert not field.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert from_spreadsheet(field) == text


def test_signs_as_wide_as_a_chinese_character_begin_formulas_too() -> None:
    assert for_spreadsheet("\uff1d1+1") == "'\uff1d1+1"


@pytest.mark.parametrize("value", [-1.5, None, True, "a=b", "it's", "'quoted'"])
def test_what_is_no_formula_stays(value: object) -> None:
    assert for_spreadsheet(value) is value


def test_half_of_a_surrogate_pair_can_be_written() -> None:
    assert csv_lines([["a\ud800b"]]) == "a?b\n"
