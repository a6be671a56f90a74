"""Draw a figure of systems that may be nearly alike: partial pooling of their differences.

Draws around each estimate alone (`joint_draws`) are those of a flat prior, under which two systems are never nearly
alike. Where the systems of a run differ by less than its noise, such draws are too sure: the system that leads does so
by luck more often than not. Here the systems of a run, and the bound that they are held against, are members of one
population, whose spread is estimated from the run. Where it is wide against the noise, draws stay as they are; where it
is narrow, they come closer together.

**Scale.** Members are compared where noise is alike whatever their size:

    accuracy   y = arcsin(sqrt(a)), slope 1 / (2 sqrt(c (1 - c))); a = estimate + (c - estimate) / 4, c the centre
    cost       y = log(estimate), slope 1 / estimate

An error on the scale is slope x (draw - centre), and covariances C, with those between sessions where they are known,
are multiplied by both slopes. Systems without an
estimate, and costs that are not above 0, are no members, and their draws stay as they are.

**Errors.** Member s has a variance v[s] of its own, and all have a variance g of the machine and the items in common:

    d[i, j] = C[i, i] + C[j, j] - 2 C[i, j]
    v[s] = T C[s, s] / (sum of all C[i, i]),  T = (sum of all d) / (2 (S - 1));  of a system alone C[s, s]
    g = mean of C[i, j] over i != j, not below 0

A member without any error (a price that is exact: v up to `EXACT`) is drawn as it is.

**Alike errors.** An error that is estimated from few blocks or items is small by luck for some, who then lead too
surely. On these scales errors are much alike: v[s] of an accuracy is the mean of all. Of a cost in a run of blocks,
where a burst of other work meets some systems in one of them and others look steadier than the machine is, v[s] is at
least the geometric mean of those with any. What an error then lacks is added to its draws, as noise of its own.

**Population.** theta[s] ~ N(mu, tau^2), mu flat, tau half-Cauchy with the scale sqrt(mean of v): the posterior of tau
is summed over `POINTS` values, rising by equal factors from a fiftieth of that scale to four times the range of y and
the bound b (or that scale), with w[s] = 1 / (v[s] + tau^2), W their sum, m the mean of y by w:

    log p(tau) = log(tau) - log(scale^2 + tau^2) + (sum of log w - log W - sum of w (y - m)^2) / 2
                 - (log h + (b - m)^2 / h) / 2,  h = tau^2 + 1 / W + g; without a bound the last term is 0

Draw k takes the first value of tau at which the cumulated p reaches a uniform number, and normal numbers n, and makes

    x = y + error of draw k - tau n                                of each member
    mean = mean of x by w;  center = common = mean without a bound; with one, of b' = b - tau n[bound]:
    center = (b' / tau^2 + mean / (1 / W + g)) / (1 / tau^2 + 1 / (1 / W + g))
    common = center + g / (g + 1 / W) (mean - center)
    theta = tau n + center + (x - common) tau^2 w

which is a draw of the posterior given tau (conditional simulation), and is put back on the scale of the figure: an
accuracy within 0 and 1, a cost within a tenth and ten times its estimate. With fewer than `FEWEST` members draws stay
as they are.

Numbers are those of `joint_draws`, rolled on by further places (`_Numbers`).

Valid where systems, and a bound that is chosen with them in view, are exchangeable: nothing but the run says which one
is better. Systems that are alike in groups and differ widely between groups are drawn as ones that differ widely. Where
a population is not normal, but even up to a bound or crowded near the best, a system that leads is called the best too
surely; docs/methodology.md has by how much.

Sources: B. Efron and C. Morris, "Data analysis using Stein's estimator and its generalizations", JASA 70 (1975):
shrinkage of shares on the arcsine scale; D. B. Rubin, "Estimation in parallel randomized experiments", Journal of
Educational Statistics 6 (1981); A. Gelman, "Prior distributions for variance parameters in hierarchical models",
Bayesian Analysis 1 (2006): half-Cauchy; A. Gelman, J. Hill and M. Yajima, "Why we (usually) don't have to worry about
multiple comparisons", Journal of Research on Educational Effectiveness 5 (2012); A. G. Journel and C. J. Huijbregts,
"Mining Geostatistics" (1978), VII.A: conditional simulation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.joint_draws import JointDraws
from wattbench_reports.decision.varying_figure import VaryingFigure

FEWEST = 2
"""Members, with the bound."""
POINTS = 60
"""Values of the spread over which its posterior is summed."""
LEAST, MOST = 50.0, 4.0
"""They go from a fiftieth of the error to four times the range."""
EXACT = 1e-18
"""A variance up to this is rounding, and no error."""
REACH = math.log(10.0)
"""A draw of a cost is no further from its estimate."""

Floats = NDArray[np.float64]


class PooledBy(Enum):
    """On which the members of a population are compared; the value is the position of its random numbers."""

    ACCURACY = 0
    COST = 1


@dataclass(frozen=True)
class _Members:
    """The systems of a population on its scale. All of shape (members,), or (draws, members)."""

    y: Floats
    x: Floats
    """Draws of y with its error."""
    variances: Floats
    common: float


@dataclass(frozen=True)
class _Numbers:
    """Random numbers of one scale: normal ones of each system, of the bound and of added noise; a uniform one."""

    draws: JointDraws
    scale: PooledBy

    def normal(self, position: int) -> Floats:
        """Return normal numbers: of a system, or from the number of systems on of the bound and of added noise."""
        draws = self.draws
        first = 1 + draws.domains * draws.systems + self.scale.value * (2 * draws.systems + 1)
        return np.roll(draws.normals, -(first + position) % draws.number)

    def uniform(self) -> Floats:
        """Return uniform numbers, of the spread."""
        draws = self.draws
        return np.roll(draws.uniforms, -(1 + (draws.domains + 1) * draws.systems + self.scale.value) % draws.number)


def pooled(figure: VaryingFigure, draws: JointDraws, scale: PooledBy, bound: float | None = None) -> Floats:
    """Return draws of a figure with its systems pooled: shape (draws, systems), NaN where it is not known.

    Args:
        figure: an accuracy or a cost.
        draws: of the run.
        scale: which of both it is.
        bound: what systems are held against; None: nothing.
    """
    drawn = draws.of(figure)
    members = np.flatnonzero(figure.known & ((figure.estimates > 0) | (scale is PooledBy.ACCURACY)))
    outside = scale is PooledBy.COST and bound is not None and not bound > 0
    if len(members) + (bound is not None) < FEWEST or not len(members) or outside:
        return drawn
    estimates, centres = figure.estimates[members], figure.centres[members]
    y, slope = _on_scale(scale, estimates, centres)
    covariance = draws.of_another_run(figure)[np.ix_(members, members)] * np.outer(slope, slope)
    errors, numbers = (drawn[:, members] - centres) * slope, _Numbers(draws, scale)
    variances, common = _errors(covariance)
    if not (variances > EXACT).any():
        return drawn
    fewest = _least(scale, variances) if scale is PooledBy.ACCURACY or draws.weights is not None else variances
    normal = np.column_stack([numbers.normal(draws.systems + 1 + int(each)) for each in members])
    errors = errors + normal * np.sqrt(np.maximum(fewest - variances, 0.0))
    variances = fewest if scale is PooledBy.ACCURACY else np.maximum(variances, fewest)
    level = None if bound is None else _level(scale, bound)
    theta = _theta(_Members(y, y + errors, variances, common), level, numbers, members)
    drawn[:, members] = np.where(variances > EXACT, _back(scale, theta, y), drawn[:, members])
    return drawn


def _on_scale(scale: PooledBy, estimates: Floats, centres: Floats) -> tuple[Floats, Floats]:
    if scale is PooledBy.COST:
        return np.log(estimates), 1 / estimates
    inside = np.clip(centres, 1e-6, 1 - 1e-6)
    near = np.clip(estimates + (centres - estimates) / 4, 0.0, 1.0)
    return np.arcsin(np.sqrt(near)), 1 / (2 * np.sqrt(inside * (1 - inside)))


def _level(scale: PooledBy, bound: float) -> float:
    return math.log(bound) if scale is PooledBy.COST else math.asin(math.sqrt(min(max(bound, 0.0), 1.0)))


def _back(scale: PooledBy, theta: Floats, y: Floats) -> Floats:
    if scale is PooledBy.COST:
        return np.exp(np.clip(theta, y - REACH, y + REACH))
    return np.asarray(np.sin(np.clip(theta, 0.0, math.pi / 2)) ** 2)


def _least(scale: PooledBy, variances: Floats) -> Floats:
    """Return the variance that a member has at least, shape (members,): the mean of all, of costs the geometric one."""
    if scale is PooledBy.ACCURACY:
        return np.full(len(variances), variances.mean())
    some = variances > EXACT
    return np.where(some, math.exp(float(np.log(variances[some]).mean())), 0.0)


def _errors(covariance: Floats) -> tuple[Floats, float]:
    """Return the variance of each member's own error, and of the one in common."""
    systems, variances = len(covariance), np.diag(covariance)
    if systems == 1 or not variances.sum() > 0:
        return np.maximum(variances, 0.0), 0.0
    differences = variances[:, None] + variances - 2 * covariance
    total = max(float(differences.sum()) / (2 * (systems - 1)), 0.0)
    common = (float(covariance.sum()) - float(variances.sum())) / (systems * (systems - 1))
    return total * variances / variances.sum(), max(common, 0.0)


