"""Write a routing study for a notebook: the verdict, the table of choices and cascades, the evidence."""

from __future__ import annotations

from wattbench_reports.export.comparison.comparison_html import aligned_table, html_list, paragraph
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.wording.routing import RoutingTable, routing_verdict, routing_words


def routing_as_html(study: RoutingStudy | str) -> str:
    """Return a routing study as HTML in which every text of a record shows as itself.

    Args:
        study: from `wattbench_reports.routing.study.routing_study`; a text is why there is none, as a clause.
    """
    verdict = paragraph(routing_verdict(study), bold=True)
    if isinstance(study, str):
        return f"<div>\n{verdict}\n</div>\n"
    words = routing_words(study)
    tables = [_table(each) for each in (words.choices, words.cascades, words.residents) if each is not None]
    return "\n".join(["<div>", verdict, *tables, html_list(words.sentences), "</div>"]) + "\n"


def _table(table: RoutingTable) -> str:
    heads = [column.heading for column in table.columns]
    aligns = ["right" if column.number else "left" for column in table.columns]
    rows = [list(row) for row in table.rows]
    if any(table.details):
        heads.append("details")
        aligns.append("left")
        rows = [[*row, " · ".join(more)] for row, more in zip(rows, table.details, strict=True)]
    return f"{aligned_table(heads, rows, aligns)}\n{paragraph('; '.join(table.notes))}"
