"""Prepare the last night: its verdict, alarms and changes, against four weeks, the best stretch and the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.units import named, plural
from wattbench_reports.gate.result import Verdict
from wattbench_reports.history import EVERYWHERE, NightChange
from wattbench_reports.history.change_words import AGAINST, alarming, sentence, state
from wattbench_reports.history.night_verdict import NightVerdict, worsenings_to_see
from wattbench_reports.site.links import Links
from wattbench_reports.wording import night as wording

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


def tonight(changes: Sequence[NightChange]) -> dict[str, object]:
    """Lay out the changes of the last night as a table, for the template.

    Args:
        changes: worst first.

    Returns:
        The columns, each what a night is compared with and the date or span of most of its rows; a line of summary for
        each; and the rows, worst first, each the changes of one metric of one system by what it is compared with.
    """
    columns = {
        against: Counter(each.label for each in changes if each.against == against).most_common(1)[0][0]
        for against in AGAINST
        if any(each.against == against for each in changes)
    }
    series: dict[tuple[str, str], dict[str, NightChange]] = {}
    for each in changes:
        series.setdefault((each.system, each.metric), {})[each.against] = each
    shown = [row for row in series.values() if wording.shown_changes(list(row.values()))]
    others = [row for row in series.values() if row not in shown]
    room = max(0, ROWS_SHOWN - len(shown))
    return {
        "columns": columns,
        "summary": list(wording.against_lines(changes, 3)),
        "rows": [*shown, *others[:room]],
        "folded": others[room:],
        "error_rates": _error_rates(changes),
    }


def style_of_change(change: NightChange) -> str:
    """Return the style of the badge of a change; empty for no badge."""
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
class SystemAlarms:
    """One system's alarms, each with its kind, its text, and a link to the chart that shows it."""

    system: str
    position: int | None
    shown: list[tuple[str, str, str | None]]
    """Alarms over all domains; without any, those of single domains. Then metrics that are worse."""
    folded: list[tuple[str, str, str | None]]
    """All other alarms."""


def headline(verdict: NightVerdict) -> str:
    """Write the outcome of a night; of several alarms only their systems, as the alarms are listed below."""
    if len(verdict.alarms) < 2:
        return verdict.result.headline
    systems = named(list(dict.fromkeys(each.system for each in verdict.alarms)))
    night = verdict.result.candidate.removeprefix("the ")
    return f"The {night} raises {plural(len(verdict.alarms), 'alarm')}: {systems}."


def alarms_by_system(verdict: NightVerdict, links: Links) -> Iterator[SystemAlarms]:
    """Yield the alarms of a night, then metrics that are worse by more than their margin, system by system."""
    alarmed = {(each.system, each.metric) for each in verdict.alarms}
    worse = [each for each in worsenings_to_see(verdict.changes) if (each.system, each.metric) not in alarmed]
    for system in dict.fromkeys([*(each.system for each in verdict.alarms), *(each.system for each in worse)]):
        of_system = [each for each in verdict.alarms if each.system == system]
        shown = [each for each in of_system if each.domain == EVERYWHERE] or of_system
        alarms, folded = (
            [("alarm", f"{each.text}.", links.chart(system, each.domain, each.metric)) for each in some]
            for some in (shown, [each for each in of_system if each not in shown])
        )
        alarms += [
            (state(each), sentence(each), links.chart(system, EVERYWHERE, each.metric))
            for each in worse
            if each.system == system
        ]
        yield SystemAlarms(system, links.anchors.positions.get(system), alarms, folded)
