"""Prepare the last night: its verdict, alarms and changes, against four weeks, the best stretch and the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.units import named, plural
from wattbench_reports.gate.metrics import figure_text, size_text
from wattbench_reports.gate.result import Verdict
from wattbench_reports.history import EVERYWHERE, Alarm, NightChange
from wattbench_reports.history.change_words import AGAINST, alarming, label, sentence, size, state
from wattbench_reports.history.night_verdict import NightVerdict, worsenings_to_see
from wattbench_reports.site.links import METRICS_SHOWN, Anchors, Links
from wattbench_reports.wording import night as wording
from wattbench_reports.wording.gate import verdict_name

ROWS_SHOWN = 12
"""How many rows are shown unfolded, in addition to those that changed by more than the margin."""
BADGES: Mapping[Verdict, str] = {
    Verdict.PASS: "badge",
    Verdict.IMPROVED: "badge",
    Verdict.REGRESSED: "badge-bad",
    Verdict.ERROR: "badge-bad",
    Verdict.INCONCLUSIVE: "badge-warn",
    Verdict.NOT_COMPARABLE: "badge-warn",
    Verdict.NOT_MEASURED: "badge-warn",
}


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


@dataclass(frozen=True)
class ShownAlarm:
    """One alarm."""

    kind: str
    text: str
    href: str | None
    """Of the chart that shows it."""


@dataclass(frozen=True)
class SystemAlarms:
    """One system's alarms."""

    system: str
    position: int | None
    shown: tuple[ShownAlarm, ...]
    """Alarms over all domains; without any, those of single domains."""
    folded: tuple[ShownAlarm, ...]
    """All other alarms."""


@dataclass(frozen=True)
class LastNight:
    """The verdict of the night."""

    verdict: str
    """One word."""
    style: str
    """Of its badge."""
    headline: str
    alarms: tuple[SystemAlarms, ...]


def last_night(verdict: NightVerdict, anchors: Anchors, links: Links) -> LastNight:
    """Describe the verdict on the last night: alarms, then metrics that are worse by more than their margin.

    Args:
        verdict: on the last night.
        anchors: of all trends.
        links: of the page.
    """
    result = verdict.result
    return LastNight(
        verdict=verdict_name(result.verdict),
        style=BADGES[result.verdict],
        headline=result.headline if len(verdict.alarms) < 2 else _headline(verdict),
        alarms=tuple(_alarmed(verdict, anchors, links)),
    )


def _headline(verdict: NightVerdict) -> str:
    """Name the systems with alarms; the alarms are listed below."""
    systems = named(list(dict.fromkeys(each.system for each in verdict.alarms)))
    night = verdict.result.candidate.removeprefix("the ")
    return f"The {night} raises {plural(len(verdict.alarms), 'alarm')}: {systems}."


def _alarmed(verdict: NightVerdict, anchors: Anchors, links: Links) -> Iterator[SystemAlarms]:
    alarmed = {(each.system, each.metric) for each in verdict.alarms}
    worse = [each for each in worsenings_to_see(verdict.changes) if (each.system, each.metric) not in alarmed]
    for system in dict.fromkeys([*(each.system for each in verdict.alarms), *(each.system for each in worse)]):
        of_system = [each for each in verdict.alarms if each.system == system]
        overall = [each for each in of_system if each.domain == EVERYWHERE]
        shown = overall or of_system
        folded = [each for each in of_system if each not in shown]
        parts = [[_alarm(each, anchors, links) for each in some] for some in (shown, folded)]
        parts[0] += [_worse(each, anchors, links) for each in worse if each.system == system]
        yield SystemAlarms(system, anchors.positions.get(system), *map(tuple, parts))


def _alarm(alarm: Alarm, anchors: Anchors, links: Links) -> ShownAlarm:
    href = _chart(alarm.system, alarm.domain, alarm.metric, anchors, links)
    return ShownAlarm("alarm", f"{alarm.text}.", href)


def _worse(change: NightChange, anchors: Anchors, links: Links) -> ShownAlarm:
    href = _chart(change.system, EVERYWHERE, change.metric, anchors, links)
    return ShownAlarm(state(change), sentence(change), href)


def _chart(system: str, domain: str, metric: str, anchors: Anchors, links: Links) -> str | None:
    anchor = anchors.charts.get((system, domain))
    return links.metric(metric, anchor) if anchor and metric in METRICS_SHOWN else None
