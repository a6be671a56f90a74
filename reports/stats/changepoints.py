"""Where the level of a series of nights changed, and whether that is shown.

Candidates come from an optimal partition (PELT with squared error, as `ruptures` has it). Each is then tested against
the two stretches that adjoin it, and the least sure one is dropped until all that are left hold. A test has two parts,
and the worse p-value counts:

- the means: Student's t with the variance within both stretches, times the places where a change could have been;
- the nights one by one: a stretch of few nights must lie apart with every one of them, so that one freak night makes
  no change. How unlikely that is is told by the tails that the noise shows, where all the series of a metric are asked
  together, or by ranks, which ask for no distribution and need four nights or more to be sure of anything.

Nights that resemble the night before (a warm room, a busy neighbour) count for fewer.

Sources: R. Killick, P. Fearnhead and I. A. Eckley, "Optimal detection of changepoints with a linear computational
cost", JASA 107 (2012); effective sample size: G. V. Bayley and J. M. Hammersley, J. R. Stat. Soc. Suppl. 8 (1946);
H. B. Mann and D. R. Whitney, Ann. Math. Stat. 18 (1947).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SHORTEST = 2
"""Nights that a stretch has at least."""

HORIZON = 365
"""Nights over which a declared error rate holds, each of them judged."""

_GENEROUS = 0.8
"""A candidate may fall so far short of what the test will ask: the two do not know the noise equally well."""

_EXACT_RANKS = 8
"""Up to so many nights in the shorter stretch the ranks are counted out."""

_MOST_ALIKE = 0.9
"""The highest correlation of one night with the next that is believed."""

Series = NDArray[np.float64]
"""Shape (nights,), in order, without gaps, on a scale on which noise adds: the logarithm of seconds or joules."""


@dataclass(frozen=True)
class Shift:
    """A change of level."""

    position: int
    """Of the first night after it."""
    before: float
    """Mean of the stretch that ends there; so `after` of the one that begins."""
    after: float
    p_value: float
    """That there is none, corrected for the places where it could have been."""


@dataclass(frozen=True)
class Noise:
    """How the figures of a metric scatter from night to night: what its size alone does not say."""

    excess: float = 0.0
    """Kurtosis beyond a normal distribution's: how much freak nights there are."""
    alike: float = 0.0
    """Correlation of a night with the next, 0 or more."""


def noise_of(series: Sequence[Series], *, level: float, resolution: float) -> Noise:
    """Told by all the series of a metric together, as one alone is too short for it.

    Args:
        series: each is divided first where its means differ, so that what changed is no noise.
        level: as in `change_points`; so `resolution`.
    """
    parts = [_residuals(values, _apart(values, level, resolution)) for values in series]
    # Below the resolution there is rounding and no noise.
    scaled = [[own / size for own in part] for part in parts if (size := _size(part)) >= resolution]
    if not scaled:
        return Noise()
    stretches = [own for part in scaled for own in part]
    nights = sum(map(len, stretches))
    return Noise(
        excess=_excess(np.concatenate(stretches)) + 2 * math.sqrt(24 / nights),
        alike=min(max(_alike(stretches), 0.0), _MOST_ALIKE),
    )


def change_points(
    values: Series, *, level: float, resolution: float, least: float, noise: Noise | None = None
) -> tuple[Shift, ...]:
    """Every change of level that is shown, in order.

    Args:
        values: of one series.
        level: the p-value up to which a change counts. Of one look at one series 0.05; where many series are judged
            every night for a year, 0.05 divided by all of them.
        resolution: the noise is taken to be no smaller than this, also where a series does not move at all.
        least: the smallest shift worth telling.
        noise: of the series' metric; None: as this series alone tells it.
    """
    found = candidates(values, level=level, resolution=resolution)
    if found and noise is None:
        noise = noise_of([values], level=level, resolution=resolution)
    return _held(values, found, level, lambda two: two.p_value(len(values), least, level), noise or Noise(), resolution)


def candidates(values: Series, *, level: float, resolution: float) -> list[int]:
    """Positions at which an optimal partition divides the series; many of them mean nothing.

    Args:
        values: of one series.
        level: as in `change_points`: what could not reach it is not looked for.
        resolution: as there.
    """
    if len(values) < 2 * SHORTEST:
        return []
    from ruptures import KernelCPD

    scaled = (values - values.mean()) / max(noise_sd(values), resolution)
    divided = KernelCPD(kernel="linear", min_size=SHORTEST).fit(scaled).predict(pen=penalty(len(values), level))
    return [int(position) for position in divided[:-1]]


def penalty(nights: int, level: float) -> float:
    """How much a change must explain to be a candidate, in units of the noise's variance."""
    from scipy import special

    return _GENEROUS * float(special.ndtri(level / nights / 2)) ** 2


def noise_sd(values: Series) -> float:
    """The noise from one night to the next, which a level that moves hardly raises.

    It is the mean absolute difference between neighbours, scaled to a standard deviation. (The median one is 0 where
    most nights come out alike, as shares of a few items do.)
    """
    return float(np.mean(np.abs(np.diff(values)))) * math.sqrt(math.pi) / 2


def _residuals(values: Series, positions: Sequence[int]) -> list[Series]:
    """What is left of each stretch without its mean."""
    return [own - own.mean() for own in np.split(values, positions)]


def _size(stretches: Sequence[Series]) -> float:
    """The root of the mean square."""
    return math.sqrt(float(np.mean(np.concatenate(stretches) ** 2)))


def _excess(residuals: Series) -> float:
    return float(np.mean(residuals**4)) / float(np.mean(residuals**2)) ** 2 - 3


