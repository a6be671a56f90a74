"""Compare machines by the blocks that each of them asked.

Items are dealt into blocks at random, so two machines' blocks differ by the machines and by chance. With the logarithm
y_r of the seconds (or joules) of block r over its requests, for N machines with R_n blocks, R in all:

    e_n = mean of y_r over the blocks of machine n
    s^2 = sum over blocks of (y_r - e_n)^2 / (R - N)            pooled, R - N degrees of freedom
    effect of n = e_n - m,  m = median of the other machines' e
    se^2 = s^2 (1 / R_n + c sum over the others of 1 / R / (N - 1)^2),  c = pi / 2; 1 for up to two others

The variance is pooled, as one machine's own blocks are often two to four. The median withstands that up to half of the
others are unusual, and c is what it costs in precision where there are many machines, and more than it costs with few.

A machine is *unusual* if its effect holds against chance (Holm over the machines) and is at least `LEAST`. Of many
machines none is exactly like another, and with many blocks each would stand out: from `FLEET` machines on it has to be
`ROBUST_Z` robust standard deviations (1.4826 x the median absolute deviation) of the machines above their median, too.
With one block on each machine chance cannot be told from machines: none is unusual, and there are no bounds.

Valid where blocks of a machine are exchangeable and of alike spread, and their logarithms nearly normal. Of machines
that are all alike one is named in 0.3 to 3% of simulated runs (2 to 16 machines, 4 blocks each); of 8 or 16 whose
speeds scatter by 3%, with 32 blocks each, in 6 to 7%.

Sources: pooled within groups: H. Scheffé, "The Analysis of Variance" (1959), ch. 3; robust z: B. Iglewicz and
D. Hoaglin, "How to Detect and Handle Outliers" (1993).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from wattbench_reports.stats.intervals import CONFIDENCE, Interval, log_interval
from wattbench_reports.stats.multiple_testing import holm
from wattbench_reports.stats.student import t_quantile

LEAST = 0.02
"""A smaller share by which a machine, or a difference on a machine, is off is not worth a word."""

FLEET = 5
"""From this many machines on their own spread is known well enough to say which one is unusual."""

ROBUST_Z = 3.5
_LEVEL = 0.05
_MAD = 1.4826


@dataclass(frozen=True)
class NodeEffect:
    """How one machine compares with the other machines, on one figure."""

    ratio: Interval
    """Its figure over the median of the other machines'; above 1 it takes longer, or more joules. Bounds of 0 and
    infinity: each machine asked one block, and chance is not known."""
    p_value: float | None
    """That it is like the others, adjusted for the number of machines. None: not known."""
    unusual: bool
    """It takes unusually long, or unusually many joules. A fast machine is not unusual."""


def node_effects(values: NDArray[np.float64], nodes: NDArray[np.int64]) -> list[NodeEffect]:
    """Compare every machine with the others.

    Args:
        values: shape (blocks,): the logarithm of the figure over a block's requests.
        nodes: shape (blocks,): each block's machine, from 0 and without gaps.

    Returns:
        One per machine; empty for a single one, which there is nothing to compare with.
    """
    counts = np.bincount(nodes)
    number, df = len(counts), len(values) - len(counts)
    if number < 2:
        return []
    means = np.bincount(nodes, weights=values) / counts
    variance = float(((values - means[nodes]) ** 2).sum()) / df if df > 0 else math.nan
    effects, errors = np.zeros(number), np.zeros(number)
    for node in range(number):
        others = np.arange(number) != node
        effects[node] = means[node] - np.median(means[others])
        of_median = float((1 / counts[others]).sum()) / (number - 1) ** 2 * (math.pi / 2 if number > 3 else 1.0)
        errors[node] = math.sqrt(variance * (1 / counts[node] + of_median))
    zs = _robust_z(means, math.sqrt(variance / float(np.median(counts))))
    p_values = holm([_p(*each, df) for each in zip(effects.tolist(), errors.tolist(), strict=True)])
    return [
        NodeEffect(_ratio(effect, error, df), p, _unusual(effect, p, z))
        for effect, error, p, z in zip(effects.tolist(), errors.tolist(), p_values, zs, strict=True)
    ]


def _unusual(effect: float, p_value: float | None, z: float | None) -> bool:
    held = p_value is not None and p_value <= _LEVEL
    return held and effect >= math.log1p(LEAST) and (z is None or z >= ROBUST_Z)


def _ratio(effect: float, error: float, df: int) -> Interval:
    if df < 1:
        return Interval(math.exp(effect), 0.0, math.inf)
    return log_interval(math.exp(effect), t_quantile(df, CONFIDENCE) * error)


def _robust_z(means: NDArray[np.float64], least: float) -> list[float | None]:
    """Return how far each machine is from the median, in robust standard deviations, never smaller than `least`."""
    if len(means) < FLEET or math.isnan(least):
        return [None] * len(means)
    away = means - np.median(means)
    spread = max(_MAD * float(np.median(np.abs(away))), least)
    return [each / spread if spread > 0 else math.copysign(math.inf, each) for each in away.tolist()]


def _p(effect: float, error: float, df: int) -> float | None:
    """Return the two-sided p-value of no effect."""
    if df < 1:
        return None
    if error <= 0:
        return 1.0 if abs(effect) < 1e-9 else 0.0
    return 2 * float(stdtr(df, -abs(effect) / error))
