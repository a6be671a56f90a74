"""Score a control: a router with the same call shares as the hybrid's, and no knowledge of the items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.analyses.hybrids.answer_matrix import AnswerMatrix
from wattbench_reports.analyses.hybrids.replay import Outcome, Plan
from wattbench_reports.stats.budgets import SEED, SHUFFLED_ROUTER


@dataclass(frozen=True)
class Shuffled:
    """The hybrid's routes, randomly permuted among its items."""

    outcome: Outcome
    """The expected value over shufflings, item by item: exact, not simulated."""
    p_value: float
    """The share of shufflings whose accuracy is at least the hybrid's own, which counts as one of them."""
    shufflings: int


def shuffled_router(matrix: AnswerMatrix, plan: Plan, *, seed: int = SEED) -> Shuffled:
    """Permute the routes of a plan among its items.

    Args:
        matrix: in which all members answered all items of the plan.
        plan: the hybrid's own routes.
        seed: of the shufflings.

    Source: P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses" (2005), ch. 3.
    """
    cells = np.ix_(plan.rows, matrix.columns(plan.members))
    score, items = matrix.score[cells], len(plan.rows)
    expected = Outcome(
        rows=plan.rows,
        score=score @ plan.answered.mean(axis=0),
        energy_j=_expected(matrix.energy_j[cells], plan.requests.mean(axis=0)) + np.nan_to_num(plan.router_j).mean(),
        seconds=_expected(matrix.seconds[cells], plan.requests.mean(axis=0)) + np.nan_to_num(plan.router_s).mean(),
        money=None
        if matrix.money is None
        else _expected(matrix.money[cells], plan.requests.mean(axis=0))
        + (0.0 if plan.router_money is None else plan.router_money.mean()),
    )
    routes, code = _routes(plan.answered)
    small = code.astype(np.min_scalar_type(max(len(routes) - 1, 1)))
    worth = (score @ routes.T).ravel()
    start = np.arange(items) * len(routes)
    observed = float(worth[start + small].sum())
    times = SHUFFLED_ROUTER.count(items)
    rng = np.random.default_rng(seed)
    sums = np.array([worth[start + rng.permutation(small)].sum() for _ in range(times)])
    at_least = int((sums >= observed - 1e-9).sum())
    return Shuffled(expected, (1 + at_least) / (1 + times), times)


def _routes(answered: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the different rows, and which of them each item has."""
    if (answered.max(axis=1) == 1.0).all():  # one member each, as ever without repeats: nothing to sort
        return np.eye(answered.shape[1]), answered.argmax(axis=1)
    routes, code = np.unique(answered, axis=0, return_inverse=True)
    return routes, code.ravel()


def _expected(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum weighted rows; a member that is never asked may have no value."""
    return np.asarray(np.where(weights > 0, weights * values, 0.0).sum(axis=1))
