"""Prepare the verdict of the last night: its alarms, and each system against the previous night and the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.units import listed, plural
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.history import EVERYWHERE, Alarm, Drift, History
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.site import words
from wattbench_reports.site.anchors import Anchors
from wattbench_reports.site.links import METRICS_SHOWN, Links

BADGES: Mapping[Verdict, str] = {
    Verdict.PASS: "badge",
    Verdict.IMPROVED: "badge",
    Verdict.REGRESSED: "badge-bad",
    Verdict.ERROR: "badge-bad",
    Verdict.INCONCLUSIVE: "badge-warn",
    Verdict.NOT_COMPARABLE: "badge-warn",
    Verdict.NOT_MEASURED: "badge-warn",
}

KINDS = {
    "change": "change point",
    "reference": "against the reference",
    "previous": "against the previous night",
}
"""The evidence of an alarm, in words."""


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
    """Those over all domains, or if there are none, those of single domains."""
    folded: tuple[ShownAlarm, ...]
    """The others."""


@dataclass(frozen=True)
class SystemVerdict:
    """One system against one other run."""

    verdict: str
    style: str
    """Of its badge."""
    text: str


@dataclass(frozen=True)
class VerdictRow:
    """One system."""

    system: str
    position: int
    previous: SystemVerdict | None
    reference: SystemVerdict | None


@dataclass(frozen=True)
class LastNight:
    """The verdict of the night."""

    headline: str
    sentences: tuple[str, ...]
    """Below it."""
    alarms: tuple[SystemAlarms, ...]
    rows: tuple[VerdictRow, ...]
    table: Table | None
    """All metrics; None if nothing could be compared."""


def last_night(history: History, alarms: Sequence[Alarm], drift: Drift, anchors: Anchors, links: Links) -> LastNight:
    """Describe the last night.

    Args:
        history: with one night at least.
        alarms: of the last night.
        drift: of the last night.
        anchors: of all trends.
        links: of the page.
    """
    rows = tuple(
        VerdictRow(system, position, _judged(drift.previous.get(system)), _judged(drift.reference.get(system)))
        for system, position in anchors.positions.items()
        if system in drift.previous or system in drift.reference
    )
    results = [*drift.previous.values(), *drift.reference.values()]
    return LastNight(
        headline=_headline(history, alarms),
        sentences=tuple(_sentences(len(alarms), results)),
        alarms=tuple(_alarmed(alarms, anchors, links)),
        rows=rows,
        table=_table(drift) if results else None,
    )


def _headline(history: History, alarms: Sequence[Alarm]) -> str:
    night = history.nights[-1].date
    if not alarms:
        return f"No alarm on the night of {night}"
    systems = listed(list(dict.fromkeys(each.system for each in alarms)))
    return f"{plural(len(alarms), 'alarm')} on the night of {night}: {systems}"


def _alarmed(alarms: Sequence[Alarm], anchors: Anchors, links: Links) -> Iterator[SystemAlarms]:
    for system in dict.fromkeys(each.system for each in alarms):
        of_system = [each for each in alarms if each.system == system]
        overall = [each for each in of_system if each.domain == EVERYWHERE]
        shown = overall or of_system
        folded = [each for each in of_system if each not in shown]
        parts = [
            tuple(ShownAlarm(KINDS[each.kind], each.text, _chart(each, anchors, links)) for each in some)
            for some in (shown, folded)
        ]
        yield SystemAlarms(system, anchors.positions.get(system), *parts)


def _sentences(raised: int, results: Sequence[GateResult]) -> Iterator[str]:
    """Write what a reader of the headline should not miss."""
    if not results:
        yield "There is no other night to compare with."
        return
    regressed = sum(result.verdict is Verdict.REGRESSED for result in results)
    undecided = sum(result.exit_code == 2 for result in results)
    if regressed and not raised:
        yield (
            f"{regressed} of {plural(len(results), 'comparison')} regressed at the false-alarm rate of a single gate. "
            "In a year of nights this happens by chance, so it raises no alarm by itself: check whether it persists."
        )
    if undecided:
        yield f"{undecided} of {plural(len(results), 'comparison')} reached no verdict."
    if not (regressed or undecided or raised):
        yield "No system regressed, within the margins."


def _judged(result: GateResult | None) -> SystemVerdict | None:
    if result is None:
        return None
    return SystemVerdict(result.verdict.replace("_", " "), BADGES[result.verdict], result.headline)


def _chart(alarm: Alarm, anchors: Anchors, links: Links) -> str | None:
    anchor = anchors.charts.get((alarm.system, alarm.domain))
    return links.metric(alarm.metric, anchor) if anchor and alarm.metric in METRICS_SHOWN else None


def _table(drift: Drift) -> Table:
    columns = ("System", "Compared with", "Metric", "Verdict", "Before", "Now", "Change", "Reason")
    return Table(
        "All metrics",
        tuple(Column(name, numeric=name in {"Before", "Now", "Change"}) for name in columns),
        tuple(_rows(drift)),
        prose=True,
    )


def _rows(drift: Drift) -> Iterator[tuple[Cell, ...]]:
    for against, results in (("the previous night", drift.previous), ("the reference", drift.reference)):
        for system, result in results.items():
            for each in result.metrics:
                yield (
                    Cell(system),
                    Cell(against),
                    Cell(words.label(each.metric)),
                    Cell(each.verdict.replace("_", " "), BADGES[each.verdict]),
                    Cell(words.figure(each.baseline, each.metric)),
                    Cell(words.figure(each.candidate, each.metric)),
                    Cell(_change(each)),
                    Cell(each.reason),
                )


def _change(each: MetricVerdict) -> str:
    if each.baseline is None or each.candidate is None:
        return words.NONE
    return words.shift(each.baseline, each.candidate, each.metric)
