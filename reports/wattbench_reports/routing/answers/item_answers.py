"""Hold the answers of the candidate systems item by item, by which a router is judged before it is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.costs import CostUnit

JOULES, GRAMS, MONEY, SECONDS = "joules", "grams", "money", "seconds"
"""Names of `ItemAnswers.amounts`."""

PART = 100_000
"""Items whose scores and costs of all systems are copied at once."""


@dataclass(frozen=True)
class ItemAnswers:
    """Scores, costs and seconds of each candidate on each item that all of them answered, averaged over repeats."""

    systems: tuple[str, ...]
    domains: tuple[str, ...]
    domain: NDArray[np.int64]
    """Shape (items,): which of `domains`."""
    cluster: NDArray[np.int64]
    """Shape (items,): the block of each item, numbered from 0; in a run without blocks what reads like it (`alike`), or
    else the item itself."""
    blocked: bool
    """Whether clusters are blocks."""
    weight: NDArray[np.float64]
    """Shape (items,): the part of each item in a mean over the mix of domains; they sum to 1."""
    score: NDArray[np.float64]
    """Shape (items, systems): from 0 to 1."""
    cost: NDArray[np.float64]
    """Shape (items, systems): per request, in the unit of the study, never NaN. Where no cost is known: 1 for the best
    single system and 0 for the others, so that a cost is the share of requests that it is sent."""
    unit: CostUnit | None
    """Of `cost`; None where no cost is known."""
    label: str
    """Of `cost`: ``J``, ``g``, a currency; where no cost is known: empty."""
    amounts: Mapping[str, NDArray[np.float64]]
    """``joules``, ``grams``, ``money`` and ``seconds`` per request, each of shape (items, systems), for those of which
    all candidates have it."""
    halves: tuple[NDArray[np.float64], ...] = ()
    """Scores by repeat, each of shape (items, systems), without NaN; empty where items were asked once."""
    rows: NDArray[np.int64] | None = None
    """Shape (items,): of the run's item table."""
    mixed: bool = False
    """Whether a workload says how often each domain is asked: its share is then no part of what is uncertain."""
    alike: NDArray[np.int64] | None = None
    """Shape (items,): a number from 0 that is the same for items whose requests read alike; None where requests are not
    on record, or there are too many to compare."""

    @property
    def items(self) -> int:
        """Count the items."""
        return len(self.score)

    @property
    def different(self) -> int:
        """Count the items, with items that read alike counted once."""
        return self.items if self.alike is None else int(self.alike.max(initial=-1)) + 1

    @property
    def clusters(self) -> int:
        """Count the clusters."""
        return int(self.cluster.max(initial=-1)) + 1

    @cached_property
    def mean_score(self) -> NDArray[np.float64]:
        """Return the accuracy of each system, shape (systems,)."""
        return self.mean(self.score)

    @cached_property
    def mean_cost(self) -> NDArray[np.float64]:
        """Return the cost per request of each system, shape (systems,)."""
        return self.mean(self.cost)

    def mean(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return weighted means over the items, of an array of shape (items, ...)."""
        return weighted_mean(self.weight, values)


def row_parts(items: int) -> Iterator[slice]:
    """Yield slices that cover all items, so that large arrays are copied in parts."""
    for start in range(0, items, PART):
        yield slice(start, min(start + PART, items))


def weighted_mean(weight: NDArray[np.float64], values: NDArray[Any]) -> NDArray[np.float64]:
    """Return weighted sums over the items, of an array of shape (items, ...).

    A product of matrices would be shared between threads whose number the digits depend on. Columns side by side are
    added up row by row, and so in parts, to the same digits.
    """
    if values.ndim == 2 and values.shape[1] > 1 and values.flags.c_contiguous:
        total = np.empty((0, values.shape[1]))
        for part in row_parts(len(values)):
            total = np.concatenate([total, weight[part, None] * values[part]]).sum(axis=0, keepdims=True)
        return np.asarray(total.sum(axis=0))
    return np.asarray((weight.reshape(-1, *(1,) * (values.ndim - 1)) * values).sum(axis=0))
