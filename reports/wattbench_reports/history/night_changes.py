"""Compare the last night with the level of earlier nights: four weeks, the best stretch, and the pinned reference.

Each comparison has a 95% interval from how nights of the series scatter (`wattbench_reports.stats.levels`), and
a state that follows from the interval as it is printed and the metric's margin: `worse` where all of it is beyond the
margin (`not_judged` of a metric on which the verdict does not depend), `better` where all of it is better than the
margin, `within` where it rules out a worsening by the margin, else `open`. Before the fifth night of a series nothing
could be shown.

The best stretch is the best level of four weeks in a row since the reference, or since the first night without one. A
decline of 1% a week, or a bad month that became usual, does not show against the last four weeks, and does against it.
Where the level of the last four weeks is worse than it by more than half of the margin, the note says whether it rose
in a step or crept up (`wattbench_reports.history.series_watch`).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from wattbench_reports.formatting.units import fixed, listed, plural
from wattbench_reports.gate.metrics import size_text
from wattbench_reports.gate.policy import NIGHT_POLICY, Policy
from wattbench_reports.history.alarms import blocks, worsenings
from wattbench_reports.history.model import EVERYWHERE, Change, History, Night, Trend
from wattbench_reports.history.series_watch import (
    LEAST_NIGHTS,
    MOST_NIGHTS,
    SeriesPanel,
    Watched,
    fitted_shape,
    scaled_margin,
    shift_of,
    unscaled,
)
from wattbench_reports.history.trends import OTHER_MARGIN, is_worse, watched
from wattbench_reports.metrics.registry import ACCURACY, METRICS
from wattbench_reports.stats import Levels, levels_of, nights_to, single_night
from wattbench_reports.stats.student import t_quantile

Against = Literal["four_weeks", "best", "reference"]
FOUR_WEEKS: Final = "four_weeks"
BEST: Final = "best"
REFERENCE: Final = "reference"

State = Literal[
    "alarm",
    "still_regressed",
    "worse",
    "better",
    "within",
    "open",
    "too_few_nights",
    "not_comparable",
    "not_measured",
    "not_judged",
]

CREEPS: Final = "it creeps"
"""The beginning of a note on a creep."""

_COARSE = 1e4
"""A share above which tenths of a per cent are not printed."""
_TELLING = 0.5
"""Of the margin: where the level of four weeks is worse than the best stretch by more, a note says how it rose."""


@dataclass(frozen=True)
class NightChange:
    """One metric of one system on the last night, over all domains, against one level."""

    system: str
    metric: str
    against: Against
    label: str
    """The date or the span of what it is compared with: ``2026-03-01``, ``22 nights from 2026-02-01 to 2026-02-28``."""
    before: float | None
    """The earlier level, in the metric's unit. None: not comparable."""
    now: float | None
    """None: not measured."""
    change: float | None
    """Of accuracy the difference (-0.02: 2 points lower), of others the share by which it is higher (0.1: 10% more)."""
    low: float | None
    """Bounds of the change, of confidence 95%, with the scatter of nights. None: not known. So `high`."""
    high: float | None
    margin: float
    """Of the metric, as `change`."""
    state: State
    blocks: bool
    """Whether the night's verdict depends on it."""
    detectable: float | None = None
    """The smallest worsening that this night would have shown to be beyond the margin. None: nothing could be shown."""
    note: str = ""
    """What a reader should know of the comparison, without its full stop; empty: nothing."""

    @property
    def worse(self) -> bool:
        """Return whether the figure moved in the metric's bad direction."""
        return self.change is not None and self.change != 0 and is_worse(self.metric, self.change)


@dataclass(frozen=True)
class _Stretch:
    """The nights of a level."""

    columns: tuple[int, ...]
    level: Levels
    """Of this series alone."""


def night_changes(history: History, policy: Policy = NIGHT_POLICY) -> tuple[NightChange, ...]:
    """Return every comparison of the last night with a level.

    First what raises an alarm or is worse; then what could not be shown; of each the biggest in relation to the margin.

    Args:
        history: from `load_history`.
        policy: which metrics are judged, and by which margins.
    """
    metrics = [each for each in watched(history, policy) if each.panel.metric in METRICS]
    raised: dict[tuple[str, str], list[Change]] = {}
    for trend, change in worsenings(history, policy):
        if trend.domain == EVERYWHERE:
            raised.setdefault((trend.system, trend.metric), []).append(change)
    changes = [row for metric in metrics for row in _of(metric, metrics, history, policy, raised)]
    changes += _opinions(history, policy, {row.system for row in changes if row.metric == ACCURACY})
    return tuple(sorted(changes, key=_rank))


