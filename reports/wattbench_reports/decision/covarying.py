"""Compute how the figures of all systems vary together, over blocks, items and sessions.

A **figure** (accuracy, or a cost) is, for each system, an estimate and what it varies by.

**In a run of blocks** each block r of R adds a part u[r, s] to the figure, linearised, so that a denominator that
varies can't vanish (W. G. Cochran, "Sampling Techniques" (1977), 6.3):

    without a mix:  u[r] = (N[r] - (N / C) C[r]) / C               N: sums of a kind, C: their count, of all domains
    with a mix:     u[r] = sum over d of share[d] (N[r, d] - (N[d] / C[d]) C[r, d]) / C[d]               d: a domain

N and C without r are the sums over the blocks. A domain without a share or a count adds nothing. For accuracies N are
the scores and C the trials. A cost is the sum over its kinds of coefficient x u. The covariance of two figures is

    R / (R - 1) x sum over r of u[r] v[r], with R - 1 degrees of freedom.

**In a run without blocks** the parts are those of the items drawn again (`Basis.drawn`): figure of the sums of a draw
- figure of the sums as they are, with the counts as they are; the degrees of freedom are items - 1.

**Added answers**, only in comparisons of accuracies: a right and a wrong answer are added before the variance of a
domain is taken, as `wattbench_reports.metrics.mix_weighting.accuracies` does, so that a domain whose answers all agree
is not taken for certain. The variance that they add is of each system alone (A. Agresti and B. Caffo, The American
Statistician 54 (2000)):

    middle = (means + 1) / (n + 2)                                         n: items, means: the sum of their mean scores
    added[d, s] = max(0, (squares + 1 - (n + 2) middle^2) / (n (n + 1)) - plain)
    plain = (squares - means^2 / n) / (n (n - 1)); 0 of a single item

**Sessions** are only in costs, where earlier ones are known (`session_moves`): each session j of J adds a part e[j, s],
with the variance sum over j of e[j]^2 / (J - 1), and the degrees of freedom f of the sessions. A bound on another run
takes both variances, with Satterthwaite's degrees of freedom, rounded down (F. E. Satterthwaite, Biometrics Bulletin 2
(1946)). Noise within a session is in both parts, so that bounds are a little too wide rather than too narrow.

Valid where blocks are alike but for chance (they are dealt at random), items are a sample of those to come, and
sessions are exchangeable.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.student import t_quantile


@dataclass(frozen=True)
class Covarying:
    """Converts the parts of figures to covariances."""

    blocked: bool
    """Whether parts are of blocks; else they are of items drawn again."""
    df: float
    """Degrees of freedom: blocks - 1; without blocks items - 1."""
    session_df: float = math.inf
    """Of the variance between sessions; infinite where another run is not known."""

    @cached_property
    def quantile(self) -> float:
        """Return the number of standard errors from a figure to the ends of its two-sided 95% interval."""
        return t_quantile(self.df)

    def covariances(self, first: VaryingFigure, second: VaryingFigure) -> NDArray[np.float64]:
        """Return the covariance of one figure of system i with another of system j, shape (systems, systems).

        It is that within this run: of other items, and of other times of its session.
        """
        units = len(first.parts)
        if self.blocked:
            factor = units / (units - 1)
            total = factor * np.einsum("ri,rj->ij", first.parts, second.parts)
        else:
            one = first.parts - first.parts.mean(axis=0)
            other = one if second is first else second.parts - second.parts.mean(axis=0)
            total = np.einsum("ri,rj->ij", one, other) / max(units - 1, 1)
        return np.asarray(total + np.diag(first.own_scale * second.own_scale))

    def of_differences(self, figure: VaryingFigure) -> NDArray[np.float64]:
        """Return the variance of the difference of a figure between two systems, shape (systems, systems)."""
        covariance = self.covariances(figure, figure)
        variances = np.diag(covariance)
        return np.maximum(variances[:, None] + variances - 2 * covariance, 0.0)

    def errors_of_another_run(self, figure: VaryingFigure) -> NDArray[np.float64]:
        """Return the standard error of each system's figure in another run; without sessions, in this run."""
        return np.asarray(np.sqrt(np.diag(self.covariances(figure, figure)) + figure.between_sessions))

    def another_run_df(self, figure: VaryingFigure) -> NDArray[np.float64]:
        """Return Satterthwaite's degrees of freedom of each system's variance, whole numbers where sessions count."""
        if figure.sessions is None:
            return np.full(len(figure.estimates), self.df)
        share = self.session_shares(figure)
        return np.maximum(np.floor(1 / ((1 - share) ** 2 / self.df + share**2 / self.session_df)), 1.0)

    def session_shares(self, figure: VaryingFigure) -> NDArray[np.float64]:
        """Return the share of each system's variance that is between sessions, which no more items make smaller."""
        total, between = self.errors_of_another_run(figure) ** 2, figure.between_sessions
        return np.divide(between, total, out=np.zeros(len(total)), where=total > 0)


@dataclass(frozen=True)
class VaryingFigure:
    """A figure of all systems, with its variation over blocks and sessions; NaN for a system without the figure."""

    estimates: NDArray[np.float64]
    """Shape (systems,): as printed."""
    parts: NDArray[np.float64]
    """Shape (blocks, systems): what each block adds, linearised. In a run without blocks shape (draws, systems): what
    each draw of the items adds."""
    scale: NDArray[np.float64] | None = None
    """Shape (systems,): the standard deviation that added answers add; None without any."""
    sessions: NDArray[np.float64] | None = None
    """Shape (sessions, systems): what each earlier session adds; None where it is of this run, or of no machine."""

    @property
    def own_scale(self) -> NDArray[np.float64]:
        """Return `scale`; 0 where there is none."""
        return np.zeros(len(self.estimates)) if self.scale is None else self.scale

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return whether the figure of each system is known, shape (systems,)."""
        return np.isfinite(self.estimates)

    @property
    def between_sessions(self) -> NDArray[np.float64]:
        """Return the variance between sessions, shape (systems,); 0 without any."""
        if self.sessions is None:
            return np.zeros(len(self.estimates))
        return np.asarray((self.sessions**2).sum(axis=0) / (len(self.sessions) - 1))

    def times(self, factor: float | NDArray[np.float64]) -> VaryingFigure:
        """Return the figure multiplied by one factor, or by one factor for each system."""
        return VaryingFigure(
            self.estimates * factor,
            self.parts * factor,
            None if self.scale is None else self.scale * np.abs(factor),
            None if self.sessions is None else self.sessions * factor,
        )

    def plus(self, other: VaryingFigure) -> VaryingFigure:
        """Return the sum of two figures. At most one of them has added answers, and at most one has sessions."""
        assert self.scale is None or other.scale is None
        assert self.sessions is None or other.sessions is None
        return VaryingFigure(
            self.estimates + other.estimates,
            self.parts + other.parts,
            other.scale if self.scale is None else self.scale,
            other.sessions if self.sessions is None else self.sessions,
        )

    def plus_constant(self, constant: float) -> VaryingFigure:
        """Return the figure with a constant added."""
        return replace(self, estimates=self.estimates + constant)
