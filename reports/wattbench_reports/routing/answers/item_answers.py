"""Hold the answers of the candidate systems item by item, by which a router is judged before it is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.stats.budgets import SEED

JOULES, GRAMS, MONEY, SECONDS = "joules", "grams", "money", "seconds"
"""Names of `ItemAnswers.amounts`."""
PART = 100_000
"""Items whose scores and costs of all systems are copied at once."""
_ROUNDING = 1e-12


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


def answers_among(answers: ItemAnswers, items: NDArray[np.int64]) -> ItemAnswers:
    """Return the answers to some items; under a mix each domain keeps its part of the mean.

    Args:
        answers: of the run.
        items: which, each once. A domain of which there is none takes no part any more.
    """
    domain, weight = answers.domain[items], answers.weight[items]
    if answers.mixed:
        of_all = np.bincount(answers.domain, answers.weight, len(answers.domains))
        of_some = np.bincount(domain, weight, len(answers.domains))
        weight = weight * (of_all / np.where(of_some > 0, of_some, 1.0))[domain]
    return replace(
        answers,
        domain=domain,
        cluster=_numbered(answers.cluster[items]),
        weight=weight / weight.sum(),
        score=answers.score[items],
        cost=answers.cost[items],
        amounts={name: values[items] for name, values in answers.amounts.items()},
        halves=tuple(each[items] for each in answers.halves),
        rows=None if answers.rows is None else answers.rows[items],
        alike=None if answers.alike is None else _numbered(answers.alike[items]),
    )


def with_alike(answers: ItemAnswers, alike: NDArray[np.int64]) -> ItemAnswers:
    """Return the answers with errors clustered by items that read alike: copies of a template err together.

    In a run without blocks they are the clusters; in one with blocks they are a second way of clustering (`figures`),
    as copies are dealt over all blocks, and joining both would leave one cluster.

    Args:
        answers: of the run.
        alike: shape (items,): the same number for items that read alike.
    """
    number = _numbered(alike)
    return replace(answers, alike=number, cluster=answers.cluster if answers.blocked else number)


@dataclass(frozen=True)
class _OfOthers(Mapping[str, NDArray[np.float64]]):
    """Amounts in the order of other items, reordered at each read, so that no second copy is in memory."""

    amounts: Mapping[str, NDArray[np.float64]]
    other: NDArray[np.int64]

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        return self.amounts[name][self.other]

    def __iter__(self) -> Iterator[str]:
        return iter(self.amounts)

    def __len__(self) -> int:
        return len(self.amounts)


def shuffled_answers(answers: ItemAnswers) -> ItemAnswers:
    """Return the answers with items shuffled at random, so that nothing known of an item predicts its answers.

    Each item keeps its domain, block and request; its scores, costs and seconds are together those of another item.
    """
    other = np.random.default_rng(SEED).permutation(answers.items)
    return replace(
        answers,
        score=answers.score[other],
        cost=answers.cost[other],
        amounts=_OfOthers(answers.amounts, other),
        halves=tuple(each[other] for each in answers.halves),
    )


def _numbered(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber values from 0."""
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
