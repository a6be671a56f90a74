"""Watch every night of a made-up year as `wattbench nightly` does, and list the nights that raise a false alarm."""

from __future__ import annotations

import datetime
import math

import numpy as np
from numpy.typing import NDArray

from tests.made_up.noisy_nights import METRICS, year
from wattbench_reports.gate.policy import NIGHT_MARGIN, NIGHT_POLICY
from wattbench_reports.history.series_watch import SeriesPanel, watch
from wattbench_reports.history.trends import evidence_needed

_FIRST = datetime.date(2026, 1, 5)
_METRIC = "latency_p50"
"""Logarithms stand for any metric but accuracy; this one says how they are judged."""


def false_alarms(world: str, noise: float, systems: int, number: int) -> list[int]:
    """Return the nights of a year without a change that raise an alarm. The number is the seed."""
    figures = year(world, np.random.default_rng([number, systems]), noise, systems)
    return sorted(night for metric in figures for night in alarmed_on(metric, METRICS))


def alarmed_on(figures: NDArray[np.float64], metrics: int = 1) -> list[int]:
    """Return the nights, from 0, that raise an alarm.

    Args:
        figures: shape (systems, domains, nights): logarithms of one metric; of one domain it is the only one.
        metrics: of the history, which share its rate of alarms.
    """
    systems, domains, _ = figures.shape
    single = domains if domains > 1 else 0
    thresholds = evidence_needed(NIGHT_POLICY.alpha, metrics * systems, metrics * systems * single)
    panel = panel_of(figures)
    watched = watch(panel, np.full(len(panel.values), math.log1p(NIGHT_MARGIN)), np.where(panel.overall, *thresholds))
    return [each.shown for each in watched.changes if each.after > each.before]


def panel_of(figures: NDArray[np.float64]) -> SeriesPanel:
    """Return a metric's figures of every system and domain, then of every system over all domains."""
    systems, domains, nights = figures.shape
    values, numbers = figures.mean(axis=1), np.arange(systems)
    overall = np.ones(systems, dtype=bool)
    if domains > 1:
        values = np.concatenate([figures.reshape(systems * domains, nights), values])
        numbers = np.concatenate([np.repeat(numbers, domains), numbers])
        overall = np.concatenate([np.zeros(systems * domains, dtype=bool), overall])
    return SeriesPanel(
        metric=_METRIC,
        trends=(),
        nights=tuple(_FIRST + datetime.timedelta(days=night) for night in range(nights)),
        values=values,
        systems=numbers,
        breaks=((),) * len(values),
        resolution=np.full(len(values), 0.005),
        overall=overall,
        canaries=np.zeros(len(values), dtype=bool),
    )
