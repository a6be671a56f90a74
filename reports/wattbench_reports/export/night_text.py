"""Write a night's verdict in a few lines, for a terminal and the mail that cron sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattbench.terminal import wrapped
from wattbench_reports.gate.result import GateResult, Verdict
from wattbench_reports.history import Alarm, Drift
from wattbench_reports.history.night_verdict import NAMES, compared
from wattbench_reports.wording import gate as wording


def night_text(result: GateResult, alarms: Sequence[Alarm], against: Drift) -> str:
    """Return the verdict, then every alarm, then each system's verdict against the night before and the reference."""
    return "".join(f"{line}\n" for line in _lines(result, alarms, against))


def _lines(result: GateResult, alarms: Sequence[Alarm], against: Drift) -> Iterator[str]:
    yield from wrapped(f"{wording.verdict_name(result.verdict).upper()}: {result.headline}")
    for alarm in alarms if len(alarms) > 1 else ():  # the headline has all of a single one
        yield from wrapped(f"{alarm.text}.", "- ", "  ")
    alarming = {(alarm.kind, alarm.system) for alarm in alarms}
    for kind, name in NAMES.items():
        verdicts = [
            f"{system} {_verdict(each, alarming=(kind, system) in alarming)}"
            for compared_with, system, each in compared(against)
            if compared_with == kind
        ]
        yield from wrapped(f"Against the {name}: {', '.join(verdicts) or 'not available'}.")
    for note in result.notes:
        yield from wrapped(note, "! ", "  ")


def _verdict(result: GateResult, *, alarming: bool) -> str:
    """Write the verdict of one gate; a regression that a year of nights makes likely by chance is no alarm."""
    if result.verdict is Verdict.REGRESSED and not alarming:
        return "regressed (no alarm: not significant at the false-alarm rate of a whole year)"
    return wording.verdict_name(result.verdict)
