"""Judge every night of a simulated year as `wattbench nightly` does, and say what it raised."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.made_up.noisy_nights import DOMAINS, METRICS, NIGHTS, SYSTEMS, WORLDS, year
from wattbench_reports.history.night_comparisons import PART
from wattbench_reports.history.night_figures import night_variance
from wattbench_reports.history.series_panels import SeriesPanel
from wattbench_reports.history.series_watch import FoundChange, Watched, watch_nights
from wattbench_reports.history.trends import ALPHA
from wattbench_reports.stats import HORIZON
from wattbench_reports.stats.series.changepoints import LEAST_NIGHTS

ERROR = 0.05
"""Of a year of nights."""
CHANGED_ON = 300
"""The night of a planted step."""
BY = 0.05
"""The size of a planted step, and of a creep by the end of the year."""

_FIRST = datetime.date(2026, 1, 5)
_METRIC = "latency_p50"
"""Logarithms stand for any metric but accuracy; this one says how they are judged."""
_SCREEN = 3.0
"""Standard deviations of a series: a night that differs by less from another is far from an alarm."""


@dataclass(frozen=True)
class YearVerdict:
    """What the nights of one year raised, by night, 1 to 365; None: nothing."""

    change: int | None
    """The first change of a series for the worse."""
    comparison: int | None
    """The first night that was worse than the one before, or than the first night as its reference."""


@dataclass(frozen=True)
class Planted:
    """What was said of a planted change."""

    after: int | None
    """How many nights after the change the alarm came, the first night 1; None: it did not."""
    shapes: tuple[str, ...]
    """Of all changes of the series after that, in order."""


def year_verdict(world: str, noise: float, systems: int, number: int) -> YearVerdict:
    """Judge a year without a change. The number is the seed: the same one gives the same year."""
    rng = np.random.default_rng([list(WORLDS).index(world), round(1000 * noise), systems, number])
    figures = year(world, rng, noise, systems)
    changes, comparisons = [], []
    for metric in figures:
        for nights, watched in enumerate(watch_nights(panel_of(metric), level(systems)), 1):
            changes += [nights for each in watched.changes if each.shown == nights - 1 and _worse(each)]
            comparisons += [nights for _ in _worse_nights(watched, systems)]
    return YearVerdict(min(changes, default=None), min(comparisons, default=None))


def planted_step(world: str, number: int) -> Planted:
    """Judge a history in which one series is slower from night `CHANGED_ON` on."""
    return _planted(world, number, np.where(np.arange(NIGHTS) >= CHANGED_ON, math.log1p(BY), 0.0), CHANGED_ON)


def planted_creep(number: int) -> Planted:
    """Judge a year in which one series slows a little every night."""
    return _planted("still", number, np.linspace(0.0, math.log1p(BY), NIGHTS), 0)


def _planted(world: str, number: int, change: NDArray[np.float64], since: int) -> Planted:
    rng = np.random.default_rng([97, list(WORLDS).index(world), number])
    figures = year(world, rng)[number % METRICS]
    row = number % (SYSTEMS * DOMAINS)
    figures[row // DOMAINS, row % DOMAINS] += change
    *_, last = watch_nights(panel_of(figures), level(SYSTEMS))
    of_row = [each for each in last.changes if each.row == row and each.shown >= since]
    after = next((each.shown - since + 1 for each in of_row if _worse(each)), None)
    return Planted(after, tuple(each.fit.shape for each in of_row))


def level(systems: int) -> float:
    """Return the level of one series on one night, where there are so many systems."""
    return ALPHA / HORIZON / (METRICS * systems * (DOMAINS + 1))


def panel_of(figures: NDArray[np.float64]) -> SeriesPanel:
    """Lay out a metric's figures: every system and domain, then every system over all domains.

    Args:
        figures: shape (systems, domains, nights).
    """
    systems, domains, nights = figures.shape
    values = np.concatenate([figures.reshape(systems * domains, nights), figures.mean(axis=1)])
    return SeriesPanel(
        metric=_METRIC,
        trends=(),
        nights=tuple(_FIRST + datetime.timedelta(days=night) for night in range(nights)),
        values=values,
        systems=np.concatenate([np.repeat(np.arange(systems), domains), np.arange(systems)]),
        breaks=((),) * len(values),
        resolution=0.005,
    )


def _worse(change: FoundChange) -> bool:
    return change.fit.after > change.fit.before


def _worse_nights(watched: Watched, systems: int) -> Iterator[int]:
    """Yield the systems that are worse than in the night before, or than in the first night."""
    nights = watched.adjusted.shape[1]
    if nights < LEAST_NIGHTS:
        return
    overall = watched.adjusted[-systems:]
    most = PART * ERROR / HORIZON / (METRICS * systems)
    far = _SCREEN * overall.std(axis=1)
    for other in (nights - 2, 0):
        differences = overall[:, -1] - overall[:, other]
        for system in np.flatnonzero(differences > far).tolist():
            row = len(watched.adjusted) - systems + system
            variance = night_variance(watched, row, range(nights - 1))
            if variance is not None and variance.p_value(float(differences[system]), 1.0) / 2 <= most:
                yield system
