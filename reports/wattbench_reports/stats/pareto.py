"""Estimate the probability that a system is on the Pareto front of cost and quality."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pareto_probabilities(costs: NDArray[np.float64], qualities: NDArray[np.float64]) -> list[float | None]:
    """Return the share of draws in which no other system costs no more, is no worse, and is better on one.

    Systems that are equal on both do not dominate each other. An infinite cost is a cost, the worst there is: such a
    system stays on the front only by being the best of all. Who has no cost or no quality in a draw (NaN) takes no
    part in it: it neither dominates, nor does the draw count for it.

    Args:
        costs: shape (resamples, systems), lower is better: joules per correct answer, for instance. Systems must have
            been drawn over the same items.
        qualities: the same shape, higher is better: accuracy, for instance.

    Returns:
        0 to 1 per system; None for one that took part in no draw.

    Raises:
        ValueError: the two are not of one shape.

    Source: the front after V. Pareto; membership by bootstrap as for ranks, P. Hall and H. Miller, "Using the
    bootstrap to quantify the authority of an empirical ranking", Annals of Statistics 37 (2009).
    """
    if costs.ndim != 2 or costs.shape != qualities.shape:
        raise ValueError(f"costs of shape {costs.shape} and qualities of shape {qualities.shape} are not draw by draw")
    taking_part = ~(np.isnan(costs) | np.isnan(qualities))
    dominated = np.zeros(costs.shape, dtype=bool)
    for rival in range(costs.shape[1]):
        cost, quality = costs[:, [rival]], qualities[:, [rival]]
        # A comparison with NaN is false, so who takes no part dominates nobody.
        no_worse = (cost <= costs) & (quality >= qualities)
        dominated |= no_worse & ((cost < costs) | (quality > qualities))
    draws = taking_part.sum(axis=0)
    on_front = (taking_part & ~dominated).sum(axis=0)
    return [float(front / count) if count else None for front, count in zip(on_front, draws, strict=True)]
