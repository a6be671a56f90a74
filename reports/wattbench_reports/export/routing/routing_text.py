"""Write a routing study for a terminal of 100 columns: the verdict, a table of choices, cascades, the evidence."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from wattbench.terminal import WIDTH, TextColumn, log_text, printable, text_table, wrapped
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.wording.routing import RoutingTable, RoutingWords, routing_verdict, routing_words

NAME_WIDTH = 40
"""A longer name has a line of its own, and so has a shorter one for which the table has no room."""


def routing_as_text(study: RoutingStudy | str) -> str:
    """Return a routing study as plain text. Brackets are 95% intervals.

    Args:
        study: from `wattbench_reports.routing.study.routing_study`; a text is why there is none, as a clause.
    """
    lines = wrapped(routing_verdict(study)) if isinstance(study, str) else routing_text(routing_words(study))
    return log_text("\n".join(lines) + "\n")


def routing_text(words: RoutingWords) -> list[str]:
    """Return the lines of the verdict, the tables and the sentences."""
    lines = [*wrapped(words.verdict), "", *_table(words.choices)]
    for table in (words.cascades, words.residents):
        lines += ["", *_table(table)] if table is not None else []
    lines.append("")
    for sentence in words.sentences:
        lines += wrapped(sentence, first="- ", rest="  ")
    return lines


def _table(table: RoutingTable) -> list[str]:
    names_first = sorted(range(len(table.columns)), key=lambda number: table.columns[number].number)
    columns = [
        TextColumn(each.heading, right=each.number) for each in (table.columns[number] for number in names_first)
    ]
    rows = [[row[number] for number in names_first] for row in table.rows]
    below = [_packed(details) for details in table.details]
    lines = text_table(columns, rows, below=below, widest_label=NAME_WIDTH)
    return [*lines, *wrapped("; ".join(table.notes), first="  ", rest="  ")]


def _packed(details: Sequence[str]) -> list[str]:
    """Pack figures into as few lines as possible, none of them broken; a figure longer than a line is wrapped."""
    lines: list[str] = []
    for each in map(printable, details):
        joined = f"{lines[-1]} · {each}" if lines else ""
        if lines and cell_len(joined) <= WIDTH:
            lines[-1] = joined
        else:
            lines += wrapped(each, first="  ", rest="  ")
    return lines
