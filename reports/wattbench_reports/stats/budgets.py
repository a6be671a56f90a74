"""List the draws, seeds and units of every simulation in the reports.

Three errors of simulation are meant below.

- A bound of a 95% percentile interval from B draws has the standard error sqrt(.025 x .975 / B) / phi(1.96), in
  standard errors of the figure: 4% of one with 4,000 draws, 6% with 2,000, 8% with 1,000 (phi: the normal density; the
  variance of a sample quantile, A. W. van der Vaart, "Asymptotic Statistics" (1998), ch. 21).
- A p-value or probability p from B draws has the standard error sqrt(p (1 - p) / B), and with the sample counted as a
  draw it is never below 1 / (B + 1) (B. Phipson and G. K. Smyth, "Permutation p-values should never be zero",
  Statistical Applications in Genetics and Molecular Biology 9 (2010)). For p = .05: .0034 with 4,000 draws, .0049 with
  2,000.
- Where items are dealt at random into n groups and the groups are drawn, the standard error of a sum keeps its
  expectation and is itself known to 1 / sqrt(2n): the relative standard error of a standard deviation from n values.

The bounds of joules by phase are bootstrapped where runs are made: `wattbench.prefill_decode.fit` has their draws.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CappedDraws:
    """Draws that become fewer where each of them costs more."""

    most: int
    fewest: int
    budget: int
    """What all draws together may cost, as far as `fewest` allows."""

    def count(self, cost_of_a_draw: int) -> int:
        """Return how many draws to take."""
        return min(max(self.budget // cost_of_a_draw, self.fewest), self.most)


SEED = 1
"""Of every simulation in a report: the same records give the same figures."""

DEFAULT_SEED = 0
"""Of a statistic that is called without a seed. Reports pass `SEED`."""

RESAMPLES = 4000
"""Draws of a bootstrap over items: bounds to 4% of a standard error, and p down to 1/2,000 on two sides."""

MAX_UNITS = 5000
"""Above this many items groups of them are drawn, so that time stops growing: standard errors to 1%."""

DOMAIN_SUMS = CappedDraws(most=2000, fewest=1000, budget=100_000)
"""Draws of the sums per domain and system behind every interval of a ratio. A draw costs a sum per domain and system.
Bounds to 6% of a standard error. The page of a run without blocks carries the draws, a quarter of a megabyte for each
kind of sum at 100,000."""

BREAK_EVEN_UNITS = 1000
"""As `MAX_UNITS`, for break-even points, which are computed for every pair: standard errors to 2%."""

DISTILLATION_UNITS = 500
"""As `MAX_UNITS`, for each task of a distilled system: standard errors to 3%."""

AGREEMENT_ITEMS = 6000
"""Items whose texts are compared for agreement, at most; of more a sample is drawn, evenly over the tasks. A share is
then known to .65 points at worst."""

STRICTNESS_ANSWERS = 4000
"""Wrong answers of a system whose texts are compared with their targets in other forms, at most; of more a sample is
drawn, evenly over the tasks. The share of all answers that a form would make right is then known to .8 points at
worst."""

PERMUTATIONS = 1999
"""Permutations for the dependence of experts on domains: p down to .0005, and a p of .05 to a tenth of itself."""

SHUFFLED_ROUTER = CappedDraws(most=1999, fewest=99, budget=10_000_000)
"""Permutations of a hybrid's routes. One costs an item each. As `PERMUTATIONS`; with 99, p down to .01."""

KNN_ITEMS = 2000
"""Items among which the nearest neighbours of each are searched, at most: time and memory grow with the square."""

ARRIVALS = 10_000
"""Arrivals that are simulated for the size of a fleet. Without queueing their p95 is known to .2 points of its
percentile; successive waits are correlated, so that near saturation it is known less well."""
WARM_UP_ARRIVALS = 1_000
"""The first of them, left out: the queue is empty at the beginning (A. M. Law, "Simulation Modeling and Analysis", 5th
ed. (2015), section 9.5.1)."""

FLOOR_GATES = 100
"""Gates that are simulated for each margin when a noise floor is searched: a share of .95 to 2 points. The error rates
that a calibration reports have a number of their own, `--gates`."""