def _theta(members: _Members, level: float | None, numbers: _Numbers, systems: NDArray[np.intp]) -> Floats:
    """Return draws of the members' true values on the scale, shape (draws, members)."""
    spreads, cumulated = _spreads(members, level)
    position = np.searchsorted(cumulated, numbers.uniform(), side="left")
    tau = spreads[np.minimum(position, POINTS - 1)]
    square = tau**2
    prior = tau[:, None] * np.column_stack([numbers.normal(int(each)) for each in systems])
    x = members.x - prior
    weight = 1 / (members.variances + square[:, None])
    total = weight.sum(axis=1)
    center = common = (weight * x).sum(axis=1) / total
    if level is not None:
        bound = level - tau * numbers.normal(numbers.draws.systems)
        error, mean = 1 / total + members.common, center
        center = (bound / square + mean / error) / (1 / square + 1 / error)
        common = center + members.common / error * (mean - center)
    return np.asarray(prior + center[:, None] + (x - common[:, None]) * (square[:, None] * weight))


def _spreads(members: _Members, level: float | None) -> tuple[Floats, Floats]:
    """Return the values of the spread, and their cumulated posterior probabilities. Both of shape (`POINTS`,)."""
    y, variances = members.y, members.variances
    error = math.sqrt(float(variances.mean()))
    ends = y if level is None else np.append(y, level)
    low, high = error / LEAST, MOST * max(error, float(ends.max() - ends.min()))
    spreads = low * (high / low) ** (np.arange(POINTS) / (POINTS - 1))
    square = spreads**2
    weight = 1 / (variances + square[:, None])
    total = weight.sum(axis=1)
    mean = (weight * y).sum(axis=1) / total
    fit = np.log(weight).sum(axis=1) - np.log(total) - (weight * (y - mean[:, None]) ** 2).sum(axis=1)
    if level is not None:
        spread = square + 1 / total + members.common
        fit = fit - np.log(spread) - (level - mean) ** 2 / spread
    logarithm = np.log(spreads) - np.log(error * error + square) + fit / 2
    probability = np.exp(logarithm - logarithm.max())
    cumulated = np.cumsum(probability)
    return spreads, np.asarray(cumulated / cumulated[-1])
