"""Draw what all figures of all systems may truly be, together: the one source of every probability of a decision.

A **figure** (accuracy, or a cost) is, for each system s, an estimate, a centre, and what it varies by. Its draw is

    draw k of system s = centre[s] + spread(k, s) + noise(k, s) + moved(k, s)

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

**Sessions** are only in costs, where earlier ones are known (`session_moves`): each session j of J adds a part e[j, s],
and moved(k, s) = sum over j, from 0 on, of session weight[k, j] x e[j, s], another multivariate t, with the degrees of
freedom f of the sessions (J - 1, where all have figures of all systems):

    session weight[k, j] = z[k, j] / sqrt(J - 1) / sqrt(q[k] / f)            z: standard normal, q: chi-squared of f

so that a draw has the variance between blocks (or items) and that of one session from the next. What sessions do to all
systems alike stays in common. The sum of two t is that of Behrens and Fisher; where one number of degrees of freedom is
needed (`another_run_df`), it is Satterthwaite's, rounded down. Noise within a session is in both parts, so that draws
stray a little too far rather than not far enough. Without sessions nothing is moved: costs are of this run's machine.

**What is not drawn from sums.** Whether a system keeps a limit of its latency is a probability p of its own
(`latency_limit`), independent of the other figures: in draw k it does where uniform[(k + 1 + D S + s) mod K] < p, D
domains, with `uniform` the K values (i + 1/2) / K in a random order, of single precision, carried too. With sessions it
is p[k], of the limit divided by exp(moved(k, s)) of the p95, and p is their mean.

**Of the draws.** The probability that a requirement is met is the share of draws that meet it. Sums over draws go from
draw 0 on.

Valid where blocks are alike but for chance (they are dealt at random), items are a sample of those to come, and
sessions are exchangeable; of other machines or tasks the draws say nothing, and of other runs only with sessions. In
simulation the probabilities are calibrated: docs/methodology.md, *Deciding*.

Sources: multivariate t: S. Kotz and S. Nadarajah, "Multivariate t Distributions and Their Applications" (2004), ch. 1;
t of block means: the sources of `wattbench_reports.stats.block_ratios`; the added answers: A. Agresti and B. Caffo, The
American Statistician 54 (2000); sessions: `wattbench_reports.stats.another_run.session_variance`; the sum of two t:
R. A. Fisher, Annals of Eugenics 6 (1935); negatives in pairs: J. M. Hammersley and K. W. Morton, Mathematical
Proceedings of the Cambridge Philosophical Society 52 (1956).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
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
    session_weights: NDArray[np.float64] | None = None
    """Shape (draws, sessions); None where another run is not known."""
    session_df: float = math.inf

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
        return _weighed(self.weights, parts)

    def moved(self, sessions: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return by how much another run is moved in each draw: shape (draws, systems); None where it is not known.

        Args:
            sessions: what each earlier session adds, shape (sessions, systems).
        """
        return None if self.session_weights is None else _weighed(self.session_weights, sessions)

    def of(self, figure: VaryingFigure) -> NDArray[np.float64]:
        """Return the draws of a figure: shape (draws, systems), NaN where it is not known."""
        draws = figure.centres + self.spread(figure.parts)
        draws = draws if figure.noise is None else draws + figure.noise
        moved = None if figure.sessions is None else self.moved(figure.sessions)
        return draws if moved is None else draws + moved

    def covariances(self, first: VaryingFigure, second: VaryingFigure) -> NDArray[np.float64]:
        """Return the covariance of one figure of system i with another of system j, shape (systems, systems).

        It is that within this run: of other items, and of other times of its session.
        """
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

    def of_another_run(self, figure: VaryingFigure) -> NDArray[np.float64]:
        """Return the covariances of a figure with those between sessions added, shape (systems, systems).

        Without sessions they are those within this run.
        """
        return self.covariances(figure, figure) + _between(figure)

    def another_run_df(self, figure: VaryingFigure) -> NDArray[np.float64]:
        """Return Satterthwaite's degrees of freedom of each system's variance, whole numbers where sessions count."""
        systems = len(figure.estimates)
        if figure.sessions is None:
            return np.full(systems, self.df)
        within, between = np.diag(self.covariances(figure, figure)), np.diag(_between(figure))
        total = within + between
        share = np.divide(between, total, out=np.zeros(systems), where=total > 0)
        return np.maximum(np.floor(1 / ((1 - share) ** 2 / self.df + share**2 / self.session_df)), 1.0)

    def session_shares(self, figure: VaryingFigure) -> NDArray[np.float64]:
        """Return which share of each system's variance is between sessions, that no more items make smaller."""
        total, between = np.diag(self.of_another_run(figure)), np.diag(_between(figure))
        return np.divide(between, total, out=np.zeros(len(total)), where=total > 0)