def _opinions(history: History, policy: Policy, compared: Collection[str]) -> Iterator[NightChange]:
    """Yield that accuracy is not measured, of the systems of which the last night has only a judge's opinion.

    Args:
        history: as of `night_changes`.
        policy: likewise.
        compared: the systems of which accuracy has a comparison.
    """
    last = history.series_nights()[-1]
    rule = next((rule for rule in policy.rules if rule.metric == ACCURACY), None)
    if rule is None or rule.only_if_measured or not last.opinions or not blocks(policy, ACCURACY, "", last.date):
        return
    values = history.values[history.values["run"] == last.run]
    scored = values.loc[values["metric"] == ACCURACY, "system"]
    for system in sorted({*values["system"]} - {*scored, *compared}):
        yield NightChange(
            system=system,
            metric=ACCURACY,
            against=FOUR_WEEKS,
            label="",
            before=None,
            now=None,
            change=None,
            low=None,
            high=None,
            margin=rule.margin,
            state="not_measured",
            blocks=True,
            note=_opinion(last),
        )


def _opinion(night: Night) -> str:
    """State that a night has no more than an opinion: ``this night has a judge's opinion of replies alone``."""
    return f"this night has a judge's opinion of {listed(list(night.opinions))} alone"


_ORDER: Mapping[State, int] = {
    "alarm": 0, "still_regressed": 1, "worse": 2, "not_measured": 3, "open": 4, "not_comparable": 4,
    "too_few_nights": 4, "not_judged": 5, "better": 6, "within": 7,
}  # fmt: skip


def _rank(change: NightChange) -> tuple[int, bool, float]:
    size = 0.0 if change.change is None else abs(as_printed(change.change)) / change.margin
    return _ORDER[change.state], not change.worse, -size


def _of(
    metric: Watched,
    metrics: Sequence[Watched],
    history: History,
    policy: Policy,
    raised: Mapping[tuple[str, str], Sequence[Change]],
) -> Iterator[NightChange]:
    """Yield the comparisons of one metric on one machine. `raised`: system and metric to the changes with an alarm."""
    panel = metric.panel
    nights = history.series_nights()
    if panel.nights[-1] != nights[-1].date:  # of a machine that did not measure the last night
        return
    elsewhere = [each.panel for each in metrics if each.panel.metric == panel.metric and each is not metric]
    for row, trend in enumerate(panel.trends):
        if trend.domain != EVERYWHERE:
            continue
        series = _Series(metric, row, history, policy, raised.get((trend.system, panel.metric), ()))
        if not math.isfinite(panel.values[row, -1]):
            yield from series.not_measured()
        elif series.known or not (other := _last_elsewhere(elsewhere, trend)):
            yield from series.rows()
        else:
            yield series.not_comparable(*other)


def _last_elsewhere(panels: Sequence[SeriesPanel], trend: Trend) -> tuple[datetime.date, float] | None:
    """Return the date and the value of the last figure of a series on another machine."""
    figures = [
        (point.date, point.value)
        for panel in panels
        for each in panel.trends
        if (each.system, each.domain) == (trend.system, trend.domain)
        for point in each.points
        if point.value is not None
    ]
    return max(figures, default=None)


