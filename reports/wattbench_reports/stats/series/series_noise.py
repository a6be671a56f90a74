"""Estimate how the figures of many series scatter from night to night: autocorrelation, tails, and longer waves.

All series of a metric are asked together, because one alone is too short. Nothing here is raised much by a step or a
creep: lagged differences are capped, and sums of nights are compared with the sums before them, by medians.

Sources: autocorrelation from the variogram of lags 1 and 2: N. Cressie, "Statistics for Spatial Data" (1993), 2.4;
sums less those before them: D. W. Allan, Proc. IEEE 54 (1966); inflation of a test by the median of its own squares, as
"genomic control": B. Devlin and K. Roeder, Biometrics 55 (1999). Valid where most series of a metric have no change,
and where nights of a series resemble an autoregression of first order; where they do not, the inflation of longer
windows shows it.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]
"""Shape (series, nights) or (nights,), in order, on a scale on which noise adds: the logarithm of seconds or joules."""

MOST_ALIKE = 0.95
"""The highest correlation of one night with the next that is believed."""

_CAP = 25.0
"""A squared difference counts for at most this many times the median one of its series."""
_MEDIAN_OF_SQUARE = 0.4549
"""Of a standard normal variable."""
_LEAST_BLOCKS = 4
"""Blocks of a length that a series must have for the inflation of that length."""
_LEAST_IN_ALL = 24
"""Blocks that all series together must have."""


@dataclass(frozen=True)
class Noise:
    """The noise of a metric from night to night, apart from its size."""

    alike: float = 0.0
    """Correlation of a night with the next, 0 or more."""
    df: float = 60.0
    """Degrees of freedom of a Student's t with such tails: few where there are freak nights."""
    inflation: tuple[float, ...] = (1.0,)
    """How many times the variance of a mean over 1, 2, 4, 8 ... nights is what `alike` explains; 1 or more."""

    def inflation_of(self, nights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the inflation of means over windows of any lengths."""
        lengths = np.log2(np.maximum(nights, 1.0))
        inflation: NDArray[np.float64] = np.interp(lengths, np.arange(len(self.inflation)), self.inflation)
        return inflation


def whitened(series: Series, alike: float) -> Series:
    """Return what is new in each night: the series less the part that the night before explains.

    The first night is scaled to the same variance (Prais and Winsten, 1954).
    """
    new = np.empty_like(series)
    new[..., 0] = math.sqrt(1 - alike**2) * series[..., 0]
    new[..., 1:] = series[..., 1:] - alike * series[..., :-1]
    return new


def medians(values: Series, axis: int) -> NDArray[np.float64]:
    """Return medians; of nothing but NaN, NaN. NumPy's own takes ten times as long where there is little to sort."""
    in_order = np.sort(values, axis=axis)  # NaN last
    count = values.shape[axis]
    if np.isnan(np.take(in_order, -1, axis=axis)).any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of rows and columns of nothing but NaN
            return np.asarray(np.nanmedian(values, axis=axis), dtype=np.float64)
    middle: NDArray[np.float64] = (
        np.take(in_order, (count - 1) // 2, axis=axis) + np.take(in_order, count // 2, axis=axis)
    ) / 2
    return middle


def noise_of(residuals: Series) -> Noise:
    """Estimate the noise of all series of a metric.

    Args:
        residuals: shape (series, nights): without their levels. Series that do not move are left out. NaN: no figure.
    """
    moving = residuals[(np.abs(residuals) > 0).any(axis=1)]
    if not len(moving) or moving.shape[1] < 4:
        return Noise()
    count = int(np.isfinite(moving).sum())
    alike = min(max(_autocorrelation(moving) + 1 / math.sqrt(count), 0.0), MOST_ALIKE)
    new = moving[:, 1:] - alike * moving[:, :-1]
    new = new - _means(new)
    variance = _means(new**2)
    new = new[variance[:, 0] > 0] / np.sqrt(variance[variance[:, 0] > 0])
    excess = _mean(new**4) - 3 + 2 * math.sqrt(24 / count)
    # By its kurtosis a t would have 4 + 6 / excess; of heavy tails a sample's kurtosis falls short, so 3.
    return Noise(alike, 3 + 6 / max(excess, 1e-3), _inflation(np.where(np.isnan(new), 0.0, new)))


def _means(values: Series) -> NDArray[np.float64]:
    """Return the mean of each row as a column; NaN counts for nothing."""
    whole = not np.isnan(values).any()
    means: NDArray[np.float64] = values.mean(axis=1, keepdims=True) if whole else np.nanmean(values, 1, keepdims=True)
    return means


def _mean(values: Series) -> float:
    """Return the mean of all; NaN counts for nothing. NumPy's own for that takes twice as long for few."""
    return float(np.nanmean(values) if np.isnan(values).any() else values.mean())


def _autocorrelation(series: Series) -> float:
    """Return 1 less than the ratio of the variances of differences over two nights and over one."""
    squares = [(series[:, lag:] - series[:, :-lag]) ** 2 for lag in (1, 2)]
    middles = [medians(each, 1)[:, None] for each in squares]
    known = np.isfinite(middles[0][:, 0]) & (middles[0][:, 0] > 0) & (middles[1][:, 0] > 0)
    if not known.any():
        return 0.0
    by_lag = [
        _mean(np.minimum(each[known], _CAP * middle[known]) / middles[0][known])
        for each, middle in zip(squares, middles, strict=True)
    ]
    return by_lag[1] / by_lag[0] - 1


def _inflation(new: Series) -> tuple[float, ...]:
    """Compare sums over 2, 4, 8 ... nights, each less the sum before it, with what independent nights would give.

    Args:
        new: whitened, of variance 1.
    """
    nights = new.shape[1]
    sums = np.concatenate([np.zeros((len(new), 1)), np.cumsum(new, axis=1)], axis=1)
    inflation, length = [1.0], 2
    while length * max(_LEAST_BLOCKS, _LEAST_IN_ALL / len(new)) <= nights:
        differences = sums[:, 2 * length :] - 2 * sums[:, length:-length] + sums[:, : -2 * length]
        inflation.append(max(1.0, float(np.median(differences**2)) / (_MEDIAN_OF_SQUARE * 2 * length)))
        length *= 2
    return tuple(inflation)
