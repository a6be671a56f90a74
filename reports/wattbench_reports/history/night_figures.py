"""Compare the figures of the last night with another night's, or with the mean of several, by how nights scatter.

    t = d / sqrt(var_night (1 + 1 / m))

for the difference d from the mean of m nights (one: 2 var_night), after the part of both that the nights did to all
systems is taken off. var_night is the variance between the nights of this series, within its levels, with its degrees
of freedom. It holds what each night's items add, because every night asks the same ones: a variance over items would
count that part twice, and add how much items differ, which cancels.

Nights that resemble the one before vary less from one to the next than over a month; the variance over all nights is
taken (innovation variance / (1 - alike^2)), which is too cautious for two successive nights and never too sure. Of m
such nights the mean is worth m (1 - alike) / (1 + alike) independent ones.

Sources: Satterthwaite's and Bayley and Hammersley's (J. R. Stat. Soc. Suppl. 8, 1946) for the worth of nights; valid
where a series keeps to its levels, with tails as in `wattbench_reports.stats.series.series_noise`.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from wattbench_reports.gate.metrics import METRICS
from wattbench_reports.history.model import EVERYWHERE, History
from wattbench_reports.history.series_panels import SeriesPanel, scaled, unscaled
from wattbench_reports.history.series_watch import Watched
from wattbench_reports.history.trend import Trend
from wattbench_reports.history.trends import watched
from wattbench_reports.stats.series.changepoints import LEAST_NIGHTS
from wattbench_reports.stats.series.level_shift import p_one_sided
from wattbench_reports.stats.series.series_noise import Series

Against = Literal["previous", "four_weeks", "reference"]
PREVIOUS: Final = "previous"
FOUR_WEEKS: Final = "four_weeks"
REFERENCE: Final = "reference"

_SPAN = datetime.timedelta(days=28)


@dataclass(frozen=True)
class NightVariance:
    """How much a series varies between nights."""

    variance: float
    """On the scale of `wattbench_reports.history.series_panels.scaled`."""
    df: int
    tails: float
    """Degrees of freedom of a Student's t with tails as heavy as the metric's."""

    def se(self, worth: float) -> float:
        """Return the standard error of a night's difference from the mean of nights, worth `worth` independent ones."""
        return math.sqrt(self.variance * (1 + 1 / worth))

    def p_value(self, difference: float, worth: float) -> float:
        """Return the two-sided p-value of no difference, with freak nights as frequent as the metric shows."""
        t = abs(difference) / self.se(worth)
        freak = p_one_sided(t * math.sqrt(self.tails / (self.tails - 2)), self.tails)
        return 2 * max(p_one_sided(t, self.df), freak)


@dataclass(frozen=True)
class ComparedFigure:
    """One metric of one system on the last night against one night or several."""

    system: str
    metric: str
    against: Against
    dates: tuple[datetime.date, ...]
    """Of the nights that it is compared with."""
    before: float
    """In the metric's unit; of several nights their mean."""
    now: float
    comparable: bool
    difference: float
    """On the scale on which noise adds, without what the nights did to all systems."""
    shared: float
    """What the nights did to all systems, which `difference` is without."""
    nights: int
    """Of this series that are comparable with the last night, which is one of them."""
    seen: Series
    """Shape (nights - 1,): those before the last, on the scale on which noise adds; where the noise is known without
    what the nights did to all systems."""
    scaled_now: float
    """The last night's, likewise."""
    noise: NightVariance | None
    """None: too few nights."""
    items: int
    provenance: str
    worth: float
    """How many independent nights those that it is compared with are worth."""

    @property
    def se(self) -> float | None:
        """Return the standard error of the difference; None: not known."""
        return None if self.noise is None else self.noise.se(self.worth)

    @property
    def p_value(self) -> float | None:
        """Return the two-sided p-value of no difference; None: not known."""
        return None if self.noise is None else self.noise.p_value(self.difference, self.worth)


@lru_cache(maxsize=2)
def compared_figures(history: History) -> tuple[ComparedFigure, ...]:
    """Compare every metric that a gate can judge, of every system over all domains, with other nights.

    With the previous night on which it has a figure, the four weeks before the last night, and the pinned reference.
    """
    metrics = [each for each in watched(history) if each.panel.metric in METRICS]
    return tuple(figure for metric in metrics for figure in _of(metric, metrics, history))


