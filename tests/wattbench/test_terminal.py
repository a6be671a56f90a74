"""Text for a terminal: nothing wider than it, columns aligned whatever the script, and nothing that steers it."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from wattbench.terminal import (
    WIDTH,
    TextColumn,
    clipped,
    clipped_apart,
    log_text,
    printable,
    text_table,
    wrapped,
)

WORDS = st.text(st.sampled_from("ab-. \n\t"), max_size=400)
TEXTS = st.text(st.sampled_from("a -\n\t\x1b\u202e\u0301語😀é"), max_size=400)
CELLS = st.text(st.sampled_from("a1 \x1b\u202e\u0301語😀–"), max_size=60)


@given(WORDS)
def test_paragraphs_break_as_textwrap_breaks_them(text: str) -> None:
    expected = textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent="- ", subsequent_indent="    ", break_on_hyphens=False
    )
    assert wrapped(text, "- ", "    ") == expected


@given(TEXTS)
def test_no_line_is_wider_than_the_terminal_and_no_letter_is_lost(text: str) -> None:
    lines = wrapped(text, "- ", "  ")
    assert all(cell_len(line) <= WIDTH and line.isprintable() for line in lines)
    kept = "".join("".join(line[2:] for line in lines).split())
    assert kept == printable("".join(text.split()))


def test_long_words_of_wide_characters_are_broken() -> None:
    assert [cell_len(line) for line in wrapped("語" * 60 + " end", "! ", "  ")] == [100, 28]


def test_names_are_cut_so_that_no_two_look_the_same() -> None:
    names = ["meta-llama-3.1-8b-instruct", "meta-llama-3.1-70b-instruct", "gpt-4o", "mistral-large-2407-instruct"]
    assert clipped_apart(names, 16) == [names[0], names[1], "gpt-4o", "mistral-large..."]
    assert clipped_apart(["a-long-name-for-one", "a-long-name-for-two"], 12) == ["a-lo...r-one", "a-lo...r-two"]


@given(st.lists(CELLS, unique=True, max_size=8), st.integers(8, 20))
def test_two_names_never_look_the_same(names: list[str], width: int) -> None:
    shown = clipped_apart(names, width)
    assert len(set(shown)) == len(names)
    assert all(cell_len(cut) <= width or cut == name for cut, name in zip(shown, names, strict=True))


@given(TEXTS, st.integers(3, 40))
def test_a_clipped_text_has_at_most_its_width(text: str, width: int) -> None:
    short = clipped(printable(text), width)
    assert cell_len(short) <= width
    assert short == printable(text) or short.endswith("...")


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6))
def test_columns_are_aligned_whatever_is_in_them(rows: list[tuple[str, str, str]]) -> None:
    columns = [TextColumn("name"), TextColumn("figure", right=True), TextColumn("end", right=True), TextColumn()]
    lines = text_table(columns, [(*row, "|") for row in rows])
    assert len(lines) == 1 + len(rows)
    assert all(line.isprintable() for line in lines)
    assert len({cell_len(line) for line in lines[1:]}) <= 1, "the bars stand one above the other"


def test_numbers_end_where_their_head_ends() -> None:
    columns = [TextColumn("name"), TextColumn("joules", right=True), TextColumn("note")]
    assert text_table(columns, [("a", "1.5", "x"), ("語語語", "1,000", "")]) == [
        "name    joules  note",
        "a          1.5  x",
        "語語語   1,000",
    ]


def test_without_heads_there_is_no_line_for_them() -> None:
    assert text_table([TextColumn(least_width=5), TextColumn()], [("gpu", "one"), ("dram", "two")]) == [
        "gpu    one",
        "dram   two",
    ]


def test_lines_below_a_row_follow_it() -> None:
    assert text_table([TextColumn("a")], [("1",), ("2",)], below=[["  one"], []]) == ["a", "1", "  one", "2"]


@pytest.mark.parametrize("label", ["a benchmark of a very long name " * 2, "語" * 30])
def test_a_label_without_room_has_a_line_of_its_own(label: str) -> None:
    lines = text_table([TextColumn("metric"), TextColumn("x")], [("short", "1"), (label, "2")], widest_label=40)
    assert lines == ["metric  x", "short   1", *wrapped(label), "        2"]


@given(TEXTS)
def test_a_log_has_the_lines_that_it_was_given_and_none_steers_it(text: str) -> None:
    lines = log_text(text).split("\n")
    assert len(lines) == text.count("\n") + 1
    assert all(line.isprintable() for line in lines)


def test_a_log_has_no_command_of_a_name() -> None:
    assert log_text("a\r\n\t::error::x\n##[group]\u202e\x1b[2J\n") == "a\n        : :error::x\n# #[group]??[2J\n"
    assert log_text("loading [a]: 2 # 3 :: 4") == "loading [a]: 2 # 3 :: 4"
