"""A section says the same in a terminal, as Markdown and in a notebook, and no text of it is markup or a command."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from wattbench_reports.presenter.html import as_html
from wattbench_reports.presenter.markdown import as_markdown
from wattbench_reports.presenter.model import (
    ALL,
    Cell,
    Column,
    Example,
    Examples,
    Medium,
    Passage,
    Quote,
    Section,
    Span,
    Table,
    Text,
    point,
    strong,
)
from wattbench_reports.presenter.text import as_text

RENDERERS = (as_text, as_markdown, as_html)


def shown(*passages: Passage, lead: str | Text = "") -> Section:
    return Section("s", "S", "Title", lead, passages)


def table(*rows: tuple[str, ...], below: bool = False, prose: bool = False, media: Medium = ALL) -> Table:
    columns = (Column("name"), Column("joules", numeric=True), Column("words", below=below))
    return Table("A caption", columns, tuple(tuple(map(Cell, row)) for row in rows), "A note.", prose, media)


EVERYTHING = shown(
    Passage("Heading", ("One sentence.", "", point("One limit.", "! ")), (table(("a", "1 J", "why"), ("b", "–", "")),)),
    Passage(points=("First.", "Second.")),
    Passage(sentences=("",)),
    lead=strong("Do this."),
)


def test_golden(golden) -> None:
    golden("media.txt", "\n=====\n".join(render(EVERYTHING) for render in RENDERERS))


def test_a_part_for_one_medium_is_in_no_other() -> None:
    section = shown(
        Passage(sentences=("terminal",), media=Medium.TEXT),
        Passage(sentences=(Text((Span("markdown"),), media=Medium.MARKDOWN),)),
        Passage(tables=(table(("notebook", "1", "2"), media=Medium.HTML),)),
    )
    for medium, render in zip(("terminal", "markdown", "notebook"), RENDERERS, strict=True):
        text = render(section)
        assert [name for name in ("terminal", "markdown", "notebook") if name in text] == [medium]


def test_columns_of_dashes_tables_without_rows_and_empty_passages_are_not_shown() -> None:
    section = shown(Passage(tables=(table(("a", "–", "x")),)), Passage(tables=(table(),)), Passage("Empty"))
    for render in RENDERERS:
        text = render(section)
        assert "words" in text
        assert "joules" not in text
        assert "Empty" not in text
        assert text.count("A caption") == 1


def test_what_has_no_room_in_a_terminal_goes_below_its_row() -> None:
    long = "word " * 30
    below = as_text(shown(Passage(tables=(table(("a", "1 J", long), below=True),)))).splitlines()
    assert below[1:3] == ["name  joules", "a        1 J"]
    assert all(line.startswith(("  word", "    word")) for line in below[3:-1])
    moved = as_text(shown(Passage(tables=(table(("a", "1 J", long), ("b", "2 J", "short"), prose=True),)))).splitlines()
    assert "b        2 J  short" in moved
    assert moved[2:4] == ["a        1 J", f"    {'word ' * 19}".rstrip()]


def test_a_table_that_is_still_too_wide_becomes_sentences() -> None:
    rows = (("a", "1 J", "x" * 60), ("b", "2" + " J" * 20, "y"))
    lines = as_text(shown(Passage(tables=(table(*rows),)))).splitlines()
    assert lines[:2] == ["A caption:", f"a: joules 1 J, words {'x' * 60}"]
    assert " ".join(lines[2:]).split() == f"b: joules 2{' J' * 20}, words y A note.".split()
    assert max(map(cell_len, lines)) <= 100


def test_a_style_is_markup_and_its_words_are_not() -> None:
    text = Text((Span("- see "), Span("a`b|c", "code"), Span(" and "), Span("*x*", "strong"), Span(". - y")))
    section = Section("s", "S", "", text, ())
    assert as_markdown(section) == "\\- see `ab|c` and **\\*x\\***. - y\n"
    assert as_html(section) == "<div>\n<p>- see <code>a`b|c</code> and <strong>*x*</strong>. - y</p>\n</div>\n"
    assert as_text(section) == "- see a`b|c and *x*. - y\n"


def test_an_example_is_quoted_line_by_line() -> None:
    quoted = Example("task, document 1", (Quote("Prompt", "one\n::error::two"),), ())
    lines = as_text(shown(Passage("a system", examples=(Examples("1 of 1", (quoted,)),)))).splitlines()
    assert lines == ["a system", "1 of 1", "", "task, document 1", "  Prompt:", "  | one", "  | ::error::two"]


@given(name=st.text(min_size=1, max_size=30))
def test_no_name_steers_a_terminal_or_leaves_its_element(name: str) -> None:
    def made(text: str) -> Section:
        return shown(
            Passage(f"h{text}", (text, strong(text)), (table((text, text, f"w{text}")),), points=(text,)), lead=text
        )

    lines = as_text(made(name)).split("\n")
    assert all(line.isprintable() and not line.lstrip().startswith("::") and "##[" not in line for line in lines)
    tags = {part.partition(">")[0] for part in as_html(made(name)).split("<")[1:]}
    assert tags <= {part.partition(">")[0] for part in as_html(made("x")).split("<")[1:]}
