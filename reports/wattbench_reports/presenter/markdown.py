"""Render sections as Markdown for a page of documentation, a pull request or the summary of a job.

Text of a record is hostile, and is escaped: see `wattbench_reports.formatting.markdown`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.markdown import escaped, escaped_for_github, in_code, markdown_table
from wattbench_reports.presenter.content import with_content
from wattbench_reports.presenter.model import Cell, Medium, Passage, Section, Sentence, Span, Table

_STYLES = {"strong": "**", "emphasis": "*", "badge-bad": "**"}
_CELL, _SENTENCE = 160, 500
"""Characters of a cell and of a sentence in a comment. None takes more than 14 bytes as it is escaped there."""


@dataclass(frozen=True)
class _Rules:
    """How text is escaped, and how much of each table and list has room."""

    sentence: Callable[[str], str] = escaped
    cell: Callable[[str], str] = escaped
    longest: int | None = None
    """Characters of code; None: all."""
    room: float = math.inf
    """Bytes of a table or a list."""
    complete: str = ""
    """Where what has no room is."""


def as_markdown(*sections: Section) -> str:
    """Return sections as Markdown: a heading of the third level each, then their passages."""
    return _rendered(sections, _Rules())


def as_comment(*sections: Section, most_bytes: int, complete: str) -> str:
    """Return sections as a comment on GitHub, in which nothing of a record becomes a link.

    Args:
        sections: to show.
        most_bytes: of the comment. Lines of tables and lists without room are left out and counted.
        complete: where all of them are, as a clause.
    """
    rules = _Rules(
        partial(escaped_for_github, longest=_SENTENCE),
        partial(escaped_for_github, longest=_CELL),
        _CELL,
        complete=complete,
    )
    whole = _rendered(sections, rules)
    if _size(whole) <= most_bytes:
        return whole
    bare = _rendered(sections, replace(rules, room=0))
    return _rendered(sections, replace(rules, room=(most_bytes - _size(bare)) / max(1, bare.count(complete))))


def _rendered(sections: Sequence[Section], rules: _Rules) -> str:
    blocks = [block for section in sections for block in _section(section, rules) if block]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _section(section: Section, rules: _Rules) -> Iterator[list[str]]:
    if section.title:
        yield [f"### {rules.sentence(section.title)}"]
    if section.lead:
        yield [_sentence(section.lead, rules)]
    for passage in with_content(section, Medium.MARKDOWN).passages:
        yield from _passage(passage, rules)


def _passage(passage: Passage, rules: _Rules) -> Iterator[list[str]]:
    """Yield blocks of lines, between which there is an empty one."""
    if passage.closed:
        yield ["<details>", f"<summary>{rules.sentence(passage.heading)}</summary>"]
    elif passage.heading:
        yield [f"#### {rules.sentence(passage.heading)}"]
    points: list[str] = []
    for sentence in passage.sentences:
        line = _sentence(sentence, rules)
        if not isinstance(sentence, str) and sentence.mark:
            points.append(f"- {line}")
            continue
        yield points
        points = []
        yield [line]
    yield points
    for purpose, command in passage.commands:
        yield [f"{rules.sentence(purpose)}: {in_code(command)}"]
    for table in passage.tables:
        yield from _table(table, rules)
    for table in passage.folded:
        yield from _passage(Passage(table.caption, tables=(replace(table, caption=""),), closed=True), rules)
    lines = [f"- {_sentence(each, rules)}" for each in passage.points]
    kept = _fitting(lines, rules.room)
    yield [*kept, *(f"- {each}" for each in _left_out(len(lines) - len(kept), rules))]
    if passage.closed:
        yield ["</details>"]


def _sentence(sentence: Sentence, rules: _Rules) -> str:
    """Return a sentence on one line; only its own styles and links are markup."""
    if isinstance(sentence, str):
        return rules.sentence(sentence)
    return "".join(_span(span, rules, within=number > 0) for number, span in enumerate(sentence.spans))


def _span(span: Span, rules: _Rules, *, within: bool) -> str:
    mark = _STYLES.get(span.style, "")
    before, after = (" " if end.isspace() else "" for end in (span.text[:1], span.text[-1:]))
    words = rules.sentence(f"({span.text}").removeprefix("(").strip() if within else rules.sentence(span.text)
    plain = f"{before}{mark}{words}{mark}{after}"  # within a sentence nothing begins a line
    text = in_code(span.text[: rules.longest]) if span.style == "code" else plain
    return f"[{text}]({span.href.replace('(', '%28').replace(')', '%29')})" if span.href else text


def _table(table: Table, rules: _Rules) -> Iterator[list[str]]:
    if table.caption:
        yield [f"**{rules.sentence(table.caption)}**"]
    columns = [TextColumn(rules.cell(column.label), right=column.numeric) for column in table.columns]
    lines = markdown_table(columns, [[_cell(cell, rules) for cell in row] for row in table.rows])
    kept = _fitting(lines, rules.room)
    heads = len(lines) - len(table.rows)
    yield kept if len(kept) > heads else []
    yield _left_out(len(table.rows) - max(0, len(kept) - heads), rules)
    yield [rules.sentence(table.note)] if table.note else []


def _cell(cell: Cell, rules: _Rules) -> str:
    mark = _STYLES.get(cell.style, "")
    return f"{mark}{rules.cell(cell.text)}{mark}" + (f" ({rules.cell(cell.detail)})" if cell.detail else "")


def _fitting(lines: Sequence[str], room: float) -> list[str]:
    """Return the first lines that fit into a number of bytes."""
    kept: list[str] = []
    for line in lines:
        room -= _size(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept


def _left_out(count: int, rules: _Rules) -> list[str]:
    return [f"{count:,} more {'is' if count == 1 else 'are'} not shown; {rules.complete}."] if count else []


def _size(text: str) -> int:
    return len(text.encode())
