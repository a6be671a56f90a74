"""Explain a verdict in sentences: its evidence, the change it could detect, or how many more items it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from wattbench.records.schema.gate import Waiver
from wattbench_reports.formatting.units import NONE, fixed, listed, percent, plural
from wattbench_reports.gate.decision.case import Case
from wattbench_reports.gate.metrics import judged_metric, label_in_sentence, size_text
from wattbench_reports.gate.result import MetricVerdict, Verdict
from wattbench_reports.metrics.registry import METRICS

MOST_WORDS = 30
Some = Callable[..., str]
"""Lists names, or the first of them and how many more there are."""


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


def headline(
    verdict: Verdict, metrics: Sequence[MetricVerdict], baseline: str, candidate: str, *, no_verdict_in: int = 0
) -> str:
    """Write what to do, and why. Metrics without room to be named are counted.

    Args:
        verdict: of the gate.
        metrics: all of them.
        baseline: its name.
        candidate: its name.
        no_verdict_in: the most items that it could have asked, where no verdict was likely in them; else 0.
    """
    blocking = [each for each in metrics if each.blocks and each.allowed_by is None]
    decisive = [each for each in blocking if each.verdict is verdict]
    names = [label_in_sentence(each.metric) for each in decisive]
    if verdict is Verdict.REGRESSED:
        changes = [_changed(each) for each in decisive]
        return _shortened(lambda some: f"Keep {baseline}: with {candidate}, {some(changes, ' are worse')}.")
    if verdict is Verdict.INCONCLUSIVE and no_verdict_in:
        unlikely = f"is likely in {plural(no_verdict_in, 'item')}; {_items_needed(decisive)}"
        return _shortened(lambda some: f"Keep {baseline} for now: no verdict on {some(names)} {unlikely}.")
    if verdict is Verdict.INCONCLUSIVE:
        undecided = f"Keep {baseline} for now: it is not shown whether {candidate} is worse in"
        return _shortened(lambda some: f"{undecided} {some(names)}{_more_items(decisive)}.")
    if verdict is Verdict.NOT_COMPARABLE:
        return _shortened(
            lambda some: f"Repeat on equal terms: {candidate} and {baseline} cannot be compared on {some(names)}."
        )
    if verdict is Verdict.NOT_MEASURED and not names:
        return "Let a measured metric block: no blocking metric was measured, so there is no verdict."
    if verdict is Verdict.NOT_MEASURED:
        return _shortened(lambda some: f"Measure {some(names)}: there is no verdict on {candidate} without.")
    return _shortened(lambda some: f"Take {candidate}: {_why_taken(verdict, metrics, names, some)}.")


def _changed(metric: MetricVerdict) -> str:
    name = label_in_sentence(metric.metric)
    return f"{name} is {'worse' if metric.change is None else change_in_words(metric.metric, metric.change)}"


def _more_items(undecided: Sequence[MetricVerdict]) -> str:
    needed = [each.more_items for each in undecided if each.more_items is not None]
    if not needed or len(needed) < len(undecided):
        return ""
    return f"; about {plural(max(needed), 'more item')} should decide it"


def _items_needed(undecided: Sequence[MetricVerdict]) -> str:
    needed = [each.items + each.more_items for each in undecided if each.more_items is not None]
    if not needed or len(needed) < len(undecided):
        return "more would not help"
    return f"it takes about {max(needed):,}"


def _why_taken(verdict: Verdict, metrics: Sequence[MetricVerdict], better: Sequence[str], some: Some) -> str:
    """Write which metrics are better, which are no worse, and which were let through although they are worse."""

    def those(chosen: Callable[[MetricVerdict], bool]) -> list[str]:
        return [label_in_sentence(each.metric) for each in metrics if chosen(each)]

    fine = those(lambda each: each.blocks and each.verdict is Verdict.PASS)
    allowed = those(lambda each: each.allowed_by is not None)
    waived = those(lambda each: each.waived is not None and each.verdict is Verdict.REGRESSED)
    unjudged = those(lambda each: not each.blocks and each.verdict is Verdict.NOT_MEASURED)
    clauses = (
        (better if verdict is Verdict.IMPROVED else [], "better in {}"),
        (fine, "no regression beyond the margin in {}"),
        (allowed, "a declared trade-off allows worse {}"),
        (waived, "waived: worse {}"),
        (unjudged, "not judged: {}"),
    )
    said = [text.format(some(names)) for names, text in clauses if names]
    return "; ".join(said) if fine or better else "; ".join(["no blocking metric is worse", *said])


def _shortened(write: Callable[[Some], str]) -> str:
    """Write a sentence with as many names in each of its lists as there is room for."""
    text = ""
    for most in (10, 3, 2, 1, 0):
        text = write(lambda names, verb="", most=most: _some(names, verb, most))
        if len(text.split()) <= MOST_WORDS:
            break
    return text


def _some(names: Sequence[str], verb: str, most: int) -> str:
    rest = len(names) - most
    if rest <= 0:
        return listed(names)
    return listed([*names[:most], f"{plural(rest, 'other' if most else 'metric')}{verb}"])
