"""Compute the figures of a decision from the sums of a run: accuracies and costs, with their covariances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.covarying import Covarying, VaryingFigure
from wattbench_reports.decision.session_moves import SessionMoves
from wattbench_reports.metrics.costs import COUNTED, Costs, cost_per_request, mean_of_kind
from wattbench_reports.metrics.domain_sums import SCORES, Basis, Shares

TRIALS = "trials"


@dataclass(frozen=True)
class Trials:
    """The numbers that bounds of the accuracies are computed from, each of shape (systems,)."""

    estimates: NDArray[np.float64]
    """NaN where it is not known."""
    variances: NDArray[np.float64]
    """Over blocks; in a run without blocks over items."""
    most: NDArray[np.float64]
    """How many trials an accuracy is worth at most: answers; where all agree, items."""


@dataclass(frozen=True)
class RunFigures:
    """The figures of one run under one mix of domains."""

    basis: Basis
    shares: Shares | None
    """The mix; None: every item counts the same."""
    sessions: SessionMoves | None = None
    """How another run on this machine would differ; None: costs are of the machine as it was in this run."""

    @cached_property
    def covarying(self) -> Covarying:
        """Return the converter from the parts of figures to their covariances."""
        blocks, items = self.basis.blocks, float(self.basis.items.sum(axis=0).max(initial=0.0))
        df = items - 1 if blocks is None else blocks.number - 1
        sessions = {} if self.sessions is None else {"session_df": self.sessions.df}
        return Covarying(blocks is not None, max(df, 1.0), **sessions)

    @cached_property
    def accuracy(self) -> VaryingFigure:
        """Return the accuracies over all domains."""
        return self._accuracy(self.shares)

    def accuracy_trials(self, shares: Shares | None) -> Trials:
        """Return the trials that bounds of the accuracies are computed from."""
        base = self.basis
        part = _parts(base.items, shares)
        estimates = mean_of_kind(base.correct, base.trials, shares)
        if base.blocks is None:
            agreeing = np.maximum(base.squares - base.means**2 / np.maximum(base.items, 1), 0.0)
            variances = (part**2 * agreeing / np.maximum(base.items, 1) ** 2).sum(axis=0)
        else:
            parts, blocks = self._spread_of_accuracy(shares), base.blocks.number
            variances = np.asarray(blocks / (blocks - 1) * (parts**2).sum(axis=0))
        same = (estimates <= 0) | (estimates >= 1)
        return Trials(estimates, variances, np.where(same, _worth(part, base.items), _worth(part, base.trials)))

    def cost(self, costs: Costs) -> VaryingFigure:
        """Return the cost per request in one unit."""
        base = self.basis
        totals = dict(base.totals) | {"metered": base.metered}
        estimates = cost_per_request(costs, totals, self.shares)
        if base.blocks is None:
            drawn = {kind: base.drawn.of(kind) for kind in costs.parts}
            counts = {name: totals[name] for name in _counts(costs)}
            parts = cost_per_request(costs, counts | drawn, self.shares) - estimates
        else:
            parts = np.zeros((base.blocks.number, len(base.systems)))
            for kind, coefficient in costs.parts.items():
                of_kind = linearised(base.blocks.kinds[kind], base.blocks.kinds[COUNTED[kind]], self.shares)
                parts = parts + np.where(coefficient == 0, 0.0, coefficient * of_kind)
        return VaryingFigure(estimates, parts, sessions=self._moved(costs, totals))

    def _moved(self, costs: Costs, totals: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
        if self.sessions is None:
            return None
        kinds = [kind for kind in costs.parts if kind in self.sessions.moves]
        return self.sessions.of(
            costs, {kind: mean_of_kind(totals[kind], totals[COUNTED[kind]], self.shares) for kind in kinds}
        )

    def _accuracy(self, shares: Shares | None) -> VaryingFigure:
        base = self.basis
        estimates = mean_of_kind(base.correct, base.trials, shares)
        scale = np.sqrt((_parts(base.items, shares) ** 2 * _added(base)).sum(axis=0))
        unknown = np.where(np.isfinite(estimates), 0.0, np.nan)
        return VaryingFigure(estimates, self._spread_of_accuracy(shares) + unknown, scale)

    def _spread_of_accuracy(self, shares: Shares | None) -> NDArray[np.float64]:
        base = self.basis
        if base.blocks is not None:
            return linearised(base.blocks.kinds[SCORES], base.blocks.kinds[TRIALS], shares)
        kind = SCORES if SCORES in base.drawn.kinds else "correct"
        drawn = base.drawn.of(kind) - base.totals[kind]
        trials = base.trials
        weight = np.divide(_parts(trials, shares), trials, out=np.zeros_like(trials), where=trials > 0)
        total = np.zeros((len(drawn), len(base.systems)))
        for domain in range(len(base.domains)):
            total = total + drawn[:, domain] * weight[domain]
        return total


def linearised(sums: NDArray[np.float64], counts: NDArray[np.float64], shares: Shares | None) -> NDArray[np.float64]:
    """Return each block's linear part of a mean, shape (blocks, systems): see `wattbench_reports.decision.covarying`.

    Args:
        sums: shape (blocks, domains, systems).
        counts: the same shape.
        shares: the mix; None: every answer counts the same.
    """
    if shares is None:
        sums, counts, shares = sums.sum(axis=1, keepdims=True), counts.sum(axis=1, keepdims=True), np.ones(1)
    all_sums, all_counts = sums.sum(axis=0), counts.sum(axis=0)
    total = np.zeros((len(sums), sums.shape[2]))
    for domain, share in enumerate(shares.tolist()):
        count = all_counts[domain]
        if share > 0:
            mean = np.divide(all_sums[domain], count, out=np.zeros_like(count), where=count > 0)
            part = share * (sums[:, domain] - mean * counts[:, domain])
            total = total + np.divide(part, count, out=np.zeros_like(part), where=count > 0)
    return total


def _counts(costs: Costs) -> set[str]:
    return {COUNTED[kind] for kind in costs.parts}


def _parts(counts: NDArray[np.float64], shares: Shares | None) -> NDArray[np.float64]:
    """Return the share of each domain in a mean, shape (domains, systems)."""
    if shares is not None:
        return np.broadcast_to(shares[:, None], counts.shape)
    total = counts.sum(axis=0)
    return np.asarray(np.divide(counts, total, out=np.zeros_like(counts), where=total > 0))


def _worth(part: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the effective number of trials of equal weight behind a mean, shape (systems,)."""
    each = np.divide(part**2, counts, out=np.zeros_like(counts), where=counts > 0).sum(axis=0)
    return np.asarray(np.divide(1.0, each, out=np.ones_like(each), where=each > 0))


def _added(basis: Basis) -> NDArray[np.float64]:
    """Return the variance that one more right and wrong answer add to each accuracy, shape (domains, systems)."""
    n = basis.items
    middle = (basis.means + 1) / (n + 2)
    with_both = (basis.squares + 1 - (n + 2) * middle * middle) / np.maximum(n * (n + 1), 1)
    spread = basis.squares - basis.means * basis.means / np.maximum(n, 1)
    plain = np.divide(spread, n * (n - 1), out=np.zeros_like(n), where=n > 1)
    return np.where(n > 0, np.maximum(with_both - plain, 0.0), 0.0)
