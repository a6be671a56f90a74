"""Write a gate's verdict in words and figures, as the terminal, pull request, test report and page share them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from wattbench.records.schema.gate import Waiver
from wattbench_reports.formatting import units
from wattbench_reports.gate.metrics import SEPARATOR, judged_metric
from wattbench_reports.gate.policy import DeclaredTrade, Policy
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.metrics.metric import MONEY_UNIT
from wattbench_reports.metrics.money import UNNAMED
from wattbench_reports.metrics.registry import ACCURACY, METRICS

NO_ROOM_FOR_PASSES = 12
"""Of a gate with more metrics, those that passed are counted and their reasons left out."""

_WORST_FIRST = (
    Verdict.ERROR, Verdict.REGRESSED, Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED, Verdict.INCONCLUSIVE,
    Verdict.IMPROVED, Verdict.PASS,
)  # fmt: skip
PASSED = frozenset({Verdict.PASS, Verdict.IMPROVED})


def verdict_name(verdict: Verdict) -> str:
    """Write a verdict for people: ``not comparable``."""
    return verdict.value.replace("_", " ")


def metric_name(metric: str) -> str:
    """Return the name in `METRICS`, without the benchmark before it or the domain after it."""
    return judged_metric(metric).metric


def label(metric: str) -> str:
    """Write a metric's name for people: ``latency p50``, ``test_parse · latency p50``, ``accuracy · law``."""
    parts = judged_metric(metric)
    name = METRICS[parts.metric].label if parts.metric in METRICS else parts.metric
    return SEPARATOR.join(filter(None, (parts.benchmark, name, parts.domain)))


def joules_line(metric: MetricVerdict) -> str:
    """Write the provenance of a metric's joules and the faults of their windows; empty for other metrics."""
    return ", ".join(filter(None, (metric.provenance, metric.validity)))


def is_let_through(metric: MetricVerdict) -> bool:
    """Return whether a metric regressed and a waiver or a declared trade-off allows it."""
    return metric.verdict is Verdict.REGRESSED and (metric.waived is not None or metric.allowed_by is not None)


def is_blocking(metric: MetricVerdict) -> bool:
    """Return whether a metric keeps the gate from passing: shown to be worse, or not shown to be as good."""
    return metric.blocks and metric.verdict not in PASSED and not is_let_through(metric)


def worst_first(metrics: Iterable[MetricVerdict]) -> list[MetricVerdict]:
    """Sort metrics: first those that block the gate, then those let through or not blocking, then those that passed."""
    return sorted(
        metrics,
        key=lambda each: (
            not is_blocking(each),
            each.verdict in PASSED,
            not is_let_through(each),
            _WORST_FIRST.index(each.verdict),
        ),
    )


def outcome(metric: MetricVerdict) -> str:
    """Write the verdict, and whether it was let through: ``regressed, waived``."""
    if is_let_through(metric):
        return f"{verdict_name(metric.verdict)}, {'allowed' if metric.allowed_by is not None else 'waived'}"
    return verdict_name(metric.verdict)


def figure(metric: MetricVerdict, value: float | None) -> str:
    """Write a figure in its metric's unit: ``81.3%``, ``820 ms``, ``12.3 J``, ``1.25 EUR/1,000``, ``512 MB``."""
    known = METRICS.get(metric_name(metric.metric))
    if value is None or known is None:
        return units.NONE if value is None else units.digits(value)
    if known.unit == MONEY_UNIT:
        return _money(metric, value)
    return f"{_hundredths(value)}%" if known.unit == "share" else units.quantity(value, known.unit)


def _money(metric: MetricVerdict, value: float) -> str:
    """Write a cost for as many requests as make it readable: ``1.25 EUR/1,000``."""
    factor, scale = units.money_scale((metric.baseline, metric.candidate), noun="")
    number = f"/{scale.removesuffix('s').strip()}" if factor > 1 else ""
    return f"{units.money(value * factor, metric.currency or UNNAMED)}{number}"


def change(metric: MetricVerdict) -> str:
    """Write the change and its bounds: ``-2.0 points [-4.1, +0.3]``, ``+4.1% [+1.2, +7.3]``, or a dash."""
    if metric.change is None or math.isnan(metric.change):
        return units.NONE
    unit = " points" if _in_points(metric.metric) else "%"
    low, high = _signed(metric.low), _signed(metric.high)
    return f"{_signed(metric.change)}{unit}{'' if low == high == units.NONE else f' [{low}, {high}]'}"


