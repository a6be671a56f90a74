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

from wattbench_reports.stats.levelled import Bounded, as_bounded

Values = NDArray[np.float64]

_PRIOR_ITEMS = 10.0
"""The weight of the initial guess of a mean, in items: one that is too high by chance would stake too much."""
_SQUARES = ((60.0, 0.1), (6.0, 0.4))
"""Two guesses of a mean square, equally likely at first, with their weights in items. Mostly one in ten items is
answered rightly by one of two systems only. Where it is every other one, as of a specialist that lost elsewhere what it
gained, stakes for one in ten would lose at first what all other items could not win back: a second guess holds less
firmly. The first ten or twenty figures tell which one to go by."""
_PRIOR_ROUNDS = 2.0
_NORMAL = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""
_FREAKS = 3.0
"""Above this multiple of the middle rounds' standard deviation the whole one comes from a few outliers."""
_FREAK_FIGURES = 6
"""Of fewer, two that happen to be alike have hardly a distance from their median."""
_MAX_STAKE = 0.95
"""Of what could be lost at worst: never everything."""
_NO_RISK = 1e-9
"""In place of a worst loss that is none."""
_OWN_FIGURES = 3
"""Of a size, after which their own variance is used."""
_ROWS = 500
"""Of running medians that are taken at once, so that a long series needs little memory."""
_HEDGE = 0.05
"""Of the wealth, kept out of a bet on a sign: a single round on the wrong side costs at most a factor of 20."""


def mean_evidence(x: Values | Bounded, null: float, margin: float, *, above: bool) -> Values:
    """Return the evidence against a claim about the mean of bounded figures.

    Valid if the mean of each figure, given all that came before, is as claimed: items in random order, whatever their
    tasks. Not if what comes next can be predicted, as where the items of one task follow those of another.

    Args:
        x: shape (..., n), each -1 to 1, in the order in which they came; of several series, each by itself. Of tasks
            that differ, `wattbench_reports.stats.levelled` gives figures that scatter less, with bounds of their own.
        null: the claim: their mean, given all that came before, is at most this (`above`) or at least this (not
            `above`). -1 to 1.
        margin: how far from it the mean is likely to be if the claim is false; the closer, the faster it is found.
        above: evidence that the mean is above the claimed one; else that it is below.

    Returns:
        Shape (..., n): the natural logarithm of the wealth after each figure.

    Raises:
        ValueError: an argument outside its range.
    """
    gain, worst = _gains(x, null, margin, above)
    stake = _mean_stakes(gain, worst, margin)
    return np.cumsum(np.log1p(stake[..., :-1] * gain), axis=-1)


def mean_growth(x: Values | Bounded, null: float, margin: float, *, above: bool) -> float:
    """Estimate what `mean_evidence` gains per further figure, if those are like the ones so far.

    Args:
        x: shape (n,); the others as in `mean_evidence`.

    Returns:
        A change of the logarithm of the wealth; 0 without figures.
    """
    gain, worst = _gains(x, null, margin, above)
    if not len(gain):
        return 0.0
    # An early one may have lost more than the next one can, by a little.
    return float(np.log1p(np.maximum(_mean_stakes(gain, worst, margin)[-1] * gain, -_MAX_STAKE)).mean())


def centre_evidence(d: Values, null: float, margin: float, *, above: bool, spread: Values | None = None) -> Values:
    """Return the evidence against a claim about the centre of figures that are symmetric about it.

    Valid if each figure, given all that came before, is as likely to lie above the claimed centre as equally far below:
    by design where a coin says which of two equal systems is asked first, and one figure is of one coin.

    Args:
        d: shape (..., n), one figure for each coin, in the order in which they came; of several series, each by itself.
        null: the claim: their centre is at most this (`above`) or at least this (not `above`).
        margin: as in `mean_evidence`, in the unit of `d`.
        above: evidence that the centre is above the claimed one; else that it is below.
        spread: what `variances_before` returns of `d`, where it is at hand; None: it is computed.

    Returns:
        Shape (..., n): the natural logarithm of the wealth after each figure. A figure can double it at most.

    Raises:
        ValueError: an argument outside its range.
    """
    gain = _distances(d, null, margin, above)
    known = variances_before(d) if spread is None else spread
    return np.cumsum(_sign_bets(gain, _slopes(known, margin)[..., :-1]), axis=-1)


