"""Write a decision as Markdown: the advice, a table row per system, the evidence."""

from __future__ import annotations

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.markdown import escaped, markdown_table
from wattbench_reports.wording.decision import DecisionWords


def decision_markdown(words: DecisionWords) -> list[str]:
    """Return the lines; every text of a record shows as itself."""
    columns = [TextColumn(column.heading, right=column.number) for column in words.columns]
    rows = [[escaped(cell) for cell in row] for row in words.rows]
    table = ["", *markdown_table(columns, rows)] if len(columns) > 1 else []
    lines = [f"**{escaped(words.advice)}**", *table]
    return [*lines, "", *(f"- {escaped(sentence)}" for sentence in words.evidence)] if words.evidence else lines
