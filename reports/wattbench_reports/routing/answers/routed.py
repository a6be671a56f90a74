"""What a choice of systems gives on each item: its score, cost and amounts, and which systems it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers


@dataclass(frozen=True)
class ScoredItems:
    """What a gain is computed from. Arrays have shape (items,)."""

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
    """Return what asking one system per item gives.

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
    """Return what asking several systems per item gives, all of them billed.

    Args:
        answers: of the run.
        requests: shape (items, systems): how often each is asked, or with which probability.
        answered: the same shape: with which probability its answer is taken; each row sums to 1.
    """
    return RoutedItems(
        score=(answered * answers.score).sum(axis=1),
        cost=(requests * answers.cost).sum(axis=1),
        amounts={name: (requests * values).sum(axis=1) for name, values in answers.amounts.items()},
        requests=requests,
    )
