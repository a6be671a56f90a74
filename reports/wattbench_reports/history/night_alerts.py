"""Collect what each night of a history had to report: its alarms, and what was worse by more than its margin."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import StrictBool

from wattbench.errors import UserError
from wattbench.records.files.regular_file import read_record
from wattbench.records.schema.recorded import Described, Text, ThoseValid
from wattbench_reports.history.change_words import sentence
from wattbench_reports.history.model import History
from wattbench_reports.history.night_verdict import NightVerdict, worsenings_to_see

ALARM: Final = "alarm"
WORSE: Final = "worse"
_RENAMED = {"beyond_all_seen": WORSE}
"""Kinds of older verdicts."""


@dataclass(frozen=True)
class Alert:
    """One thing that a night has to report."""

    kind: str
    """`ALARM` or `WORSE`."""
    system: str
    domain: str
    """Empty: all together."""
    metric: str
    text: str
    """A sentence."""

    @property
    def series(self) -> tuple[str, str, str]:
        """Return the system, the domain and the metric."""
        return self.system, self.domain, self.metric


def alerts(verdict: NightVerdict) -> tuple[Alert, ...]:
    """Return the alerts of a verdict: every alarm, then the other worsenings by more than a margin."""
    alarmed = {(each.system, each.metric) for each in verdict.alarms}
    worse = [each for each in worsenings_to_see(verdict.changes) if (each.system, each.metric) not in alarmed]
    return (
        *(Alert(ALARM, each.system, each.domain, each.metric, f"{each.text}.") for each in verdict.alarms),
        *(Alert(WORSE, each.system, "", each.metric, sentence(each)) for each in worse),
    )


def all_alerts(history: History, verdict: NightVerdict) -> Mapping[str, tuple[Alert, ...]]:
    """Return the alerts of every night, by run: of the last night as judged now, of others as judged then.

    What stays worse is reported by the first of the nights that show it.

    Args:
        history: whose folder has `verdicts/`.
        verdict: on the last night.
    """
    last = history.nights[-1].run
    reported = {each.run: _kept(history.root, each.run) for each in history.nights[:-1]}
    reported[last] = alerts(verdict)
    return dict(_first_reported(reported))


def _first_reported(reported: Mapping[str, tuple[Alert, ...]]) -> Iterator[tuple[str, tuple[Alert, ...]]]:
    before: frozenset[tuple[str, str, str]] = frozenset()
    for run, night in reported.items():
        yield run, tuple(each for each in night if each.kind == ALARM or each.series not in before)
        before = frozenset(each.series for each in night)


def _kept(root: Path, run: str) -> tuple[Alert, ...]:
    """Read the alerts of an earlier night's verdict; none where there is no verdict, or it cannot be read."""
    try:
        verdict: Any = json.loads(read_record(root / "verdicts" / f"{run}.json"))
    except (UserError, ValueError, RecursionError):
        verdict = None
    known = _Verdict.of(verdict) or _Verdict()
    if known.night is None:  # judged by a wattbench that did not list them
        regressed = [each for each in known.metrics if each.blocks is True and each.verdict == "regressed"]
        listed = [Alert(ALARM, "", "", each.metric, each.reason) for each in regressed]
    else:
        listed = [
            Alert(_RENAMED.get(each.kind, each.kind), each.system, each.domain, each.metric, each.text)
            for each in known.night.alerts
        ]
    return tuple(each for each in listed if each.kind in (ALARM, WORSE))


class _Judged(Described):
    blocks: StrictBool | None = None
    verdict: Text = ""
    metric: Text = ""
    reason: Text = ""


class _Alerted(Described):
    kind: Text = ""
    system: Text = ""
    domain: Text = ""
    metric: Text = ""
    text: Text = ""


class _Night(Described):
    alerts: ThoseValid[tuple[_Alerted, ...]] = ()


class _Verdict(Described):
    night: _Night | None = None
    metrics: ThoseValid[tuple[_Judged, ...]] = ()
