"""Raise the alarms of the last night, in sentences: they make a nightly job exit with 1.

An alarm is a change of level for the worse that the night is the first to show. Of all series of a history together one
raises an alarm without a change in at most `Policy.alpha` of years, under the assumption of
`wattbench_reports.stats.exceedances`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from wattbench.records.schema.gate import Waiver
from wattbench_reports.formatting.units import plural
from wattbench_reports.gate.metrics import figure_text, size_text
from wattbench_reports.gate.policy import NIGHT_POLICY, Policy
from wattbench_reports.history.model import EVERYWHERE, Change, History, Trend
from wattbench_reports.history.trends import is_worse, trends
from wattbench_reports.metrics.registry import ENERGY, METRICS
from wattbench_reports.tables.provenance import is_modelled


@dataclass(frozen=True)
class Alarm:
    """One alarm of the last night."""

    system: str
    domain: str
    """Empty: all together."""
    metric: str
    text: str
    """A sentence, without its full stop."""
    change: Change


def alarms(history: History, policy: Policy = NIGHT_POLICY) -> tuple[Alarm, ...]:
    """Return the alarms of the last night: the changes for the worse that this night is the first to show.

    Joules that are only modelled raise none, nor does a metric that the policy lets pass, or one that it waives.

    Args:
        history: from `load_history`.
        policy: which metrics are judged, by which margins.
    """
    nights = history.series_nights()
    if not nights:
        return ()
    date = nights[-1].date
    return tuple(
        Alarm(trend.system, trend.domain, trend.metric, _sentence(trend, change), change)
        for trend, change in worsenings(history, policy)
        if change.shown == date
    )


def worsenings(history: History, policy: Policy) -> Iterator[tuple[Trend, Change]]:
    """Yield every change of level that raised an alarm, on the first night that showed it."""
    nights = history.series_nights()
    for trend in trends(history, policy):
        for change in trend.changes:
            if _counts(trend, change, policy, nights[-1].date):
                yield trend, change


def _counts(trend: Trend, change: Change, policy: Policy, today: datetime.date) -> bool:
    metric = trend.metric
    rule = next((rule for rule in policy.rules if rule.metric == metric), None)
    either = rule is not None and rule.either
    provenance = next((point.provenance for point in trend.points if point.date == change.date), "")
    return (is_worse(metric, change.shift) or either) and blocks(policy, metric, provenance, today)


def blocks(policy: Policy, metric: str, provenance: str, today: datetime.date) -> bool:
    """Return whether a night's verdict depends on a metric.

    Args:
        policy: a metric that it does not name has no say.
        metric: of a gate.
        provenance: of its joules.
        today: for waivers.
    """
    rule = next((rule for rule in policy.rules if rule.metric == metric), None)
    modelled = metric in ENERGY and is_modelled(provenance) and not policy.judge_modelled
    return rule is not None and rule.blocks and not modelled and waiver_of(policy, metric, today) is None


def waiver_of(policy: Policy, metric: str, today: datetime.date) -> Waiver | None:
    """Return a metric's waiver that is valid on a day; of several the one that lasts longest."""
    valid = [each for each in policy.waivers if each.metric == metric and each.until >= today]
    return max(valid, key=lambda each: each.until, default=None)


def _sentence(trend: Trend, change: Change) -> str:
    where = "" if trend.domain == EVERYWHERE else f", {trend.domain}"
    before, after = (figure_text(trend.metric, level) for level in (change.before, change.after))
    rose = "rose" if change.shift > 0 else "fell"
    size, limit = (size_text(trend.metric, each) for each in (change.shift, change.limit))
    return (
        f"{trend.system}{where}: {METRICS[trend.metric].label} {rose} by {size} on {change.date}, from {before} to "
        f"{after} ({plural(change.nights, 'night')} beyond the limit of {limit})"
    )
