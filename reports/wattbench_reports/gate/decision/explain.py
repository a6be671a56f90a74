"""Explain a verdict in sentences: its evidence, the change it could detect, or how many more items it needs."""

from __future__ import annotations

from dataclasses import replace

from wattbench_reports.formatting.units import NONE, fixed, p_value, percent, plural, points
from wattbench_reports.gate.decision.case import Case
from wattbench_reports.gate.metrics import ACCURACY, Metric, judged_metric, label_in_sentence
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


def expired(waiver: Waiver) -> str:
    """Write that a waiver no longer applies."""
    ended = waiver.until.isoformat()
    return (
        f"The waiver of {label_in_sentence(waiver.metric)} expired on {ended} and no longer applies ({waiver.reason})."
    )


def _pass(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    if case.trial is None:
        return f"{_figures(judged, metric)}, within the margin of {percent(case.rule.margin)}."
    limit = judged.detectable if judged.detectable is not None else case.rule.margin
    what = "a change" if case.rule.either else "a regression"
    return (
        f"{plural(judged.items, 'item')} rule out {worsening(judged.metric, limit)}{_twosided(case)}; the miss rate "
        f"for {what} of {_margin(case)} is at most {percent(policy.beta)}.{_with_slack(case)}"
    )


def _improved(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    return f"Shown to be better: {_figures(judged, metric)}. {_pass(judged, case, policy, metric)}"


def _regressed(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    verb = "changed" if case.rule.either else "worse"
    if case.trial is None:
        return f"{_figures(judged, metric)}, beyond the margin of {percent(case.rule.margin)}."
    shown = "" if judged.p_value is None else f" ({p_value(judged.p_value)}, false-alarm rate {100 * policy.alpha:g}%)"
    size = points(case.null) if case.in_points else percent(case.null)
    within = abs(judged.change or 0.0) < case.rule.margin
    from_here = f" A regression begins at a quarter of the margin, {size}." if within else ""
    return (
        f"Shown to be {verb} over {plural(judged.items, 'item')}{shown}: {_figures(judged, metric)}.{from_here}"
        f"{_with_slack(case)}"
    )


def _with_slack(case: Case) -> str:
    """Say what two runs may differ by without a change, and that it is allowed for; empty in turns."""
    if case.slack.sessions:
        return (
            f" Allowed for: two runs of this machine differ by up to {percent(case.slack.failing)} without any change, "
            f"by {plural(case.slack.sessions, 'session')} on record."
        )
    if case.slack.failing:
        return f" Allowed for: a declared drift of {percent(case.slack.failing)} between the two runs."
    return ""


def _inconclusive(judged: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    if case.trial is None:
        return (
            f"Too few items to judge {label_in_sentence(judged.metric)}: at least "
            f"{plural(judged.more_items or 1, 'more item')} needed."
        )
    if not case.can_pass:
        return f"{_no_room(case)} (observed: {_figures(judged, metric)})."
    what = "change" if case.rule.either else "regression"
    start = (
        f"{plural(judged.items, 'item')} neither show a {what} nor rule out one of {_margin(case)} "
        f"(observed: {_figures(judged, metric)})."
    )
    if judged.more_items is None:
        return (
            f"{start} More items like these would not decide it: the observed change is between a quarter of the "
            "margin and the margin."
        )
    return f"{start} About {plural(judged.more_items, 'more item')} should decide it, if they are like these."


def _no_room(case: Case) -> str:
    """Say that the slack leaves nothing of the margin, and what to do."""
    if case.slack.sessions:
        known = f"Two runs of this machine differ by up to {percent(case.slack.passing)} without any change"
        ways = "widen the margin, record more sessions (wattbench calibrate SUITE --sessions 10)"
    else:
        known = f"The declared drift is {percent(case.slack.passing)}"
        ways = "widen the margin"
    return (
        f"{known}, which leaves nothing of the margin of {_margin(case)}: no number of items can lead to a pass. To "
        f"get one, {ways}, or gate both systems in turns in one run"
    )


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
    name = label_in_sentence(judged.metric) if judged_metric(judged.metric).domain else metric.label
    if judged.change is None:
        return f"no figure for {name}"
    seen = f"{name} is {change_in_words(judged.metric, judged.change)}"
    if judged.low is None and judged.high is None:
        return seen
    low, high = (NONE if bound is None else fixed(100 * bound, 1) for bound in (judged.low, judged.high))
    return f"{seen} [{low}, {high}]"


def _margin(case: Case) -> str:
    return points(case.rule.margin) if case.in_points else percent(case.rule.margin)


def _twosided(case: Case) -> str:
    if not case.rule.either:
        return ""
    return " and a rise as large" if case.in_points else " and a decrease as large"


def _is_accuracy(metric: str) -> bool:
    return judged_metric(metric).metric == ACCURACY


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
