"""Render sections as Markdown for a pull request, the summary of a job or a page of documentation.

Text of a record is hostile, and is escaped: see `wattbench_reports.formatting.markdown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.markdown import escaped, in_code, markdown_table
from wattbench_reports.presenter.content import with_content
from wattbench_reports.presenter.model import Cell, Medium, Passage, Section, Sentence, Span, Table

_STYLES = {"strong": "**", "emphasis": "*"}


def as_markdown(*sections: Section) -> str:
    """Return sections as Markdown: a heading of the third level each, then their passages."""
    blocks = [block for section in sections for block in _section(section) if block]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _section(section: Section) -> Iterator[list[str]]:
    if section.title:
        yield [f"### {escaped(section.title)}"]
    if section.lead:
        yield [sentence_markdown(section.lead)]
    for passage in with_content(section, Medium.MARKDOWN).passages:
        yield from _passage(passage)


def _passage(passage: Passage) -> Iterator[list[str]]:
    """Yield blocks of lines, between which there is an empty one."""
    if passage.heading:
        yield [f"#### {escaped(passage.heading)}"]
    points: list[str] = []
    for sentence in passage.sentences:
        line = sentence_markdown(sentence)
        if not isinstance(sentence, str) and sentence.mark:
            points.append(f"- {line}")
            continue
        yield points
        points = []
        yield [line]
    yield points
    for purpose, command in passage.commands:
        yield [f"{escaped(purpose)}: {in_code(command)}"]
    for table in passage.tables:
        yield from _table(table)
    for table in passage.folded:
        yield ["<details>", f"<summary>{escaped(table.caption)}</summary>"]
        yield from _table(table)
        yield ["</details>"]
    yield [f"- {sentence_markdown(each)}" for each in passage.points]


def sentence_markdown(sentence: Sentence, escape: Callable[[str], str] = escaped) -> str:
    """Return a sentence on one line; only its own styles and links are markup."""
    if isinstance(sentence, str):
        return escape(sentence)
    return "".join(_span(span, escape, within=number > 0) for number, span in enumerate(sentence.spans))


def _span(span: Span, escape: Callable[[str], str], *, within: bool) -> str:
    mark = _STYLES.get(span.style, "")
    before, after = (" " if end.isspace() else "" for end in (span.text[:1], span.text[-1:]))
    words = escape(f"({span.text}").removeprefix("(").strip() if within else escape(span.text)  # begins no line
    text = in_code(span.text) if span.style == "code" else f"{before}{mark}{words}{mark}{after}"
    return f"[{text}]({span.href.replace('(', '%28').replace(')', '%29')})" if span.href else text


def _table(table: Table) -> Iterator[list[str]]:
    if table.caption:
        yield [f"**{escaped(table.caption)}**"]
    columns = [TextColumn(escaped(column.label), right=column.numeric) for column in table.columns]
    yield markdown_table(columns, [[_cell(cell) for cell in row] for row in table.rows])
    yield [escaped(table.note)] if table.note else []


def _cell(cell: Cell) -> str:
    mark = _STYLES.get(cell.style, "")
    return f"{mark}{escaped(cell.text)}{mark}" + (f" ({escaped(cell.detail)})" if cell.detail else "")
