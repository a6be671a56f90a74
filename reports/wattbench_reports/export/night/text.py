"""Write a night's verdict in a few lines, for a terminal and the mail that cron sends."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench.terminal import without_commands, wrapped
from wattbench_reports.history.model import EVERYWHERE
from wattbench_reports.history.night_verdict import NightVerdict
from wattbench_reports.wording import gate as wording
from wattbench_reports.wording import night as night_wording

_MOST = 5
"""Changes named per line."""


def as_text(verdict: NightVerdict) -> str:
    """Return the verdict, every alarm, what each comparison shows, and what changed in code and weights."""
    return "".join(f"{without_commands(line)}\n" for line in _lines(verdict))


def _lines(verdict: NightVerdict) -> Iterator[str]:
    result = verdict.result
    yield from wrapped(f"{wording.verdict_name(result.verdict).upper()}: {result.headline}")
    overall = {(each.system, each.metric) for each in verdict.alarms if each.domain == EVERYWHERE}
    parts = [each for each in verdict.alarms if each.domain != EVERYWHERE and (each.system, each.metric) in overall]
    for alarm in verdict.alarms if len(verdict.alarms) > 1 else ():  # the headline has all of a single one
        if alarm not in parts:
            yield from wrapped(f"{alarm.text}.", "- ", "  ")
    if parts:
        yield f"- {len(parts)} more of the same in single domains."
    for against, line in night_wording.against_lines(verdict.changes, _MOST):
        yield from wrapped(f"Against {against}: {line}.")
    for difference in verdict.differences:
        if not difference.empty:
            yield from wrapped(f"{night_wording.difference_title(difference)}:")
            for line in night_wording.difference_lines(difference):
                yield from wrapped(line, "- ", "  ")
    for note in result.notes:
        yield from wrapped(note, "! ", "  ")
