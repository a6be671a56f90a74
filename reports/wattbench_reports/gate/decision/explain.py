"""Why a verdict: what it rests on, what it could have found, or how much more it would take. In sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wattbench_reports.formatting.units import fixed, listed, p_value, percent, plural, points
from wattbench_reports.gate.decision.metric_tests import Case
from wattbench_reports.gate.metrics import ACCURACY, METRICS, Metric
from wattbench_reports.gate.policy import Policy, Waiver
from wattbench_reports.gate.result import MetricVerdict, Verdict


def reason(told: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> MetricVerdict:
    """A metric's verdict with its reason filled in."""
    return replace(told, reason=_REASONS[told.verdict](told, case, policy, metric))


def worsening(metric: str, by: float) -> str:
    """``a drop of 5.0 points``, ``an increase of 10.0%``; of 0 ``any drop``, ``any increase``."""
    if not by:
        return "any drop" if _is_accuracy(metric) else "any increase"
    return f"a drop of {points(by)}" if _is_accuracy(metric) else f"an increase of {percent(by)}"


def change_in_words(metric: str, change: float) -> str:
    """``2.0 points lower``, ``20.3% higher``."""
    if not float(fixed(100 * change, 1)):
        return "unchanged"
    if _is_accuracy(metric):
        return f"{points(change)} {'lower' if change < 0 else 'higher'}"
    return f"{percent(abs(change))} {'lower' if change < 0 else 'higher'}"


def headline(verdict: Verdict, metrics: Sequence[MetricVerdict], baseline: str, candidate: str) -> str:
    """What came of it all, in a sentence."""
    own = [each for each in metrics if each.blocks and each.allowed_by is None]
    decisive = listed([_label(each.metric) for each in own if each.verdict is verdict])
    return {
        Verdict.PASS: f"{candidate} may take the place of {baseline}: {_passed(metrics)}.",
        Verdict.IMPROVED: f"{candidate} is better than {baseline} in {decisive}, and {_passed(metrics)}.",
        Verdict.REGRESSED: f"{candidate} is worse than {baseline}: {_fallen(own)}.",
        Verdict.NOT_COMPARABLE: f"{candidate} and {baseline} can't be compared by {decisive}.",
        Verdict.NOT_MEASURED: f"No verdict: {decisive or 'nothing that blocks'} was not measured.",
        Verdict.INCONCLUSIVE: f"No verdict: the items do not tell whether {candidate} is worse than {baseline} in "
        f"{decisive}.",
    }[verdict]


def expired(waiver: Waiver) -> str:
    """A waiver that does not count any more."""
    ended = waiver.until.isoformat()
    return f"The waiver of {_label(waiver.metric)} ended on {ended} and counts no more ({waiver.reason})."


def _passed(metrics: Sequence[MetricVerdict]) -> str:
    fine = [each for each in metrics if each.blocks and each.verdict in (Verdict.PASS, Verdict.IMPROVED)]
    told = (
        f"no regression in {listed([_label(each.metric) for each in fine])}" if fine else "nothing that blocks is worse"
    )
    allowed = [each for each in metrics if each.allowed_by is not None]
    if allowed:
        told += f"; what it loses in {listed([_label(each.metric) for each in allowed])} was declared to be worth it"
    unmeasured = [each for each in metrics if not each.blocks and each.verdict is Verdict.NOT_MEASURED]
    waived = [each for each in metrics if each.waived is not None and each.verdict is Verdict.REGRESSED]
    if waived:
        told += f"; {listed([_label(each.metric) for each in waived])} regressed and is waived"
    if unmeasured:
        told += f"; not judged: {listed([_label(each.metric) for each in unmeasured])}"
    return told


def _fallen(own: Sequence[MetricVerdict]) -> str:
    return listed(
        [
            f"{_label(each.metric)} is {change_in_words(each.metric, each.change)}"
            for each in own
            if each.verdict is Verdict.REGRESSED and each.change is not None
        ]
    )


def _pass(told: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    if case.trial is None:
        return f"{_figures(told, metric)}; up to {percent(case.rule.margin)} more is let through."
    limit = told.detectable if told.detectable is not None else case.rule.margin
    tail = _twosided(case)
    return (
        f"{plural(told.items, 'item')} rule out {worsening(told.metric, limit)}{tail}; one of "
        f"{_margin(case)} would have been missed in at most {percent(policy.beta)} of gates."
    )


def _improved(told: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    return f"Shown to be better: {_figures(told, metric)}. {_pass(told, case, policy, metric)}"


def _regressed(told: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    verb = "changed" if case.rule.either else "worse"
    if case.trial is None:
        return f"{_figures(told, metric)}, and no more than {percent(case.rule.margin)} is let through."
    shown = "" if told.p_value is None else f" ({p_value(told.p_value)}, alpha {policy.alpha:g})"
    beyond = f", beyond the {percent(case.slack)} that runs may drift apart" if case.slack else ""
    return f"Shown to be {verb} by {plural(told.items, 'item')}{shown}: {_figures(told, metric)}{beyond}."


def _inconclusive(told: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    if case.trial is None:
        return f"Too few items to judge {metric.label}: it takes {plural(told.more_items or 1, 'more item')} at least."
    if case.beyond <= 0:
        return (
            f"Runs may drift {percent(case.slack)} apart, which is as much as the margin of {_margin(case)}: "
            "no number of items would pass it. Widen the margin, or gate both systems in turns in one run."
        )
    start = (
        f"{plural(told.items, 'item')} show neither that it is worse nor that it is not worse by {_margin(case)}"
        f" (seen: {_figures(told, metric)})."
    )
    if told.more_items is None:
        return f"{start} More of the same would not tell: what is seen lies between no change and the margin."
    return f"{start} About {plural(told.more_items, 'more item')} should tell, if they are like these."


def _apart(told: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    return _sentence(case.apart or "")


def _missing(told: MetricVerdict, case: Case, policy: Policy, metric: Metric) -> str:
    return _sentence(f"Not judged: {case.missing}")


_REASONS = {
    Verdict.PASS: _pass,
    Verdict.IMPROVED: _improved,
    Verdict.REGRESSED: _regressed,
    Verdict.INCONCLUSIVE: _inconclusive,
    Verdict.NOT_COMPARABLE: _apart,
    Verdict.NOT_MEASURED: _missing,
}


def _figures(told: MetricVerdict, metric: Metric) -> str:
    """``12.0 points lower [9.1, 15.2]``."""
    if told.change is None:
        return f"no figure of {metric.label}"
    seen = f"{metric.label} is {change_in_words(told.metric, told.change)}"
    if told.low is None or told.high is None:
        return seen
    places = (fixed(100 * told.low, 1), fixed(100 * told.high, 1))
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
