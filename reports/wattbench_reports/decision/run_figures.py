"""Make the figures of a decision from the sums of a run: accuracies and costs, with what they vary by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.joint_draws import JointDraws, joint_draws
from wattbench_reports.decision.session_moves import SessionMoves
from wattbench_reports.decision.varying_figure import VaryingFigure
from wattbench_reports.metrics.costs import COUNTED, Costs, cost_per_request, mean_of_kind
from wattbench_reports.metrics.decision_sums import SCORES
from wattbench_reports.metrics.domain_sums import Basis, Shares

TRIALS = "trials"


@dataclass(frozen=True)
class RunFigures:
    """The figures of one run under one mix of domains."""

    basis: Basis
    shares: Shares | None
    """The mix; None: every item counts the same."""
    sessions: SessionMoves | None = None
    """How another run on this machine would differ; None: costs are of the machine as it was in this run."""

    @cached_property
    def draws(self) -> JointDraws:
        """Return what turns the figures into draws."""
        base = self.basis
        return joint_draws(
            None if base.blocks is None else base.blocks.number,
            len(base.domains),
            len(base.systems),
            float(base.items.sum(axis=0).max(initial=0.0)),
            base.draw_count,
            None if self.sessions is None else (self.sessions.number, self.sessions.df),
        )

    @cached_property
    def accuracy(self) -> VaryingFigure:
        """Return the accuracies over all domains."""
        return self._accuracy(self.shares)

    def accuracy_in(self, domain: str) -> VaryingFigure:
        """Return the accuracies in one domain."""
        return self._accuracy(np.array([float(name == domain) for name in self.basis.domains]))

    def cost(self, costs: Costs) -> VaryingFigure:
        """Return the cost per request in one unit."""
        base = self.basis
        totals = dict(base.totals) | {"metered": base.metered}
        estimates = cost_per_request(costs, totals, self.shares)
        if base.blocks is None:
            drawn = {kind: base.drawn.of(kind)[: self.draws.number] for kind in costs.parts}
            counts = {name: totals[name] for name in _counts(costs)}
            parts = cost_per_request(costs, counts | drawn, self.shares) - estimates
        else:
            parts = np.zeros((base.blocks.number, len(base.systems)))
            for kind, coefficient in costs.parts.items():
                of_kind = linearised(base.blocks.kinds[kind], base.blocks.kinds[COUNTED[kind]], self.shares)
                parts = parts + np.where(coefficient == 0, 0.0, coefficient * of_kind)
        return VaryingFigure(estimates, estimates, parts, sessions=self._moved(costs, totals))

    def _moved(self, costs: Costs, totals: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
        if self.sessions is None:
            return None
        kinds = [kind for kind in costs.parts if kind in self.sessions.moves]
        return self.sessions.of(
            costs, {kind: mean_of_kind(totals[kind], totals[COUNTED[kind]], self.shares) for kind in kinds}
        )

    def _accuracy(self, shares: Shares | None) -> VaryingFigure:
        base = self.basis
        n = base.items
        part = _parts(n, shares)
        middle = (base.means + part) / np.maximum(n + 2 * part, 1e-9)
        deviations = np.sqrt(_added(base))
        noise = np.zeros((self.draws.number, len(base.systems)))
        centres, variance = np.zeros(len(base.systems)), np.zeros(len(base.systems))
        for domain in range(len(base.domains)):
            scale = part[domain] * deviations[domain]
            normal = np.column_stack([self.draws.noise(domain, system) for system in range(len(base.systems))])
            noise = noise + scale * normal
            centres = centres + part[domain] * middle[domain]
            variance = variance + scale**2
        estimates = mean_of_kind(base.correct, base.trials, shares)
        unknown = np.where(np.isfinite(estimates), 0.0, np.nan)
        return VaryingFigure(
            estimates, centres + unknown, self._spread_of_accuracy(shares) + unknown, noise, np.sqrt(variance)
        )

    def _spread_of_accuracy(self, shares: Shares | None) -> NDArray[np.float64]:
        base = self.basis
        if base.blocks is not None:
            return linearised(base.blocks.kinds[SCORES], base.blocks.kinds[TRIALS], shares)
        kind = SCORES if SCORES in base.drawn.kinds else "correct"
        drawn = base.drawn.of(kind)[: self.draws.number] - base.totals[kind]
        trials = base.trials
        weight = np.divide(_parts(trials, shares), trials, out=np.zeros_like(trials), where=trials > 0)
        total = np.zeros((self.draws.number, len(base.systems)))
        for domain in range(len(base.domains)):
            total = total + drawn[:, domain] * weight[domain]
        return total


def linearised(sums: NDArray[np.float64], counts: NDArray[np.float64], shares: Shares | None) -> NDArray[np.float64]:
    """Return what each block adds to a mean: shape (blocks, systems), see `wattbench_reports.decision.joint_draws`.

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
    """Return the part of each domain in a mean, shape (domains, systems)."""
    if shares is not None:
        return np.broadcast_to(shares[:, None], counts.shape)
    total = counts.sum(axis=0)
    return np.asarray(np.divide(counts, total, out=np.zeros_like(counts), where=total > 0))


def _added(basis: Basis) -> NDArray[np.float64]:
    """Return the variance of each domain's accuracy that a right and a wrong answer add, shape (domains, systems)."""
    n = basis.items
    middle = (basis.means + 1) / (n + 2)
    with_both = (basis.squares + 1 - (n + 2) * middle * middle) / np.maximum(n * (n + 1), 1)
    spread = basis.squares - basis.means * basis.means / np.maximum(n, 1)
    plain = np.divide(spread, n * (n - 1), out=np.zeros_like(n), where=n > 1)
    return np.where(n > 0, np.maximum(with_both - plain, 0.0), 0.0)
