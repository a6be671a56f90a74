"""List what changed in the last night: each system's metrics against the previous night, four weeks and the reference.

This is the table that a reader sees first. The size of a change is always given, also where too few nights are on
record to distinguish it from noise. A change is `changed` where it is significant at 5% for the whole table (Holm), so
at most one quiet night in twenty shows any. A figure beyond anything seen is marked as that, whatever an alarm's error
rate allows, until figures return or it has been seen for ten nights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wattbench_reports.formatting.units import percent, points
from wattbench_reports.gate.metrics import METRICS
from wattbench_reports.gate.policy import Policy
from wattbench_reports.history.alarms import Alarm, alarms
from wattbench_reports.history.model import EVERYWHERE, History
from wattbench_reports.history.night_comparisons import drift, too_few
from wattbench_reports.history.night_figures import FOUR_WEEKS, Against, ComparedFigure, compared_figures
from wattbench_reports.history.series_panels import scaled_margin, shift_of
from wattbench_reports.history.trends import is_worse
from wattbench_reports.stats.many_comparisons.multiple_testing import holm
from wattbench_reports.stats.series.changepoints import LEAST_NIGHTS
from wattbench_reports.stats.series.series_noise import Series
from wattbench_reports.stats.student import t_quantile

State = Literal["alarm", "beyond_all_seen", "changed", "not_distinguishable", "too_few_nights", "not_comparable"]

LEVEL = 0.05
"""Of the whole table."""

_SEEN_FROM = 2
"""Earlier nights from which there is a range that a night can be beyond."""
_MARGIN = 0.1
"""Of a metric that the policy does not judge."""
_TELLING = 0.01
"""A smaller share, or fewer points, that all systems moved by is not noted."""


@dataclass(frozen=True)
class NightChange:
    """One metric of one system on the last night against another night or several, over all domains."""

    system: str
    metric: str
    against: Against
    label: str
    """The date or the span of what it is compared with: ``2026-03-01``, ``22 nights from 2026-02-01 to 2026-02-28``."""
    before: float | None
    """The earlier figure, of several nights their mean, in the metric's unit. None: not comparable."""
    now: float
    change: float | None
    """Of accuracy the difference (-0.02: 2 points lower), of others the share by which it is higher (0.1: 10% more).
    Without what the two nights did to all systems, which the note gives."""
    low: float | None
    """Bounds of the change, of confidence 95%, with the variance between nights. None: not known. So `high`."""
    high: float | None
    state: State
    note: str = ""
    """What a reader should know of the comparison, without its full stop; empty: nothing."""
    standard_errors: float | None = None
    """How many standard errors the change is from none. None: not known."""

    @property
    def worse(self) -> bool:
        """Return whether the figure moved in the metric's bad direction."""
        return self.change is not None and self.change != 0 and is_worse(self.metric, self.change)


def night_changes(history: History, policy: Policy) -> tuple[NightChange, ...]:
    """Return every comparison of the last night.

    First what raises an alarm or is beyond all seen; then the worse before the better; then the biggest in relation to
    its noise, or in size where the noise is not known.

    Args:
        history: from `load_history`.
        policy: which metrics are judged, and by which margins.
    """
    figures = compared_figures(history)
    adjusted = holm([each.p_value if each.comparable else None for each in figures])
    raised = alarms(history, drift(history, policy)) if figures else ()
    changes = [_change(each, p, raised, policy) for each, p in zip(figures, adjusted, strict=True)]
    return tuple(sorted(changes, key=_rank))


def _rank(change: NightChange) -> tuple[bool, bool, bool, float]:
    marked = change.state in ("alarm", "beyond_all_seen")
    size = 0.0 if change.change is None else abs(change.change)
    unknown = change.standard_errors is None
    by_noise = size if change.standard_errors is None else change.standard_errors
    return not (marked and change.worse), not change.worse, unknown, -by_noise


