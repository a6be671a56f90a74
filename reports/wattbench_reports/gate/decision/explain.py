"""Explain a verdict in sentences: its evidence, the change it could detect, or how many more items it needs."""

from __future__ import annotations

from dataclasses import replace

from wattbench.records.schema.gate import Waiver
from wattbench_reports.formatting.units import NONE, fixed, percent, plural
from wattbench_reports.gate.decision.case import Case
from wattbench_reports.gate.metrics import METRICS, judged_metric, label_in_sentence, size_text
from wattbench_reports.gate.result import MetricVerdict, Verdict


def reason(judged: MetricVerdict, case: Case) -> MetricVerdict:
    """Add the reason of a metric's verdict, and the limits of its bounds."""
    said = _REASONS[judged.verdict](judged, case)
    return replace(judged, reason=" ".join(filter(None, (said, "" if case.bounds is None else case.bounds.note))))


def change_in_words(metric: str, change: float) -> str:
    """Write a change: ``2.0 points lower``, ``20.3% higher``."""
    if not float(fixed(100 * change, 1)):
        return "unchanged"
    return f"{size_text(judged_metric(metric).metric, change)} {'lower' if change < 0 else 'higher'}"


def expired(waiver: Waiver) -> str:
    """Write that a waiver has expired and no longer applies."""
    ended = waiver.until.isoformat()
    return (
        f"The waiver of {label_in_sentence(waiver.metric)} expired on {ended} and no longer applies ({waiver.reason})."
    )


def _pass(judged: MetricVerdict, case: Case) -> str:
    if case.bounds is None:
        return f"{_figures(judged, case)}, within the margin of {percent(case.rule.margin)}."
    what = "Neither bound of the change is" if case.rule.either else "The upper bound of the worsening is not"
    return f"{_figures(judged, case)}. {what} beyond {_margin(case)}, in {plural(judged.items, 'item')}."


def _improved(judged: MetricVerdict, case: Case) -> str:
    return f"Better, by its bounds: {_figures(judged, case)}, in {plural(judged.items, 'item')}."


def _regressed(judged: MetricVerdict, case: Case) -> str:
    if case.bounds is None:
        return f"{_figures(judged, case)}, beyond the margin of {percent(case.rule.margin)}."
    verb = "Changed" if case.rule.either else "Worse"
    return (
        f"{verb} by more than {_margin(case)}, by its bounds: {_figures(judged, case)}, in "
        f"{plural(judged.items, 'item')}."
    )


def _inconclusive(judged: MetricVerdict, case: Case) -> str:
    if case.bounds is None:
        return f"Too few items to judge {label_in_sentence(judged.metric)} yet."
    start = f"The bounds have the margin of {_margin(case)} between them: {_figures(judged, case)}."
    if (least := case.bounds.least_for_pass) > judged.items:
        start += (
            f" A pass takes {plural(least, 'item')}: of fewer, 2% of the answers may be missed that take much longer."
        )
    if judged.more_items is None:
        between_runs = case.bounds.at_end.fixed or case.bounds.at_end.drift  # then the note says why
        why = "" if between_runs else ": the change is too near to the margin"
        return f"{start} No number of items is likely to decide it{why}."
    return f"{start} About {plural(judged.more_items, 'more item')} should decide it, if they are like these."


def _apart(judged: MetricVerdict, case: Case) -> str:
    return _sentence(case.apart or "")


def _missing(judged: MetricVerdict, case: Case) -> str:
    return _sentence(f"Not judged: {case.missing}")


_REASONS = {
    Verdict.PASS: _pass,
    Verdict.IMPROVED: _improved,
    Verdict.REGRESSED: _regressed,
    Verdict.INCONCLUSIVE: _inconclusive,
    Verdict.NOT_COMPARABLE: _apart,
    Verdict.NOT_MEASURED: _missing,
}


def _figures(judged: MetricVerdict, case: Case) -> str:
    """Write the change with its bounds: ``12.0 points lower [9.1, 15.2]``."""
    name = label_in_sentence(judged.metric) if case.domain else METRICS[case.rule.metric].label
    if judged.change is None:
        return f"no figure for {name}"
    seen = f"{name} is {change_in_words(judged.metric, judged.change)}"
    if judged.low is None and judged.high is None:
        return seen
    low, high = (NONE if bound is None else fixed(100 * bound, 1) for bound in (judged.low, judged.high))
    return f"{seen} [{low}, {high}]"


def _margin(case: Case) -> str:
    return size_text(case.rule.metric, case.rule.margin)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
