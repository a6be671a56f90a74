"""Test sequentially: evidence against a claim that is valid at every interim look.

Each is an e-process: a gambler's wealth who bets against a claim, one round after the other, at odds that are fair if
the claim is true. It starts at 1, and the chance that it ever reaches 1/alpha is at most alpha, however often one looks
and whatever makes one stop (J. Ville, "Etude critique de la notion de collectif", 1939). The inverse of the most it
ever was is a p-value of the same kind.

Two kinds of gamblers. `mean_evidence` bets on bounded figures, such as differences of scores, and claims about their
mean (I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", J. R. Stat. Soc. B 86,
2024). `centre_evidence` bets on figures whose distribution is symmetric under the claim and which have no bounds, no
known variance and perhaps no mean, such as log-ratios of seconds: where two systems are the same and a coin decides who
is asked first, either sign is as likely as the other (B. Efron, "Student's t-test under symmetry conditions", JASA 64,
1969; A. Ramdas et al., "Admissible anytime-valid sequential inference must rely on nonnegative martingales", 2020).

How much is staked decides how fast wealth grows if the claim is false, never whether the test is valid: a stake only
looks at what came before.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_PRIOR_ITEMS = 30.0
"""The weight of the initial guess of a mean square, in items: large early stakes would lose all evidence early."""
_PRIOR_SQUARE = 0.1
"""That guess: one in ten items is answered rightly by one of two systems only."""
_PRIOR_ROUNDS = 2.0
_NORMAL = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""
_FREAKS = 3.0
"""Above this multiple of the middle rounds' standard deviation the whole one comes from a few outliers."""
_MAX_STAKE = 0.95
"""Of what could be lost at worst: never everything."""
_HEDGE = 0.05
"""Of the wealth, kept out of a bet on a sign: a single round on the wrong side costs at most a factor of 20."""


def mean_evidence(x: Values, null: float, margin: float, *, above: bool) -> Values:
    """Return the evidence against a claim about the mean of bounded figures.

    Args:
        x: shape (n,), each -1 to 1, in the order in which they came.
        null: the claim: their mean, given all that came before, is at most this (`above`) or at least this (not
            `above`). -1 to 1.
        margin: how far from it the mean is likely to be if the claim is false; the closer, the faster it is found.
        above: evidence that the mean is above the claimed one; else that it is below.

    Returns:
        Shape (n,): the natural logarithm of the wealth after each figure.

    Raises:
        ValueError: an argument outside its range.
    """
    gain = _gains(x, null, margin, above)
    stake = _mean_stakes(gain, null, margin, above)
    return np.cumsum(np.log1p(stake[:-1] * gain))


def mean_growth(x: Values, null: float, margin: float, *, above: bool) -> float:
    """Estimate what `mean_evidence` gains per further figure, if those are like the ones so far.

    Returns:
        A change of the logarithm of the wealth; 0 without figures.
    """
    gain = _gains(x, null, margin, above)
    return float(np.log1p(_mean_stakes(gain, null, margin, above)[-1] * gain).mean()) if len(x) else 0.0


def centre_evidence(d: Values, null: float, margin: float, *, above: bool) -> Values:
    """Return the evidence against a claim about the centre of figures that are symmetric about it.

    Args:
        d: shape (n,), one figure for each round, in the order in which they came.
        null: the claim: their centre is at most this (`above`) or at least this (not `above`).
        margin: as in `mean_evidence`, in the unit of `d`.
        above: evidence that the centre is above the claimed one; else that it is below.

    Returns:
        Shape (n,): the natural logarithm of the wealth after each round. A round can double it at most.

    Raises:
        ValueError: an argument outside its range.
    """
    gain = _distances(d, null, margin, above)
    return np.cumsum(_sign_bets(gain, _slopes(d, margin)[:-1]))


