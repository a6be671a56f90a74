"""Compute the money of tokens at a price: the one formula behind a run's budget and behind every bill of a report.

    (prompt - cached - written) x input + cached x cached input + written x cache write + output x output, per million

What a server had in its cache, or wrote to it, is billed as other tokens of prompts where it has no price of its own.
Reasoning is a part of the output, and billed as such: so do all services for which wattbench has settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

PER = 1e6
"""Prices are of a million tokens."""


@dataclass(frozen=True)
class TokenPrices:
    """Money for a million tokens of each kind. None: no price; cached and written tokens then cost as others."""

    input: float | None = None
    cached_input: float | None = None
    cache_write: float | None = None
    output: float | None = None

    def money(self, prompt: Any, cached: Any, written: Any, output: Any) -> Any:
        """Return the money that the tokens of answers cost, as numbers or arrays of one shape.

        Args:
            prompt: tokens of prompts, those of the cache included. NaN where not known, and then so is the money,
                unless they cost nothing. So for `output`.
            cached: of `prompt`, those that the server had in its cache; NaN: none that are known of.
            written: of `prompt`, those that it wrote to its cache and bills as such; NaN as above.
            output: tokens of answers, reasoning included.
        """
        money = np.zeros(np.shape(prompt))
        if self.input is not None:
            held = np.minimum(np.nan_to_num(cached), prompt)
            kept = np.minimum(np.nan_to_num(written), prompt - held)
            saved = 0.0 if self.cached_input is None else self.input - self.cached_input
            added = 0.0 if self.cache_write is None else self.cache_write - self.input
            money = money + (prompt * self.input - held * saved + kept * added) / PER
        if self.output is not None:
            money = money + output * self.output / PER
        return money
