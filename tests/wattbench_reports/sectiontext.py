"""A section as plain text: what a person would read, without the markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wattbench_reports.presenter.model import Section, Sentence, Table


def as_text(section: Section) -> str:
    """Every word of a section; a star marks what is printed in bold."""
    lines = [f"== {section.title}", section.lead]
    for passage in section.passages:
        lines += [f"-- {passage.heading}".rstrip(), *map(_plain, passage.sentences)]
        if passage.figure is not None:
            lines += [f"({passage.figure.label})", passage.figure.caption]
        for table in (*passage.tables, *passage.folded):
            lines += lines_of(table)
        lines += [f"* {_plain(each)}" for each in passage.points]
    return "\n".join(line for line in lines if line) + "\n"


def _plain(sentence: Sentence) -> str:
    return sentence if isinstance(sentence, str) else sentence.plain


def table(section: Section, caption: str) -> dict[str, dict[str, str]]:
    """A table as its first column to its headings to the texts."""
    found = [each for passage in section.passages for each in (*passage.tables, *passage.folded)]
    (own,) = [each for each in found if each.caption == caption]
    head = [column.label for column in own.columns]
    return {row[0].text: dict(zip(head, (cell.text for cell in row), strict=True)) for row in own.rows}


def lines_of(own: Table) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"[{own.caption}]"
    yield " | ".join(column.label for column in own.columns)
    for row in own.rows:
        yield " | ".join(f"{cell.text}{'*' if cell.style == 'best' else ''}" for cell in row)
    yield own.note


def without_own_scripts(page: str) -> str:
    """A page without the script elements at its end that are its own: what is left must hold none."""
    start, mark = page.find('<script type="application/json" id="what-if-data">'), "</script>"
    if start < 0:
        return page
    *elements, rest = page[start:].split(mark)
    kinds = [re.match(r"<script( type=[^ ]*)?", each.lstrip())[0].partition("=")[2].strip('"') for each in elements]
    parts = kinds.count("application/octet-stream")
    assert kinds == ["application/json", "", "application/json", *["application/octet-stream"] * parts, ""]
    for kind, element in zip(kinds, elements, strict=True):
        if kind:
            assert "<" not in element.lstrip().removeprefix("<script"), "data that could end their element"
        else:
            assert element.lstrip().startswith("<script>(() => {")
    return page[:start] + rest
