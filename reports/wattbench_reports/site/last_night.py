"""Prepare the verdict of the last night: alarms, and metrics that are worse by more than their margin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wattbench_reports.formatting.units import named, plural
from wattbench_reports.gate.result import Verdict
from wattbench_reports.history import EVERYWHERE, Alarm, NightChange
from wattbench_reports.history.change_words import sentence, state
from wattbench_reports.history.night_verdict import NightVerdict, worsenings_to_see
from wattbench_reports.site.anchors import Anchors
from wattbench_reports.site.links import METRICS_SHOWN, Links
from wattbench_reports.wording import gate as wording

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
        verdict=wording.verdict_name(result.verdict),
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
