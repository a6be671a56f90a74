"""Made-up years of nights in which no system changes: what alarms have to withstand.

A year is the logarithm of every figure of every night: three metrics, some systems, four domains. Over all domains a
system's figure is the mean of theirs. Each series has noise of its own; some worlds add what a machine does to its
systems.

    figures = year("spells on all", np.random.default_rng(1), systems=2)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

NIGHTS, DOMAINS, METRICS = 365, 4, 3

Year = NDArray[np.float64]
"""Shape (metrics, systems, domains, nights): logarithms."""

TRIPLED_ON = 120


def _normal(rng: np.random.Generator, systems: int) -> Year:
    return rng.normal(size=(METRICS, systems, DOMAINS, NIGHTS))


def _autoregressive(rng: np.random.Generator, systems: int, *, alike: float) -> Year:
    drawn = _normal(rng, systems)
    figures = drawn.copy()
    for night in range(1, NIGHTS):
        figures[..., night] = alike * figures[..., night - 1] + math.sqrt(1 - alike**2) * drawn[..., night]
    return figures


def _tripled(rng: np.random.Generator, systems: int) -> Year:
    return _normal(rng, systems) * np.where(np.arange(NIGHTS) < TRIPLED_ON, 1.0, 3.0)


def _weekly(rng: np.random.Generator, systems: int) -> Year:
    """Draw the noise of each week anew: its logarithm has a standard deviation of .5."""
    weeks = np.exp(rng.normal(0.0, 0.5, -(-NIGHTS // 7)))
    return _normal(rng, systems) * np.repeat(weeks, 7)[:NIGHTS]


def _student(rng: np.random.Generator, systems: int) -> Year:
    """Student's t with three degrees of freedom, of a standard deviation of 1."""
    return rng.standard_t(3, (METRICS, systems, DOMAINS, NIGHTS)) / math.sqrt(3)


OWN: dict[str, Callable[[np.random.Generator, int], Year]] = {
    "constant": _normal,
    "alike .5": partial(_autoregressive, alike=0.5),
    "alike .8": partial(_autoregressive, alike=0.8),
    "Student's t, 3 degrees of freedom": _student,
    "tripled from night 120 on": _tripled,
    "unlike weeks": _weekly,
}
"""Worlds of noise that each series has by itself. ``alike .5``: the correlation of a night with the next."""


def _spells(rng: np.random.Generator, systems: int) -> Year:
    """Draw spells of six nights on average, every 30 nights, in which all work takes 3% to 15% longer."""
    slower, night = np.zeros(NIGHTS), 0
    while (night := night + 1 + int(rng.exponential(25))) < NIGHTS:
        length = 1 + int(rng.geometric(1 / 5))
        slower[night : night + length] += rng.uniform(0.03, 0.15)
        night += length
    return _loads(rng, systems) * slower


def _loads(rng: np.random.Generator, systems: int) -> Year:
    """Draw how strongly the machine's noise moves each series: 1, with a scatter of 15%."""
    return np.exp(rng.normal(0.0, 0.15, (METRICS, systems, DOMAINS, 1)))


def _on(rng: np.random.Generator, systems: int, *, share: float) -> Year:
    hit = np.arange(systems) < max(1, round(share * systems))
    return _spells(rng, systems) * hit[:, None, None]


def _shared(rng: np.random.Generator, systems: int) -> Year:
    """Draw the noise that all series share: 3%, independent from night to night."""
    return _loads(rng, systems) * rng.normal(0.0, 0.03, NIGHTS)


def _weekends(rng: np.random.Generator, systems: int) -> Year:
    """Add 4% on weekends to all, and to each system a share of its own: 1.5%."""
    weekend = np.where(np.arange(NIGHTS) % 7 >= 5, 1.0, 0.0)
    return (0.04 * _loads(rng, systems) + rng.normal(0.0, 0.015, (1, systems, 1, 1))) * weekend


OF_MACHINE: dict[str, Callable[[np.random.Generator, int], Year]] = {
    "spells on all": partial(_on, share=1.0),
    "spells on half": partial(_on, share=0.5),
    "spells on one": partial(_on, share=0.0),
    "shared nights": _shared,
    "weekends": _weekends,
}
"""Worlds in which the machine slows systems, in addition to constant noise."""

WORLDS = (*OWN, *OF_MACHINE)


def year(world: str, rng: np.random.Generator, noise: float, systems: int) -> Year:
    """Draw a year in which no system changes.

    Args:
        world: one of `WORLDS`.
        rng: of everything.
        noise: standard deviation from night to night of each series by itself.
        systems: how many.
    """
    if world in OWN:
        return noise * OWN[world](rng, systems)
    return noise * _normal(rng, systems) + OF_MACHINE[world](rng, systems)
