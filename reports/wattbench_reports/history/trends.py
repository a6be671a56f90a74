"""Build the series of every system × domain × metric over the nights, with their changes of level.

A series is judged every night, and there are many: a change counts where it holds for all of them over a whole year,
`HORIZON` nights, together: Bonferroni over the nights, Holm over the series.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from wattbench.errors import require
from wattbench_reports.gate.metrics import ACCURACY, METRICS
from wattbench_reports.history.model import OUTPUT_TOKENS, History, Night
from wattbench_reports.stats.changepoints import HORIZON, change_points, noise_of
from wattbench_reports.stats.series_noise import Noise, Series

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.025
"""How often in `HORIZON` nights any series at all may show a change without one: half of the 5% that nights may
raise a false alarm."""

LEAST_POINTS = 0.01
"""Of accuracy: a smaller change is not worth telling."""

LEAST_SHARE = 0.02
"""Of seconds, joules and tokens, likewise."""

_RESOLUTION_SHARE = 0.005
"""Noise of seconds, joules and tokens is taken to be no smaller. Of accuracy it is half an answer."""


@dataclass(frozen=True)
class TrendPoint:
    """One calendar date of a series."""

    date: datetime.date
    run: str | None
    """None where no run is of that night."""
    value: float | None
    """None: there is no figure, and the series has a gap. In the unit of the trend."""
    standard_error: float | None = None
    """With the items as the sample; None where it is not known."""
    items: int = 0
    provenance: str = ""
    conditions: str = ""
    """Two points of a series can be set side by side where these are equal."""


@dataclass(frozen=True)
class Change:
    """A change of level."""

    date: datetime.date
    """Of the first night after it."""
    run: str
    before: float
    """The level until then, in the unit of the trend; so `after` from then on."""
    after: float
    shift: float
    """Of accuracy the difference (-0.02: 2 points lower), of others the share by which it is higher."""
    p_value: float
    """Of no change, for all series and a year of nights together."""


@dataclass(frozen=True)
class Trend:
    """One series."""

    system: str
    domain: str
    """Empty: all together."""
    metric: str
    unit: str
    """``share``, ``s``, ``J`` or ``tokens``."""
    points: tuple[TrendPoint, ...]
    """One for every calendar date from the first night to the last."""
    changes: tuple[Change, ...]
    """In order."""


@lru_cache(maxsize=2)  # a page and its alarms ask the same history
def trends(history: History, alpha: float = ALPHA) -> tuple[Trend, ...]:
    """Return every series of the last night's suite, systems in the order of their names.

    Args:
        history: from `load_history`.
        alpha: how often in a year of nights any series may show a change where there is none.

    Raises:
        MissingExtraError: `ruptures` is not installed.
    """
    require("ruptures", extra="history", what="Finding change points")
    nights = history.series_nights()
    if not nights:
        return ()
    series = tuple(_series(history.values, nights))
    changes = _changes(series, alpha)
    return tuple(replace(trend, changes=changes[index]) for index, trend in enumerate(series))


def _series(values: pd.DataFrame, nights: Sequence[Night]) -> Iterator[Trend]:
    """Return every series, without its changes."""
    by_date = {night.date: night for night in nights}
    first, days = nights[0].date, (nights[-1].date - nights[0].date).days + 1
    dates = [first + datetime.timedelta(days=day) for day in range(days)]
    empty = [TrendPoint(date, by_date[date].run if date in by_date else None, None) for date in dates]
    of_suite = values[values["run"].isin([night.run for night in nights])]
    series: dict[tuple[str, str, str], list[TrendPoint]] = {}
    for system, domain, metric, point in zip(
        of_suite["system"], of_suite["domain"], of_suite["metric"], _points(of_suite), strict=True
    ):
        points = series.setdefault((system, domain, metric), list(empty))
        points[(point.date - first).days] = point
    for (system, domain, metric), points in sorted(series.items(), key=lambda pair: pair[0]):
        unit = METRICS[metric].unit if metric in METRICS else "tokens"
        yield Trend(system, domain, metric, unit, tuple(points), ())


def _points(rows: pd.DataFrame) -> Iterator[TrendPoint]:
    columns = ("date", "run", "value", "standard_error", "items", "provenance", "conditions")
    for date, run, value, error, *rest in zip(*(rows[name].tolist() for name in columns), strict=True):
        yield TrendPoint(date, run, value, error if math.isfinite(error) else None, *rest)


@dataclass(frozen=True)
class _Stretch:
    """Nights of a series under the same conditions."""

    metric: str
    points: tuple[TrendPoint, ...]
    """All with a value; of seconds, joules and tokens above 0."""

    @property
    def scaled(self) -> Series:
        """Transform values to a scale on which noise is additive."""
        values = np.array([point.value for point in self.points], dtype=np.float64)
        return values if self.metric == ACCURACY else np.log(values)

    @property
    def resolution(self) -> float:
        if self.metric != ACCURACY:
            return _RESOLUTION_SHARE
        return 0.5 / max(min(point.items for point in self.points), 1)

    @property
    def least(self) -> float:
        return LEAST_POINTS if self.metric == ACCURACY else math.log1p(LEAST_SHARE)


def _changes(series: Sequence[Trend], alpha: float) -> list[tuple[Change, ...]]:
    """Find the changes of all series, at one error rate for all together."""
    changes: list[tuple[Change, ...]] = [()] * len(series)
    stretches = [_stretches(trend) for trend in series]
    noise = _noise(stretches, alpha / HORIZON / max(len(series), 1))
    left = list(range(len(series)))
    while left:  # Holm: whoever holds beside all the others leaves them more
        factor = HORIZON * len(left)
        held = []
        for index in left:
            significant = [change for each in stretches[index] for change in _of_stretch(each, noise, alpha, factor)]
            if significant:
                changes[index] = tuple(significant)
                held.append(index)
        if not held:
            break
        left = [index for index in left if index not in held]
    return changes


def _stretches(trend: Trend) -> list[_Stretch]:
    measured = [p for p in trend.points if p.value is not None and (trend.metric == ACCURACY or p.value > 0)]
    return [
        _Stretch(trend.metric, tuple(points)) for _, points in groupby(measured, key=lambda point: point.conditions)
    ]


def _noise(stretches: Sequence[Sequence[_Stretch]], level: float) -> Mapping[str, Noise]:
    """Estimate the noise of each metric from all its series together."""
    by_metric: dict[str, list[_Stretch]] = {}
    for each in (each for stretches_of in stretches for each in stretches_of if len(each.points) > 2):
        by_metric.setdefault(each.metric, []).append(each)
    return {
        metric: noise_of(
            [each.scaled for each in stretches_of],
            level=level,
            resolution=max(each.resolution for each in stretches_of),
        )
        for metric, stretches_of in by_metric.items()
    }


def _of_stretch(stretch: _Stretch, noise: Mapping[str, Noise], alpha: float, factor: int) -> Iterator[Change]:
    shifts = change_points(
        stretch.scaled,
        level=alpha / factor,
        resolution=stretch.resolution,
        least=stretch.least,
        noise=noise.get(stretch.metric),
    )
    for shift in shifts:
        point = stretch.points[shift.position]
        assert point.run is not None  # it has a value
        plain = stretch.metric == ACCURACY
        before, after = (shift.before, shift.after) if plain else (math.exp(shift.before), math.exp(shift.after))
        yield Change(
            date=point.date,
            run=point.run,
            before=before,
            after=after,
            shift=after - before if plain else after / before - 1,
            p_value=min(1.0, shift.p_value * factor),
        )


HIGHER_IS_WORSE = {name: name != ACCURACY for name in METRICS}
"""Metric to its bad direction. The number of output tokens has none."""


def is_worse(metric: str, shift: float) -> bool:
    """Return whether a change is for the worse. Of output tokens none is: longer answers are neither good nor bad.

    Args:
        metric: of the series.
        shift: as in `Change`.
    """
    return metric != OUTPUT_TOKENS and (shift > 0) == HIGHER_IS_WORSE[metric]
