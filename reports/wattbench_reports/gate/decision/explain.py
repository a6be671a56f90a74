"""Explain a verdict in sentences: its evidence, the change it could detect, or how many more items it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wattbench_reports.formatting.units import fixed, listed, p_value, percent, plural, points
from wattbench_reports.gate.decision.metric_tests import Case
from wattbench_reports.gate.metrics import ACCURACY, METRICS, Metric
from wattbench_reports.gate.policy import Policy, Waiver
from wattbench_reports.gate.result import MetricVerdict, Verdict


def reason(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> MetricVerdict:
    """Fill in the reason of a metric's verdict."""
    return replace(judged, reason=_REASONS[judged.verdict](judged, case, policy, metric))


def worsening(metric: str, by: float) -> str:
    """Write a worsening: ``a drop of 5.0 points``, ``an increase of 10.0%``; of 0 ``any drop``, ``any increase``."""
    if not by:
        return "any drop" if _is_accuracy(metric) else "any increase"
    return f"a drop of {points(by)}" if _is_accuracy(metric) else f"an increase of {percent(by)}"


def change_in_words(metric: str, change: float) -> str:
    """Write a change: ``2.0 points lower``, ``20.3% higher``."""
    if not float(fixed(100 * change, 1)):
        return "unchanged"
    if _is_accuracy(metric):
        return f"{points(change)} {'lower' if change < 0 else 'higher'}"
    return f"{percent(abs(change))} {'lower' if change < 0 else 'higher'}"


def headline(verdict: Verdict, metrics: Sequence[MetricVerdict], baseline: str, candidate: str) -> str:
    """Write the gate's outcome as a sentence."""
    blocking = [each for each in metrics if each.blocks and each.allowed_by is None]
    names = [_label(each.metric) for each in blocking if each.verdict is verdict]
    decisive = listed(names)
    unmeasured = f"{decisive} {'was' if len(names) == 1 else 'were'} not" if names else "no blocking metric was"
    return {
        Verdict.PASS: f"{candidate} can replace {baseline}: {_passed(metrics)}.",
        Verdict.IMPROVED: f"{candidate} is better than {baseline} in {decisive}; {_passed(metrics)}.",
        Verdict.REGRESSED: f"{candidate} is worse than {baseline}: {_regressions(blocking)}.",
        Verdict.NOT_COMPARABLE: f"{candidate} and {baseline} cannot be compared on {decisive}.",
        Verdict.NOT_MEASURED: f"No verdict: {unmeasured} measured.",
        Verdict.INCONCLUSIVE: f"No verdict: the items do not show whether {candidate} is worse than {baseline} in "
        f"{decisive}.",
    }[verdict]


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
    return listed(
        [
            f"{_label(each.metric)} is {change_in_words(each.metric, each.change)}"
            for each in blocking
            if each.verdict is Verdict.REGRESSED and each.change is not None
        ]
    )


def _pass(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    if case.trial is None:
        return f"{_figures(judged, metric)}, within the margin of {percent(case.rule.margin)}."
    limit = judged.detectable if judged.detectable is not None else case.rule.margin
    tail = _twosided(case)
    return (
        f"{plural(judged.items, 'item')} rule out {worsening(judged.metric, limit)}{tail}; the miss rate for "
        f"{'a change' if case.rule.either else 'a regression'} of {_margin(case)} is at most {percent(policy.beta)}."
    )


def _improved(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    return f"Shown to be better: {_figures(judged, metric)}. {_pass(judged, case, policy, metric)}"


def _regressed(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    verb = "changed" if case.rule.either else "worse"
    if case.trial is None:
        return f"{_figures(judged, metric)}, beyond the margin of {percent(case.rule.margin)}."
    shown = "" if judged.p_value is None else f" ({p_value(judged.p_value)}, false-alarm rate {100 * policy.alpha:g}%)"
    beyond = f", beyond the {percent(case.slack)} of drift allowed between runs" if case.slack else ""
    return f"Shown to be {verb} over {plural(judged.items, 'item')}{shown}: {_figures(judged, metric)}{beyond}."


def _inconclusive(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    if case.trial is None:
        return f"Too few items to judge {metric.label}: at least {plural(judged.more_items or 1, 'more item')} needed."
    if case.beyond <= 0:
        return (
            f"The drift allowed between runs, {percent(case.slack)}, is at least as large as the margin, "
            f"{_margin(case)}: no number of items can lead to a pass. Widen the margin, or gate both systems in turns "
            "in one run."
        )
    what = "change" if case.rule.either else "regression"
    start = (
        f"{plural(judged.items, 'item')} neither show a {what} nor rule out one of {_margin(case)} "
        f"(observed: {_figures(judged, metric)})."
    )
    if judged.more_items is None:
        return f"{start} More items like these would not decide it: the observed change is between none and the margin."
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
    if judged.change is None:
        return f"no figure for {metric.label}"
    seen = f"{metric.label} is {change_in_words(judged.metric, judged.change)}"
    if judged.low is None or judged.high is None:
        return seen
    places = (fixed(100 * judged.low, 1), fixed(100 * judged.high, 1))
    return f"{seen} [{places[0]}, {places[1]}]"


def _margin(case: Case) -> str:
    if case.rule.metric == ACCURACY:
        return points(case.rule.margin)
    return percent(case.rule.margin)


def _twosided(case: Case) -> str:
    if not case.rule.either:
        return ""
    return " and a rise as large" if case.rule.metric == ACCURACY else " and a decrease as large"


def _label(metric: str) -> str:
    pair, _, name = metric.rpartition(" · ")
    label = METRICS[name].label if name in METRICS else name
    return f"{label} of {pair}" if pair else label


def _is_accuracy(metric: str) -> bool:
    return metric.rpartition(" · ")[2] == ACCURACY


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
