"""Give the last night of a history one verdict, from its alarms and its changes against other nights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.history.alarms import Alarm, alarms
from wattbench_reports.history.change_words import AGAINST, label, sentence, size
from wattbench_reports.history.model import History
from wattbench_reports.history.night_changes import NightChange, night_changes
from wattbench_reports.history.night_comparisons import Drift, drift
from wattbench_reports.history.trends import is_worse
from wattbench_reports.history.what_changed import NightDifference, what_changed

NAMES = {"previous": "previous night", "four_weeks": "last four weeks", "reference": "reference"}
"""What a night is compared with, as it is in the names of a verdict's metrics."""

_DECIDED = ("alarm", "changed", "not_distinguishable")
"""States that need enough nights: with one of them, an alarm could have been raised."""


@dataclass(frozen=True)
class NightVerdict:
    """The verdict on the last night, and what it rests on."""

    result: GateResult
    alarms: tuple[Alarm, ...]
    changes: tuple[NightChange, ...]
    """Biggest first."""
    differences: tuple[NightDifference, ...] = ()
    """What changed in code, weights, prompts and surroundings."""


def night_verdict(history: History, policy: Policy | None = None) -> NightVerdict:
    """Judge the last night.

    Args:
        history: from `load_history`, with one night at least.
        policy: None: as the last night's suite says, or the defaults.

    Raises:
        UserError: the last night cannot be read.
    """
    against = drift(history, policy)
    raised = alarms(history, against)
    changes = night_changes(history, against.policy)
    return NightVerdict(night_result(history, raised, against, changes), raised, changes, what_changed(history))


def night_result(
    history: History, raised: Sequence[Alarm], against: Drift, changes: Sequence[NightChange]
) -> GateResult:
    """Return one result for a whole night, exported as a gate's is.

    A metric is named after its system and what it was compared with: ``adder · previous night · latency_p50``. Only
    what an alarm rests on blocks.

    Args:
        history: with one night at least.
        raised: alarms of its last night.
        against: the last night's drift.
        changes: of its last night, biggest first.
    """
    night = history.nights[-1]
    verdict = _verdict(raised, changes)
    return GateResult(
        verdict=verdict,
        headline=_headline(verdict, history, raised, changes),
        baseline="the nights before",
        candidate=f"the night of {night.date}",
        suite=night.suite,
        runs=(night.run,),
        metrics=(*_of_series(raised), *_of_changes(changes, raised, against.policy)),
        policy=against.policy,
        notes=tuple(dict.fromkeys((*history.notes, *against.notes))),
        created_utc=night.created_utc,
    )


def unseen(changes: Sequence[NightChange]) -> list[NightChange]:
    """Return the worsenings beyond anything seen in the history: of each system and metric the first.

    Args:
        changes: biggest first.
    """
    beyond = [each for each in changes if each.state == "beyond_all_seen" and each.worse]
    return list({(each.system, each.metric): each for each in reversed(beyond)}.values())[::-1]


def _verdict(raised: Sequence[Alarm], changes: Sequence[NightChange]) -> Verdict:
    if raised:
        return Verdict.REGRESSED
    if changes and all(each.state == "not_comparable" for each in changes):
        return Verdict.NOT_COMPARABLE
    if unseen(changes) or not any(each.state in _DECIDED for each in changes):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS


def _headline(verdict: Verdict, history: History, raised: Sequence[Alarm], changes: Sequence[NightChange]) -> str:
    night = f"The night of {history.nights[-1].date}"
    if verdict is Verdict.REGRESSED:
        how_many = "an alarm" if len(raised) == 1 else f"{len(raised)} alarms, of which the first is"
        return f"{night} raises {how_many}: {raised[0].text}."
    if verdict is Verdict.PASS:
        return f"{night} raises no alarm."
    if len(history.series_nights()) == 1:
        return f"{night} is the first of its suite here: there is no earlier night to compare it with yet."
    early = next((each.note for each in changes if each.note.startswith("too few nights")), "")
    if beyond := unseen(changes):
        nights = f", as there are {early.partition(':')[0]}," if early else ","
        many = "a figure is" if len(beyond) == 1 else f"{len(beyond)} figures are"
        first = f"{beyond[0].system} {label(beyond[0].metric)} {size(beyond[0])} against {AGAINST[beyond[0].against]}"
        which = "" if len(beyond) == 1 else "first of all "
        return f"{night} raises no alarm{nights} but {many} worse than anything seen before: {which}{first}."
    if early:
        return f"{night} has no verdict: {early}."
    why = next((f": {each.note}" for each in changes if each.note), "")
    return f"{night} cannot be compared with any earlier night{why}."


def _of_series(raised: Sequence[Alarm]) -> Iterator[MetricVerdict]:
    """Yield each change of a series as a metric that regressed."""
    for alarm in raised:
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
            )


def _of_changes(changes: Sequence[NightChange], raised: Sequence[Alarm], policy: Policy) -> Iterator[MetricVerdict]:
    """Yield each change against other nights as a metric."""
    margins = {rule.metric: rule.margin for rule in policy.rules}
    texts: dict[tuple[str, str, str], str] = {
        (each.kind, each.system, each.metric): f"{each.text}." for each in raised if each.change is None
    }
    for each in changes:
        key = each.against, each.system, each.metric
        margin = margins.get(each.metric, 0.0)
        yield MetricVerdict(
            metric=f"{each.system} · {NAMES[each.against]} · {each.metric}",
            verdict=Verdict.REGRESSED if key in texts else _word(each, margin),
            blocks=key in texts,
            margin=margin,
            reason=texts.get(key) or sentence(each),
            baseline=each.before,
            candidate=each.now,
            change=each.change,
            low=each.low,
            high=each.high,
        )


def _word(change: NightChange, margin: float) -> Verdict:
    if change.state == "not_comparable":
        return Verdict.NOT_COMPARABLE
    if change.state in ("alarm", "changed", "beyond_all_seen"):
        return Verdict.REGRESSED if change.worse else Verdict.IMPROVED
    worst = change.high if is_worse(change.metric, 1.0) else None if change.low is None else -change.low
    ruled_out = change.state == "not_distinguishable" and worst is not None and worst <= margin
    return Verdict.PASS if ruled_out else Verdict.INCONCLUSIVE