def centre_growth(d: Values, null: float, margin: float, *, above: bool) -> float:
    """Estimate what `centre_evidence` gains per further round, if those are like the ones so far.

    Returns:
        A change of the logarithm of the wealth; 0 without rounds.
    """
    gain = _distances(d, null, margin, above)
    return float(_sign_bets(gain, _slopes(d, margin)[-1]).mean()) if len(d) else 0.0


def reached(log_wealth: Values) -> Values:
    """Return the running maximum of the evidence, at least that of 1, in the shape given.

    ``exp(-reached(...))`` is a p-value that may be looked at at any time.
    """
    return np.maximum.accumulate(np.maximum(log_wealth, 0.0)) if len(log_wealth) else log_wealth


def _gains(x: Values, null: float, margin: float, above: bool) -> Values:
    if not -1 <= null <= 1 or not margin > 0:
        raise ValueError(f"no claim about a mean of {null} with a margin of {margin}")
    if len(x) and (not np.isfinite(x).all() or np.abs(x).max() > 1):
        raise ValueError("the figures are not between -1 and 1")
    return x - null if above else null - x


def _mean_stakes(gain: Values, null: float, margin: float, above: bool) -> Values:
    """Shape (n + 1,): the stake on each figure and on the next, of those that come before it alone.

    Mean over mean square makes wealth grow fastest. The mean is taken to be the margin, or what the figures so far
    show if that is more.
    """
    worst = 1.0 + (null if above else -null)  # the most that one figure can lose
    before = np.arange(len(gain) + 1, dtype=np.float64)
    square = (_PRIOR_ITEMS * _PRIOR_SQUARE + _sums_before(gain**2)) / (_PRIOR_ITEMS + before)
    mean = np.maximum(margin, _sums_before(gain) / (_PRIOR_ITEMS + before))
    stake = mean / np.maximum(square, mean**2)
    return np.asarray(np.minimum(stake, _MAX_STAKE / worst) if worst > 0 else stake)


def _distances(d: Values, null: float, margin: float, above: bool) -> Values:
    if not math.isfinite(null) or not margin > 0 or not np.isfinite(d).all():
        raise ValueError(f"no claim about a centre of {null} with a margin of {margin}, or a figure is not finite")
    return d - null if above else null - d


def _sign_bets(gain: Values, slope: Values | float) -> Values:
    """Under symmetry a gain is as likely as a loss of the same size: 2 / (1 + exp(-slope * gain)) is 1 on average."""
    return np.log((1 - _HEDGE) * 2 / (1 + np.exp(np.clip(-slope * gain, -700, 700))) + _HEDGE)


def _slopes(d: Values, margin: float) -> Values:
    """Shape (n + 1,): how steeply to bet on each round and on the next. Were they normal, this would be best."""
    before = np.arange(len(d) + 1, dtype=np.float64)
    weight = np.maximum(before - 1, 0)
    squares = _sums_before(d**2) - _sums_before(d) ** 2 / np.maximum(before, 1)
    variance = np.maximum(squares, 0.0) / np.maximum(weight, 1)
    middling = _middling_variance(d)
    variance = np.where(variance > _FREAKS**2 * middling, middling, variance)
    return np.asarray(2 * margin * (_PRIOR_ROUNDS + weight) / (_PRIOR_ROUNDS * (margin / 2) ** 2 + weight * variance))


def _middling_variance(d: Values) -> Values:
    """Shape (n + 1,): of the rounds before each and of all, by their median distance from their median.

    A few rounds that something disturbed must not make all that follow count for little.
    """
    variances = np.zeros(len(d) + 1)
    for number in range(2, len(d) + 1):
        variances[number] = np.median(np.abs(d[:number] - np.median(d[:number])))
    return np.asarray((_NORMAL * variances) ** 2)


def _sums_before(values: Values) -> Values:
    """Shape (n + 1,): the sum of what comes before each, and of all."""
    return np.concatenate(([0.0], np.cumsum(values)))
