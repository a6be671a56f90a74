"""Compute latency quantiles under a mix of domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

POINTS = 201
"""Quantiles that represent the distribution in one domain; fewer requests are all kept."""


@dataclass(frozen=True)
class Mixed:
    """Seconds with their weights."""

    seconds: NDArray[np.float64]
    """Shape (points,), ascending."""
    reached: NDArray[np.float64]
    """Shape (points,): the share of the requests that ended within these seconds, as a running sum."""

    def quantile_s(self, share: float) -> float | None:
        """Return the least seconds within which a share of the requests ended."""
        if not len(self.seconds):
            return None
        index = int(np.searchsorted(self.reached, share * self.reached[-1]))
        return float(self.seconds[min(index, len(self.seconds) - 1)])


def grid(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds that represent some requests: all, or `POINTS` evenly spaced quantiles. Ascending.

    Rounded to single precision, as a page carries them.
    """
    known = np.sort(seconds[np.isfinite(seconds)])
    if len(known) > POINTS:
        known = np.quantile(known, (np.arange(POINTS) + 0.5) / POINTS)
    return known.astype(np.float32).astype(np.float64)


def mixed(seconds: NDArray[np.float64], domains: pd.Series, mix: Mapping[str, float]) -> Mixed:
    """Mix the domains' distributions.

    Args:
        seconds: shape (requests,).
        domains: of each request.
        mix: domain to its share; a domain without requests takes no part.
    """
    grids = {name: grid(seconds[(domains == name).to_numpy()]) for name, share in mix.items() if share > 0}
    return mixed_grids([(mix[name], grid_s) for name, grid_s in grids.items()])


def mixed_grids(parts: list[tuple[float, NDArray[np.float64]]]) -> Mixed:
    """As `mixed`, from (share, grid) of each domain in the order of the mix."""
    parts = [(share, grid_s) for share, grid_s in parts if len(grid_s)]
    if not parts:
        return Mixed(np.empty(0), np.empty(0))
    seconds = np.concatenate([grid_s for _, grid_s in parts])
    weights = np.concatenate([np.full(len(grid_s), share / len(grid_s)) for share, grid_s in parts])
    order = np.argsort(seconds, kind="stable")
    return Mixed(seconds[order], np.cumsum(weights[order]))
