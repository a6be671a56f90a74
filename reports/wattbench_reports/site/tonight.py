"""Prepare tonight's changes: per system and metric against four weeks, the best stretch and the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.gate.metrics import figure_text, size_text
from wattbench_reports.history import NightChange
from wattbench_reports.history.change_words import AGAINST, alarming, label, size, state
from wattbench_reports.site.anchors import Anchors
from wattbench_reports.site.links import METRICS_SHOWN, Links
from wattbench_reports.wording import night as wording

ROWS_SHOWN = 12
"""How many rows are shown unfolded, in addition to those that changed by more than the margin."""


@dataclass(frozen=True)
class ComparedWith:
    """The heading of a column."""

    text: str
    detail: str
    """The date or span of most rows."""


@dataclass(frozen=True)
class ShownChange:
    """One metric against one other night or span."""

    size: str
    """With its interval."""
    state: str
    style: str
    """Of the state's badge; empty for no badge."""
    before: str
    """The earlier figure, with its date or span where that is not the column's."""
    note: str


@dataclass(frozen=True)
class ChangeRow:
    """One metric of one system."""

    system: str
    position: int | None
    metric: str
    href: str | None
    """Of the chart."""
    now: str
    margin: str
    cells: tuple[ShownChange | None, ...]
    """In the order of `Tonight.columns`; None without such a comparison."""
    has_change: bool
    """Whether a cell shows a change by more than the margin."""


@dataclass(frozen=True)
class Tonight:
    """The table of tonight's changes."""

    columns: tuple[ComparedWith, ...]
    summary: tuple[tuple[str, str], ...]
    """Heading and text for each column."""
    rows: tuple[ChangeRow, ...]
    """Worst first: the rows that are not folded."""
    folded: tuple[ChangeRow, ...]
    error_rates: str
    """The error rates of states and alarms; empty while the scatter between nights is not known."""


def tonight(changes: Sequence[NightChange], anchors: Anchors, links: Links) -> Tonight:
    """Lay out the changes of the last night as a table.

    Args:
        changes: worst first.
        anchors: of all systems and domains.
        links: of the page.
    """
    made = {against: [each for each in changes if each.against == against] for against in AGAINST}
    columns = {
        against: Counter(each.label for each in some).most_common(1)[0][0] for against, some in made.items() if some
    }
    series: dict[tuple[str, str], dict[str, NightChange]] = {}
    for each in changes:
        series.setdefault((each.system, each.metric), {})[each.against] = each
    rows = [_row(cells, columns, anchors, links) for cells in series.values()]
    shown = [row for row in rows if row.has_change]
    others = [row for row in rows if not row.has_change]
    room = max(0, ROWS_SHOWN - len(shown))
    return Tonight(
        columns=tuple(_heading(against, span) for against, span in columns.items()),
        summary=tuple(_summary(changes)),
        rows=(*shown, *others[:room]),
        folded=tuple(others[room:]),
        error_rates=_error_rates(changes),
    )


def _heading(against: str, span: str) -> ComparedWith:
    words = AGAINST[against].removeprefix("the ")
    return ComparedWith(f"{words[0].upper()}{words[1:]}", span)


def _summary(changes: Sequence[NightChange]) -> list[tuple[str, str]]:
    lines = wording.against_lines(changes, 3)
    return [(f"Against {against}", line) for against, line in lines]


def _row(cells: Mapping[str, NightChange], columns: Mapping[str, str], anchors: Anchors, links: Links) -> ChangeRow:
    first = next(iter(cells.values()))
    anchor = anchors.charts.get((first.system, ""))
    return ChangeRow(
        system=first.system,
        position=anchors.positions.get(first.system),
        metric=label(first.metric),
        href=links.metric(first.metric, anchor) if anchor and first.metric in METRICS_SHOWN else None,
        now=figure_text(first.metric, first.now),
        margin=size_text(first.metric, first.margin),
        cells=tuple(_cell(cells[against], span) if against in cells else None for against, span in columns.items()),
        has_change=bool(wording.shown_changes(list(cells.values()))),
    )


def _cell(change: NightChange, span: str) -> ShownChange:
    before = figure_text(change.metric, change.before)
    return ShownChange(
        size=size(change),
        state=state(change),
        style=_style(change),
        before=before if change.label == span or change.before is None else f"{before} ({change.label})",
        note="" if change.state == "too_few_nights" else change.note,
    )


def _style(change: NightChange) -> str:
    if alarming(change):
        return "badge-bad"
    return "badge" if change.state == "better" else ""


def _error_rates(changes: Sequence[NightChange]) -> str:
    """State the error rates of states and alarms."""
    if all(each.low is None for each in changes):
        return ""
    return (
        "Each interval has a confidence of 95% and holds the scatter between nights. Worse: all of it is beyond the "
        "margin. Within: it rules out a worsening by the margin. Undecided: neither."
    )
