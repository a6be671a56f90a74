"""Explain a verdict in sentences: its evidence, the change it could detect, or how many more items it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wattbench_reports.formatting.units import NONE, fixed, listed, percent, plural, points
from wattbench_reports.gate.decision.case import Case
from wattbench_reports.gate.decision.state import GateState
from wattbench_reports.gate.metrics import ACCURACY, METRICS, Metric, judged_metric
from wattbench_reports.gate.policy import Policy, Waiver
from wattbench_reports.gate.result import MetricVerdict, Verdict


def reason(judged: MetricVerdict, case: Case, policy: Policy) -> MetricVerdict:
    """Fill in the reason of a metric's verdict: first what it follows from, then what its bounds hold for."""
    said = _REASONS[judged.verdict](judged, case, policy, METRICS[case.rule.metric])
    return replace(judged, reason=" ".join(filter(None, (said, "" if case.bounds is None else case.bounds.note))))


def change_in_words(metric: str, change: float) -> str:
    """Write a change: ``2.0 points lower``, ``20.3% higher``."""
    if not float(fixed(100 * change, 1)):
        return "unchanged"
    if _is_accuracy(metric):
        return f"{points(change)} {'lower' if change < 0 else 'higher'}"
    return f"{percent(abs(change))} {'lower' if change < 0 else 'higher'}"


def headline(state: GateState, metrics: Sequence[MetricVerdict], baseline: str, candidate: str, cap: int) -> str:
    """Write the gate's outcome as a sentence.

    Args:
        state: of the gate.
        metrics: all of them.
        baseline: its name.
        candidate: its name.
        cap: the most items that it could have asked.
    """
    verdict = state.verdict
    blocking = [each for each in metrics if each.blocks and each.allowed_by is None]
    names = [_label(each.metric) for each in blocking if each.verdict is verdict]
    decisive = listed(names)
    unmeasured = f"{decisive} {'was' if len(names) == 1 else 'were'} not" if names else "no blocking metric was"
    if state.futile:
        return _futile([each for each in blocking if each.verdict is verdict], decisive, cap)
    return {
        Verdict.PASS: f"{candidate} can replace {baseline}: {_passed(metrics)}.",
        Verdict.IMPROVED: f"{candidate} is better than {baseline} in {decisive}; {_passed(metrics)}.",
        Verdict.REGRESSED: f"{candidate} is worse than {baseline}{_regressions(blocking)}.",
        Verdict.NOT_COMPARABLE: f"{candidate} and {baseline} cannot be compared on {decisive}.",
        Verdict.NOT_MEASURED: f"No verdict: {unmeasured} measured.",
        Verdict.INCONCLUSIVE: f"No verdict: the items do not show whether {candidate} is worse than {baseline} in "
        f"{decisive}.",
    }[verdict]


def _futile(metrics: Sequence[MetricVerdict], decisive: str, cap: int) -> str:
    """Write that a gate ended as no verdict was likely: ``No verdict is likely in 400 items: about 3,100``."""
    start = f"No verdict on {decisive} is likely in {plural(cap, 'item')}"
    more = [each.items + each.more_items if each.more_items else None for each in metrics]
    known = [each for each in more if each is not None]
    if len(known) < len(more):
        return f"{start}: the change is too near to the margin, or the noise too large, for any number of items."
    return f"{start}: about {max(known):,} would take it."


def expired(waiver: Waiver) -> str:
    """Write that a waiver no longer applies."""
    ended = waiver.until.isoformat()
    return f"The waiver of {_label(waiver.metric)} expired on {ended} and no longer applies ({waiver.reason})."


