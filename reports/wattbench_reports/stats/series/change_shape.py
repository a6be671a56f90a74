"""Tell what shape a change has: a step, a creep from the first night on, or a hinge where a creep begins.

Each shape is fitted by generalised least squares with autoregressive errors, and the lowest BIC is taken: G. Schwarz,
Ann. Statist. 6 (1978). Except that a step is called one only where its BIC is lower than a straight line's by 6, and a
hinge where its BIC is lower than a step's by 2, strong and positive evidence by R. E. Kass and A. E. Raftery, JASA 90
(1995): the middle of a creep resembles a step, and a creep called a step sends its reader to a commit that did nothing;
a few nights after a step resemble a hinge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.series.level_shift import SHORTEST
from wattbench_reports.stats.series.series_noise import Series, whitened

Shape = Literal["step", "creep", "hinge"]

_LEAST_CREEP = 7
"""Nights that a hinge has after its corner at least: what rose within a week is a step as far as can be known."""

STRONG = 6.0
"""By how much the BIC of a step has to be lower than a straight line's."""

POSITIVE = 2.0
"""By how much the BIC of a hinge has to be lower than a step's."""


@dataclass(frozen=True)
class FittedShape:
    """A change of one shape."""

    shape: Shape
    position: int
    """Of the first night after it; of a creep 0, of a hinge the first night that has crept."""
    before: float
    """The level before a step or a hinge, the start of a creep."""
    after: float
    """The level after a step; where a creep has come to on the last night."""
    bic: float


def fitted_shape(series: Series, alike: float, resolution: float) -> FittedShape:
    """Return the shape that describes a change of a series best.

    Args:
        series: shape (nights,), ten at least.
        alike: correlation of a night with the next.
        resolution: the noise of a night is taken to be no smaller than this.
    """
    nights = len(series)
    day = np.arange(nights, dtype=np.float64)
    steps = np.arange(SHORTEST, nights - SHORTEST + 1)
    corners = np.arange(1, nights - _LEAST_CREEP)
    of_nothing = nights * resolution**2 * (1 - alike**2)
    step = _best("step", series, (day >= steps[:, None]).astype(np.float64), steps, alike, of_nothing)
    line = _best("creep", series, day[None, :], np.zeros(1, dtype=np.int64), alike, of_nothing)
    hinge = _best("hinge", series, np.maximum(day - corners[:, None], 0.0), corners + 1, alike, of_nothing)
    if line.bic <= min(step.bic + STRONG, hinge.bic):
        return line
    return hinge if hinge.bic <= step.bic - POSITIVE else step


def _best(
    shape: Shape, series: Series, rises: Series, positions: NDArray[np.int64], alike: float, of_nothing: float
) -> FittedShape:
    """Fit one level and each rise, and return the best.

    Args:
        rises: shape (candidates, nights), each from 0.
        of_nothing: the sum of squares that is taken to be left at least.
    """
    parameters = 2 if shape == "creep" else 3  # a place is one
    nights = len(series)
    new, level, candidates = (whitened(each, alike) for each in (series, np.ones(nights), rises))
    squares = float(level @ level)
    mean = float(level @ new) / squares
    along = candidates @ level / squares
    candidates = candidates - along[:, None] * level
    size = candidates @ (new - mean * level) / (candidates**2).sum(axis=1)
    left = np.maximum(((new - mean * level) ** 2).sum() - size**2 * (candidates**2).sum(axis=1), of_nothing)
    best = int(np.argmin(left))
    before = mean - float(size[best] * along[best])
    return FittedShape(
        shape=shape,
        position=int(positions[best]),
        before=before,
        after=before + float(size[best] * rises[best, -1]),
        bic=nights * math.log(left[best] / nights) + parameters * math.log(nights),
    )