def _change(figure: ComparedFigure, adjusted: float | None, raised: Sequence[Alarm], policy: Policy) -> NightChange:
    metric = figure.metric
    change = low = high = standard_errors = None
    if figure.comparable:
        change = shift_of(figure.difference, metric)
        if figure.se is not None and figure.noise is not None:
            half = t_quantile(figure.noise.df) * figure.se
            low, high = (shift_of(figure.difference + sign * half, metric) for sign in (-1, 1))
            standard_errors = abs(figure.difference) / figure.se
    return NightChange(
        system=figure.system,
        metric=metric,
        against=figure.against,
        label=_label(figure),
        before=figure.before if figure.comparable else None,
        now=figure.now,
        change=change,
        low=low,
        high=high,
        state=_state(figure, adjusted, raised, policy),
        note=_note(figure, low, high, adjusted),
        standard_errors=standard_errors,
    )


def _state(figure: ComparedFigure, adjusted: float | None, raised: Sequence[Alarm], policy: Policy) -> State:
    if not figure.comparable:
        return "not_comparable"
    if any(_is_of(alarm, figure) for alarm in raised):
        return "alarm"
    if beyond_all_seen(figure.seen, figure.scaled_now, margin_of(policy, figure.metric)) and figure.difference != 0:
        return "beyond_all_seen"
    if figure.noise is None or adjusted is None:
        return "too_few_nights"
    return "changed" if adjusted <= LEVEL else "not_distinguishable"


def _is_of(alarm: Alarm, figure: ComparedFigure) -> bool:
    against = FOUR_WEEKS if alarm.kind == "change" else alarm.kind
    return (alarm.system, alarm.domain, alarm.metric, against) == (
        figure.system, EVERYWHERE, figure.metric, figure.against
    )  # fmt: skip


def margin_of(policy: Policy, metric: str) -> float:
    """Return a metric's margin, on the scale on which noise adds."""
    margin = next((rule.margin for rule in policy.rules if rule.metric == metric), _MARGIN)
    return scaled_margin(margin, metric)


def beyond_all_seen(seen: Series, now: float, margin: float) -> bool:
    """Return whether a figure is beyond anything seen.

    That is: outside of the range of the earlier nights by more than that range, and by more than the margin. Nights
    that were beyond themselves count as seen only once figures have returned, or there are ten of them in succession:
    a slow week does not hide its own next night.

    Args:
        seen: shape (nights,), the earlier nights, oldest first.
        now: the last night.
        margin: on the same scale.
    """
    nights = seen.tolist()
    if len(nights) < _SEEN_FROM:
        return False
    lowest, highest = min(nights[:_SEEN_FROM]), max(nights[:_SEEN_FROM])
    beyond: list[float] = []
    for night in nights[_SEEN_FROM:]:
        beyond.append(night)
        if len(beyond) >= LEAST_NIGHTS or not _beyond(lowest, highest, night, margin):
            lowest, highest, beyond = min(lowest, *beyond), max(highest, *beyond), []
    return _beyond(lowest, highest, now, margin)


def _beyond(lowest: float, highest: float, night: float, margin: float) -> bool:
    return max(night - highest, lowest - night) > max(highest - lowest, margin)


def _label(figure: ComparedFigure) -> str:
    first, last = figure.dates[0], figure.dates[-1]
    return str(first) if len(figure.dates) == 1 else f"{len(figure.dates)} nights from {first} to {last}"


def _note(figure: ComparedFigure, low: float | None, high: float | None, adjusted: float | None) -> str:
    if not figure.comparable:
        return "other items, machine or meters"
    if figure.noise is None:
        return too_few(figure)
    notes = []
    if low is not None and high is not None and low * high > 0 and (adjusted is None or adjusted > LEVEL):
        notes.append("distinguishable alone, not among all comparisons of this night")
    if abs(figure.shared) >= _TELLING:
        moved = shift_of(figure.shared, figure.metric)
        size = points(moved) if METRICS[figure.metric].unit == "share" else percent(abs(moved))
        notes.append(f"without {size} by which all systems moved {'up' if moved > 0 else 'down'}")
    return "; ".join(notes)
