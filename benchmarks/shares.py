"""State how often something occurred in simulations, with its standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Share:
    """A share, 0 to 1, with its standard error."""

    share: float
    error: float

    def text(self, least: float = -math.inf, most: float = math.inf) -> str:
        """Write the share in per cent with its error; bold where it is beyond a limit."""
        text = f"{100 * self.share:.1f} ± {100 * self.error:.1f}%"
        return text if least <= self.share <= most else f"**{text}**"


def share(by_run: Sequence[float], outcomes: int = 1) -> Share:
    """Return the mean of a share over runs, with its standard error.

    The outcomes of one run share its session and its items, so that the runs are what is independent: the error is that
    of a mean over clusters. It is never below the binomial error of as many independent outcomes, with one of each
    added, so that a share of 0 has one too.

    Args:
        by_run: shape (runs,), each 0 to 1.
        outcomes: how many a run has.
    """
    runs = len(by_run)
    added = (sum(by_run) * outcomes + 1) / (runs * outcomes + 2)
    variance = float(np.var(by_run, ddof=1)) if runs > 1 else 0.0
    error = math.sqrt(max(variance, added * (1 - added) / outcomes) / runs)
    return Share(round(float(np.mean(by_run)), 6), round(error, 6))
