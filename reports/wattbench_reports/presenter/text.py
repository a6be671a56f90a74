"""Render sections for a terminal of 100 columns and the log of a job.

A line between passages is empty; within one, lines follow each other. No text of a record steers the terminal or a job.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from wattbench.terminal import WIDTH, TextColumn, clipped, printable, text_table, without_commands, wrapped
from wattbench_reports.presenter.content import with_content
from wattbench_reports.presenter.model import Example, Examples, Medium, Passage, Quote, Section, Sentence, Table

_WIDEST_LABEL = 40
"""A longer name has a line of its own, and so has a shorter one for which the table has no room."""

_GAP = 2
_DOT = " · "


def as_text(*sections: Section) -> str:
    """Return sections as lines that each end in a newline; titles of sections are not shown."""
    return "".join(f"{line}\n" for line in text_lines(*sections))


def text_lines(*sections: Section) -> list[str]:
    """Return the lines of sections."""
    return passage_lines(
        *(
            passage
            for section in sections
            for passage in (Passage(sentences=(section.lead,)), *with_content(section, Medium.TEXT).passages)
        )
    )


def passage_lines(*passages: Passage) -> list[str]:
    """Return the lines of passages, all of whose parts are for a terminal."""
    lines: list[str] = []
    for block in map(list, map(_passage, passages)):
        lines += ["", *block] if lines and block else block
    return [without_commands(line) for line in lines]


def _passage(passage: Passage) -> Iterator[str]:
    if passage.heading and not passage.closed:
        yield printable(passage.heading)
    for sentence in passage.sentences:
        yield from _sentence(sentence)
    for purpose, command in passage.commands:
        yield printable(f"{purpose}: {command}")
    for number, table in enumerate((*passage.tables, *passage.folded)):
        if number:
            yield ""
        yield from _table(table)
    for group in passage.examples:
        yield from _examples(group)
    for each in passage.points:
        yield from _sentence(each, "- ")


def _sentence(sentence: Sentence, mark: str = "") -> list[str]:
    if isinstance(sentence, str):
        return wrapped(sentence, mark, " " * len(mark))
    mark = sentence.mark or mark
    return wrapped(sentence.plain, mark, " " * len(mark))


def _table(table: Table) -> Iterator[str]:
    """Yield caption, table and note. What has no room goes below its row; a table still too wide becomes sentences."""
    if table.caption:
        yield from wrapped(f"{table.caption}:")
    aligned = [number for number, column in enumerate(table.columns) if not column.below]
    columns = [
        TextColumn(printable(each.short or each.label), right=each.numeric) for each in table.columns if not each.below
    ]
    rows, below = [], []
    for cells in table.rows:
        rows.append([_cut(cells[number].text, table.columns[number].widest) for number in aligned])
        under = [cell.text for column, cell in zip(table.columns, cells, strict=True) if column.below]
        under += [cell.detail for cell in cells]
        below.append([line for text in under for line in _packed(text)])
    if table.prose:
        _move_long(columns, rows, below)
    if _fits(columns, rows):
        yield from text_table(columns, rows, below=below, widest_label=_WIDEST_LABEL)
    else:
        heads = [column.head for column in columns[1:]]
        for row, under in zip(rows, below, strict=True):
            figures = (f"{head} {cell}".strip() for head, cell in zip(heads, row[1:], strict=True) if cell)
            yield from wrapped(f"{row[0]}: {', '.join(figures)}", rest="  ")
            yield from under
    yield from wrapped(table.note)


def _fits(columns: Sequence[TextColumn], rows: Sequence[Sequence[str]]) -> bool:
    return max(map(cell_len, text_table(columns, rows, widest_label=_WIDEST_LABEL)), default=0) <= WIDTH


def _packed(text: str) -> list[str]:
    """Break a text between figures that a dot parts, and within one only where it has no room in a line."""
    lines: list[str] = []
    for each in text.split(_DOT):
        joined = f"{lines[-1]}{_DOT}{printable(each)}" if lines else ""
        if lines and cell_len(joined) <= WIDTH:
            lines[-1] = joined
        else:
            lines += wrapped(each, "  ", "    ")
    return lines


def _cut(text: str, widest: int) -> str:
    return clipped(printable(text), widest) if widest else text


def _move_long(columns: list[TextColumn], rows: list[list[str]], below: list[list[str]]) -> None:
    """Move long cells of the last column below their rows, where the table has no room for them."""
    widths = [
        max([cell_len(column.head), *(cell_len(row[number]) for row in rows)]) for number, column in enumerate(columns)
    ]
    names = [cell_len(row[0]) for row in rows if cell_len(row[0]) <= _WIDEST_LABEL]
    widths[0] = max([cell_len(columns[0].head), *names])
    room = max(cell_len(columns[-1].head), WIDTH - sum(widths[:-1]) - _GAP * (len(widths) - 1))
    for row, under in zip(rows, below, strict=True):
        if cell_len(row[-1]) > room:
            under[:0] = wrapped(row[-1], "    ", "    ")
            row[-1] = ""


def _examples(group: Examples) -> Iterator[str]:
    lines = wrapped(group.caption)
    for example in group.items:
        lines += ["", *_example(example)] if lines else _example(example)
    yield from lines


def _example(example: Example) -> Iterator[str]:
    sides = [
        ("; ".join(filter(None, (f"{each.heading.text}: {each.verdict}", each.facts))), each.quotes)
        for each in example.sides
    ]
    yield from wrapped(example.title, rest="  ")
    for title, quotes in (("", example.quotes), *sides):
        yield from wrapped(title, "  ", "    ")
        for each in quotes:
            yield from _quote(each)


def _quote(quote: Quote) -> Iterator[str]:
    """Yield a text as it is written: next to its label where it is one line with room, else in lines with a bar."""
    line = f"  {printable(quote.label)}{f': {quote.text}' if quote.text else ''}"
    if quote.label and "\n" not in quote.text and cell_len(line) <= WIDTH:
        yield line
        return
    if quote.label:
        yield f"  {printable(quote.label)}:"
    yield from (f"  | {line}".rstrip() for line in quote.text.split("\n"))
