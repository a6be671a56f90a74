"""The probability that a share is above a bound, after some trials: the beta distribution in closed form.

With every share as probable as any other before, k successes of n trials leave Beta(k + 1, n - k + 1), and

    P(share >= p) = P(X <= k), X binomial of n + 1 trials with probability p.

The probability is taken from the normal distribution by Peizer and Pratt's formula, which needs nothing but logarithms,
so that a page's script has the same digits, and takes trials that are not whole (an effective number). It is within
.004 of the beta distribution for bounds of .9 to .99, within .001 from 4,000 trials on.

Sources: T. Bayes (1763); D. B. Peizer and J. W. Pratt, "A normal approximation for binomial, F, beta, and other common,
related tail probabilities, I", JASA 63 (1968).
"""

from __future__ import annotations

import math

_NEAR = 1e-4
"""So near to its mean, in roots of the trials, the formula is 0 / 0, and its limit is taken."""


def probability_above(successes: float, trials: float, bound: float) -> float:
    """Return the probability that a share is at least a bound.

    Args:
        successes: 0 to `trials`; need not be whole.
        trials: above 0; need not be whole.
        bound: between 0 and 1.
    """
    number, rest = trials + 1, 1 - bound
    beyond = successes + 0.5 - number * bound
    centred = (
        successes
        + 2 / 3
        - (number + 1 / 3) * bound
        + 0.02 * (rest / (successes + 1) - bound / (number - successes) + (rest - 0.5) / (number + 1))
    )
    spread = 1 + 1 / (6 * number)
    if abs(beyond) <= _NEAR * math.sqrt(number):
        return _below(centred / math.sqrt(number * bound * rest * spread))
    kept, lost = successes + 0.5, number - successes - 0.5
    deviance = kept * math.log(kept / (number * bound)) + lost * math.log(lost / (number * rest))
    return _below(centred / abs(beyond) * math.sqrt(2 * max(deviance, 0.0) / spread))


def _below(score: float) -> float:
    return 0.5 * math.erfc(-score / math.sqrt(2))
