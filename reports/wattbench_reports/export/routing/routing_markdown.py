"""Write a routing study as Markdown: the verdict, the tables, the evidence."""

from __future__ import annotations

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.markdown import escaped, markdown_table
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.wording.routing import RoutingTable, RoutingWords, routing_verdict, routing_words


def routing_as_markdown(study: RoutingStudy | str) -> str:
    """Return a routing study as Markdown; every text of a record shows as itself.

    Args:
        study: from `wattbench_reports.routing.study.routing_study`; a text is why there is none, as a clause.
    """
    if isinstance(study, str):
        return f"**{escaped(routing_verdict(study))}**\n"
    return "\n".join(routing_markdown(routing_words(study))) + "\n"


def routing_markdown(words: RoutingWords) -> list[str]:
    """Return the lines of the verdict, the tables and the sentences."""
    lines = [f"**{escaped(words.verdict)}**", "", *_table(words.choices)]
    for table in (words.cascades, words.residents):
        lines += ["", *_table(table)] if table is not None else []
    return [*lines, "", *(f"- {escaped(sentence)}" for sentence in words.sentences)]


def _table(table: RoutingTable) -> list[str]:
    columns = [TextColumn(column.heading, right=column.number) for column in table.columns]
    rows = [[escaped(cell) for cell in row] for row in table.rows]
    if any(table.details):
        columns.append(TextColumn("details"))
        rows = [[*row, escaped(" · ".join(more))] for row, more in zip(rows, table.details, strict=True)]
    notes = "; ".join(table.notes)
    return [*markdown_table(columns, rows), *(["", escaped(notes)] if notes else [])]
