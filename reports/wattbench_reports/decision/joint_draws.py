"""Draw what all figures of all systems may truly be, together: the one source of every probability of a decision.

A **figure** (accuracy, or a cost) is, for each system s, an estimate, a centre, and what it varies by. Its draw is

    draw k of system s = centre[s] + spread(k, s) + noise(k, s)

**Spread in a run of blocks.** Each block r of R adds a part u[r, s] to the figure, linearised, so that a denominator
that varies can't vanish (W. G. Cochran, "Sampling Techniques" (1977), 6.3):

    without a mix:  u[r] = (N[r] - (N / C) C[r]) / C               N: sums of a kind, C: their count, of all domains
    with a mix:     u[r] = sum over d of share[d] (N[r, d] - (N[d] / C[d]) C[r, d]) / C[d]               d: a domain

N and C without r are the sums over the blocks. A domain without a share or a count adds nothing. For accuracies N are
the scores and C the trials. Sums over domains go in their order. A cost is the sum over its kinds of coefficient x u,
in the order of the kinds.
Then spread(k, s) = sum over r, from 0 on, of weight[k, r] x u[r, s], where the weights make a multivariate t with R - 1
degrees of freedom:

    weight[k, r] = z[k, r] sqrt(R / (R - 1)) / sqrt(q[k] / (R - 1))     z: standard normal, q: chi-squared of R - 1

One row of weights serves all figures and systems, so that what blocks have in common stays in common. Odd rows are the
negatives of the even rows before them. The weights are rounded to single precision, and a page carries them: row after
row.

**Spread in a run without blocks** is that of the items drawn again (`Basis.drawn`, its first draws):
spread(k, s) = figure of the sums of draw k - figure of the sums as they are, with the counts as they are.

**Noise** is only in accuracies: a right and a wrong answer are added before the variance of a domain is taken, as
`wattbench_reports.metrics.mix_weighting.accuracies` does, so that a domain whose answers all agree is not taken for
certain. The variance that they add is noise of its own for each domain and system:

    middle = (means + 1) / (n + 2)                                         n: items, means: the sum of their mean scores
    added[d, s] = max(0, (squares + 1 - (n + 2) middle^2) / (n (n + 1)) - plain)
    plain = (squares - means^2 / n) / (n (n - 1)); 0 of a single item
    noise(k, s) = sum over d of part[d, s] x sqrt(added[d, s]) x normal[(k + 1 + d S + s) mod K]     S systems, K draws

with part = share[d], or without a mix n[d, s] / sum over domains of n. The estimate of an accuracy is the one that is
printed. Its centre has one right and one wrong answer added in all, divided over the domains by their parts (added to
each domain they would pull a run of many domains too far towards a half):

    centre[s] = sum over d of part[d, s] x (means + part[d, s]) / (n + 2 part[d, s])

`normal` are the K normal scores Phi^-1((i + 1/2) / K) in a random order, rounded to single precision; a page carries
them.

**What is not drawn from sums.** Whether a system keeps a limit of its latency is a probability p of its own
(`latency_limit`), independent of the other figures: in draw k it does where uniform[(k + 1 + D S + s) mod K] < p, D
domains, with `uniform` the K values (i + 1/2) / K in a random order, of single precision, carried too.

**Of the draws.** The probability that a requirement is met is the share of draws that meet it. Sums over draws go from
draw 0 on.

Valid where blocks are alike but for chance (they are dealt at random) and items are a sample of those to come; of other
runs, machines or tasks the draws say nothing. In simulation the probabilities are calibrated: docs/methodology.md,
*Deciding*.

Sources: multivariate t: S. Kotz and S. Nadarajah, "Multivariate t Distributions and Their Applications" (2004), ch. 1;
t of block means: the sources of `wattbench_reports.stats.block_ratios`; the added answers: A. Agresti and B. Caffo, The
American Statistician 54 (2000); negatives in pairs: J. M. Hammersley and K. W. Morton, Mathematical Proceedings of the
Cambridge Philosophical Society 52 (1956).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.varying_figure import VaryingFigure
from wattbench_reports.stats.budgets import DECISION_DRAWS, SEED
from wattbench_reports.stats.student import t_quantile


@dataclass(frozen=True)
class JointDraws:
    """What turns figures into draws. `normals` and `uniforms` have shape (draws,)."""

    weights: NDArray[np.float64] | None
    """Shape (draws, blocks); None in a run without blocks."""
    normals: NDArray[np.float64]
    uniforms: NDArray[np.float64]
    domains: int
    systems: int
    df: float
    """Degrees of freedom of the spread: blocks - 1; without blocks items - 1."""

    @property
    def number(self) -> int:
        """Count the draws."""
        return len(self.normals)

    @cached_property
    def quantile(self) -> float:
        """Return how many standard errors a two-sided 95% interval of a figure reaches."""
        return t_quantile(self.df)

    def noise(self, domain: int, system: int) -> NDArray[np.float64]:
        """Return the standard normal noise of one domain and system, shape (draws,)."""
        return np.roll(self.normals, -(1 + domain * self.systems + system) % self.number)

    def uniform(self, system: int) -> NDArray[np.float64]:
        """Return the uniform draws of one system's latency, shape (draws,)."""
        return np.roll(self.uniforms, -(1 + self.domains * self.systems + system) % self.number)

    def spread(self, parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each draw adds: shape (draws, systems), from `VaryingFigure.parts`."""
        if self.weights is None:
            return parts
        total = np.zeros((self.number, parts.shape[1]))
        # Block after block, as the browser adds them: the digits are to be the same.
        for block, part in enumerate(parts):
            total = total + self.weights[:, block, None] * part
        return total

    def of(self, figure: VaryingFigure) -> NDArray[np.float64]:
        """Return the draws of a figure: shape (draws, systems), NaN where it is not known."""
        draws = figure.centres + self.spread(figure.parts)
        return draws if figure.noise is None else draws + figure.noise

    def covariances(self, first: VaryingFigure, second: VaryingFigure) -> NDArray[np.float64]:
        """Return the covariance of one figure of system i with another of system j, shape (systems, systems)."""
        units = len(first.parts)
        if self.weights is not None:
            factor = units / (units - 1)
            total = factor * np.einsum("ri,rj->ij", first.parts, second.parts)
        else:
            one = first.parts - first.parts.mean(axis=0)
            other = one if second is first else second.parts - second.parts.mean(axis=0)
            total = np.einsum("ri,rj->ij", one, other) / max(units - 1, 1)
        variance = first.own_scale * second.own_scale
        return np.asarray(total + np.diag(variance))


def joint_draws(blocks: int | None, domains: int, systems: int, items: float, draws: int) -> JointDraws:
    """Make the draws of a run: the same for every figure and every setting.

    Args:
        blocks: of the run; None without.
        domains: of the run.
        systems: of the run.
        items: of the run.
        draws: those of `Basis.drawn`; in a run without blocks there are no more than these.
    """
    number = DECISION_DRAWS if blocks is not None else min(DECISION_DRAWS, draws)
    rng = np.random.default_rng(SEED)
    grid = (np.arange(number) + 0.5) / number
    normals, uniforms = _normal_scores(grid)[rng.permutation(number)], grid[rng.permutation(number)]
    weights = None if blocks is None else _weights(rng, number, blocks)
    df = items - 1 if blocks is None else blocks - 1
    return JointDraws(weights, _single(normals), _single(uniforms), domains, systems, max(df, 1.0))


def _weights(rng: np.random.Generator, number: int, blocks: int) -> NDArray[np.float64]:
    half = (number + 1) // 2
    normal = rng.normal(size=(half, blocks))
    chi_squared = rng.chisquare(blocks - 1, size=(half, 1))
    scaled = normal * math.sqrt(blocks / (blocks - 1)) / np.sqrt(chi_squared / (blocks - 1))
    return _single(np.stack([scaled, -scaled], axis=1).reshape(2 * half, blocks)[:number])


def _normal_scores(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtri

    return np.asarray(ndtri(grid))


def _single(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to single precision, as a page carries them."""
    return np.asarray(values.astype(np.float32).astype(np.float64))