def _weighed(weights: NDArray[np.float64], parts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros((len(weights), parts.shape[1]))
    # Part after part, as the browser adds them: the digits are to be the same.
    for number, part in enumerate(parts):
        total = total + weights[:, number, None] * part
    return total


def _between(figure: VaryingFigure) -> NDArray[np.float64]:
    """Return the covariance of a figure between sessions, shape (systems, systems); 0 without any."""
    if figure.sessions is None:
        return np.zeros((len(figure.estimates),) * 2)
    return np.asarray(np.einsum("ji,jk->ik", figure.sessions, figure.sessions) / (len(figure.sessions) - 1))


def joint_draws(
    blocks: int | None,
    domains: int,
    systems: int,
    items: float,
    draws: int,
    sessions: tuple[int, float] | None = None,
) -> JointDraws:
    """Make the draws of a run: the same for every figure and every setting.

    Args:
        blocks: of the run; None without.
        domains: of the run.
        systems: of the run.
        items: of the run.
        draws: those of `Basis.drawn`; in a run without blocks there are no more than these.
        sessions: how many there are, and the degrees of freedom of the variance between them; None: one.
    """
    number = DECISION_DRAWS if blocks is not None else min(DECISION_DRAWS, draws)
    rng = np.random.default_rng(SEED)
    grid = (np.arange(number) + 0.5) / number
    normals, uniforms = _normal_scores(grid)[rng.permutation(number)], grid[rng.permutation(number)]
    weights = None if blocks is None else _weights(rng, number, blocks)
    df = items - 1 if blocks is None else blocks - 1
    made = JointDraws(weights, _single(normals), _single(uniforms), domains, systems, max(df, 1.0))
    if sessions is None:
        return made
    return replace(made, session_weights=_session_weights(rng, number, *sessions), session_df=sessions[1])


def _weights(rng: np.random.Generator, number: int, blocks: int) -> NDArray[np.float64]:
    half = (number + 1) // 2
    normal = rng.normal(size=(half, blocks))
    chi_squared = rng.chisquare(blocks - 1, size=(half, 1))
    scaled = normal * math.sqrt(blocks / (blocks - 1)) / np.sqrt(chi_squared / (blocks - 1))
    return _in_pairs(scaled, number)


def _session_weights(rng: np.random.Generator, number: int, sessions: int, df: float) -> NDArray[np.float64]:
    half = (number + 1) // 2
    normal = rng.normal(size=(half, sessions))
    chi_squared = rng.chisquare(df, size=(half, 1))
    return _in_pairs(normal / math.sqrt(sessions - 1) / np.sqrt(chi_squared / df), number)


def _in_pairs(rows: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """Return rows, each followed by its negative."""
    return _single(np.stack([rows, -rows], axis=1).reshape(2 * len(rows), rows.shape[1])[:number])


def _normal_scores(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtri

    return np.asarray(ndtri(grid))


def _single(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to single precision, as a page carries them."""
    return np.asarray(values.astype(np.float32).astype(np.float64))