def _passed(metrics: Sequence[MetricVerdict]) -> str:
    fine = [each for each in metrics if each.blocks and each.verdict in (Verdict.PASS, Verdict.IMPROVED)]
    sentence = (
        f"no regression in {listed([_label(each.metric) for each in fine])}" if fine else "no blocking metric is worse"
    )
    allowed = [each for each in metrics if each.allowed_by is not None]
    if allowed:
        sentence += (
            f"; a declared trade-off allows the regression in {listed([_label(each.metric) for each in allowed])}"
        )
    unmeasured = [each for each in metrics if not each.blocks and each.verdict is Verdict.NOT_MEASURED]
    waived = [each for each in metrics if each.waived is not None and each.verdict is Verdict.REGRESSED]
    if waived:
        sentence += f"; {listed([_label(each.metric) for each in waived])} regressed and is waived"
    if unmeasured:
        sentence += f"; not judged: {listed([_label(each.metric) for each in unmeasured])}"
    return sentence


def _regressions(blocking: Sequence[MetricVerdict]) -> str:
    worse = [each for each in blocking if each.change is not None and each.verdict is Verdict.REGRESSED]
    changes = listed([f"{_label(each.metric)} is {change_in_words(each.metric, each.change or 0.0)}" for each in worse])
    return f": {changes}"


def _pass(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    if case.bounds is None:
        return f"{_figures(judged, metric)}, within the margin of {percent(case.rule.margin)}."
    what = "Neither bound of the change is" if case.rule.either else "The upper bound of the worsening is not"
    return f"{_figures(judged, metric)}. {what} beyond {_margin(case)}, in {plural(judged.items, 'item')}."


def _improved(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    return f"Better, by both bounds: {_figures(judged, metric)}, in {plural(judged.items, 'item')}."


def _regressed(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    if case.bounds is None:
        return f"{_figures(judged, metric)}, beyond the margin of {percent(case.rule.margin)}."
    verb = "Changed" if case.rule.either else "Worse"
    return (
        f"{verb} by more than {_margin(case)}, by both bounds: {_figures(judged, metric)}, in "
        f"{plural(judged.items, 'item')}."
    )


def _inconclusive(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    if case.bounds is None:
        return f"Too few items to judge {_label(judged.metric)} yet."
    start = f"The bounds have the margin of {_margin(case)} between them: {_figures(judged, metric)}."
    if (least := case.bounds.least_for_pass) > judged.items:
        start += (
            f" A pass takes {plural(least, 'item')}: of fewer, 2% of the answers may be missed that take much longer."
        )
    if judged.more_items is None:
        return f"{start} No number of items is likely to decide it: the change is too near to the margin."
    return f"{start} About {plural(judged.more_items, 'more item')} should decide it, if they are like these."


def _apart(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    return _sentence(case.apart or "")


def _missing(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    return _sentence(f"Not judged: {case.missing}")


_REASONS = {
    Verdict.PASS: _pass,
    Verdict.IMPROVED: _improved,
    Verdict.REGRESSED: _regressed,
    Verdict.INCONCLUSIVE: _inconclusive,
    Verdict.NOT_COMPARABLE: _apart,
    Verdict.NOT_MEASURED: _missing,
}


def _figures(judged: MetricVerdict, metric: Metric) -> str:
    """Write the change with its bounds: ``12.0 points lower [9.1, 15.2]``."""
    name = _label(judged.metric) if judged_metric(judged.metric).domain else metric.label
    if judged.change is None:
        return f"no figure for {name}"
    seen = f"{name} is {change_in_words(judged.metric, judged.change)}"
    if judged.low is None and judged.high is None:
        return seen
    low, high = (NONE if bound is None else fixed(100 * bound, 1) for bound in (judged.low, judged.high))
    return f"{seen} [{low}, {high}]"


def _margin(case: Case) -> str:
    return points(case.rule.margin) if case.in_points else percent(case.rule.margin)


def _label(metric: str) -> str:
    """Write a metric's name in a sentence: ``latency p50``, ``latency p50 of test_parse``, ``accuracy in law``."""
    parts = judged_metric(metric)
    label = METRICS[parts.metric].label if parts.metric in METRICS else parts.metric
    if parts.domain:
        return f"{label} in {parts.domain}"
    return f"{label} of {parts.benchmark}" if parts.benchmark else label


def _is_accuracy(metric: str) -> bool:
    return judged_metric(metric).metric == ACCURACY


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