def _alike(stretches: Sequence[Series]) -> float:
    """The correlation of a night with the next, without the bias that unknown means give it."""
    squares = sum(float(own @ own) for own in stretches)
    told = sum(float(own[:-1] @ own[1:]) for own in stretches) / squares
    return told + (1 + 3 * told) * len(stretches) / sum(map(len, stretches))


def _apart(values: Series, level: float, resolution: float) -> list[int]:
    """The candidates between stretches whose means differ, whatever the single nights say."""
    found = candidates(values, level=level, resolution=resolution)
    held = _held(values, found, level, lambda two: len(values) * two.p_of_means, Noise(), resolution)
    return [each.position for each in held]


def _held(
    values: Series, found: list[int], level: float, p_value: Callable[[_Two], float], noise: Noise, resolution: float
) -> tuple[Shift, ...]:
    """Drop the least sure candidate, and test its neighbours anew, until all hold."""
    tested: dict[tuple[int, int, int], Shift] = {}
    while found:
        bounds = [0, *found, len(values)]
        shifts = []
        for low, at, high in zip(bounds, bounds[1:], bounds[2:], strict=False):
            if (low, at, high) not in tested:
                two = _Two(values[low:at], values[at:high], resolution, noise)
                tested[low, at, high] = Shift(at, float(two.before.mean()), float(two.after.mean()), p_value(two))
            shifts.append(tested[low, at, high])
        worst = max(range(len(shifts)), key=lambda place: shifts[place].p_value)
        if shifts[worst].p_value <= level:
            return tuple(shifts)
        found = [*found[:worst], *found[worst + 1 :]]
    return ()


@dataclass(frozen=True)
class _Two:
    """Two stretches of nights, one after the other."""

    before: Series
    after: Series
    resolution: float
    noise: Noise

    @property
    def shift(self) -> float:
        return float(self.after.mean() - self.before.mean())

    def p_value(self, nights: int, least: float, level: float) -> float:
        """That nothing changed between them, or less than is worth telling, in a series of so many nights.

        Where the means alone do not reach the level, the single nights are not asked.
        """
        if abs(self.shift) < least:
            return 1.0
        of_means = min(1.0, nights * self.p_of_means)
        return of_means if of_means > level else max(of_means, self.p_one_by_one)

    @property
    def p_of_means(self) -> float:
        from scipy import special

        worth = self._worth(len(self.before)), self._worth(len(self.after))
        t = abs(self.shift) / (self._sd * math.sqrt(1 / worth[0] + 1 / worth[1]))
        return 2 * float(special.stdtr(max(sum(worth) - 2, 1.0), -t))

    @property
    def p_one_by_one(self) -> float:
        """Two ways to ask, so twice the better. The shorter stretch may have any number of nights, k of them with the
        share 1 / (k (k - 1)) of the error: over all numbers these sum to 1."""
        nights = len(self._short_and_long[0])
        return min(1.0, 2 * min(nights * (nights - 1) * self._p_of_tails(), self._p_of_ranks()))

    @cached_property
    def _residuals(self) -> list[Series]:
        return [self.before - self.before.mean(), self.after - self.after.mean()]

    @cached_property
    def _moves(self) -> bool:
        """Whether there is noise to be described, and not only rounding."""
        return _size(self._residuals) >= self.resolution

    @property
    def _nights(self) -> int:
        return len(self.before) + len(self.after)

    @cached_property
    def _sd(self) -> float:
        squares = sum(float(own @ own) for own in self._residuals)
        return max(math.sqrt(squares / (self._nights - 2)), self.resolution)

    @cached_property
    def _alike(self) -> float:
        """As the metric has it, or these nights for certain."""
        if not self._moves:
            return self.noise.alike
        return max(self.noise.alike, min(_alike(self._residuals) - 2 / math.sqrt(self._nights), _MOST_ALIKE))

    @cached_property
    def _freedom(self) -> float:
        """Degrees of freedom of a Student's t with tails as heavy as the metric's, or for certain as these nights'."""
        own = _excess(np.concatenate(self._residuals)) - 2 * math.sqrt(24 / self._nights) if self._moves else 0.0
        return 4 + 6 / max(self.noise.excess, own, 1e-3)

    def _worth(self, nights: int) -> float:
        """So many independent nights tell as much as these do."""
        rho = self._alike
        beyond = rho / (1 - rho) - rho * (1 - rho**nights) / (nights * (1 - rho) ** 2)
        return nights / (1 + 2 * beyond)

    @property
    def _short_and_long(self) -> tuple[Series, Series]:
        return (self.after, self.before) if len(self.after) <= len(self.before) else (self.before, self.after)

    def _p_of_tails(self) -> float:
        """That every night of the shorter stretch lies as far out as the one that lies least so."""
        from scipy import special

        short, long = self._short_and_long
        apart = (short - long.mean()) * np.sign(short.mean() - long.mean())
        nearest = float(apart.min()) / (self._sd * math.sqrt(1 + 1 / len(long)))
        one = float(special.stdtr(self._freedom, -nearest * math.sqrt(self._freedom / (self._freedom - 2))))
        return 2 * one ** self._worth(len(short)) if nearest > 0 else 1.0

    def _p_of_ranks(self) -> float:
        from scipy import stats

        short, long = self._short_and_long
        exact = len(short) <= _EXACT_RANKS
        told = stats.mannwhitneyu(short, long, method="exact" if exact else "asymptotic").pvalue
        # Ties make the approximation surer than any order of the nights could be.
        least = 2 / math.comb(self._nights, len(short))
        adjusted: float = max(float(told), least) ** (self._worth(len(short)) / len(short))
        return adjusted
