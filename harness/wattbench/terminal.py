"""Lay out text for a terminal of 100 columns: paragraphs and tables with aligned columns.

Names come from records and are hostile: no control character reaches the terminal, and no command the log of a job.
Widths are counted in columns of the terminal, of which a Chinese character takes two and a combining accent none.

May import nothing of wattbench. It lies on the bottom floor because the harness and the reports both print tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 100
_GAP = "  "

_COMMAND = re.compile(r"^\s*:(?=:)|#(?=#\[)")
"""What GitHub takes for a command in the log of a job: two colons that begin a line, and ``##[`` anywhere in it."""


def printable(text: str) -> str:
    """Replace control characters: a name in a record must not steer the terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def without_commands(line: str) -> str:
    """Return a line so that GitHub takes nothing in it for a command in the log of a job."""
    return _COMMAND.sub(r"\g<0> ", line)


def log_text(text: str) -> str:
    """Return a text of several lines that cannot steer a terminal or the log of a job."""
    lines = text.replace("\r\n", "\n").expandtabs().split("\n")
    return "\n".join(without_commands(printable(line)) for line in lines)


def clipped(text: str, width: int) -> str:
    """Cut a text to this many columns, ending in ``...``."""
    return text if _cells_of(text) <= width else f"{_split(text, width - 3)[0]}..."


def clipped_apart(texts: Sequence[str], width: int) -> list[str]:
    """Cut texts to this many columns so that no two different ones look the same.

    A text is cut at its end; those that would look alike then in the middle, which keeps how they end; and where that
    does not tell them apart, they stay whole.

    Args:
        texts: names in one table.
        width: 8 or more.
    """
    kept = {text: clipped(text, width) for text in texts}
    for cut in (lambda text: _without_middle(text, width), lambda text: text):
        times = Counter(kept.values())
        kept |= {text: cut(text) for text, shown in kept.items() if times[shown] > 1}
    return [kept[text] for text in texts]


def _without_middle(text: str, width: int) -> str:
    if _cells_of(text) <= width:
        return text
    head, _ = _split(text, (width - 3) // 2)
    tail, _ = _split(text[::-1], width - 3 - _cells_of(head))
    return f"{head}...{tail[::-1]}"


def wrapped(text: str, first: str = "", rest: str = "", *, width: int = WIDTH) -> list[str]:
    """Break a paragraph into lines; an empty text has no line.

    Args:
        text: white space is folded, and control characters are replaced.
        first: before the first line.
        rest: before each of the others.
        width: columns that a line may have.
    """
    words = printable(" ".join(text.split())).split()[::-1]
    lines: list[str] = []
    while words:
        indent = rest if lines else first
        line, room = [], max(width - _cells_of(indent), 2)
        whole = room
        while words and _cells_of(words[-1]) <= room:
            room -= _cells_of(words[-1]) + 1
            line.append(words.pop())
        if words and _cells_of(words[-1]) > whole:  # no line has room for all of it
            head, words[-1] = _split(words[-1], room)
            line += [head] if head else []
        lines.append(indent + " ".join(line))
    return lines


@dataclass(frozen=True)
class TextColumn:
    """One column of a table."""

    head: str = ""
    right: bool = False
    """Whether its cells are right-aligned, as numbers are."""
    least_width: int = 0


def text_table(
    columns: Sequence[TextColumn],
    rows: Sequence[Sequence[str]],
    *,
    below: Sequence[Sequence[str]] = (),
    widest_label: int | None = None,
) -> list[str]:
    """Align rows under their heads, two spaces between columns; a table without heads has no line for them.

    Args:
        columns: in order.
        rows: a cell per column.
        below: lines to follow each row, where there are any.
        widest_label: where the first column is wider than this or leaves the table wider than the terminal, its long
            cells have lines of their own, above the rest of their row.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    heads = [printable(column.head) for column in columns]
    table = [heads, *cells] if any(heads) else cells
    widths = [
        max([column.least_width, *(_cells_of(row[number]) for row in table)]) for number, column in enumerate(columns)
    ]
    if widest_label is not None:
        widths[0] = _label_width(table, widths, widest_label)
    lines: list[str] = []
    for number, row in enumerate(table, start=len(cells) - len(table)):
        lines += _row(columns, row, widths)
        lines += below[number] if below and number >= 0 else ()
    return lines


def _label_width(table: Sequence[Sequence[str]], widths: Sequence[int], widest: int) -> int:
    room = max(_cells_of(table[0][0]), min(widest, WIDTH - sum(widths[1:]) - len(_GAP) * (len(widths) - 1)))
    return max((size for row in table if (size := _cells_of(row[0])) <= room), default=0)


def _row(columns: Sequence[TextColumn], cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    if _cells_of(cells[0]) > widths[0]:
        yield from wrapped(cells[0])
        cells = ["", *cells[1:]]
    padded = (
        f"{' ' * (width - _cells_of(cell))}{cell}" if column.right else f"{cell}{' ' * (width - _cells_of(cell))}"
        for column, cell, width in zip(columns, cells, widths, strict=True)
    )
    yield _GAP.join(padded).rstrip()


def _split(text: str, width: int) -> tuple[str, str]:
    """Split a text after the characters that fit into this many columns."""
    used = 0
    for number, character in enumerate(text):
        used += _cells_of(character)
        if used > width:
            return text[:number], text[number:]
    return text, ""


def _cells_of(text: str) -> int:
    """Return how many columns a text takes in a terminal."""
    from rich.cells import cell_len as columns  # here, as every command imports this file before it starts

    return columns(text)
