"""List what changed in the last night: each system's metrics against the previous night, four weeks and the reference.

This is the table that a reader sees first. The size of a change is always given, also where too few nights are on
record to distinguish it from noise; a figure beyond anything seen is marked as that, whatever an alarm's error rate
allows.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from wattbench_reports.gate.metrics import ACCURACY
from wattbench_reports.gate.policy import Policy
from wattbench_reports.history.model import EVERYWHERE, OUTPUT_TOKENS, History
from wattbench_reports.history.night_comparisons import PREVIOUS, REFERENCE
from wattbench_reports.history.trends import Trend, TrendPoint, is_worse, trends
from wattbench_reports.stats.student import t_quantile

FOUR_WEEKS: Final = "four_weeks"
WEEKS = datetime.timedelta(days=28)
LEAST_NIGHTS = 10
"""Nights of a series below which nothing is distinguished from noise."""

State = Literal["alarm", "beyond_all_seen", "changed", "not_distinguishable", "too_few_nights", "not_comparable"]

_SEEN_FROM = 2
"""Earlier nights from which a range is known that a night can be beyond."""
_MARGIN = 0.1
"""Of a metric that the policy does not judge."""


@dataclass(frozen=True)
class NightChange:
    """One metric of one system on the last night against another night or several, over all domains."""

    system: str
    metric: str
    against: Literal["previous", "four_weeks", "reference"]
    label: str
    """The date or the span of what it is compared with: ``2026-03-01``, ``22 nights from 2026-02-01 to 2026-02-28``."""
    before: float | None
    """The earlier figure, of several nights their mean, in the metric's unit. None: not comparable."""
    now: float
    change: float | None
    """Of accuracy the difference (-0.02: 2 points lower), of others the share by which it is higher (0.1: 10% more)."""
    low: float | None
    """Bounds of the change, of confidence 95%, with the variance between nights. None: not known. So `high`."""
    high: float | None
    state: State
    note: str = ""
    """What limits the comparison, without its full stop; empty: nothing does."""

    @property
    def worse(self) -> bool:
        """Return whether the figure moved in the metric's bad direction."""
        return self.change is not None and self.change != 0 and is_worse(self.metric, self.change)


def night_changes(history: History, policy: Policy) -> tuple[NightChange, ...]:
    """Return every comparison of the last night: the worse before the better, the biggest first.

    Args:
        history: from `load_history`.
        policy: which metrics are judged, and by which margins.

    Raises:
        MissingExtraError: `ruptures` is not installed.
    """
    changes = [
        change
        for trend in trends(history)
        if trend.domain == EVERYWHERE and trend.metric != OUTPUT_TOKENS and trend.points[-1].value is not None
        for change in _of_trend(history, trend, policy)
    ]
    return tuple(sorted(changes, key=_rank))


def _rank(change: NightChange) -> tuple[bool, bool, float]:
    marked = change.state in ("alarm", "beyond_all_seen")
    size = 0.0 if change.change is None else abs(change.change)
    noise = None if change.low is None or change.high is None else change.high - change.low
    return not (marked and change.worse), not change.worse, -(size / noise if noise else size)


def _of_trend(history: History, trend: Trend, policy: Policy) -> Iterator[NightChange]:
    *earlier, now = (point for point in trend.points if point.value is not None)
    alike = [point for point in earlier if point.conditions == now.conditions]
    margin = next((rule.margin for rule in policy.rules if rule.metric == trend.metric), _MARGIN)
    if earlier:
        yield _change(trend, PREVIOUS, str(earlier[-1].date), earlier[-1:], alike, now, margin)
    recent = [point for point in alike if point.date >= now.date - WEEKS]
    if len(recent) > 1:
        label = f"{len(recent)} nights from {recent[0].date} to {recent[-1].date}"
        yield _change(trend, FOUR_WEEKS, label, recent, alike, now, margin)
    pinned = None if history.reference is None else history.reference.run
    for point in earlier:
        if point.run == pinned:
            yield _change(trend, REFERENCE, str(point.date), [point], alike, now, margin)


def _change(
    trend: Trend,
    against: Literal["previous", "four_weeks", "reference"],
    label: str,
    others: Sequence[TrendPoint],
    alike: Sequence[TrendPoint],
    now: TrendPoint,
    margin: float,
) -> NightChange:
    metric = trend.metric
    assert now.value is not None
    if any(point.conditions != now.conditions for point in others):
        note = "other items, machine or meters"
        return NightChange(
            trend.system, metric, against, label, None, now.value, None, None, None, "not_comparable", note
        )
    plain = metric == ACCURACY
    seen, before, figure = (np.array([_scaled(point, plain) for point in points]) for points in (alike, others, [now]))
    d = float(figure[0] - before.mean())
    nights = len(seen)
    state: State = "not_distinguishable"
    low = high = None
    note = ""
    if nights + 1 < LEAST_NIGHTS:
        state, note = (
            "too_few_nights",
            f"too few nights ({nights + 1} of {LEAST_NIGHTS}): nothing could have been found",
        )
    else:
        half = t_quantile(nights - 1) * float(seen.std(ddof=1)) * math.sqrt(1 + 1 / len(before))
        low, high = d - half, d + half
        state = "changed" if low > 0 or high < 0 else state
    if _beyond(seen, float(figure[0]), margin if plain else math.log1p(margin)):
        state = "beyond_all_seen"
    then = float(before.mean())
    return NightChange(
        system=trend.system,
        metric=metric,
        against=against,
        label=label,
        before=then if plain else math.exp(then),
        now=now.value,
        change=_shown(d, plain),
        low=None if low is None else _shown(low, plain),
        high=None if high is None else _shown(high, plain),
        state=state,
        note=note,
    )


def _scaled(point: TrendPoint, plain: bool) -> float:
    assert point.value is not None
    return point.value if plain else math.log(max(point.value, 1e-12))


def _shown(d: float, plain: bool) -> float:
    return d if plain else math.expm1(d)


def _beyond(seen: np.ndarray, now: float, margin: float) -> bool:
    """Return whether a figure is outside of the range seen by more than that range, and by more than the margin."""
    if len(seen) < _SEEN_FROM:
        return False
    lowest, highest = float(seen.min()), float(seen.max())
    return max(now - highest, lowest - now) > max(highest - lowest, margin)