def centre_growth(d: Values, null: float, margin: float, *, above: bool, spread: Values | None = None) -> float:
    """Estimate what `centre_evidence` gains per further figure, if those are like the ones so far.

    Args:
        d: shape (n,); the others as in `centre_evidence`.

    Returns:
        A change of the logarithm of the wealth; 0 without figures.
    """
    gain = _distances(d, null, margin, above)
    known = variances_before(d) if spread is None else spread
    return float(_sign_bets(gain, _slopes(known, margin)[-1]).mean()) if len(d) else 0.0


def variances_before(d: Values, sizes: NDArray[np.int64] | None = None) -> Values:
    """Estimate the variance of each figure from those before it, with the weight of the estimate.

    A few figures that something disturbed must not make all that follow count for little: where the variance comes of
    them, that of the middling figures is taken, by their median distance from their median.

    Args:
        d: shape (..., n).
        sizes: shape (n,): how many items each figure is of, which is known before it. Those of other sizes scatter
            otherwise, so that each is estimated from figures of its own size once there are `_OWN_FIGURES` of them.

    Returns:
        Shape (2, ..., n + 1): the variance before each figure and after all, and how many differences it is of.
    """
    pooled = _variances(d)
    if sizes is None or not len(sizes):
        return pooled
    of_next = np.append(sizes, sizes[-1])
    for size in np.unique(sizes):
        alike, next_alike = sizes == size, of_next == size
        number = np.cumsum(alike) - alike  # of this size before each figure
        number = np.append(number, alike.sum())[next_alike]
        alone = _variances(d[..., alike])[..., number]
        pooled[..., next_alike] = np.where(number >= _OWN_FIGURES, alone, pooled[..., next_alike])
    return pooled


def reached(log_wealth: Values) -> Values:
    """Return the running maximum of the evidence, at least that of 1, in the shape given.

    ``exp(-reached(...))`` is a p-value that may be looked at at any time.
    """
    return np.maximum.accumulate(np.maximum(log_wealth, 0.0)) if len(log_wealth) else log_wealth


def _gains(x: Values | Bounded, null: float, margin: float, above: bool) -> tuple[Values, Values]:
    """Shapes (..., n) and (..., n + 1): what each figure is on the side of the bet, and the most that it could lose."""
    if not -1 <= null <= 1 or not margin > 0:
        raise ValueError(f"no claim about a mean of {null} with a margin of {margin}")
    known = x if isinstance(x, Bounded) else as_bounded(x)
    return (known.x - null, null - known.low) if above else (null - known.x, known.high - null)


def _mean_stakes(gain: Values, worst: Values, margin: float) -> Values:
    """Shape (..., n + 1): the stake on each figure and on the next, of those that come before it alone.

    Mean over mean square makes wealth grow fastest. The mean is taken to be the margin, or what the figures so far
    show, less its standard error, if that is more: an estimate that is too high by chance would stake too much.
    """
    before = np.arange(gain.shape[-1] + 1, dtype=np.float64)
    square = _expected_squares(_sums_before(gain**2), before)
    seen = _sums_before(gain) / (_PRIOR_ITEMS + before)
    mean = np.maximum(margin, seen - np.sqrt(square / (_PRIOR_ITEMS + before)))
    stake = mean / np.maximum(square, mean**2)
    return np.asarray(np.minimum(stake, _MAX_STAKE / np.where(worst > 0, worst, _NO_RISK)))


