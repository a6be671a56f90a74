"""Summarise a set of trade-offs between cost and quality in one figure: AIQ, of RouterBench.

Source: Q. J. Hu and others, "RouterBench: A Benchmark for Multi-LLM Routing System" (2024), arXiv 2403.12031.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def non_decreasing_hull(
    cost: NDArray[np.float64], quality: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the upper convex hull of points, from the cheapest to the best: what mixing them at random can reach.

    Args:
        cost: shape (points,), at least one.
        quality: the same shape.

    Returns:
        Cost and quality of its corners, both rising. Beyond the last one it stays level.
    """
    order = np.lexsort((-quality, cost))
    cost, quality = cost[order], quality[order]
    # Only a point that is better than all that are no dearer can be a corner.
    better = np.concatenate(([True], quality[1:] > np.maximum.accumulate(quality)[:-1]))
    corners: list[tuple[float, float]] = []
    for point in zip(cost[better].tolist(), quality[better].tolist(), strict=True):
        while len(corners) > 1 and _below(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    return np.array([corner[0] for corner in corners]), np.array([corner[1] for corner in corners])


def _below(first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]) -> bool:
    """Return whether the middle point is on or under the line between the others."""
    rise = (last[1] - first[1]) * (middle[0] - first[0])
    return (middle[1] - first[1]) * (last[0] - first[0]) <= rise


def aiq(cost: NDArray[np.float64], quality: NDArray[np.float64], low: float, high: float) -> float:
    """Compute the average improvement in quality: the mean height of the non-decreasing hull from one cost to another.

    Below the cheapest point the line runs straight to no cost and no quality, which is what answering only a share of
    the requests gives; beyond the most expensive useful one it stays level. So one range fits all routers.

    Args:
        cost: shape (points,), positive.
        quality: the same shape.
        low: where the range begins.
        high: where it ends, above `low`.
    """
    corners, heights = non_decreasing_hull(cost, quality)
    corners, heights = np.concatenate(([0.0], corners)), np.concatenate(([0.0], heights))
    at = np.unique(np.concatenate(([low, high], corners[(corners > low) & (corners < high)])))
    height = np.interp(at, corners, heights)
    area = float((np.diff(at) * (height[1:] + height[:-1]) / 2).sum())
    return area / (high - low)
