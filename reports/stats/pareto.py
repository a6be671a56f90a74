"""How probably each system is on the Pareto front of a cost and a quality."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pareto_probabilities(costs: NDArray[np.float64], qualities: NDArray[np.float64]) -> list[float | None]:
    """The share of the resamples in which no other system is at least as good on both figures and better on one.

    Args:
        costs: shape (resamples, systems), lower is better; drawn over the same items for all.
        qualities: the same shape, higher is better.

    Returns:
        One share per system, 0 to 1; None where a figure of it is missing in every resample.
    """
    known = np.isfinite(costs) & np.isfinite(qualities)
    shares: list[float | None] = []
    for system in range(costs.shape[1]):
        cost, quality = costs[:, [system]], qualities[:, [system]]
        no_worse = known & (costs <= cost) & (qualities >= quality)
        beaten = np.any(no_worse & ((costs < cost) | (qualities > quality)), axis=1)
        own = known[:, system]
        shares.append(1.0 - float(np.mean(np.asarray(beaten)[own])) if own.any() else None)
    return shares