def _expected_squares(squares: Values, before: Values) -> Values:
    """Return the mean square to expect of the next figure: that of each guess, by how likely it is after those so far.

    A guess is a beta distribution of the share of figures that are not 0. Of figures that are, or that are between, the
    likelihood is an approximation: a stake need not be right to be fair.

    Args:
        squares: shape (..., n + 1), the sums of the squares before each.
        before: shape (n + 1,), how many those are.
    """
    from scipy.special import gammaln  # betaln takes several times as long

    others = np.maximum(before - squares, 0.0)
    both = before if (squares <= before).all() else squares + others  # alike for all series: terms of one shape less
    likelihoods, means = [], []
    for weight, share in _SQUARES:
        ends = weight * share, weight * (1 - share)
        unseen = math.lgamma(ends[0]) + math.lgamma(ends[1]) - math.lgamma(weight)
        likelihoods.append(gammaln(ends[0] + squares) + gammaln(ends[1] + others) - gammaln(weight + both) - unseen)
        means.append((weight * share + squares) / (weight + before))
    first = 1 / (1 + np.exp(np.clip(likelihoods[1] - likelihoods[0], -700, 700)))
    return np.asarray(first * means[0] + (1 - first) * means[1])


def _distances(d: Values, null: float, margin: float, above: bool) -> Values:
    if not math.isfinite(null) or not margin > 0 or not np.isfinite(d).all():
        raise ValueError(f"no claim about a centre of {null} with a margin of {margin}, or a figure is not finite")
    return d - null if above else null - d


def _sign_bets(gain: Values, slope: Values | float) -> Values:
    """Under symmetry a gain is as likely as a loss of the same size: 2 / (1 + exp(-slope * gain)) is 1 on average."""
    return np.log((1 - _HEDGE) * 2 / (1 + np.exp(np.clip(-slope * gain, -700, 700))) + _HEDGE)


def _slopes(spread: Values, margin: float) -> Values:
    """Shape (..., n + 1): how steeply to bet on each figure and on the next. Were they normal, this would be best."""
    variance, weight = spread
    return np.asarray(2 * margin * (_PRIOR_ROUNDS + weight) / (_PRIOR_ROUNDS * (margin / 2) ** 2 + weight * variance))


def _variances(d: Values) -> Values:
    """Shape (2, ..., n + 1): as `variances_before`, of figures of one size."""
    before = np.arange(d.shape[-1] + 1, dtype=np.float64)
    weight = np.maximum(before - 1, 0)
    squares = _sums_before(d**2) - _sums_before(d) ** 2 / np.maximum(before, 1)
    variance = np.maximum(squares, 0.0) / np.maximum(weight, 1)
    middling = (_NORMAL * np.concatenate([np.zeros((*d.shape[:-1], 1)), _median_distances(d)], axis=-1)) ** 2
    freaks = (middling > 0) & (before >= _FREAK_FIGURES) & (variance > _FREAKS**2 * middling)
    return np.stack([np.where(freaks, middling, variance), np.broadcast_to(weight, variance.shape)])


def _median_distances(d: Values) -> Values:
    """Shape (..., n): the median distance of the first 1, 2, ... figures from their median."""
    number = d.shape[-1]
    parts = [_median_distances_of(d[..., : start + _ROWS], start) for start in range(0, number, _ROWS)]
    return np.concatenate(parts, axis=-1) if parts else np.zeros(d.shape)


def _median_distances_of(d: Values, start: int) -> Values:
    """Shape (..., n - start): of the first `start` + 1, ... n figures. All at once: a loop takes ten times as long."""
    last = np.arange(start, d.shape[-1])
    seen = np.arange(d.shape[-1]) <= last[:, None]
    centres = _medians(np.where(seen, d[..., None, :], np.inf), last)
    return _medians(np.where(seen, np.abs(d[..., None, :] - centres[..., None]), np.inf), last)


def _medians(rows: Values, last: NDArray[np.int64]) -> Values:
    """Shape (..., rows): the median of each row, whose figures end at `last` and are infinite for the rest."""
    ranked = np.sort(rows, axis=-1)
    number = np.arange(len(last))
    return np.asarray(ranked[..., number, last // 2] + ranked[..., number, (last + 1) // 2]) / 2


def _sums_before(values: Values) -> Values:
    """Shape (..., n + 1): the sum of what comes before each, and of all."""
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
