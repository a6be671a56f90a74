"""Raise the alarms of the last night, in sentences: they make a nightly job exit with 1.

Of the declared error rate, which holds for a whole year of nights, two fifths go to changes of series, and a twentieth
each to the comparisons with the night before and with the reference. Half is kept for what the model of noise does not
know: a simulated year of any kind must not exceed the rate.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from wattbench_reports.formatting.units import p_value, percent, points, quantity
from wattbench_reports.gate.metrics import ENERGY, METRICS
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import GateResult, MetricVerdict
from wattbench_reports.history.model import EVERYWHERE, OUTPUT_TOKENS, History
from wattbench_reports.history.night_comparisons import Drift, drift
from wattbench_reports.history.night_figures import PREVIOUS, REFERENCE
from wattbench_reports.history.trend import Change, Trend
from wattbench_reports.history.trends import PART_OF_SERIES, is_worse, trends
from wattbench_reports.tables.provenance import is_modelled


@dataclass(frozen=True)
class Alarm:
    """One alarm of the last night."""

    kind: Literal["change", "reference", "previous"]
    system: str
    domain: str
    """Empty: all together."""
    metric: str
    text: str
    """A sentence, without its full stop."""
    change: Change | None = None
    """Of a change of level."""
    result: GateResult | None = None
    """Of a comparison: one of `Drift`."""


def alarms(history: History, against: Drift | None = None) -> tuple[Alarm, ...]:
    """Return the alarms of the last night: changes of level that it is the first to show, and systems that are worse
    than in the previous night or in the reference.

    A change for the better raises none, nor do joules that are only modelled, a metric that the policy lets pass, or
    one that it waives.

    Args:
        history: from `load_history`.
        against: from `drift`, of the same history; None: by the policy of the last night's suite.
    """
    nights = history.series_nights()
    if not nights:
        return ()
    against = drift(history) if against is None else against
    return (*_of_levels(history, against.policy), *_of_nights(history, against))


def _of_levels(history: History, policy: Policy) -> Iterator[Alarm]:
    """Yield changes for the worse that the last night is the first to show."""
    date = history.series_nights()[-1].date
    for trend in trends(history, PART_OF_SERIES * policy.alpha):
        for change in trend.changes:
            if change.shown == date and _counts(trend, change, policy, date):
                text = _sentence(trend, change)
                yield Alarm("change", trend.system, trend.domain, trend.metric, text, change=change)


def _counts(trend: Trend, change: Change, policy: Policy, night: datetime.date) -> bool:
    metric = trend.metric
    if metric == OUTPUT_TOKENS or not is_worse(metric, change.shift):
        return False
    modelled = metric in ENERGY and any(is_modelled(p.provenance) for p in trend.points if p.date == change.date)
    rule = next((rule for rule in policy.rules if rule.metric == metric), None)
    waived = any(waiver.metric == metric and waiver.until >= night for waiver in policy.waivers)
    return (rule is None or rule.blocks) and not waived and (policy.judge_modelled or not modelled)


def _sentence(trend: Trend, change: Change) -> str:
    where = "" if trend.domain == EVERYWHERE else f", {trend.domain}"
    label, size = METRICS[trend.metric].label, _size(trend.metric, change.shift)
    before, after = (_figure(trend.metric, level) for level in (change.before, change.after))
    rose = "rose" if change.shift > 0 else "fell"
    moved = f"{rose} by {size} on {change.date}, from {before} to {after}"
    if change.shape != "step":
        begins = "since" if change.shape == "creep" else "beginning on"
        moved = (
            f"creeps {'up' if change.shift > 0 else 'down'}: by {size} {begins} {change.date}, from {before} to {after}"
        )
    return (
        f"{trend.system}{where}: {label} {moved} "
        f"({p_value(change.p_value)}, adjusted for all series and a year of nights)"
    )


def _of_nights(history: History, against: Drift) -> Iterator[Alarm]:
    """Yield systems that are worse than in another night, at an error rate for a year of nights."""
    for kind, results, name, night in _others(history, against):
        for system, result in results:
            for each in result.metrics:
                if (kind, system, each.metric) in against.lasting:
                    text = f"{system}: {_worse(each)} than in {name} {night}"
                    yield Alarm(kind, system, EVERYWHERE, each.metric, text, result=result)


def _others(
    history: History, against: Drift
) -> Iterator[tuple[Literal["reference", "previous"], Sequence[tuple[str, GateResult]], str, datetime.date]]:
    nights = history.series_nights()
    if against.previous:
        yield PREVIOUS, tuple(against.previous.items()), "the previous night,", nights[-2].date
    if against.reference:
        yield REFERENCE, tuple(against.reference.items()), "the reference,", history.reference_night().date


def _worse(each: MetricVerdict) -> str:
    """Write a worsening: ``latency p50 is 12.0% higher (918 ms, was 820 ms)``."""
    assert each.change is not None and each.baseline is not None and each.candidate is not None  # it was judged
    way = "higher" if each.change > 0 else "lower"
    figures = f"{_figure(each.metric, each.candidate)}, was {_figure(each.metric, each.baseline)}"
    return f"{METRICS[each.metric].label} is {_size(each.metric, each.change)} {way} ({figures})"


def _figure(metric: str, value: float) -> str:
    unit = METRICS[metric].unit
    return percent(value) if unit == "share" else quantity(value, unit)


def _size(metric: str, shift: float) -> str:
    return points(shift) if METRICS[metric].unit == "share" else percent(abs(shift))