def _signed(share: float | None) -> str:
    """Write a share in hundredths with its sign; zero has none."""
    size = _hundredths(None if share is None else abs(share))
    return size if share is None or size in {"0.0", units.NONE} else f"{'+' if share > 0 else '-'}{size}"


def _hundredths(share: float | None) -> str:
    """Write a share in hundredths with one decimal: ``81.3``; impossible shares with three digits."""
    if share is None or math.isnan(share):
        return units.NONE
    return units.digits(100 * share) if abs(share) >= 1e4 else units.fixed(100 * share, 1)


def margin_text(metric: str, share: float) -> str:
    """Write a size as a policy does: ``5 points`` of accuracy, ``10%`` of all other metrics."""
    hundredths = f"{100 * share:g}"
    if _in_points(metric):
        return f"{hundredths} point{'' if hundredths == '1' else 's'}"
    return f"{hundredths}%"


def margin(metric: MetricVerdict, policy: Policy) -> str:
    """Write the margin: ``5 points``; ``±10%`` where a change for the better fails too."""
    return f"{'±' if two_sided(metric, policy) else ''}{margin_text(metric.metric, metric.margin)}"


def two_sided(metric: MetricVerdict, policy: Policy) -> bool:
    """Return whether a change for the better fails too."""
    return any(rule.either for rule in policy.rules if rule.metric == metric_name(metric.metric))


def _in_points(metric: str) -> bool:
    known = METRICS.get(metric_name(metric))
    return known is not None and known.unit == "share"


def with_reason_shown(result: GateResult) -> list[MetricVerdict]:
    """Return the metrics whose reasons are shown, worst first: all, or if very many, those that did not pass."""
    ordered = worst_first(result.metrics)
    if len(ordered) <= NO_ROOM_FOR_PASSES:
        return ordered
    return [each for each in ordered if each.verdict not in PASSED]


def passes_line(result: GateResult) -> str:
    """Summarize the metrics that `with_reason_shown` leaves out; empty if it leaves out none."""
    rest = len(result.metrics) - len(with_reason_shown(result))
    return f"{units.plural(rest, 'metric')} passed: no bound is beyond its margin." if rest else ""


def drill_line(planted: Mapping[str, float]) -> str:
    """Say that the gate was a drill, for a reader who does not know it."""
    what = units.listed([_planted(name, share) for name, share in planted.items()]) or "nothing"
    return f"This is a drill with {what} planted in the candidate: the verdict says nothing about the candidate itself."


def _planted(harm: str, share: float) -> str:
    """Write what was planted: ``delay of 20%``, ``drop of 10% in sums``."""
    name, at, task = harm.partition("@")
    return f"{name} of {100 * share:g}%" + (f" in {task}" if at else "")


def trade_line(metric: MetricVerdict) -> str:
    """Write the declared trade-off that let a metric through; empty if none did."""
    declared = metric.allowed_by
    return "" if declared is None else f"{label(metric.metric)}: allowed by the trade-off of {_declared(declared)}"


def _declared(declared: DeclaredTrade) -> str:
    reason = "" if declared.reason is None else f": {declared.reason}"
    return (
        f"up to {margin_text(declared.give, declared.give_up_to)} of {label(declared.give)} for an improvement of at "
        f"least {margin_text(declared.get, declared.get_at_least)} in {label(declared.get)}{reason}"
    )


def waiver_line(metric: MetricVerdict) -> str:
    """Write why and until when a metric is waived; empty if it is not."""
    granted = metric.waived
    return "" if granted is None else f"{label(metric.metric)}: waived until {granted.until}: {granted.reason}"


def expired_waivers(result: GateResult) -> list[Waiver]:
    """Return the waivers that had expired on the day of the verdict.

    In a verdict without a date they show by metrics that are waived and block all the same.
    """
    today = _day(result.created_utc)
    refused = {
        metric_name(each.metric) for each in result.metrics if each.verdict is Verdict.REGRESSED and is_blocking(each)
    }
    return [
        each
        for each in result.policy.waivers
        if (today is not None and each.until < today) or (today is None and each.metric in refused)
    ]


def _day(created_utc: str) -> date | None:
    try:
        return date.fromisoformat(created_utc[:10])
    except ValueError:
        return None


def pair_line(result: GateResult) -> str:
    """Write the two systems, the suite and the runs."""
    runs = f" ({', '.join(result.runs)})" if result.runs else ""
    return f"Candidate {result.candidate} against baseline {result.baseline}, suite {result.suite}{runs}"


