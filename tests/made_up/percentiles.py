"""The percentile that every table prints, by NumPy: the inverse of the empirical distribution function."""

from __future__ import annotations

import re
from typing import Any

import numpy as np


def percentile_of(values: Any, share: float) -> float:
    """Return the least of the known values within which at least a share of them lie."""
    known = np.asarray(values, dtype=np.float64)
    return float(np.quantile(known[np.isfinite(known)], share, method="inverted_cdf"))


def figure_of(cell: str) -> str:
    """Return the figure of a cell without its bounds: ``525 ms`` of ``525 [487, 600] ms``."""
    return re.sub(r" \[.*\]", "", cell)
