"""Give the last night of a history one verdict, from its alarms, its comparisons, and what was not comparable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.history.alarms import Alarm
from wattbench_reports.history.model import History
from wattbench_reports.history.night_comparisons import PREVIOUS, REFERENCE, Drift

COMPARED = (Verdict.PASS, Verdict.IMPROVED, Verdict.REGRESSED, Verdict.INCONCLUSIVE)
"""Verdicts that show that a night was comparable with another."""

NAMES = {PREVIOUS: "previous night", REFERENCE: "reference"}
"""What a night is compared with, in words."""


def night_result(history: History, alarms: Sequence[Alarm], against: Drift) -> GateResult:
    """Return one result for a whole night, exported as a gate's is.

    A metric is named after its system and what it was compared with: ``adder · previous night · latency_p50``. Only
    what an alarm rests on blocks: that a night is inconclusive against the one before it alarms nobody.

    Args:
        history: with one night at least.
        alarms: of its last night.
        against: the last night's drift.
    """
    night = history.nights[-1]
    metrics = [*_changes(alarms), *_compared(against, alarms)]
    notes = [*history.notes, *against.notes, *(note for _, _, each in compared(against) for note in each.notes)]
    verdict = _verdict(alarms, metrics)
    return GateResult(
        verdict=verdict,
        headline=_headline(verdict, history, alarms, metrics),
        baseline="the nights before",
        candidate=f"the night of {night.date}",
        suite=night.suite,
        runs=(night.run,),
        metrics=tuple(metrics),
        policy=against.policy,
        items=max((each.items for _, _, each in compared(against)), default=0),
        notes=tuple(dict.fromkeys(notes)),
        created_utc=night.created_utc,
    )


def compared(against: Drift) -> Iterator[tuple[str, str, GateResult]]:
    """Yield every comparison of a night: `PREVIOUS` or `REFERENCE`, the system, and the result."""
    for kind, results in ((PREVIOUS, against.previous), (REFERENCE, against.reference)):
        for system, result in results.items():
            yield kind, system, result


def _verdict(alarms: Sequence[Alarm], metrics: Sequence[MetricVerdict]) -> Verdict:
    if alarms:
        return Verdict.REGRESSED
    if any(each.verdict in COMPARED for each in metrics):
        return Verdict.PASS
    return Verdict.NOT_COMPARABLE if metrics else Verdict.INCONCLUSIVE


def _headline(verdict: Verdict, history: History, alarms: Sequence[Alarm], metrics: Sequence[MetricVerdict]) -> str:
    night = f"The night of {history.nights[-1].date}"
    if verdict is Verdict.REGRESSED:
        how_many = "an alarm" if len(alarms) == 1 else f"{len(alarms)} alarms, of which the first is"
        return f"{night} raises {how_many}: {alarms[0].text}."
    if verdict is Verdict.PASS:
        return f"{night} raises no alarm."
    if len(history.series_nights()) == 1:
        return f"{night} is the first of its suite here: there is no earlier night to compare it with yet."
    why = next((f": {each.reason}" for each in metrics), ".")
    return f"{night} cannot be compared with any earlier night{why}"


def _compared(against: Drift, alarms: Sequence[Alarm]) -> Iterator[MetricVerdict]:
    """Yield each system's verdicts against other nights."""
    alarming = {(each.kind, each.system, each.metric) for each in alarms}
    for kind, system, result in compared(against):
        for each in result.metrics:
            name = f"{system} · {NAMES[kind]} · {each.metric}"
            yield replace(each, metric=name, blocks=(kind, system, each.metric) in alarming)


def _changes(alarms: Sequence[Alarm]) -> Iterator[MetricVerdict]:
    """Yield each change of a series as a metric that regressed."""
    for alarm in alarms:
        if alarm.change is not None:
            series = f"{alarm.system} · {alarm.domain}" if alarm.domain else alarm.system
            yield MetricVerdict(
                metric=f"{series} · since {alarm.change.date} · {alarm.metric}",
                verdict=Verdict.REGRESSED,
                blocks=True,
                margin=0.0,
                reason=f"{alarm.text}.",
                baseline=alarm.change.before,
                candidate=alarm.change.after,
                change=alarm.change.shift,
                p_value=alarm.change.p_value,
            )
