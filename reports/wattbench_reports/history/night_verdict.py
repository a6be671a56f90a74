"""Give the last night of a history one verdict, from its alarms and its comparisons with earlier levels.

- `regressed`: a level changed for the worse, which this night is the first to show; or it did so earlier, and the night
  still is worse than the best stretch before. A reference of a later night accepts the new level.
- `pass`: every comparison of every metric that blocks rules out a worsening by its margin.
- `inconclusive` otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import StrictBool

from wattbench.errors import UserError
from wattbench.records.files.regular_file import read_record
from wattbench.records.schema.recorded import Described, Text, ThoseValid
from wattbench_reports.gate.metrics import size_text
from wattbench_reports.gate.policy import NIGHT_POLICY, Policy
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.history.alarms import Alarm, alarms, waiver_of
from wattbench_reports.history.change_words import AGAINST, label, sentence, size
from wattbench_reports.history.model import EVERYWHERE, History
from wattbench_reports.history.night_changes import NightChange, State, night_changes
from wattbench_reports.history.what_changed import NightDifference, what_changed
from wattbench_reports.metrics.registry import METRICS

_ALONE = (
    "With one system, a slow machine looks like a slower system. A second one that never changes (canary: true) tells "
    "them apart."
)
_WORDS: dict[State, Verdict] = {
    "alarm": Verdict.REGRESSED,
    "still_regressed": Verdict.REGRESSED,
    "worse": Verdict.INCONCLUSIVE,
    "open": Verdict.INCONCLUSIVE,
    "too_few_nights": Verdict.INCONCLUSIVE,
    "better": Verdict.IMPROVED,
    "within": Verdict.PASS,
    "not_comparable": Verdict.NOT_COMPARABLE,
    "not_measured": Verdict.NOT_MEASURED,
    "not_judged": Verdict.REGRESSED,
}
ALARM: Final = "alarm"
WORSE: Final = "worse"
_RENAMED = {"beyond_all_seen": WORSE}
"""Kinds of older verdicts."""


@dataclass(frozen=True)
class NightVerdict:
    """The verdict on the last night, with its alarms and comparisons."""

    result: GateResult
    alarms: tuple[Alarm, ...]
    changes: tuple[NightChange, ...]
    """Worst first."""
    differences: tuple[NightDifference, ...] = ()
    """What changed in code, weights, prompts and surroundings."""


def night_verdict(history: History, policy: Policy = NIGHT_POLICY) -> NightVerdict:
    """Judge the last night.

    Args:
        history: from `load_history`, with one night at least.
        policy: which metrics are judged, and by which margins.

    Raises:
        UserError: the last night cannot be read.
    """
    raised = alarms(history, policy)
    changes = night_changes(history, policy)
    return NightVerdict(night_result(history, raised, policy, changes), raised, changes, what_changed(history))


def night_result(
    history: History, raised: Sequence[Alarm], policy: Policy, changes: Sequence[NightChange]
) -> GateResult:
    """Return the verdict on a whole night as the result of a gate, for the exports of gates.

    A metric is named after its system and what it was compared with: ``adder · last four weeks · latency_p50``.

    Args:
        history: with one night at least.
        raised: alarms of its last night.
        policy: of the night.
        changes: of its last night, worst first.
    """
    night = history.nights[-1]
    verdict = verdict_of(raised, changes)
    alone = (_ALONE,) if history.values["system"].nunique() == 1 else ()
    return GateResult(
        verdict=verdict,
        headline=_headline(verdict, history, raised, changes),
        baseline="the nights before",
        candidate=f"the night of {night.date}",
        suite=night.suite,
        runs=(night.run,),
        metrics=(*_of_domains(raised), *_of_changes(changes, policy, history)),
        policy=policy,
        notes=tuple(dict.fromkeys((*history.notes, *alone))),
        created_utc=night.created_utc,
    )


def worsenings_to_see(changes: Sequence[NightChange]) -> list[NightChange]:
    """Return the worsenings by more than the margin without an alarm of this night, one of each system and metric.

    Args:
        changes: worst first.
    """
    worse = [each for each in changes if each.blocks and each.state in ("still_regressed", "worse")]
    return list({(each.system, each.metric): each for each in reversed(worse)}.values())[::-1]


def verdict_of(raised: Sequence[Alarm], changes: Sequence[NightChange]) -> Verdict:
    """Return the verdict on a night, from its alarms and the states of the comparisons that block."""
    if raised:
        return Verdict.REGRESSED
    states = [each.state for each in changes if each.blocks]
    if "still_regressed" in states:
        return Verdict.REGRESSED
    if states and all(each == "not_comparable" for each in states):
        return Verdict.NOT_COMPARABLE
    if states and all(each in ("within", "better") for each in states):
        return Verdict.PASS
    return Verdict.INCONCLUSIVE


def _headline(verdict: Verdict, history: History, raised: Sequence[Alarm], changes: Sequence[NightChange]) -> str:
    night = f"The night of {history.nights[-1].date}"
    if raised:
        how_many = "an alarm" if len(raised) == 1 else f"{len(raised)} alarms, first"
        return f"{night} raises {how_many}: {raised[0].text}."
    if len(history.series_nights()) == 1:
        return f"{night} is the first of its suite here: there is no earlier night to compare it with yet."
    blocking = [each for each in changes if each.blocks]
    if verdict is Verdict.PASS:
        return f"{night} passes: of every judged metric, a worsening by its margin is ruled out."
    worse = worsenings_to_see(changes)
    if verdict is Verdict.REGRESSED:
        return f"{night} is still regressed: {_figure(worse[0])}{_more(worse)}; {worse[0].note}."
    if not blocking:
        return f"{night} has no figure to judge: no metric of the policy was measured."
    if verdict is Verdict.NOT_COMPARABLE:
        return f"{night} cannot be compared with any earlier night: {blocking[0].note}."
    if all(each.state == "too_few_nights" for each in blocking):
        return f"{night} has no verdict: {blocking[0].note}."
    left = worse or [each for each in blocking if each.state not in ("within", "better")]
    return f"{night} does not pass: {_why_not(left[0], _more(left))}."


def _figure(change: NightChange) -> str:
    return f"{change.system} {label(change.metric)} is {size(change)} against {AGAINST[change.against]}"


def _more(some: Sequence[NightChange]) -> str:
    return f" (and {len(some) - 1} more)" if len(some) > 1 else ""


def _why_not(change: NightChange, more: str) -> str:
    """Say why a change keeps a night from passing, with the note or the size of a change that would have shown."""
    name = f"{change.system} {label(change.metric)}"
    if change.state == "not_measured" and not change.label:
        return f"{name}{more} is not measured: {change.note}"
    if change.state == "not_measured":
        return f"{name}{more} was measured on {change.label}, and not this night"
    if change.state == "not_comparable":
        return f"{name}{more} cannot be compared: {change.note}"
    if change.state == "too_few_nights":
        return f"{name}{more} has {change.note}"
    if change.note:
        return f"{_figure(change)}{more}; {change.note}"
    limit = size_text(change.metric, change.margin)
    if change.state == "worse":
        return f"{_figure(change)}{more}, beyond the margin of {limit}"
    assert change.detectable is not None  # it has bounds
    least = size_text(change.metric, change.detectable)
    sign = "+" if METRICS[change.metric].better == "lower" else "−"
    return f"{_figure(change)}{more}, margin {limit}; only {sign}{least} would show"


def _of_domains(raised: Sequence[Alarm]) -> Iterator[MetricVerdict]:
    """Yield each alarm of a single domain as a regressed metric. Alarms over all domains are among the changes."""
    for alarm in raised:
        if alarm.domain != EVERYWHERE:
            yield MetricVerdict(
                metric=f"{alarm.system} · {alarm.domain} · since {alarm.change.date} · {alarm.metric}",
                verdict=Verdict.REGRESSED,
                blocks=True,
                margin=abs(alarm.change.limit),
                reason=f"{alarm.text}.",
                baseline=alarm.change.before,
                candidate=alarm.change.after,
                change=alarm.change.shift,
            )


def _of_changes(changes: Sequence[NightChange], policy: Policy, history: History) -> Iterator[MetricVerdict]:
    """Yield each comparison of a night as the verdict on a metric."""
    today = history.nights[-1].date
    for each in changes:
        yield MetricVerdict(
            metric=f"{each.system} · {AGAINST[each.against].removeprefix('the ')} · {each.metric}",
            verdict=_WORDS[each.state],
            blocks=each.blocks,
            margin=each.margin,
            reason=sentence(each),
            baseline=each.before,
            candidate=each.now,
            change=each.change,
            low=each.low,
            high=each.high,
            waived=waiver_of(policy, each.metric, today),
        )


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