def measured(result: GateResult) -> str:
    """Write what was measured: ``96 items per system in 6 rounds; 812 J for both systems (counter)``."""
    rounds = f" in {units.plural(result.rounds, 'round')}" if result.rounds and len(result.runs) != 2 else ""
    what = f"{units.plural(result.items, 'item')} per system{rounds}" if result.items else "no items"
    if result.energy_j is None:
        return f"{what}; energy not available"
    provenance = f" ({result.energy_provenance})" if result.energy_provenance else ""
    return f"{what}; {units.quantity(result.energy_j, 'J')} for both systems{provenance}"


def finds_line(result: GateResult) -> str:
    """Write what the gate could find within its cap, by its rounds; empty where that is not known."""
    blocking = {each.metric: each.detects for each in result.metrics if each.blocks and each.detects is not None}
    return finds_text(blocking, result.policy, result.cap_items) if result.cap_items else ""


def finds_text(detects: Mapping[str, float], policy: Policy, items: int) -> str:
    """Write the smallest worsenings that a gate finds: ``With 400 items this gate can find a drop of 11 points ...``

    Args:
        detects: metric to the smallest worsening that it finds.
        policy: of the gate.
        items: that it asks at most.
    """
    if not detects:
        return ""
    sizes = units.listed([_worsening(metric, size) for metric, size in detects.items()])
    return f"With {units.plural(items, 'item')} this gate can find {sizes} (in {100 * (1 - policy.beta):g}% of gates)."


def margins_text(policy: Policy, items: int) -> str:
    """Write what fails and passes: ``With 400 items: fails beyond 5 points of accuracy and 5% of ...``."""
    margins = [
        f"{margin_text(rule.metric, rule.margin)} of {label(rule.metric)}" for rule in policy.rules if rule.blocks
    ]
    return f"With {units.plural(items, 'item')} this gate fails a worsening by more than {units.listed(margins, 'or')}."


def _worsening(metric: str, size: float) -> str:
    rounded = f"{100 * size:.0f}" if size >= 0.095 else f"{100 * size:.1f}"
    if metric_name(metric) == ACCURACY:
        domain = judged_metric(metric).domain
        return f"a drop of {rounded} point{'' if rounded == '1' else 's'}{f' in {domain}' if domain else ''}"
    return f"a rise of {label(metric)} by {rounded}%"


def undecidable_line(result: GateResult) -> str:
    """Warn of metrics that can never pass within the cap; empty where all can."""
    return undecidable_text(result.undecidable, result.cap_items)


def undecidable_text(metrics: Sequence[str], items: int) -> str:
    """Warn of a cap that can never decide: ``This gate can never pass: ...``; empty without such metrics.

    Args:
        metrics: of `undecidable`.
        items: that the gate asks at most.
    """
    if not metrics:
        return ""
    names = units.listed([label(each) for each in metrics])
    return (
        f"This gate can never pass: with {units.plural(items, 'item')} even an unchanged candidate stays undecided in "
        f"{names}. Ask more items (a larger suite, or a higher max_items), or widen the margin."
    )


def lost_domain_lines(result: GateResult) -> list[str]:
    """Write each domain that lost accuracy, where the policy guards none by itself."""
    return [
        f"Accuracy fell in {each.domain}: {_signed(each.change)} points [{_signed(each.low)}, {_signed(each.high)}] "
        f"over {units.plural(each.items, 'item')}. It does not fail the gate: the policy guards no domain by itself "
        "(each_domain)."
        for each in result.lost_domains
    ]


def policy_line(policy: Policy) -> str:
    """Write the error rates, and the caps if there are any."""
    caps = []
    if policy.max_items is not None:
        caps.append(f"{policy.max_items:,} items")
    if policy.max_joules is not None:
        caps.append(units.quantity(policy.max_joules, "J"))
    most = f"; at most {units.listed(caps)}" if caps else ""
    return (
        f"false-alarm rate {100 * policy.alpha:g}%, miss rate {100 * policy.beta:g}% for a change as large as the "
        f"margin{most}"
    )


def bounds_line(policy: Policy) -> str:
    """Explain the brackets."""
    return (
        f"[a, b]: bounds of the change, valid at every look. A metric fails where both are beyond its margin (by "
        f"chance in at most {100 * policy.alpha:g}% of gates) and passes where both are within it (in at most "
        f"{100 * policy.beta:g}%)"
    )
