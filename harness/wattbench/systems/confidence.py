"""Compute how sure a system is of its answer: on one scale for all engines, the natural logarithm of a probability.

Of an answer that was generated it is the mean log-probability per token, the logarithm of the geometric mean of its
tokens' probabilities: the length-normalised score of A. Malinin and M. Gales (ICLR 2021, arXiv 2002.07650), by which
cascades are judged (N. Gupta and others, ICLR 2024, arXiv 2404.10136, with its limits: one doubtful token counts little
in a long answer). Of a function or a classifier it is the logarithm of the probability that it states. None: not known,
or the system says that it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

LEAST = -1e4
"""The least log-probability of a token. Servers state -9999, -3.4e38 or minus infinity where it rounds to 0."""
_ROUNDING = 1e-3
"""How far above 0 rounding may take a log-probability."""
_TOKENS_MORE = 1
"""By how many log-probabilities may exceed the tokens that a server counts: some count the end token, some do not."""


def of_probability(probability: float) -> float | None:
    """Return the confidence of an answer with a stated probability from 0 to 1; None for 0, which means unknown."""
    return max(math.log(probability), LEAST) if probability > 0 else None


class TokenConfidence:
    """The confidence of an answer, computed from the log-probabilities of its tokens."""

    def __init__(self) -> None:
        self._total = 0.0
        self._count = 0
        self._broken = False

    def add(self, values: Iterable[object]) -> None:
        """Add the log-probabilities of further tokens. An invalid value makes the answer's confidence unknown."""
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int | float) or not value <= _ROUNDING:
                self._broken = True
                return
            self._total += min(float(max(value, LEAST)), 0.0)
            self._count += 1

    def mean(self, tokens: int | None) -> float | None:
        """Return the mean per token.

        Args:
            tokens: of the answer, by the server's own count.

        Returns:
            None if there are no log-probabilities, one is no number up to 0, or there are more than tokens.
        """
        if self._broken or not self._count or (tokens is not None and self._count > tokens + _TOKENS_MORE):
            return None
        return self._total / self._count
