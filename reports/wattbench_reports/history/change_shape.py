"""Tell whether a series rose in a step or crept up.

A straight line over time is held against one step, each by least squares; the best place of the step is what `ruptures`
finds (C. Truong, L. Oudre, N. Vayatis, "Selective review of offline change point detection methods", Signal Processing
167, 2020). It is a step where the BIC of the step is lower by 10, very strong evidence by R. E. Kass and A. E. Raftery,
"Bayes factors", JASA 90 (1995); else a creep. A creep that is called a step sends its reader to a commit that did
nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import require

Shape = Literal["step", "creep"]

_STRONG = 10.0
_SHORTEST = 2
"""Nights on either side of a step."""


@dataclass(frozen=True)
class FittedShape:
    """The shape of a change."""

    shape: Shape
    position: int
    """Of the first night after a step; of a creep 0."""


def fitted_shape(values: NDArray[np.float64], days: NDArray[np.float64], resolution: float) -> FittedShape:
    """Return the shape of a series that rose.

    Args:
        values: shape (nights,), four at least, all finite.
        days: shape (nights,): when each night was, in days.
        resolution: the scatter of a night is taken to be no smaller.

    Raises:
        MissingExtraError: ruptures is not installed.
    """
    ruptures = require("ruptures", extra="history", what="The shape of a change")
    nights = len(values)
    floor = nights * resolution**2
    ends = ruptures.Dynp(model="l2", min_size=_SHORTEST, jump=1).fit(values[:, None]).predict(1)
    position = int(ends[0])
    step = sum(float(((part - part.mean()) ** 2).sum()) for part in (values[:position], values[position:]))
    centred = days - days.mean()
    spread = float(centred @ centred)
    slope = float(centred @ values) / spread if spread else 0.0
    line = float(((values - values.mean() - slope * centred) ** 2).sum())
    gain = nights * math.log((line + floor) / (step + floor)) - math.log(nights)  # a step has its place, too
    return FittedShape("step", position) if gain > _STRONG else FittedShape("creep", 0)
