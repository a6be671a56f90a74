"""Write a gate's outcome in a sentence of at most 30 words: what to do, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wattbench_reports.formatting.units import listed, plural
from wattbench_reports.gate.decision.explain import change_in_words
from wattbench_reports.gate.metrics import label_in_sentence
from wattbench_reports.gate.result import MetricVerdict, Verdict

MOST_WORDS = 30

Some = Callable[..., str]
"""Lists names, or the first of them and how many more there are."""


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
