"""Write a decision for a terminal of 100 columns: the advice, a row per system, the evidence."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from wattbench.terminal import WIDTH, TextColumn, text_table, wrapped
from wattbench_reports.wording.decision import DecisionWords

NAME_WIDTH = 24
"""A longer name has a line of its own where the table would be wider than the terminal."""

_GAP = 2


def decision_text(words: DecisionWords) -> list[str]:
    """Return the lines of the advice, the table and the evidence."""
    lines = [*wrapped(words.advice), "", *decision_table(words)]
    for sentence in words.evidence:
        lines += wrapped(sentence, first="- ", rest="  ")
    return lines


def decision_table(words: DecisionWords) -> list[str]:
    """Return the lines of the decision's table. A long last cell is below its row. Nothing for names alone."""
    if len(words.columns) < 2:
        return []
    columns = [TextColumn(column.heading, right=column.number) for column in words.columns]
    rows = [list(row) for row in words.rows]
    below: list[list[str]] = [[] for _ in rows]
    if not words.columns[-1].number:  # names have their own way to be long
        room = _room_of_last(columns, rows)
        for number, row in enumerate(rows):
            if cell_len(row[-1]) > room:
                below[number] = wrapped(row[-1], first="    ", rest="    ")
                row[-1] = ""
    return text_table(columns, rows, below=below, widest_label=NAME_WIDTH)


def _room_of_last(columns: Sequence[TextColumn], rows: Sequence[Sequence[str]]) -> int:
    """Return the width left for the last column. Names over `NAME_WIDTH` do not count, as they have separate lines."""
    names = [row[0] for row in rows if cell_len(row[0]) <= NAME_WIDTH]
    widths = [max([cell_len(columns[number].head), *(cell_len(row[number]) for row in rows)])
              for number in range(len(columns) - 1)]  # fmt: skip
    widths[0] = max([cell_len(columns[0].head), *map(cell_len, names)])
    return max(cell_len(columns[-1].head), WIDTH - sum(widths) - _GAP * len(widths))


def closing(words: DecisionWords) -> list[str]:
    """Return the lines that a run ends with: the advice, the table, and the caveat that matters most."""
    lines = [*wrapped(words.advice), "", *decision_table(words)]
    if words.caveat is not None:
        lines += ["", *wrapped(words.caveat.text, first="! ", rest="  ")]
    return lines
