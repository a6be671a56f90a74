"""Markdown of what a record says: nothing in it is more than text, and no cell is two."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.markdown import escaped, escaped_for_github, front_matter, in_code, markdown_table
from wattbench_reports.formatting.safe_text import visible

TEXTS = st.text(st.sampled_from("@#[]()<>&|`*_~$\\!:/-=+. \n\r\t\x1b\u202e😀aw0"), max_size=80)


@given(TEXTS)
def test_a_table_has_a_cell_per_column_whatever_the_texts(text: str) -> None:
    columns = [TextColumn("system"), TextColumn("joules", right=True)]
    for cell in (escaped(text), escaped_for_github(text, 40)):
        lines = markdown_table(columns, [(cell, "1")])
        assert lines[:2] == ["| system | joules |", "| :-- | --: |"]
        assert {len(re.sub(r"\\.", "", line).split("|")) for line in lines} == {4}


@given(TEXTS)
@example("]*(")
def test_text_has_neither_markup_nor_what_cannot_be_seen(text: str) -> None:
    for shown in (escaped(text), escaped_for_github(text, 60)):
        plain = re.sub(r"\\.", " ", shown)  # what is escaped stands between its neighbours
        assert not re.search(r"[`*_|~<>]", plain)
        assert "](" not in plain
        assert shown.isprintable()


@pytest.mark.parametrize(("text", "shown"), [("a`b", "`ab`"), ("a\n b", "`a b`"), ("\x1b[2J", "`␛[2J`")])
def test_code_ends_where_it_should(text: str, shown: str) -> None:
    assert in_code(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ask @octocat, @org/team", "ask @&#8203;octocat, @&#8203;org/team"),
        ("see #1 and owner/repo#2, GH-3", r"see \#&#8203;1 and owner/repo\#&#8203;2, GH&#8203;-3"),
        ("https://github.com/o/r/issues/1", "https:&#8203;//github.com/o/r/issues/1"),
        ("www.gitlab.com/o", "www&#8203;.gitlab.com/o"),
        ("big@aaa111, https://ember-energy.org", "big@aaa111, https://ember-energy.org"),
        ("[a[b]](x)", r"[a[b]\](x)"),
        ("/close", r"\/close"),
        ("- a", r"\- a"),
        ("1. a", r"1\. a"),
        ("-1.5 J", "-1.5 J"),
        ("$x$", "&#36;x&#36;"),
    ],
)
def test_no_one_is_called_and_nothing_is_done(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_a_text_of_nothing_but_brackets_takes_no_longer() -> None:
    assert escaped("[" * 1_000_000 + "://" * 10_000).startswith("[")


@given(TEXTS, TEXTS)
def test_front_matter_is_one_block_of_yaml_and_nothing_in_it_is_unseen(key: str, text: str) -> None:
    page = front_matter({"a": {key: [text, 1.5]}, "b": None})
    first, *lines = page.split("\n---\n")[0].split("\n")
    assert first == "---"
    assert page.endswith("\n---\n")
    assert all(line.isprintable() for line in lines)
    [values] = yaml.safe_load("\n".join(lines))["a"].values()
    assert values == [visible(" ".join(text.split())), 1.5]
