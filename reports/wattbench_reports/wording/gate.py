"""The words and figures of a gate's verdict: shared by the terminal, the pull request, the test report and the page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from wattbench_reports.formatting import units
from wattbench_reports.gate.metrics import METRICS
from wattbench_reports.gate.policy import Policy, Trade, Waiver
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict

_BENCHMARK = " · "
"""Between a benchmark and the metric it is judged by."""

NO_ROOM_FOR_PASSES = 12
"""Of a gate with more metrics, those that passed are counted, and not explained one by one."""

_WORST_FIRST = (
    Verdict.ERROR, Verdict.REGRESSED, Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED, Verdict.INCONCLUSIVE,
    Verdict.IMPROVED, Verdict.PASS,
)  # fmt: skip
PASSED = frozenset({Verdict.PASS, Verdict.IMPROVED})


def said(verdict: Verdict) -> str:
    """``not comparable``."""
    return verdict.value.replace("_", " ")


def metric_name(metric: str) -> str:
    """The name of `wattbench_reports.gate.metrics.METRICS` in that of a metric, without a benchmark."""
    return metric.rpartition(_BENCHMARK)[2]


def label(metric: str) -> str:
    """For people: ``latency p50``, ``test_parse · latency p50``."""
    benchmark, between, name = metric.rpartition(_BENCHMARK)
    return f"{benchmark}{between}{METRICS[name].label if name in METRICS else name}"


def sourced(metric: MetricVerdict) -> str:
    """The label and how its joules came about: ``joules per request (counter)``."""
    return f"{label(metric.metric)} ({metric.provenance})" if metric.provenance else label(metric.metric)


def let_through(metric: MetricVerdict) -> bool:
    """It regressed, and a waiver or a declared trade-off says that it may."""
    return metric.verdict is Verdict.REGRESSED and (metric.waived is not None or metric.allowed_by is not None)


def in_the_way(metric: MetricVerdict) -> bool:
    """It keeps the gate from passing: shown to be worse, or not shown to be as good."""
    return metric.blocks and metric.verdict not in PASSED and not let_through(metric)


def worst_first(metrics: Iterable[MetricVerdict]) -> list[MetricVerdict]:
    """What keeps the gate from passing, then what was let through or does not block, then what passed."""
    return sorted(
        metrics,
        key=lambda each: (
            not in_the_way(each),
            each.verdict in PASSED,
            not let_through(each),
            _WORST_FIRST.index(each.verdict),
        ),
    )


def standing(metric: MetricVerdict) -> str:
    """The verdict, and whether it was let through: ``regressed, waived``."""
    if let_through(metric):
        return f"{said(metric.verdict)}, {'allowed' if metric.allowed_by is not None else 'waived'}"
    return said(metric.verdict)


def figure(metric: MetricVerdict, value: float | None) -> str:
    """``81.3%``, ``820 ms``, ``12.3 J``, ``512 MB``."""
    known = METRICS.get(metric_name(metric.metric))
    if value is None or known is None:
        return units.NONE if value is None else units.digits(value)
    return f"{_hundredths(value)}%" if known.unit == "share" else units.quantity(value, known.unit)


def change(metric: MetricVerdict) -> str:
    """With its bounds: ``-2.0 points [-4.1, +0.3]``, ``+4.1% [+1.2, +7.3]``; a dash where there is none."""
    if metric.change is None or math.isnan(metric.change):
        return units.NONE
    unit = " points" if _in_points(metric.metric) else "%"
    low, high = _signed(metric.low), _signed(metric.high)
    return f"{_signed(metric.change)}{unit}{'' if low == high == units.NONE else f' [{low}, {high}]'}"


def _signed(share: float | None) -> str:
    """In hundredths with its sign; nothing is neither plus nor minus."""
    size = _hundredths(None if share is None else abs(share))
    return size if share is None or size in {"0.0", units.NONE} else f"{'+' if share > 0 else '-'}{size}"


def _hundredths(share: float | None) -> str:
    """``81.3``: one decimal, but for what no share is."""
    if share is None or math.isnan(share):
        return units.NONE
    return units.digits(100 * share) if abs(share) >= 1e4 else units.fixed(100 * share, 1)


def share_of(metric: str, share: float) -> str:
    """As a policy writes it: ``5 points`` of accuracy, ``10%`` of all others."""
    hundredths = f"{100 * share:g}"
    if _in_points(metric):
        return f"{hundredths} point{'' if hundredths == '1' else 's'}"
    return f"{hundredths}%"


def margin(metric: MetricVerdict, policy: Policy) -> str:
    """``5 points``; ``±10%`` where a change for the better fails too."""
    return f"{'±' if either(metric, policy) else ''}{share_of(metric.metric, metric.margin)}"


def either(metric: MetricVerdict, policy: Policy) -> bool:
    """Whether a change for the better fails too."""
    return any(rule.either for rule in policy.rules if rule.metric == metric_name(metric.metric))


def _in_points(metric: str) -> bool:
    known = METRICS.get(metric_name(metric))
    return known is not None and known.unit == "share"


def explained(result: GateResult) -> list[MetricVerdict]:
    """Whose reasons are told one by one, worst first: all, and of very many those that did not pass."""
    ordered = worst_first(result.metrics)
    if len(ordered) <= NO_ROOM_FOR_PASSES:
        return ordered
    return [each for each in ordered if each.verdict not in PASSED]


def passes_line(result: GateResult) -> str:
    """What is to be known of those that `explained` leaves out; empty where it leaves out none."""
    rest = len(result.metrics) - len(explained(result))
    return f"{rest:,} passed: of each, a worsening by its margin is ruled out." if rest else ""


def counted(metrics: Iterable[MetricVerdict]) -> str:
    """How many of each verdict, worst first: ``2 regressed, 1 inconclusive and 480 pass``."""
    numbers = Counter(each.verdict for each in metrics)
    return units.listed([f"{numbers[verdict]:,} {said(verdict)}" for verdict in _WORST_FIRST if numbers[verdict]])


def drill(planted: Mapping[str, float]) -> str:
    """What a drill is, for a reader who did not know of it."""
    what = units.listed([f"{name} of {100 * share:g}%" for name, share in planted.items()]) or "nothing"
    return f"A drill, with {what} planted in the candidate: the verdict says nothing of the candidate itself."


def trade(metric: MetricVerdict) -> str:
    """The declared trade-off that let it through; empty where none did."""
    declared = metric.allowed_by
    return "" if declared is None else f"{label(metric.metric)}: allowed, as {_declared(declared)}"


def _declared(declared: Trade) -> str:
    reason = "" if declared.reason is None else f": {declared.reason}"
    return (
        f"up to {share_of(declared.give, declared.give_up_to)} of {label(declared.give)} may be given for at least "
        f"{share_of(declared.get, declared.get_at_least)} of {label(declared.get)}{reason}"
    )


def waiver(metric: MetricVerdict) -> str:
    """Why and until when it is let through; empty where nobody waived it."""
    granted = metric.waived
    return "" if granted is None else f"{label(metric.metric)}: waived until {granted.until}: {granted.reason}"


def expired(result: GateResult) -> list[Waiver]:
    """Waivers that no longer count: their last day lies before the verdict's, or what they waive counts all the same.

    The latter is how they show in a verdict that does not say when it was made.
    """
    today = _day(result.created_utc)
    refused = {metric_name(each.metric) for each in result.metrics if _refused(each)}
    return [
        each
        for each in result.policy.waivers
        if (today is not None and each.until < today) or (today is None and each.metric in refused)
    ]


def _refused(metric: MetricVerdict) -> bool:
    return metric.verdict is Verdict.REGRESSED and in_the_way(metric)


def _day(created_utc: str) -> date | None:
    try:
        return date.fromisoformat(created_utc[:10])
    except ValueError:
        return None


def pair(result: GateResult) -> str:
    """Who stood against whom, where, and on which records."""
    runs = f" ({', '.join(result.runs)})" if result.runs else ""
    return f"Candidate {result.candidate} against baseline {result.baseline}, suite {result.suite}{runs}"


def asked(result: GateResult) -> str:
    """What it took: ``96 items of each system in 6 rounds; 812 J of both (counter)``."""
    rounds = f" in {units.plural(result.rounds, 'round')}" if result.rounds else ""
    what = f"{units.plural(result.items, 'item')} of each system{rounds}" if result.items else "nothing"
    if result.energy_j is None:
        return f"{what}; no joules were read"
    provenance = f" ({result.energy_provenance})" if result.energy_provenance else ""
    return f"{what}; {units.quantity(result.energy_j, 'J')} of both{provenance}"


def policy_line(policy: Policy) -> str:
    """The error rates, and the caps where there are any."""
    caps = []
    if policy.max_items is not None:
        caps.append(f"{policy.max_items:,} items")
    if policy.max_joules is not None:
        caps.append(units.quantity(policy.max_joules, "J"))
    most = f", at most {units.listed(caps)}" if caps else ""
    return (
        f"alpha {policy.alpha:g} (failing what is no worse), beta {policy.beta:g} (passing what is worse by a margin)"
        f"{most}"
    )


def bounds_line(policy: Policy) -> str:
    """What the brackets hold."""
    return f"[a, b]: bounds of {100 * (1 - 2 * policy.beta):g}% confidence that hold at every look"