class _Series:
    """The comparisons of one series."""

    def __init__(self, metric: Watched, row: int, history: History, policy: Policy, raised: Sequence[Change]) -> None:
        self._raised = raised
        self._watched, self._row, self._history, self._policy = metric, row, history, policy
        self._panel = metric.panel
        self._trend = self._panel.trends[row]
        self._values = self._panel.values[row]
        self._metric = self._panel.metric
        self._resolution = float(self._panel.resolution[row])
        self._way = 1.0 if METRICS[self._metric].better == "lower" else -1.0
        self._rule = next((each for each in policy.rules if each.metric == self._metric), None)
        self._last = len(self._values) - 1
        self.known = [int(column) for column in np.flatnonzero(np.isfinite(self._values[:-1]))]
        """The columns of earlier nights that have a figure."""
        self._alike = [column for column in self.known if column >= max(self._panel.breaks[row], default=0)]

    def not_measured(self) -> Iterator[NightChange]:
        """Yield that a figure is missing that the night before had, or that its system must have to pass."""
        if not self.known or not self._counts():
            return
        column = self.known[-1]
        needed = self._rule is not None and not self._rule.only_if_measured and self._answered()
        if needed or column == self._last - 1:
            before = unscaled(float(self._values[column]), self._metric)
            night = self._history.series_nights()[-1]
            is_opinion = bool(night.opinions) and self._metric == ACCURACY
            nothing = _opinion(night) if is_opinion else "this night has none"
            note = f"an earlier night has this figure, and {nothing}"
            bare = self._bare(FOUR_WEEKS, str(self._panel.nights[column]), "not_measured", note)
            yield replace(bare, now=None, before=before)

    def _answered(self) -> bool:
        """Return whether the last night has any figure of the system."""
        values, last = self._history.values, self._history.series_nights()[-1]
        return bool(((values["run"] == last.run) & (values["system"] == self._trend.system)).any())

    def not_comparable(self, night: datetime.date, before: float) -> NightChange:
        """Return a change that says that the earlier figure was measured on another machine."""
        return replace(self._bare(FOUR_WEEKS, str(night), "not_comparable", _APART), before=before)

    def rows(self) -> Iterator[NightChange]:
        """Yield the comparisons with the last four weeks, with another best stretch, and with the reference."""
        if not self._alike:
            if self.known:
                yield self._bare(FOUR_WEEKS, str(self._panel.nights[self.known[-1]]), "not_comparable", _APART)
            return
        level_from = int(self._watched.levels_from[self._row])
        recent = _Stretch(
            tuple(column for column in self._alike if column >= level_from), _one(self._watched.levels, self._row)
        )
        if recent.columns:
            yield self._recent(recent)
        pinned = self._pinned()
        best = self._best([column for column in self._alike if pinned is None or column >= pinned])
        if best is not None and best.columns != recent.columns:
            yield self._against_best(best)
        if pinned is not None and pinned in self.known:
            yield self._reference(pinned, recent)

    def _recent(self, recent: _Stretch) -> NightChange:
        row = self._row
        change = self._compared(FOUR_WEEKS, recent)
        if any(each.shown == self._panel.nights[-1] for each in self._raised):
            return replace(change, state="alarm")
        if change.state not in ("worse", "open"):
            return change
        if self._watched.shared[row]:
            return replace(change, note=_CANARY if self._panel.canaries[row] else _SHARED)
        moved = self._way * (float(self._values[-1]) - float(recent.level.centre[0]))
        limit = float(self._watched.limits[row])
        needed = nights_to(float(self._watched.thresholds[row]), moved / limit) if change.blocks else 0
        if needed:
            return replace(change, note=f"an alarm takes {plural(needed, 'such night')}")
        return change

    def _against_best(self, best: _Stretch) -> NightChange:
        change = self._since_alarm(self._compared(BEST, best), best.columns[-1])
        return change if change.state == "still_regressed" else replace(change, note=self._rise(best))

    def _since_alarm(self, change: NightChange, column: int) -> NightChange:
        """Mark a worse change as still regressed if an alarm was raised after the night that it is compared with."""
        since = self._panel.nights[column]
        worse = [each for each in self._raised if each.date > since]
        if change.state != "worse" or not worse:
            return change
        note = f"changed on {worse[0].date}; a later reference accepts it"
        return replace(change, state="still_regressed", note=note)

    def _rise(self, best: _Stretch) -> str:
        """Describe how the level rose from the best stretch to the last four weeks; empty if the rise is small."""
        columns = [*self._alike, self._last]
        columns = columns[columns.index(best.columns[0]) :]
        if len(columns) < 2 * MOST_NIGHTS:
            return ""
        values = self._way * self._values[columns]
        now = levels_of(values[None, -MOST_NIGHTS:], self._resolution)
        rise = float(now.centre[0]) - self._way * float(best.level.centre[0])
        spread = math.hypot(float(now.error[0]), float(best.level.error[0])) * math.sqrt(math.pi / 2 / MOST_NIGHTS)
        margin = scaled_margin(self._margin, self._metric)
        if rise - t_quantile(MOST_NIGHTS) * spread <= _TELLING * margin:
            return ""
        fitted = fitted_shape(values, self._panel.days[columns], self._resolution)
        size = f"{'+' if self._way > 0 else '−'}{size_text(self._metric, shift_of(self._way * rise, self._metric))}"
        if fitted.shape == "step":
            return f"a step of {size} about {self._panel.nights[columns[fitted.position]]}"
        return f"{CREEPS}: {size} since {self._panel.nights[columns[0]]}"

    def _reference(self, pinned: int, recent: _Stretch) -> NightChange:
        night = str(self._panel.nights[pinned])
        if pinned not in self._alike:
            return self._bare(REFERENCE, night, "not_comparable", _APART)
        level = single_night(float(self._values[pinned]), float(recent.level.error[0]))
        one = Levels(level.centre, level.error, recent.level.nights)
        return self._since_alarm(self._compared(REFERENCE, _Stretch((pinned,), one)), pinned)

    def _pinned(self) -> int | None:
        """Return the column of the reference; if that was on another machine, the next column of this machine."""
        if self._history.reference is None:
            return None
        date = self._history.reference_night().date
        later = [column for column, night in enumerate(self._panel.nights) if night >= date]
        return min(later, default=None)

    def _best(self, columns: Sequence[int]) -> _Stretch | None:
        """Return the best stretch of four weeks without a change of level; None where there is no level."""
        changes = sorted({each.column for each in self._watched.changes if each.row == self._row})
        best: _Stretch | None = None
        for first, end in zip([0, *changes], [*changes, self._last], strict=True):
            part = [column for column in columns if first <= column < end]
            length = min(len(part), MOST_NIGHTS)
            if length < LEAST_NIGHTS:
                continue
            centres = self._way * np.median(sliding_window_view(self._values[part], length), axis=1)
            start = int(centres.argmin())
            if best is None or centres[start] < self._way * best.level.centre[0]:
                some = part[start : start + length]
                best = _Stretch(tuple(some), levels_of(self._values[None, some], self._resolution))
        return best

    def _compared(self, against: Against, stretch: _Stretch) -> NightChange:
        """Compare the last night with a level: the change with its bounds, and its state."""
        metric, level = self._metric, stretch.level
        difference = float(self._values[-1]) - float(level.centre[0])
        nights = int(level.nights[0])
        bare = replace(
            self._bare(against, self._label(stretch.columns), "too_few_nights", _too_few(nights)),
            before=unscaled(float(level.centre[0]), metric),
            change=shift_of(difference, metric),
        )
        if nights < LEAST_NIGHTS:
            return bare
        half = float(level.reach[0])
        low, high = (shift_of(difference + sign * half, metric) for sign in (-1, 1))
        state = state_of(metric, low, high, self._margin, either=self._rule is not None and self._rule.either)
        beyond = scaled_margin(self._margin, metric) + half
        return replace(
            bare,
            low=low,
            high=high,
            state="not_judged" if state == "worse" and not bare.blocks else state,
            detectable=abs(shift_of(self._way * beyond, metric)),
            note="",
        )

    def _bare(self, against: Against, label: str, state: State, note: str) -> NightChange:
        now = float(self._values[-1])
        return NightChange(
            system=self._trend.system,
            metric=self._metric,
            against=against,
            label=label,
            before=None,
            now=unscaled(now, self._metric) if math.isfinite(now) else None,
            change=None,
            low=None,
            high=None,
            margin=self._margin,
            state=state,
            blocks=self._counts(),
            note=note,
        )

    @property
    def _margin(self) -> float:
        return OTHER_MARGIN if self._rule is None else self._rule.margin

    def _counts(self) -> bool:
        provenance = next((each.provenance for each in reversed(self._trend.points) if each.value is not None), "")
        return blocks(self._policy, self._metric, provenance, self._panel.nights[-1])

    def _label(self, columns: Sequence[int]) -> str:
        first, last = (self._panel.nights[column] for column in (columns[0], columns[-1]))
        return str(first) if len(columns) == 1 else f"{len(columns)} nights from {first} to {last}"


