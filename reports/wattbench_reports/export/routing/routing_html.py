"""Write a routing study for a notebook: the verdict, the table of choices and cascades, the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from wattbench_reports.formatting.safe_text import visible
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


def aligned_table(head: Sequence[str], rows: Iterable[Sequence[str]], aligns: Sequence[str]) -> str:
    """Return an HTML table; each column is aligned ``left`` or ``right``."""
    lines = ["<table>", f"<thead>{_row('th', head, aligns)}</thead>", "<tbody>"]
    lines += [_row("td", row, aligns) for row in rows]
    return "\n".join([*lines, "</tbody>", "</table>"])


def _row(tag: str, cells: Sequence[str], aligns: Sequence[str]) -> str:
    drawn = (
        f'<{tag} style="text-align: {align}">{_escaped(cell)}</{tag}>'
        for cell, align in zip(cells, aligns, strict=True)
    )
    return f"<tr>{''.join(drawn)}</tr>"


def paragraph(text: str, *, bold: bool = False) -> str:
    """Return a text as an HTML paragraph; nothing for an empty text."""
    if not text:
        return ""
    return f"<p><strong>{_escaped(text)}</strong></p>" if bold else f"<p>{_escaped(text)}</p>"


def html_list(texts: Iterable[str]) -> str:
    """Return texts as an HTML list; nothing without any."""
    items = [f"<li>{_escaped(text)}</li>" for text in texts]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _escaped(text: str) -> str:
    """Escape markup, and show control and direction characters as signs."""
    return escape(visible(text))
