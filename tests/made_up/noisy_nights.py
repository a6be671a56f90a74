"""Made-up years of nights in which no system changes: what alarms have to withstand.

A year is the logarithm of every figure of every night: seven metrics, six systems, four domains. Over all domains a
system's figure is the mean of theirs. Each series has noise of its own; some worlds add what a machine does to all.

    figures = year("busy spells", np.random.default_rng(1))
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

NIGHTS, SYSTEMS, DOMAINS, METRICS = 365, 6, 4, 7
NOISE = 0.01
"""Standard deviation from night to night of each series on its own."""

Year = NDArray[np.float64]
"""Shape (metrics, systems, domains, nights): logarithms."""


def _own(rng: np.random.Generator, alike: float, noise: float, systems: int) -> Year:
    """Return an autoregression of first order for each series; independent nights where `alike` is 0."""
    drawn = rng.normal(0.0, noise, (METRICS, systems, DOMAINS, NIGHTS))
    figures = drawn.copy()
    for night in range(1, NIGHTS):
        figures[..., night] = alike * figures[..., night - 1] + math.sqrt(1 - alike**2) * drawn[..., night]
    return figures


def _still(rng: np.random.Generator, noise: float, systems: int) -> Year:
    return _own(rng, 0.0, noise, systems)


def _autoregressive(alike: float) -> Callable[[np.random.Generator, float, int], Year]:
    return lambda rng, noise, systems: _own(rng, alike, noise, systems)


def _heavy_tails(rng: np.random.Generator, noise: float, systems: int) -> Year:
    """Student's t with four degrees of freedom: a night of five standard deviations every few weeks in some series."""
    return noise / math.sqrt(2) * rng.standard_t(4, (METRICS, systems, DOMAINS, NIGHTS))


def _loads(rng: np.random.Generator, systems: int) -> Year:
    """Draw how much of what the machine does each series takes: 1, with a scatter of 15%."""
    return np.exp(rng.normal(0.0, 0.15, (METRICS, systems, DOMAINS, 1)))


def _busy_spells(rng: np.random.Generator, noise: float, systems: int) -> Year:
    """Add spells of six nights on average, every 30 nights, in which all work takes 3% to 15% longer."""
    slower, night = np.zeros(NIGHTS), 0
    while (night := night + 1 + int(rng.exponential(25))) < NIGHTS:
        length = 1 + int(rng.geometric(1 / 5))
        slower[night : night + length] += rng.uniform(0.03, 0.15)
        night += length
    return _still(rng, noise, systems) + _loads(rng, systems) * slower


def _shared_nights(rng: np.random.Generator, noise: float, systems: int) -> Year:
    """Add what each night does to all: 3%, independent from night to night."""
    return _still(rng, noise, systems) + _loads(rng, systems) * rng.normal(0.0, 0.03, NIGHTS)


def _weekends(rng: np.random.Generator, noise: float, systems: int) -> Year:
    """Add 4% on weekends to all, and to each system a share of its own: 1.5%."""
    weekend = np.where(np.arange(NIGHTS) % 7 >= 5, 1.0, 0.0)
    own = rng.normal(0.0, 0.015, (1, systems, 1, 1))
    return _still(rng, noise, systems) + (0.04 * _loads(rng, systems) + own) * weekend


WORLDS: dict[str, Callable[[np.random.Generator, float, int], Year]] = {
    "still": _still,
    "alike .3": _autoregressive(0.3),
    "alike .5": _autoregressive(0.5),
    "alike .8": _autoregressive(0.8),
    "busy spells": _busy_spells,
    "shared nights": _shared_nights,
    "weekends": _weekends,
    "heavy tails": _heavy_tails,
}
"""``alike .3``: the correlation of a night with the next."""


def year(world: str, rng: np.random.Generator, noise: float = NOISE, systems: int = SYSTEMS) -> Year:
    """Draw a year in which no system changes."""
    return WORLDS[world](rng, noise, systems)