_APART = "other items, machine or meters"
_SHARED = "others on this machine moved with it"
_CANARY = "it never changes, so the machine does"


def state_of(metric: str, low: float, high: float, margin: float, *, either: bool = False) -> State:
    """Return the state of a comparison, from its bounds as printed.

    Args:
        metric: for its bad direction.
        low: of the change.
        high: of the change.
        margin: of the metric.
        either: a change for the better counts like one for the worse.
    """
    low, high, margin = (as_printed(each) for each in (low, high, margin))
    least, most = (low, high) if METRICS[metric].better == "lower" else (-high, -low)
    if least > margin:
        return "worse"
    if most < -margin:
        return "worse" if either else "better"
    return "within" if most <= margin and not (either and least < -margin) else "open"


def as_printed(share: float) -> float:
    """Round a share as it is printed, to a tenth of a per cent or of a point."""
    return float(fixed(100 * share, 1)) / 100 if abs(share) < _COARSE else share


def _too_few(nights: int) -> str:
    """State that there are too few nights to show a change: ``too few nights (3 of 4 before this one)``."""
    return f"too few nights ({nights} of {LEAST_NIGHTS} before this one)"


def _one(levels: Levels, row: int) -> Levels:
    return Levels(levels.centre[row : row + 1], levels.error[row : row + 1], levels.nights[row : row + 1])
