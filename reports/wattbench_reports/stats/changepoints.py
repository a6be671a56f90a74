"""Find where the level of a series of nights changed, and test it.

Candidates come from an optimal partition (PELT with squared error, as `ruptures` has it). Each is then tested against
the two stretches that adjoin it, and the least sure one is dropped until all that are left hold. A test has two parts,
and the worse p-value counts:

- the means: Student's t with the variance within both stretches, corrected for all the places where a change could have
  been, of which the newest and the oldest nights are given more of the error: news is what is waited for;
- the nights one by one: a stretch of few nights must lie apart with every one of them, so that one freak night makes
  no change. How unlikely that is is told by the tails that the noise shows, where all the series of a metric are asked
  together, or by ranks, which ask for no distribution and need four nights or more to be sure of anything.

Nights that resemble the night before (a warm room, a busy neighbour) count for fewer.

Source: R. Killick, P. Fearnhead and I. A. Eckley, "Optimal detection of changepoints with a linear computational
cost", JASA 107 (2012); the tests' own stand in `twostretches`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from wattbench_reports.stats.level_shift import TwoStretches, places_beyond
from wattbench_reports.stats.series_noise import (
    MOST_ALIKE,
    Noise,
    Series,
    alike_of,
    excess_of,
    noise_sd,
    residuals_of,
    size_of,
)

SHORTEST = 2
"""Nights that a stretch has at least."""

HORIZON = 365
"""Nights over which a declared error rate holds, each of them judged."""

_GENEROUS = 0.8
"""A candidate may fall so far short of what the test will ask: the two do not know the noise equally well."""


@dataclass(frozen=True)
class Shift:
    """A change of level."""

    position: int
    """Of the first night after it."""
    before: float
    """Mean of the stretch that ends there; so `after` of the one that begins."""
    after: float
    p_value: float
    """Of no change, corrected for the positions where it could have been."""


def noise_of(series: Sequence[Series], *, level: float, resolution: float) -> Noise:
    """Estimate noise from all the series of a metric together, as one alone is too short.

    Args:
        series: each is divided first where its means differ, so that what changed is no noise.
        level: as in `change_points`; so `resolution`.
    """
    parts = [residuals_of(values, _apart(values, level, resolution)) for values in series]
    # Below the resolution there is rounding and no noise.
    scaled = [[stretch / size for stretch in part] for part in parts if (size := size_of(part)) >= resolution]
    if not scaled:
        return Noise()
    stretches = [stretch for part in scaled for stretch in part]
    nights = sum(map(len, stretches))
    return Noise(
        excess=excess_of(np.concatenate(stretches)) + 2 * math.sqrt(24 / nights),
        alike=min(max(alike_of(stretches), 0.0), MOST_ALIKE),
    )


def change_points(
    values: Series, *, level: float, resolution: float, least: float, noise: Noise | None = None
) -> tuple[Shift, ...]:
    """Return every significant change of level, in order.

    Args:
        values: of one series.
        level: the p-value up to which a change counts. Of one look at one series 0.05; where many series are judged
            every night for a year, 0.05 divided by all of them.
        resolution: the noise is taken to be no smaller than this, also where a series does not move at all.
        least: the smallest shift worth telling.
        noise: of the series' metric; None: as this series alone tells it.
    """
    positions = candidates(values, level=level, resolution=resolution)
    if positions and noise is None:
        noise = noise_of([values], level=level, resolution=resolution)
    return _held(
        values, positions, level, lambda two: two.p_value(len(values), least, level), noise or Noise(), resolution
    )


def candidates(values: Series, *, level: float, resolution: float) -> list[int]:
    """Return the positions at which an optimal partition divides the series; many of them are noise.

    Args:
        values: of one series.
        level: as in `change_points`: what could not reach it is not looked for.
        resolution: as there.
    """
    if len(values) < 2 * SHORTEST:
        return []
    from ruptures import KernelCPD

    scaled = (values - values.mean()) / max(noise_sd(values), resolution)
    divided = KernelCPD(kernel="linear", min_size=SHORTEST).fit(scaled).predict(pen=penalty(level))
    return [int(position) for position in divided[:-1]]


def penalty(level: float) -> float:
    """Return how much a change must explain to be a candidate, in units of the noise's variance."""
    from scipy import special

    return _GENEROUS * float(special.ndtri(level / places_beyond(SHORTEST) / 2)) ** 2


def _apart(values: Series, level: float, resolution: float) -> list[int]:
    """Keep the candidates between stretches whose means differ."""
    positions = candidates(values, level=level, resolution=resolution)
    held = _held(values, positions, level, lambda two: two.places(len(values)) * two.p_of_means, Noise(), resolution)
    return [each.position for each in held]


def _held(
    values: Series,
    positions: list[int],
    level: float,
    p_value: Callable[[TwoStretches], float],
    noise: Noise,
    resolution: float,
) -> tuple[Shift, ...]:
    """Drop the least sure candidate, and test its neighbours anew, until all hold."""
    tested: dict[tuple[int, int, int], Shift] = {}
    while positions:
        bounds = [0, *positions, len(values)]
        shifts = []
        for low, at, high in zip(bounds, bounds[1:], bounds[2:], strict=False):
            if (low, at, high) not in tested:
                two = TwoStretches(values[low:at], values[at:high], resolution, noise)
                tested[low, at, high] = Shift(at, float(two.before.mean()), float(two.after.mean()), p_value(two))
            shifts.append(tested[low, at, high])
        worst = max(range(len(shifts)), key=lambda index: shifts[index].p_value)
        if shifts[worst].p_value <= level:
            return tuple(shifts)
        positions = [*positions[:worst], *positions[worst + 1 :]]
    return ()
