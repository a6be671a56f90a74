"""What a choice of systems gives on each item: its score, cost and amounts, and which systems it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers, row_parts

_ROUNDING = 1e-12


@dataclass(frozen=True)
class ScoredItems:
    """Scores and costs from which gains are computed. Arrays have shape (items,)."""

    score: NDArray[np.float64]
    cost: NDArray[np.float64]
    """In the unit of the study, of all systems that are asked, and of the router itself where that is known."""


@dataclass(frozen=True)
class RoutedItems(ScoredItems):
    """The items of a run, as a router would have had them answered. Arrays have shape (items,)."""

    amounts: Mapping[str, NDArray[np.float64]]
    """As `ItemAnswers.amounts`."""
    requests: NDArray[np.float64 | np.int8]
    """Shape (items, systems): how often each system is asked; in one byte where that is never or once."""


def pick(answers: ItemAnswers, column: NDArray[np.integer[Any]]) -> RoutedItems:
    """Return the scores and costs of asking one system per item.

    Args:
        answers: of the run.
        column: shape (items,): which system.
    """
    requests = np.zeros(answers.score.shape, dtype=np.int8)
    item = np.arange(answers.items)
    requests[item, column] = 1
    return RoutedItems(
        score=answers.score[item, column],
        cost=answers.cost[item, column],
        amounts={name: values[item, column] for name, values in answers.amounts.items()},
        requests=requests,
    )


def ask(answers: ItemAnswers, requests: NDArray[np.float64], answered: NDArray[np.float64]) -> RoutedItems:
    """Return the scores and costs of asking several systems per item, all of them billed.

    Args:
        answers: of the run.
        requests: shape (items, systems): how often each is asked, or with which probability.
        answered: the same shape: with which probability its answer is taken; each row sums to 1.
    """
    return RoutedItems(
        score=(answered * answers.score).sum(axis=1),
        cost=asked_sum(requests, answers.cost),
        amounts={name: asked_sum(requests, values) for name, values in answers.amounts.items()},
        requests=requests,
    )


def asked_sum(requests: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum values over the requested systems, shape (items,); values of other systems may be missing.

    Args:
        requests: shape (items, systems) or (systems,): how often each is asked, or with which probability.
        values: shape (items, systems).
    """
    return np.asarray(np.where(requests > 0, requests * values, 0.0).sum(axis=1))


def best_of_item(
    score: NDArray[np.float64], cost: NDArray[np.float64], allowed: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Return the system with the highest score on each item, of equals the cheapest, then the first.

    Args:
        score: shape (items, systems).
        cost: the same shape; not a number where it is not known, which counts as the most.
        allowed: the same shape: among which systems; None: all.

    Returns:
        Shape (items,): a column.
    """
    column = np.empty(len(score), dtype=np.int64)
    for part in row_parts(len(score)):
        scores = score[part] if allowed is None else np.where(allowed[part], score[part], -np.inf)
        best = scores >= scores.max(axis=1, keepdims=True) - _ROUNDING
        known = np.where(np.isfinite(cost[part]), cost[part], np.finfo(np.float64).max)
        column[part] = np.where(best, known, np.inf).argmin(axis=1)
    return column
