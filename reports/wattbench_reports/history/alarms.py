"""Raise the alarms of the last night, in sentences: they make a nightly job exit with 1.

Of the declared error rate, which holds for a whole year of nights, half goes to change points, and a quarter each to
the comparisons with the night before and with the reference.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from wattbench_reports.formatting.units import p_value, percent, points, quantity
from wattbench_reports.gate.metrics import ENERGY, METRICS
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import GateResult, MetricVerdict
from wattbench_reports.history.model import EVERYWHERE, OUTPUT_TOKENS, History
from wattbench_reports.history.night_comparisons import PART, PREVIOUS, REFERENCE, Drift, drift
from wattbench_reports.history.trends import Change, Trend, is_worse, trends
from wattbench_reports.tables.provenance import is_modelled

_SAME = datetime.timedelta(days=7)
"""Changes of a series so near to each other are one: a further night may date it anew."""


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

    Raises:
        MissingExtraError: `ruptures` is not installed.
    """
    nights = history.series_nights()
    if not nights:
        return ()
    against = drift(history) if against is None else against
    return (*_of_levels(history, against.policy), *_of_nights(history, against))


def _of_levels(history: History, policy: Policy) -> Iterator[Alarm]:
    """Yield changes for the worse that the last night shows for the first time."""
    alpha = (1 - 2 * PART) * policy.alpha
    date = history.series_nights()[-1].date
    shown = [(trend, change) for trend in trends(history, alpha) for change in trend.changes]
    worse = [(trend, change) for trend, change in shown if _counts(trend, change, policy, date)]
    if not worse:
        return
    earlier = trends(_without(history, date), alpha)
    before = {(each.system, each.domain, each.metric): each for each in earlier}
    for trend, change in worse:
        if not _known(change, before.get((trend.system, trend.domain, trend.metric))):
            text = _sentence(trend, change)
            yield Alarm("change", trend.system, trend.domain, trend.metric, text, change=change)


def _without(history: History, date: datetime.date) -> History:
    return replace(history, nights=tuple(night for night in history.nights if night.date < date))


def _known(change: Change, trend: Trend | None) -> bool:
    """Return whether earlier nights showed the change already."""
    earlier = () if trend is None else trend.changes
    return any(abs(each.date - change.date) <= _SAME and (each.shift > 0) == (change.shift > 0) for each in earlier)


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
    moved = "rose" if change.shift > 0 else "fell"
    return (
        f"{trend.system}{where}: {METRICS[trend.metric].label} {moved} by {_size(trend.metric, change.shift)} on "
        f"{change.date}, from {_figure(trend.metric, change.before)} to {_figure(trend.metric, change.after)} "
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
