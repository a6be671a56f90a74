"""Whatever is in a suite, its YAML reads back as the same values, and its comments stay comments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.first_suite.draft import Section, scalar, suite_text
from wattbench.records.files.plain_yaml import parse_yaml

HOSTILE = (
    "a\nb: c", "{{ 7 * 7 }}", "!function os.system", "'", '"', "# x", "a # b", ": ", "- a", "? a", "&a", "*a", "%TAG",
    "yes", "null", "~", "1", "0x1f", "1e3", "12:30:45", "2026-01-01", "", " a ", "a ", "\x1b[2J", "\u2028", "\x85",
    "\ufeff", "\r\n", "\t", "<<", "=", "@a", "`a`", "[a]", "{a: b}", "\U0001f600", "---", "...", "|", ">", "on",
)  # fmt: skip
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
SCALARS = st.one_of(TEXTS, st.integers(-(10**9), 10**9), st.booleans(), st.floats(0, 1), st.none())
VALUES = st.one_of(SCALARS, st.lists(TEXTS, max_size=3), st.dictionaries(TEXTS, SCALARS, max_size=3))


def sections(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Section]:
    return st.builds(
        Section,
        st.dictionaries(TEXTS, values, min_size=1, max_size=4),
        st.dictionaries(TEXTS, TEXTS, max_size=2),
        st.lists(TEXTS, max_size=2),
    )


NESTED = sections(st.one_of(VALUES, sections(VALUES), st.lists(sections(VALUES), min_size=1, max_size=2)))


def plain_values(value: Any) -> Any:
    """What a suite's text is to read back as."""
    if isinstance(value, Section):
        return {key: plain_values(each) for key, each in value.values.items()}
    return [plain_values(each) for each in value] if isinstance(value, list) else value


@pytest.mark.slow
@settings(max_examples=300)
@given(NESTED, st.lists(TEXTS, max_size=2))
def test_a_suite_reads_back_as_it_was(section: Section, head: list[str]) -> None:
    with_comments = Section(section.values, dict.fromkeys(section.values, "a\nb: !c d"), section.after)
    for each in (section, with_comments):
        root, value = parse_yaml(suite_text(head, each))
        assert root is not None
        assert value == plain_values(each)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_one_line(text: str) -> None:
    line = scalar(text)
    assert "\n" not in line
    assert "\x1b" not in line
    assert parse_yaml(f"a: {line}")[1] == {"a": text}


@pytest.mark.parametrize("text", ["tickets", "./tickets.csv", "Ticket ID", "a-b_c.d"])
def test_a_simple_text_has_no_quotes(text: str) -> None:
    assert scalar(text) == text
