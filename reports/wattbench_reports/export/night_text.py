"""A night's verdict in a few lines, for a terminal and the mail that cron sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattbench.terminal import wrapped
from wattbench_reports.gate.result import GateResult, Verdict
from wattbench_reports.history import Alarm, Drift
from wattbench_reports.history.night_verdict import NAMES, compared
from wattbench_reports.wording import gate as wording


def night_text(result: GateResult, alarms: Sequence[Alarm], against: Drift) -> str:
    """The verdict first, then every alarm, then how each system stands against the night before and the reference."""
    return "".join(f"{line}\n" for line in _lines(result, alarms, against))


def _lines(result: GateResult, alarms: Sequence[Alarm], against: Drift) -> Iterator[str]:
    yield from wrapped(f"{wording.said(result.verdict).upper()}: {result.headline}")
    for alarm in alarms if len(alarms) > 1 else ():  # of one the headline tells all
        yield from wrapped(f"{alarm.text}.", "- ", "  ")
    alarming = {(alarm.kind, alarm.system) for alarm in alarms}
    for kind, name in NAMES.items():
        told = [
            f"{system} {_standing(each, alarming=(kind, system) in alarming)}"
            for whom, system, each in compared(against)
            if whom == kind
        ]
        yield from wrapped(f"Against the {name}: {', '.join(told) or 'there is none'}.")
    for note in result.notes:
        yield from wrapped(note, "! ", "  ")


def _standing(result: GateResult, *, alarming: bool) -> str:
    """The verdict as of one gate; one that a year of nights brings about by chance is no alarm."""
    if result.verdict is Verdict.REGRESSED and not alarming:
        return "regressed (not surely enough for an alarm: a year has many nights)"
    return wording.said(result.verdict)
