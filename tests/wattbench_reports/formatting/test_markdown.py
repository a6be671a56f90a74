"""Markdown of what a record says: nothing in it is more than text, and no cell is two."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.markdown import escaped, escaped_for_github, in_code, markdown_table

TEXTS = st.text(st.sampled_from("@#[]()<>&|`*_~$\\!:/-=+. \n\r\t\x1b\u202e😀aw0"), max_size=80)


@given(TEXTS)
def test_a_table_has_a_cell_per_column_whatever_the_texts(text: str) -> None:
    columns = [TextColumn("system"), TextColumn("joules", right=True)]
    for cell in (escaped(text), escaped_for_github(text, 40)):
        lines = markdown_table(columns, [(cell, "1")])
        assert lines[:2] == ["| system | joules |", "| :-- | --: |"]
        assert {len(re.sub(r"\\.", "", line).split("|")) for line in lines} == {4}


@given(TEXTS)
def test_text_has_neither_markup_nor_what_cannot_be_seen(text: str) -> None:
    for shown in (escaped(text), escaped_for_github(text, 60)):
        plain = re.sub(r"\\.", "", shown)
        assert not re.search(r"[`*_|~<>]", plain)
        assert not re.search(r"\[[^\]]*\]\(", plain)
        assert shown.isprintable()


@pytest.mark.parametrize(("text", "shown"), [("a`b", "`ab`"), ("a\n b", "`a b`"), ("\x1b[2J", "`␛[2J`")])
def test_code_ends_where_it_should(text: str, shown: str) -> None:
    assert in_code(text) == shown