def _of(metric: Watched, metrics: Sequence[Watched], history: History) -> Iterator[ComparedFigure]:
    panel = metric.panel
    if panel.nights[-1] != history.series_nights()[-1].date:  # of a machine that did not measure the last night
        return
    pinned = None if history.reference is None else history.reference_night().date
    elsewhere = [each.panel for each in metrics if each.panel.metric == panel.metric and each is not metric]
    for row, trend in enumerate(panel.trends):
        if trend.domain == EVERYWHERE and np.isfinite(panel.values[row, -1]):
            yield from _of_row(metric, row, pinned, _on_other_machines(elsewhere, trend))


def _on_other_machines(panels: Sequence[SeriesPanel], trend: Trend) -> dict[datetime.date, float]:
    """Return the figures of a series on other machines, by night."""
    return {
        point.date: point.value
        for panel in panels
        for each in panel.trends
        if (each.system, each.domain) == (trend.system, trend.domain)
        for point in each.points
        if point.value is not None
    }


def _of_row(
    metric: Watched, row: int, pinned: datetime.date | None, elsewhere: Mapping[datetime.date, float]
) -> Iterator[ComparedFigure]:
    panel = metric.panel
    known = np.flatnonzero(np.isfinite(panel.values[row, :-1])).tolist()
    since = max(panel.breaks[row], default=0)
    alike = [column for column in known if column >= since]
    recent = [column for column in alike if panel.nights[column] >= panel.nights[-1] - _SPAN]
    previous = max(elsewhere, default=None)
    if previous is not None and (not known or previous > panel.nights[known[-1]]):
        yield _of_other_machine(metric, row, PREVIOUS, previous, elsewhere[previous])
    elif known:
        yield _figure(metric, row, PREVIOUS, known[-1:], alike)
    if len(recent) > 1:
        yield _figure(metric, row, FOUR_WEEKS, recent, alike)
    for column in known:
        if panel.nights[column] == pinned:
            yield _figure(metric, row, REFERENCE, [column], alike)
    if pinned is not None and pinned in elsewhere:
        yield _of_other_machine(metric, row, REFERENCE, pinned, elsewhere[pinned])


def _of_other_machine(
    metric: Watched, row: int, against: Against, date: datetime.date, before: float
) -> ComparedFigure:
    """Return a figure next to another machine's, with which it cannot be compared."""
    alone = _figure(metric, row, against, [metric.panel.values.shape[1] - 1], [])
    difference = alone.scaled_now - scaled(before, metric.panel.metric)
    return replace(alone, dates=(date,), before=before, comparable=False, difference=difference)


def _figure(metric: Watched, row: int, against: Against, others: Sequence[int], alike: Sequence[int]) -> ComparedFigure:
    panel = metric.panel
    values, adjusted = panel.values[row], metric.adjusted[row]
    trend = panel.trends[row]
    now = trend.points[-1]
    raw = float(values[-1] - values[others].mean())
    difference = float(adjusted[-1] - adjusted[others].mean())
    noise = night_variance(metric, row, alike)
    rho = 0.0 if metric.noise is None else metric.noise.alike
    assert now.value is not None
    return ComparedFigure(
        system=trend.system,
        metric=panel.metric,
        against=against,
        dates=tuple(panel.nights[column] for column in others),
        before=unscaled(float(values[others].mean()), panel.metric),
        now=now.value,
        comparable=set(others) <= set(alike),
        difference=raw if noise is None else difference,
        shared=0.0 if noise is None else raw - difference,
        nights=len(alike) + 1,
        seen=(values if noise is None else adjusted)[alike],
        scaled_now=float((values if noise is None else adjusted)[-1]),
        noise=noise,
        items=now.items,
        provenance=now.provenance,
        worth=max(len(others) * (1 - rho) / (1 + rho), 1.0),
    )


def night_variance(metric: Watched, row: int, alike: Sequence[int]) -> NightVariance | None:
    """Return the variance between nights of a series within its levels; None: too few nights.

    Args:
        metric: after the last night.
        row: of the series.
        alike: the columns of the nights before the last that are comparable with it.
    """
    if metric.noise is None or len(alike) + 1 < LEAST_NIGHTS:
        return None
    adjusted, rho = metric.adjusted[row], metric.noise.alike
    bounds = [bound for bound in metric.bounds(row) if alike[0] < bound <= alike[-1]]
    edges = [0, *np.searchsorted(alike, bounds).tolist(), len(alike)]
    squares, df = 0.0, 0
    for first, last in pairwise(edges):
        stretch = adjusted[list(alike[first:last])]
        if len(stretch) > 2:
            new = stretch[1:] - rho * stretch[:-1]
            squares += float(((new - new.mean()) ** 2).sum())
            df += len(new) - 1
    if df < LEAST_NIGHTS - 4:
        return None
    floor = metric.panel.resolution**2
    return NightVariance(max(squares / df / (1 - rho**2), floor), df, metric.noise.df)
