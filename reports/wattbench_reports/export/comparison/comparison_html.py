"""Write HTML for a notebook: a fragment without style sheet or script, with every text of a record escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.export.comparison.comparison_markdown import LEFT_ALIGNED, summary_table
from wattbench_reports.formatting.filled_columns import filled_columns
from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.metrics.trace_bursts import bursts
from wattbench_reports.wording import arrival_rates, estimated, impacts, input_check, trace_bursts
from wattbench_reports.wording import comparison as wording
from wattbench_reports.wording.decision import DecisionWords
from wattbench_reports.wording.leaderboard import rank_lines, rank_note


def as_html(comparison: Comparison, decided: DecisionWords | None = None) -> str:
    """Return the content of the Markdown format as an HTML fragment."""
    return "\n".join(["<div>", *_parts(comparison, decided), "</div>"]) + "\n"


def decision_html(decided: DecisionWords) -> str:
    """Return a decision alone: the advice, a row per system, and the evidence."""
    return "\n".join(["<div>", *_decision(decided), "</div>"]) + "\n"


def _decision(decided: DecisionWords) -> Iterator[str]:
    yield paragraph(decided.advice, bold=True)
    if len(decided.columns) > 1:
        yield _table_of(decided)
    yield html_list(decided.evidence)


def _data(comparison: Comparison) -> Iterator[str]:
    """Yield the data check as HTML: summary, table and meaning. Nothing unless it is notable."""
    if comparison.data is not None and comparison.data.notable:
        yield paragraph(f"{input_check.TITLE}: {input_check.summary(comparison.data)}")
        yield _table(*input_check.table(comparison.data))
        yield paragraph(input_check.meaning(comparison.data))


def _parts(comparison: Comparison, decided: DecisionWords | None) -> Iterator[str]:
    yield paragraph(comparison.suite, bold=True)
    if decided is not None:
        yield from _decision(decided)
    yield from _data(comparison)
    if comparison.load is not None:
        for rate in comparison.load.rates:
            yield paragraph(arrival_rates.heading(rate))
            yield _table(*arrival_rates.table(rate))
            yield html_list(arrival_rates.lacking(rate))
        for text in trace_bursts.trace_lines(comparison.load.compared):
            yield paragraph(text)
        if (compared := bursts(comparison.load)) is not None:
            yield paragraph(trace_bursts.TITLE)
            yield _table(*trace_bursts.table(compared))
            yield html_list(trace_bursts.sentences(compared))
        yield paragraph(arrival_rates.explained(comparison.load))
    else:
        yield _table(*summary_table(comparison))
    yield paragraph(f"{wording.intervals_line(comparison)} {wording.carbon_line(comparison)}".rstrip())
    yield paragraph(wording.added_line(comparison))
    yield paragraph(wording.cost_line(comparison))
    yield paragraph(wording.another_run_line(comparison))
    yield paragraph(wording.sci_line(comparison))
    if texts := list(impacts.lines(comparison)):
        yield paragraph(impacts.title(comparison), bold=True)
        yield _table(impacts.head(comparison), impacts.rows(comparison))
        yield html_list(texts)
    if comparison.load is None and (title := wording.year_line(comparison)):
        yield paragraph(title, bold=True)
        yield _table(("system", *wording.year_headings(comparison)), wording.year_rows(comparison))
    ranks = list(rank_lines(comparison))
    for title, groups in ranks:
        yield paragraph(title, bold=True)
        yield html_list(groups)
    yield paragraph(rank_note(comparison) if ranks else "")
    if texts := list(estimated.lines(comparison)):
        yield paragraph(estimated.TITLE, bold=True)
        yield _table(estimated.HEAD, of_services) if (of_services := estimated.rows(comparison)) else ""
        yield html_list(texts)
    yield html_list(caveat.text for caveat in comparison.caveats)


def _table_of(decided: DecisionWords) -> str:
    head = [column.heading for column in decided.columns]
    return aligned_table(head, decided.rows, ["right" if column.number else "left" for column in decided.columns])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head, rows = filled_columns(head, rows)
    return aligned_table(head, rows, ["left" if name in LEFT_ALIGNED else "right" for name in head])


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
